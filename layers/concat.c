/* concat -- see concat.h. No step of its own: plan_join makes the branches' values slices of one.
 */
#include "layers/concat.h"

#include <stdio.h>

static int concat_check(const struct spec *spec, struct err *err)
{
	const struct concat *o = spec->options;

	if (o->branches.n)
		return 0;
	return err_at(err, spec_place(spec, "branches"), "concat needs at least one branch");
}

/* Adds branch `i` of shape s to the shape so far. */
static int concat_extend(
	struct shape *whole, int i, struct shape s, const struct spec *spec, struct err *err)
{
	char first[SHAPE_TEXT], text[SHAPE_TEXT];

	if (i == 0) {
		*whole = s;
		return 0;
	}
	if (s.rank != whole->rank || s.h != whole->h || s.w != whole->w)
		return err_at(err, spec_place(spec, "branches"),
			"branch %d makes %s, but branches 0 to %d make %s together: branches may "
			"differ in channels only; stride and pad them alike",
			i, shape_text(text, s), i - 1, shape_text(first, *whole));
	if (s.c > SHAPE_MAX_SIZE - whole->c)
		return err_at(err, spec->place, "the branches have too many channels");
	whole->c += s.c;
	return 0;
}

/* "16+32 = 48", as far as there is room. */
static void concat_formula(struct plan *plan, const int *values, int n)
{
	char text[FORMULA_TEXT];
	size_t used = 0;
	int sum = 0;

	for (int i = 0; i < n; i++) {
		int c = plan_shape(plan, values[i]).c;

		sum += c;
		if (used < sizeof text)
			used += (size_t)snprintf(
				text + used, sizeof text - used, i ? "+%d" : "%d", c);
	}
	plan_formula(plan, "%s = %d", text, sum);
}

static int concat_plan(
	struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	const struct concat *o = spec->options;
	int *values = plan_take(plan, (size_t)o->branches.n * sizeof *values, err);
	struct shape whole = {0};

	if (!values || concat_check(spec, err))
		return -1;
	for (int i = 0; i < o->branches.n; i++) {
		char slot[32];

		snprintf(slot, sizeof slot, "branches.%d", i);
		if (plan_layers(plan, &o->branches.at[i], slot, in, &values[i], err) ||
			concat_extend(&whole, i, plan_shape(plan, values[i]), spec, err))
			return -1;
	}
	*out = plan_value(plan, whole, err);
	if (*out < 0 || plan_join(plan, values, o->branches.n, *out, err))
		return -1;
	concat_formula(plan, values, o->branches.n);
	return 0;
}

static const struct option options[] = {
	{"branches", OPTION_BRANCHES, offsetof(struct concat, branches), NULL,
		.help = "lists of layers that all see the input"},
	{0},
};

const struct layer_kind PER_ISA(concat_kind) = {
	.kind = {.name = "concat",
		.help = "block: branches side by side along the channels",
		.options = options,
		.size = sizeof(struct concat),
		.check = concat_check},
	.plan = concat_plan,
};
