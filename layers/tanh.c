/* tanh -- see tanh.h. */
#include "layers/tanh.h"

#include "layers/core/vmath.h"

void PER_ISA(tanh_forward)(float *y, const float *x, const struct pointwise *dims)
{
	for (size_t i = 0, n = dims->n; i < n; i += VL)
		vf_store(y + i, vf_tanh(vf_load(x + i)));
}

void PER_ISA(tanh_backward)(
	float *dx, const float *dy, const float *y, const struct pointwise *dims)
{
	for (size_t i = 0, n = dims->n; i < n; i += VL) {
		vf out = vf_load(y + i);

		/* (1 - y)(1 + y) is exact where 1 - y^2 would cancel */
		vf_store(dx + i, vf_load(dy + i) * ((1.0f - out) * (1.0f + out)));
	}
}

static const struct pointwise_ops ops = {
	.step = POINTWISE_STEP("tanh"),
	.forward = PER_ISA(tanh_forward),
	.backward = PER_ISA(tanh_backward),
	.of_output = true,
};

static int tanh_plan(struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	(void)spec; /* no options */
	return PER_ISA(pointwise_plan)(plan, &ops, 0, in, out, err);
}

const struct layer_kind PER_ISA(tanh_kind) = {
	.kind = {.name = "tanh", .help = "hyperbolic tangent: into (-1, 1)"},
	.plan = tanh_plan,
};
