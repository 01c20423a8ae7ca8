/* relu -- see relu.h. */
#include "layers/relu.h"

void PER_ISA(relu_forward)(float *y, const float *x, const struct pointwise *dims)
{
	/* x second: where neither is larger, vf_max gives the second, so NaN passes */
	for (size_t i = 0, n = dims->n; i < n; i += VL)
		vf_store(y + i, vf_max(vf_set(0.0f), vf_load(x + i)));
}

void PER_ISA(relu_backward)(
	float *dx, const float *dy, const float *y, const struct pointwise *dims)
{
	for (size_t i = 0, n = dims->n; i < n; i += VL)
		vf_store(dx + i, vf_select(vf_load(y + i) > 0.0f, vf_load(dy + i), vf_set(0.0f)));
}

static const struct pointwise_ops ops = {
	.step = POINTWISE_STEP("relu"),
	.forward = PER_ISA(relu_forward),
	.backward = PER_ISA(relu_backward),
	.of_output = true,
};

static int relu_plan(struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	(void)spec; /* no options */
	return PER_ISA(pointwise_plan)(plan, &ops, 0, in, out, err);
}

const struct layer_kind PER_ISA(relu_kind) = {
	.kind = {.name = "relu", .help = "max(x, 0)"},
	.plan = relu_plan,
};
