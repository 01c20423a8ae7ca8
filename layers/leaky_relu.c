/* leaky_relu -- see leaky_relu.h. Backward looks at x: with a negative slope y does not tell the
 * sides apart. */
#include "layers/leaky_relu.h"

/* by where of > 0, else slope * by */
static inline vf leak(vf of, vf by, float slope)
{
	return vf_select(of > 0.0f, by, by * slope);
}

void PER_ISA(leaky_relu_forward)(float *y, const float *x, const struct pointwise *dims)
{
	float slope = dims->option;

	for (size_t i = 0, n = dims->n; i < n; i += VL)
		vf_store(y + i, leak(vf_load(x + i), vf_load(x + i), slope));
}

void PER_ISA(leaky_relu_backward)(
	float *dx, const float *dy, const float *x, const struct pointwise *dims)
{
	float slope = dims->option;

	for (size_t i = 0, n = dims->n; i < n; i += VL)
		vf_store(dx + i, leak(vf_load(x + i), vf_load(dy + i), slope));
}

static const struct pointwise_ops ops = {
	.step = POINTWISE_STEP("leaky_relu"),
	.forward = PER_ISA(leaky_relu_forward),
	.backward = PER_ISA(leaky_relu_backward),
};

static int leaky_relu_plan(
	struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	const struct leaky_relu *o = spec->options;

	return PER_ISA(pointwise_plan)(plan, &ops, o->negative_slope, in, out, err);
}

static const struct option options[] = {
	{"negative_slope", OPTION_NUMBER, offsetof(struct leaky_relu, negative_slope), "0.01",
		.help = "factor of the negative side"},
	{0},
};

const struct layer_kind PER_ISA(leaky_relu_kind) = {
	.kind = {.name = "leaky_relu",
		.help = "x where x > 0, else negative_slope * x",
		.options = options,
		.size = sizeof(struct leaky_relu)},
	.plan = leaky_relu_plan,
};
