/* softmax -- see softmax.h. One register of places at a time, down the channels. */
#include "layers/softmax.h"

#include "layers/core/vmath.h"

void PER_ISA(softmax_forward)(float *y, const float *x, const struct softmax *dims)
{
	size_t n = (size_t)dims->channels * dims->plane;

	for (size_t i = 0; i < dims->plane; i += VL) {
		vf most = vf_load(x + i), sum = vf_set(0.0f), scale;

		for (size_t c = i + dims->plane; c < n; c += dims->plane)
			most = vf_max(vf_load(x + c), most);
		for (size_t c = i; c < n; c += dims->plane) {
			vf e = vf_exp(vf_load(x + c) - most);

			vf_store(y + c, e);
			sum += e;
		}
		scale = 1.0f / sum;
		for (size_t c = i; c < n; c += dims->plane)
			vf_store(y + c, vf_load(y + c) * scale);
	}
}

void PER_ISA(softmax_backward)(
	float *dx, const float *dy, const float *y, const struct softmax *dims)
{
	size_t n = (size_t)dims->channels * dims->plane;

	for (size_t i = 0; i < dims->plane; i += VL) {
		vf dot = vf_set(0.0f);

		for (size_t c = i; c < n; c += dims->plane)
			dot = vf_fma(vf_load(dy + c), vf_load(y + c), dot);
		for (size_t c = i; c < n; c += dims->plane)
			vf_store(dx + c, vf_load(y + c) * (vf_load(dy + c) - dot));
	}
}

static void forward(const struct step *step, const struct work *work)
{
	struct view x = work_x(work, step, 0), y = work_y(work, step);

	for (int g = 0; g < work->groups; g++)
		PER_ISA(softmax_forward)(view_group(y, g), view_group(x, g), step->dims);
}

static void backward(const struct step *step, const struct work *work)
{
	struct view y = work_y(work, step), dy = work_dy(work, step), dx = work_dx(work, step, 0);

	for (int g = 0; dx.at && g < work->groups; g++)
		PER_ISA(softmax_backward)
	(view_group(dx, g), view_group(dy, g), view_group(y, g), step->dims);
}

static const struct step_ops ops = {"softmax", .forward = forward, .backward = backward};

static int softmax_plan(
	struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	struct shape shape = plan_shape(plan, in);
	struct softmax *dims = plan_take(plan, sizeof *dims, err);
	struct step step = {.ops = &ops, .dims = dims, .n_in = 1, .in = {in}, .partner = -1};

	(void)spec; /* no options */
	if (!dims)
		return -1;
	dims->channels = shape.c;
	dims->plane = (size_t)shape.h * (size_t)shape.w * GROUP;
	step.out = plan_value(plan, shape, err);
	if (step.out < 0 || plan_step(plan, &step, err) < 0)
		return -1;
	*out = step.out;
	return 0;
}

const struct layer_kind PER_ISA(softmax_kind) = {
	.kind = {.name = "softmax", .help = "probabilities over the channels or features"},
	.plan = softmax_plan,
};
