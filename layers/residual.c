/* residual -- see residual.h. */
#include "layers/residual.h"

#include <stdio.h>
#include <string.h>

struct dims {
	size_t n; /* floats of a group */
};

void PER_ISA(residual_add)(float *y, const float *a, const float *b, size_t n)
{
	for (size_t i = 0; i < n; i += VL)
		vf_store(y + i, vf_load(a + i) + vf_load(b + i));
}

static void forward(const struct step *step, const struct work *work)
{
	const struct dims *dims = step->dims;
	struct view a = work_x(work, step, 0), b = work_x(work, step, 1), y = work_y(work, step);

	for (int g = 0; g < work->groups; g++)
		PER_ISA(residual_add)
	(view_group(y, g), view_group(a, g), view_group(b, g), dims->n);
}

static void backward(const struct step *step, const struct work *work)
{
	const struct dims *dims = step->dims;
	struct view dy = work_dy(work, step);

	for (int i = 0; i < step->n_in; i++) {
		struct view dx = work_dx(work, step, i);

		for (int g = 0; dx.at && g < work->groups; g++)
			memcpy(view_group(dx, g), view_group(dy, g), dims->n * sizeof(float));
	}
}

static const struct step_ops ops = {"residual", .forward = forward, .backward = backward};

/* The stride with which a window of 1 makes `to` elements out of `from`; 0: there is none. */
static int stride_from(int from, int to)
{
	int stride = (from + to - 1) / to;

	return shape_window(from, 1, stride, 0, 0, 1, false) == to ? stride : 0;
}

/* Names both shapes and, where one layer does it, what the shortcut lacks. */
static int residual_mismatch(
	const struct spec *spec, struct shape body, struct shape shortcut, struct err *err)
{
	const struct residual *o = spec->options;
	struct pair stride = {stride_from(shortcut.h, body.h), stride_from(shortcut.w, body.w)};
	char a[SHAPE_TEXT], b[SHAPE_TEXT], fix[160] = "give one of them a layer that changes it";

	if (body.rank == 3 && shortcut.rank == 3 && stride.h && stride.w)
		snprintf(fix, sizeof fix,
			"%s `conv2d: {out_channels: %d, kernel_size: 1, stride: [%d, %d]}`",
			o->shortcut.n ? "the shortcut could end in" : "the shortcut could be",
			body.c, stride.h, stride.w);
	return err_at(err, spec_place(spec, "shortcut"),
		"the body makes %s but the shortcut %s, and only equal shapes can be added; %s",
		shape_text(a, body), shape_text(b, shortcut), fix);
}

static int residual_plan(
	struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	const struct residual *o = spec->options;
	struct dims *dims = plan_take(plan, sizeof *dims, err);
	struct step step = {.ops = &ops, .dims = dims, .n_in = 2, .partner = -1};
	struct shape body, shortcut;

	if (!dims || plan_layers(plan, &o->body, "body", in, &step.in[0], err) ||
		plan_layers(plan, &o->shortcut, "shortcut", in, &step.in[1], err))
		return -1;
	body = plan_shape(plan, step.in[0]);
	shortcut = plan_shape(plan, step.in[1]);
	if (!shape_equal(body, shortcut))
		return residual_mismatch(spec, body, shortcut, err);
	dims->n = shape_size(body) * GROUP;
	step.out = plan_value(plan, body, err);
	if (step.out < 0 || plan_step(plan, &step, err) < 0)
		return -1;
	*out = step.out;
	return 0;
}

static const struct option options[] = {
	{"body", OPTION_SPECS, offsetof(struct residual, body), NULL,
		.help = "the layers that learn what to add"},
	{"shortcut", OPTION_SPECS, offsetof(struct residual, shortcut), "[]",
		.help = "the layers beside them; none: the input itself"},
	{0},
};

const struct layer_kind PER_ISA(residual_kind) = {
	.kind = {.name = "residual",
		.help = "block: body plus shortcut",
		.options = options,
		.size = sizeof(struct residual)},
	.plan = residual_plan,
};
