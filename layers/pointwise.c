/* pointwise -- see pointwise.h. */
#include "layers/pointwise.h"

void PER_ISA(pointwise_forward)(const struct step *step, const struct work *work)
{
	const struct pointwise_ops *ops = (const struct pointwise_ops *)step->ops;
	struct view x = work_x(work, step, 0), y = work_y(work, step);

	for (int g = 0; g < work->groups; g++)
		ops->forward(view_group(y, g), view_group(x, g), step->dims);
}

void PER_ISA(pointwise_backward)(const struct step *step, const struct work *work)
{
	const struct pointwise_ops *ops = (const struct pointwise_ops *)step->ops;
	struct view of = ops->of_output ? work_y(work, step) : work_x(work, step, 0);
	struct view dx = work_dx(work, step, 0), dy = work_dy(work, step);

	for (int g = 0; dx.at && g < work->groups; g++)
		ops->backward(view_group(dx, g), view_group(dy, g), view_group(of, g), step->dims);
}

int PER_ISA(pointwise_plan)(struct plan *plan, const struct pointwise_ops *ops, double option,
	int in, int *out, struct err *err)
{
	struct shape shape = plan_shape(plan, in);
	struct pointwise *dims = plan_take(plan, sizeof *dims, err);
	struct step step = {.ops = &ops->step, .dims = dims, .n_in = 1, .in = {in}, .partner = -1};

	if (!dims)
		return -1;
	dims->n = shape_size(shape) * GROUP;
	dims->option = (float)option;
	step.out = plan_value(plan, shape, err);
	if (step.out < 0 || plan_step(plan, &step, err) < 0)
		return -1;
	*out = step.out;
	return 0;
}
