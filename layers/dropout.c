/* dropout -- see dropout.h. */
#include "layers/dropout.h"

#include <string.h>

#include "layers/core/vrng.h"

void PER_ISA(dropout_apply)(
	float *out, const float *in, const struct dropout_dims *dims, const struct rng *rng)
{
	for (size_t e = 0; e < dims->elements; e += 4)
		for (int part = 0; part < GROUP; part += VL) {
			size_t left = dims->elements - e < 4 ? dims->elements - e : 4;
			vu words[4];

			vrng_block(rng, (uint32_t)(e / 4), part, words);
			for (size_t i = 0; i < left; i++) {
				size_t at = (e + i) * GROUP + (size_t)part;
				vf scaled = vf_load(in + at) * dims->scale;

				/* selected, not multiplied by 0: what is dropped may be anything */
				vf_store(out + at, vf_select((vi)(words[i] >= dims->threshold),
							   scaled, vf_set(0.0f)));
			}
		}
}

static void apply(const struct step *step, const struct work *work, struct view out, struct view in)
{
	const struct dropout_dims *dims = step->dims;
	struct rng rng = {
		work->seed, RNG_DROPOUT, (uint16_t)step->index, work->epoch, work->position};

	for (int g = 0; g < work->groups; g++, rng.position += GROUP)
		if (work->training)
			PER_ISA(dropout_apply)(view_group(out, g), view_group(in, g), dims, &rng);
		else
			memcpy(view_group(out, g), view_group(in, g),
				dims->elements * GROUP * sizeof(float));
}

static void forward(const struct step *step, const struct work *work)
{
	apply(step, work, work_y(work, step), work_x(work, step, 0));
}

static void backward(const struct step *step, const struct work *work)
{
	struct view dx = work_dx(work, step, 0);

	if (dx.at)
		apply(step, work, dx, work_dy(work, step));
}

static const struct step_ops ops = {"dropout", .forward = forward, .backward = backward};

static int dropout_plan(
	struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	const struct dropout *o = spec->options;
	struct shape shape = plan_shape(plan, in);
	struct dropout_dims *dims = plan_take(plan, sizeof *dims, err);
	struct step step = {.ops = &ops, .dims = dims, .n_in = 1, .in = {in}, .partner = -1};

	*out = in;
	if (!dims)
		return -1;
	if (o->p == 0)
		return 0;
	dims->elements = shape_size(shape);
	dims->threshold = (uint32_t)(o->p * 0x1p32);
	dims->scale = (float)(1 / (1 - o->p));
	step.out = plan_value(plan, shape, err);
	if (step.out < 0 || plan_step(plan, &step, err) < 0)
		return -1;
	*out = step.out;
	return 0;
}

static const struct option options[] = {
	{"p", OPTION_NUMBER, offsetof(struct dropout, p), "0.5", .min = 0, .max = 1,
		.below_max = true, .help = "probability that a number is set to 0"},
	{0},
};

const struct layer_kind PER_ISA(dropout_kind) = {
	.kind = {.name = "dropout",
		.help = "sets numbers to 0 at random while training",
		.options = options,
		.size = sizeof(struct dropout)},
	.plan = dropout_plan,
};
