/* sigmoid -- see sigmoid.h. */
#include "layers/sigmoid.h"

#include "layers/core/vmath.h"

void PER_ISA(sigmoid_forward)(float *y, const float *x, const struct pointwise *dims)
{
	for (size_t i = 0, n = dims->n; i < n; i += VL)
		vf_store(y + i, vf_logistic(vf_load(x + i)));
}

void PER_ISA(sigmoid_backward)(
	float *dx, const float *dy, const float *y, const struct pointwise *dims)
{
	for (size_t i = 0, n = dims->n; i < n; i += VL) {
		vf out = vf_load(y + i);

		vf_store(dx + i, vf_load(dy + i) * (out * (1.0f - out)));
	}
}

static const struct pointwise_ops ops = {
	.step = POINTWISE_STEP("sigmoid"),
	.forward = PER_ISA(sigmoid_forward),
	.backward = PER_ISA(sigmoid_backward),
	.of_output = true,
};

static int sigmoid_plan(
	struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	(void)spec; /* no options */
	return PER_ISA(pointwise_plan)(plan, &ops, 0, in, out, err);
}

const struct layer_kind PER_ISA(sigmoid_kind) = {
	.kind = {.name = "sigmoid", .help = "1 / (1 + e^-x): into (0, 1)"},
	.plan = sigmoid_plan,
};
