/* flatten -- see flatten.h. */
#include "layers/flatten.h"

static int flatten_plan(
	struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	struct shape x = plan_shape(plan, in);

	(void)spec; /* no options */
	*out = plan_alias(plan, in, shape_vector((int)shape_size(x)), err);
	if (*out < 0)
		return -1;
	if (x.rank == 3)
		plan_formula(plan, "%d*%d*%d = %d", x.c, x.h, x.w, plan_shape(plan, *out).c);
	return 0;
}

const struct layer_kind PER_ISA(flatten_kind) = {
	.kind = {.name = "flatten", .help = "an image as a vector of features"},
	.plan = flatten_plan,
};
