/* elu -- see elu.h. Near 0, e^x - 1 loses digits; the error is that of e^x, 1e-7 of alpha. */
#include "layers/elu.h"

#include "layers/core/vmath.h"

void PER_ISA(elu_forward)(float *y, const float *x, const struct pointwise *dims)
{
	float alpha = dims->option;

	for (size_t i = 0, n = dims->n; i < n; i += VL) {
		vf in = vf_load(x + i);

		vf_store(y + i, vf_select(in > 0.0f, in, (vf_exp(in) - 1.0f) * alpha));
	}
}

void PER_ISA(elu_backward)(float *dx, const float *dy, const float *y, const struct pointwise *dims)
{
	float alpha = dims->option;

	for (size_t i = 0, n = dims->n; i < n; i += VL) {
		vf out = vf_load(y + i), back = vf_load(dy + i);

		vf_store(dx + i, vf_select(out > 0.0f, back, back * (out + alpha)));
	}
}

static const struct pointwise_ops ops = {
	.step = POINTWISE_STEP("elu"),
	.forward = PER_ISA(elu_forward),
	.backward = PER_ISA(elu_backward),
	.of_output = true,
};

static int elu_plan(struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	const struct elu *o = spec->options;

	return PER_ISA(pointwise_plan)(plan, &ops, o->alpha, in, out, err);
}

static const struct option options[] = {
	{"alpha", OPTION_NUMBER, offsetof(struct elu, alpha), "1.0", .min = 0, .max = 1e6,
		.help = "the negative side ends at -alpha"},
	{0},
};

const struct layer_kind PER_ISA(elu_kind) = {
	.kind = {.name = "elu",
		.help = "x where x > 0, else alpha * (e^x - 1)",
		.options = options,
		.size = sizeof(struct elu)},
	.plan = elu_plan,
};
