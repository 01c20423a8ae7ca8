/* gelu -- see gelu.h. Backward computes F (or t) anew: keeping it would double the memory. */
#include "layers/gelu.h"

#include "layers/core/vmath.h"

#define SQRT_HALF 0.707106781f
#define INV_SQRT_2PI 0.398942280f
#define SQRT_2_OVER_PI 0.797884561f
#define CUBE 0.044715f

/* The probability that a standard normal draw is less than x. */
static inline vf normal_cdf(vf x)
{
	return vf_fma(vf_erf(x * SQRT_HALF), vf_set(0.5f), vf_set(0.5f));
}

void PER_ISA(gelu_forward)(float *y, const float *x, const struct pointwise *dims)
{
	for (size_t i = 0, n = dims->n; i < n; i += VL) {
		vf in = vf_load(x + i);

		vf_store(y + i, in * normal_cdf(in));
	}
}

void PER_ISA(gelu_backward)(
	float *dx, const float *dy, const float *x, const struct pointwise *dims)
{
	for (size_t i = 0, n = dims->n; i < n; i += VL) {
		vf in = vf_load(x + i);
		vf density = vf_exp(in * in * -0.5f) * INV_SQRT_2PI;

		vf_store(dx + i, vf_load(dy + i) * vf_fma(in, density, normal_cdf(in)));
	}
}

static inline vf gate(vf x)
{
	vf cube = x * x * x;

	return vf_tanh(vf_fma(cube, vf_set(CUBE), x) * SQRT_2_OVER_PI);
}

void PER_ISA(gelu_tanh_forward)(float *y, const float *x, const struct pointwise *dims)
{
	for (size_t i = 0, n = dims->n; i < n; i += VL) {
		vf in = vf_load(x + i);

		vf_store(y + i, in * vf_fma(gate(in), vf_set(0.5f), vf_set(0.5f)));
	}
}

void PER_ISA(gelu_tanh_backward)(
	float *dx, const float *dy, const float *x, const struct pointwise *dims)
{
	for (size_t i = 0, n = dims->n; i < n; i += VL) {
		vf in = vf_load(x + i), t = gate(in);
		vf slope = vf_fma(in * in, vf_set(3 * CUBE), vf_set(1.0f)) * SQRT_2_OVER_PI;
		vf bend = (1.0f - t) * (1.0f + t) * slope;

		vf_store(dx + i, vf_load(dy + i) * (vf_fma(in, bend, t + 1.0f) * 0.5f));
	}
}

static const struct pointwise_ops ops[] = {
	[GELU_NONE] =
		{
			.step = POINTWISE_STEP("gelu"),
			.forward = PER_ISA(gelu_forward),
			.backward = PER_ISA(gelu_backward),
		},
	[GELU_TANH] =
		{
			.step = POINTWISE_STEP("gelu"),
			.forward = PER_ISA(gelu_tanh_forward),
			.backward = PER_ISA(gelu_tanh_backward),
		},
};

static int gelu_plan(struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	const struct gelu *o = spec->options;

	return PER_ISA(pointwise_plan)(plan, &ops[o->approximate], 0, in, out, err);
}

static const char *const approximations[] = {"none", "tanh", NULL};

static const struct option options[] = {
	{"approximate", OPTION_CHOICE, offsetof(struct gelu, approximate), "none",
		.choices = approximations, .help = "none: by erf; tanh: the older approximation"},
	{0},
};

const struct layer_kind PER_ISA(gelu_kind) = {
	.kind = {.name = "gelu",
		.help = "x times the normal distribution function of x",
		.options = options,
		.size = sizeof(struct gelu)},
	.plan = gelu_plan,
};
