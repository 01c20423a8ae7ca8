/* reshape -- see reshape.h. What the list alone can tell is checked before any input is known. */
#include "layers/reshape.h"

static int reshape_check(const struct spec *spec, struct err *err)
{
	const struct ints *shape = &((const struct reshape *)spec->options)->shape;
	struct place place = spec_place(spec, "shape");
	int open = 0;

	if (shape->n != 1 && shape->n != 3)
		return err_at(err, place,
			"shape has %d numbers; it takes [channels, height, width] or [features]",
			shape->n);
	for (int i = 0; i < shape->n; i++) {
		if (!shape->at[i])
			return err_at(err, place, "a size in shape is 0");
		open += shape->at[i] < 0;
	}
	if (open > 1)
		return err_at(err, place, "only one size in shape may be -1");
	return 0;
}

/* The shape asked for, -1 filled in; its size may still be wrong. */
static struct shape reshape_wanted(const struct ints *shape, size_t size)
{
	size_t known = 1;
	int at[3];

	for (int i = 0; i < shape->n; i++)
		if (shape->at[i] > 0 && known <= SHAPE_MAX_SIZE)
			known *= (size_t)shape->at[i];
	for (int i = 0; i < shape->n; i++)
		at[i] = shape->at[i] > 0 ? shape->at[i] : (int)(size / known);
	return shape->n == 1 ? shape_vector(at[0]) : shape_image(at[0], at[1], at[2]);
}

static int reshape_plan(
	struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	const struct reshape *o = spec->options;
	struct shape x = plan_shape(plan, in), y = reshape_wanted(&o->shape, shape_size(x));
	char from[SHAPE_TEXT], to[SHAPE_TEXT];

	if (reshape_check(spec, err))
		return -1;
	if (shape_size(y) != shape_size(x))
		return err_at(err, spec_place(spec, "shape"),
			"the input %s has %zu numbers, which do not make %s", shape_text(from, x),
			shape_size(x), shape_text(to, y));
	*out = plan_alias(plan, in, y, err);
	return *out < 0 ? -1 : 0;
}

static const struct option options[] = {
	{"shape", OPTION_INTS, offsetof(struct reshape, shape), NULL, -1, SHAPE_MAX_SIZE,
		.help = "[channels, height, width] or [features]; one may be -1: the rest"},
	{0},
};

const struct layer_kind PER_ISA(reshape_kind) = {
	.kind = {.name = "reshape",
		.help = "the same numbers under another shape",
		.options = options,
		.size = sizeof(struct reshape),
		.check = reshape_check},
	.plan = reshape_plan,
};
