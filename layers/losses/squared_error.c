/* squared_error -- see squared_error.h. One pass; targets are gathered lane by lane, since they lie
 * image by image. */
#include "layers/losses/squared_error.h"

#include <float.h>

#include "layers/losses/lanes.h"

static vf targets_at(const struct loss_work *work, struct lanes lanes, int f)
{
	const float *target = work->targets + (size_t)lanes.first * (size_t)work->features + f;
	vf t = vf_set(0);

	for (int l = 0; l < VL && lanes.first + l < work->live; l++)
		t[l] = target[(size_t)l * (size_t)work->features];
	return t;
}

static vf one_hot(vi label, int f)
{
	return vf_select(label == vi_set(f), vf_set(1), vf_set(0));
}

static void run(const struct loss_work *work)
{
	const struct squared_error *options = work->options;
	double images = work->batch_live, features = work->features;
	bool mean = options->reduction == SQUARED_ERROR_MEAN;
	float loss_scale = (float)(options->scale * (mean ? 1 / features : images));
	float dy_scale = (float)(2 * options->scale / (mean ? images * features : 1));

	for (int i = 0; i < lanes_count(work); i++) {
		struct lanes lanes = lanes_at(work, i);
		vi label = work->targets ? vi_set(0) : lanes_labels(work, lanes);
		vf sum = vf_set(0);

		for (int f = 0; f < work->features; f++) {
			vf t = work->targets ? targets_at(work, lanes, f) : one_hot(label, f);
			vf difference = vf_load(lanes.y + f * GROUP) - t;

			sum = vf_fma(difference, difference, sum);
			if (lanes.dy)
				lanes_set_dy(lanes, f, difference * dy_scale);
		}
		vf_store_unaligned(work->loss + lanes.first, sum * loss_scale);
	}
	if (work->predicted)
		PER_ISA(loss_predict)(work);
}

static const char *const reductions[] = {"mean", "sum", NULL};

static const struct option option_table[] = {
	{.name = "reduction",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct squared_error, reduction),
		.fallback = "mean",
		.choices = reductions,
		.help = "over all elements of the batch"},
	{.name = "scale",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct squared_error, scale),
		.fallback = "1",
		.min = 0,
		.max = FLT_MAX,
		.above_min = true,
		.help = "factor of the loss"},
	{0},
};

const struct loss_kind PER_ISA(squared_error_kind) = {
	.kind = {.name = "squared_error",
		.help = "squared distance of outputs and targets (of labels: 1 for the label, else "
			"0)",
		.options = option_table,
		.size = sizeof(struct squared_error)},
	.run = run,
};
