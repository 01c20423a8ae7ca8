/*
 * linear -- see linear.h.
 *
 * All three products are taps.h's sums with one tap. Forward and the gradient of the input sum over
 * features, with 16 images side by side. The weight gradient sums over images instead, with 16
 * input features side by side: for that x is transposed to [image][feature], and dy takes the
 * weights' part.
 */
#include "layers/linear.h"

#include <string.h>

#include "layers/linear_wide.h"
#include "layers/taps.h"

struct dims {
	int in, out;
	bool bias;
	size_t row; /* of the transposed input: `in`, rounded up to 16 */
};

enum { STREAMS = 32, SHARD_IMAGES = SHARD_GROUPS * GROUP };

static const struct taps one_tap = {.n = 1, .at = (const int[]){0}, .weight = (const int[]){0}};

/* ---- kernels */

void PER_ISA(linear_transpose)(float *to, struct view from, int features, size_t row, int live)
{
	for (int image = 0; image < live; image++) {
		const float *x = view_group(from, image / GROUP) + image % GROUP;
		float *out = to + (size_t)image * row;

		for (int i = 0; i < features; i++)
			out[i] = x[(size_t)i * GROUP];
		for (size_t i = (size_t)features; i < row; i++)
			out[i] = 0;
	}
}

/* y[o] = bias[o] + sum over i of weight x[i], for all groups; weights packed in blocks of outputs.
 */
static void sum_features(struct view y, int out, struct view x, int in, int groups,
	const float *weight, const float *bias)
{
	struct taps_work work = {
		.channels = in, .in_step = GROUP, .per_channel = 1, .out_step = GROUP};

	for (int o = 0; o < out; o += work.block) {
		const float *from[SHARD_GROUPS];
		float *to[SHARD_GROUPS];

		work.block = taps_block(out - o);
		work.weight = weight;
		work.bias = bias ? bias + o : NULL;
		for (int g = 0; g < groups; g++) {
			from[g] = view_group(x, g);
			to[g] = view_group(y, g) + (size_t)o * GROUP;
		}
		PER_ISA(taps_sum)(&work, &one_tap, groups, from, to);
		weight += (size_t)in * (size_t)work.block;
	}
}

/* Rows o .. o + block - 1 of dw, where work->weight holds dy as [image][block]. */
static void weight_rows(const struct dims *dims, struct taps_work *work, const float *x, float *dw)
{
	float tail[TAPS_BLOCK * GROUP] __attribute__((aligned(64)));
	int full = dims->in / GROUP, rest = dims->in % GROUP;
	const float *from[STREAMS];
	float *to[STREAMS];

	work->out_step = (size_t)dims->in;
	for (int at = 0; at < full; at += STREAMS) {
		int n = full - at < STREAMS ? full - at : STREAMS;

		for (int s = 0; s < n; s++) {
			from[s] = x + (size_t)(at + s) * GROUP;
			to[s] = dw + (size_t)(at + s) * GROUP;
		}
		PER_ISA(taps_sum)(work, &one_tap, n, from, to);
	}
	if (!rest)
		return;
	from[0] = x + (size_t)full * GROUP;
	to[0] = tail;
	work->out_step = GROUP;
	PER_ISA(taps_sum)(work, &one_tap, 1, from, to);
	for (int b = 0; b < work->block; b++)
		memcpy(dw + (size_t)b * (size_t)dims->in + (size_t)full * GROUP, tail + b * GROUP,
			(size_t)rest * sizeof *dw);
}

static void weight_gradient(
	const struct dims *dims, struct view x, struct view dy, int live, float *scratch, float *dw)
{
	float dy_rows[SHARD_IMAGES * TAPS_BLOCK];
	struct taps_work work = {
		.channels = live, .in_step = dims->row, .per_channel = 1, .weight = dy_rows};

	PER_ISA(linear_transpose)(scratch, x, dims->in, dims->row, live);
	for (int o = 0; o < dims->out; o += work.block) {
		work.block = taps_block(dims->out - o);
		for (int image = 0; image < live; image++)
			for (int b = 0; b < work.block; b++)
				dy_rows[image * work.block + b] =
					view_group(dy, image / GROUP)[(size_t)(o + b) * GROUP +
								      (size_t)(image % GROUP)];
		weight_rows(dims, &work, scratch, dw + (size_t)o * (size_t)dims->in);
	}
}

static void bias_gradient(float *db, struct view dy, int out, int groups)
{
	for (int o = 0; o < out; o++) {
		float sum[GROUP] __attribute__((aligned(64)));

		for (int part = 0; part < GROUP; part += VL) {
			vf total = vf_set(0);

			for (int g = 0; g < groups; g++)
				total += vf_load(view_group(dy, g) + (size_t)o * GROUP + part);
			vf_store(sum + part, total);
		}
		db[o] = group_sum(sum);
	}
}

/* ---- steps */

/* [block][summed][output in block], where element (output a, summed k) is w[a * da + k * dk]. */
static void pack(float *to, const float *w, int outputs, int summed, size_t da, size_t dk)
{
	for (int first = 0, block; first < outputs; first += block) {
		block = taps_block(outputs - first);
		for (int k = 0; k < summed; k++)
			for (int b = 0; b < block; b++)
				*to++ = w[(size_t)(first + b) * da + (size_t)k * dk];
	}
}

static void linear_prepare(const struct step *step, const float *const *tensors, float *packed)
{
	const struct dims *dims = step->dims;
	const float *w = tensors[step->tensors[0]];
	size_t in = (size_t)dims->in;

	pack(packed, w, dims->out, dims->in, in, 1);
	if (step->wants_dx[0])
		pack(packed + in * (size_t)dims->out, w, dims->in, dims->out, 1, in);
}

static void linear_forward(const struct step *step, const struct work *w)
{
	const struct dims *dims = step->dims;

	sum_features(work_y(w, step), dims->out, work_x(w, step, 0), dims->in, w->groups,
		work_packed(w, step), dims->bias ? work_tensor(w, step, 1) : NULL);
}

static void linear_backward(const struct step *step, const struct work *w)
{
	const struct dims *dims = step->dims;
	struct view dy = work_dy(w, step), dx = work_dx(w, step, 0);

	weight_gradient(
		dims, work_x(w, step, 0), dy, w->live, work_scratch(w), work_gradient(w, step, 0));
	if (dims->bias)
		bias_gradient(work_gradient(w, step, 1), dy, dims->out, w->groups);
	if (dx.at)
		sum_features(dx, dims->in, dy, dims->out, w->groups,
			work_packed(w, step) + (size_t)dims->in * (size_t)dims->out, NULL);
}

static const struct step_ops linear_ops = {
	.name = "linear",
	.prepare = linear_prepare,
	.forward = linear_forward,
	.backward = linear_backward,
};

/* ---- plan */

static int linear_plan(
	struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	const struct linear *o = spec->options;
	struct shape x = plan_shape(plan, in);
	struct dims *dims = plan_take(plan, sizeof *dims, err);
	struct step step = {.ops = &linear_ops, .dims = dims, .n_in = 1, .in = {in}, .partner = -1};
	char text[SHAPE_TEXT];

	if (!dims)
		return -1;
	if (x.rank != 1)
		return err_at(err, spec->place,
			"linear needs a vector, but its input is an image of %s; put `flatten` "
			"before "
			"it (%zu features)",
			shape_text(text, x), shape_size(x));
	*dims = (struct dims){.in = x.c,
		.out = o->out_features,
		.bias = o->bias,
		.row = ((size_t)x.c + GROUP - 1) / GROUP * GROUP};
	step.tensors[step.n_tensors++] = plan_tensor(plan, "weight", TENSOR_WEIGHT, 2,
		(int[]){dims->out, dims->in}, dims->in, dims->out, err);
	if (o->bias)
		step.tensors[step.n_tensors++] = plan_tensor(
			plan, "bias", TENSOR_BIAS, 1, (int[]){dims->out}, dims->in, dims->out, err);
	if (step.tensors[0] < 0 || step.tensors[1] < 0)
		return -1;
	if (o->blas == LINEAR_BLAS_ALWAYS ||
		(o->blas == LINEAR_BLAS_WIDE && linear_is_wide(dims->in, dims->out))) {
		if (PER_ISA(linear_wide)(plan, &step, dims->in, dims->out, err))
			return -1;
	} else {
		step.packed = 2 * (size_t)dims->in * (size_t)dims->out;
		step.scratch = dims->row * SHARD_IMAGES;
	}
	step.out = *out = plan_value(plan, shape_vector(dims->out), err);
	if (step.out < 0 || plan_step(plan, &step, err) < 0)
		return -1;
	plan_macs(plan, (int64_t)dims->in * dims->out);
	plan_whole(plan);
	plan_formula(
		plan, "%d features -> %d%s", dims->in, dims->out, step.blas ? ", by OpenBLAS" : "");
	return 0;
}

static const char *const blas_choices[] = {"wide", "never", "always", NULL};

static const struct option linear_options[] = {
	{"out_features", OPTION_INT, offsetof(struct linear, out_features), NULL, 1, 1 << 24,
		.help = "number of outputs"},
	{"bias", OPTION_BOOL, offsetof(struct linear, bias), "true",
		.help = "add a trained number to each output"},
	{"blas", OPTION_CHOICE, offsetof(struct linear, blas), "wide", .choices = blas_choices,
		.help = "use OpenBLAS, whose bits may differ: in wide layers only, never, always"},
	{0},
};

const struct layer_kind PER_ISA(linear_kind) = {
	.kind = {.name = "linear",
		.help = "fully connected layer",
		.options = linear_options,
		.size = sizeof(struct linear)},
	.plan = linear_plan,
};
