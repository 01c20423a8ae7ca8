/* cross_entropy -- see cross_entropy.h. Two passes over the logits, an exponential each; where the
 * gradient is wanted, its memory holds the exponentials in between. */
#include "layers/losses/cross_entropy.h"

#include <assert.h>

#include "layers/core/vmath.h"
#include "layers/losses/lanes.h"

static vf largest(const float *y, int features)
{
	vf max = vf_load(y);

	for (int f = 1; f < features; f++)
		max = vf_max(vf_load(y + f * GROUP), max);
	return max;
}

/* The sum of exp(y_f - max), leaving each in dy. */
static vf exponentials(struct lanes lanes, int features, vf max)
{
	vf sum = vf_set(0);

	for (int f = 0; f < features; f++) {
		vf e = vf_exp(vf_load(lanes.y + f * GROUP) - max);

		sum += e;
		if (lanes.dy)
			vf_store(lanes.dy + f * GROUP, e);
	}
	return sum;
}

/* The logit of each lane's label, less max. */
static vf at_label(struct lanes lanes, int features, vi label, vf max)
{
	vf y = vf_set(0);

	for (int l = 0; l < VL; l++) {
		assert(label[l] < features);
		y[l] = lanes.y[label[l] * GROUP + l];
	}
	return y - max;
}

/* The mean over the features of y_f - max. */
static vf mean(struct lanes lanes, int features, vf max)
{
	vf sum = vf_set(0);

	for (int f = 0; f < features; f++)
		sum += vf_load(lanes.y + f * GROUP) - max;
	return sum * vf_set(1.0f / (float)features);
}

/* From the exponentials in dy. */
static void gradient(
	struct lanes lanes, int features, vi label, vf sum, float smoothing, float scale)
{
	vf inverse = 1.0f / sum, other = vf_set(smoothing / (float)features);
	vf own = other + (1.0f - smoothing);

	for (int f = 0; f < features; f++) {
		vf target = vf_select(label == vi_set(f), own, other);
		vf e = vf_load(lanes.dy + f * GROUP);

		lanes_set_dy(lanes, f, vf_fma(e, inverse, -target) * scale);
	}
}

static void run(const struct loss_work *work)
{
	const struct cross_entropy *options = work->options;
	float smoothing = (float)options->label_smoothing, scale = 1.0f / (float)work->batch_live;
	int features = work->features;

	for (int i = 0; i < lanes_count(work); i++) {
		struct lanes lanes = lanes_at(work, i);
		vi label = lanes_labels(work, lanes);
		vf max = largest(lanes.y, features);
		vf sum = exponentials(lanes, features, max);
		vf expected = at_label(lanes, features, label, max);

		/* Not by a factor of 0: the mean may be infinite. */
		if (smoothing > 0)
			expected = expected * (1.0f - smoothing) +
				   mean(lanes, features, max) * smoothing;
		vf_store_unaligned(work->loss + lanes.first, vf_log(sum) - expected);
		if (lanes.dy)
			gradient(lanes, features, label, sum, smoothing, scale);
	}
	if (work->predicted)
		PER_ISA(loss_predict)(work);
}

static const struct option option_table[] = {
	{.name = "label_smoothing",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct cross_entropy, label_smoothing),
		.fallback = "0",
		.min = 0,
		.max = 1,
		.help = "share of the target that is spread over all classes"},
	{0},
};

const struct loss_kind PER_ISA(cross_entropy_kind) = {
	.kind = {.name = "cross_entropy",
		.help = "softmax and negative log likelihood of the label, of logits; mean over "
			"images",
		.options = option_table,
		.size = sizeof(struct cross_entropy)},
	.wants_labels = true,
	.run = run,
};
