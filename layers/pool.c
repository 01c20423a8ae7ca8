/* pool -- see pool.h. The place of each window is worked out once, so that kernels have no edges to
 * test for; OH + OW small structs a layer. */
#include "layers/pool.h"

#include "layers/core/axis.h"

/* One axis: the window, the padding behind, and what the user calls it. */
struct side {
	struct window w;
	int after;
};

static struct pool_window window_given(const struct spec *spec)
{
	struct pool_window w = *(const struct pool_window *)spec->options;

	if (!w.stride.h)
		w.stride = w.kernel_size;
	if (!w.dilation.h)
		w.dilation = (struct pair){1, 1};
	return w;
}

static struct side side_of(int n, int k, int stride, int dilation, int before, int after,
	const struct pool_window *given)
{
	struct side s = {{n, 0, k, stride, before, dilation}, after};

	if (given->padding.same)
		shape_pad_same(n, k, stride, dilation, &s.w.before, &s.after);
	s.w.out = shape_window(n, k, stride, s.w.before, s.after, dilation,
		given->ceil_mode && !given->padding.same);
	return s;
}

/* As torch: a window must not lie in the padding by more than half. */
static int side_check_padding(const struct side *s, const struct spec *spec, struct err *err)
{
	int before = s->w.before, after = s->after, size = s->w.dilation * (s->w.k - 1) + 1;

	if (before <= size / 2 && after <= size / 2)
		return 0;
	return err_at(err, spec_place(spec, "padding"),
		"padding %d is more than half of the window of %d", before > after ? before : after,
		size);
}

static int side_spans(struct plan *plan, const struct side *s, const struct spec *spec,
	const struct span **out, struct err *err)
{
	struct span *spans = plan_take(plan, (size_t)s->w.out * sizeof *spans, err);
	struct axis axis;

	if (!spans || axis_forward(&axis, &s->w, plan_arena(plan), err))
		return -1;
	for (int c = 0; c < axis.n; c++)
		for (int i = 0; i < axis.classes[c].n; i++) {
			const struct axis_class *class = &axis.classes[c];
			int o = class->at[i], start = o * s->w.stride - s->w.before;
			int room = s->w.n + s->after - start;

			if (!class->n_taps)
				return err_at(err, spec_place(spec, "dilation"),
					"with dilation %d and padding %d a window of %d would see "
					"nothing but padding",
					s->w.dilation, s->w.before, s->w.k);
			spans[o] = (struct span){
				class->from[i], class->n_taps, room < s->w.k ? room : s->w.k};
		}
	*out = spans;
	return 0;
}

static bool spans_apart(const struct span *spans, int n, int dilation)
{
	for (int o = 0; o + 1 < n; o++)
		if (spans[o].at + dilation * (spans[o].n - 1) >= spans[o + 1].at)
			return false;
	return true;
}

static bool spans_tile(const struct span *spans, int n, int k, int length)
{
	for (int o = 0; o < n; o++)
		if (spans[o].at != o * k || spans[o].n != k)
			return false;
	return n * k == length;
}

int PER_ISA(pool_plan)(
	struct plan *plan, const struct spec *spec, int in, struct pool *pool, struct err *err)
{
	struct pool_window w = window_given(spec);
	struct shape x = plan_shape(plan, in);
	struct side rows, columns;
	char text[SHAPE_TEXT];

	if (x.rank != 3)
		return err_at(err, spec->place,
			"%s needs an image (channels x height x width), but its input is a vector "
			"of "
			"%d features; `reshape` can make it one",
			spec->kind->name, x.c);
	rows = side_of(x.h, w.kernel_size.h, w.stride.h, w.dilation.h, w.padding.top,
		w.padding.bottom, &w);
	columns = side_of(x.w, w.kernel_size.w, w.stride.w, w.dilation.w, w.padding.left,
		w.padding.right, &w);
	if (side_check_padding(&rows, spec, err) || side_check_padding(&columns, spec, err))
		return -1;
	if (rows.w.out < 1 || columns.w.out < 1)
		return err_at(err, spec_place(spec, "kernel_size"),
			"a window of %dx%d does not fit into the input %s, which is %dx%d with its "
			"padding",
			rows.w.dilation * (rows.w.k - 1) + 1,
			columns.w.dilation * (columns.w.k - 1) + 1, shape_text(text, x),
			x.h + rows.w.before + rows.after, x.w + columns.w.before + columns.after);
	pool->in = x;
	pool->out = shape_image(x.c, rows.w.out, columns.w.out);
	pool->dilation = w.dilation;
	if (side_spans(plan, &rows, spec, &pool->rows, err) ||
		side_spans(plan, &columns, spec, &pool->columns, err))
		return -1;
	pool->apart = spans_apart(pool->rows, pool->out.h, w.dilation.h) &&
		      spans_apart(pool->columns, pool->out.w, w.dilation.w);
	pool->tiled = spans_tile(pool->rows, pool->out.h, w.kernel_size.h, x.h) &&
		      spans_tile(pool->columns, pool->out.w, w.kernel_size.w, x.w);
	plan_window(plan, w.kernel_size, w.stride, w.dilation);
	w.padding = (struct padding){
		w.padding.same, rows.w.before, rows.after, columns.w.before, columns.after};
	plan_window_formula(
		plan, x, pool->out, w.kernel_size, w.stride, w.padding, w.dilation, w.ceil_mode);
	return 0;
}

void PER_ISA(pool_forward)(const struct step *step, const struct work *work)
{
	const struct pool_ops *ops = (const struct pool_ops *)step->ops;
	const struct pool *pool = step->dims;
	struct view x = work_x(work, step, 0), y = work_y(work, step);

	for (int g = 0; g < work->groups; g++)
		for (int c = 0; c < pool->in.c; c++)
			ops->forward(pool_output(pool, y, g, c), pool_input(pool, x, g, c), 0, pool,
				0, pool->out.h);
}

void PER_ISA(pool_backward)(const struct step *step, const struct work *work)
{
	const struct pool_ops *ops = (const struct pool_ops *)step->ops;
	const struct pool *pool = step->dims;
	struct view x = work_x(work, step, 0), dx = work_dx(work, step, 0);
	struct view y = work_y(work, step), dy = work_dy(work, step);

	for (int g = 0; dx.at && g < work->groups; g++)
		for (int c = 0; c < pool->in.c; c++)
			ops->backward(pool_input(pool, dx, g, c), pool_output(pool, dy, g, c),
				pool_input(pool, x, g, c), pool_output(pool, y, g, c), 0, pool, 0,
				pool->out.h);
}

int PER_ISA(pool_step)(struct plan *plan, const struct pool_ops *ops, const struct pool *pool,
	int in, int *out, struct err *err)
{
	struct step step = {.ops = &ops->step, .dims = pool, .n_in = 1, .in = {in}, .partner = -1};

	step.out = plan_value(plan, pool->out, err);
	if (step.out < 0 || plan_step(plan, &step, err) < 0)
		return -1;
	*out = step.out;
	return 0;
}
