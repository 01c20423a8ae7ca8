/* fused -- see fused.h. */
#include "layers/fused.h"

#include "layers/conv2d.h"
#include "layers/core/parts.h"
#include "layers/pointwise.h"
#include "layers/pool.h"

enum {
	STRIP_FLOATS = 8192, /* of a strip without pooling: half of a first-level cache */
	POOLED_ROWS = 4      /* of a strip with it, at least: edges of an image want company */
};

struct fused {
	struct conv2d_dims conv;         /* first: conv2d's prepare reads it */
	const struct pointwise_ops *act; /* NULL: none */
	float option;                    /* of the activation */
	const struct pool_ops *pool;     /* NULL: none */
	const struct pool *window;
	int conv_out, act_out; /* values; act_out is conv_out without an activation */
	int strip;             /* rows of the convolution, at most */
	int windows;           /* rows of windows in a strip */
	int passing;           /* rows of its output's gradient that are there at a time; 0: all */
};

static struct shape conv_shape(const struct fused *f)
{
	return f->conv.forward.to;
}

/* ---- strips: without pooling a few rows, with it those of a few rows of windows */

/* The first row of windows of a strip. */
static int strip_window(const struct fused *f, int strip)
{
	return smaller(strip * f->windows, f->window->out.h);
}

static int strip_end(const struct fused *f, int strip)
{
	if (f->pool)
		return pool_top(f->window, strip_window(f, strip + 1));
	return smaller((strip + 1) * f->strip, conv_shape(f).h);
}

/* The strip that begins with `row`. */
static int strip_at(const struct fused *f, int row)
{
	int strip = 0;

	if (!f->pool)
		return row / f->strip;
	while (pool_top(f->window, strip_window(f, strip)) < row)
		strip++;
	return strip;
}

/* ---- forward */

/* Rows of the convolution or of the activation: from row `top` on, channels `plane` floats apart.
 */
struct strip {
	struct view at;
	size_t plane;
	int top;
};

static struct strip strip_value(const struct fused *f, const struct work *w, int value)
{
	struct shape s = conv_shape(f);

	return (struct strip){w->values[value], (size_t)(s.h * s.w) * GROUP, 0};
}

static struct strip strip_scratch(const struct fused *f, const struct work *w, int first, int end)
{
	struct shape s = conv_shape(f);
	size_t plane = (size_t)((end - first) * s.w) * GROUP;

	return (struct strip){{work_scratch(w), (size_t)s.c * plane}, plane, first};
}

static float *strip_row(const struct strip *s, int w, int group, int channel, int row)
{
	return view_group(s->at, group) + (size_t)channel * s->plane +
	       (size_t)((row - s->top) * w) * GROUP;
}

/* One strip. While training, or where it is the output, the activation's output lies where it is to
 * stay, the convolution's likewise where backward reads it. */
static void strip_forward(
	const struct step *step, const struct work *w, int strip, int first, int end)
{
	const struct fused *f = step->dims;
	bool keep = w->training || !f->pool, in_place = !f->act || f->act->of_output;
	struct strip conv = keep ? strip_value(f, w, in_place ? f->act_out : f->conv_out)
				 : strip_scratch(f, w, first, end);
	struct strip act = keep && !in_place ? strip_value(f, w, f->act_out) : conv;
	struct conv2d_rows rows = {conv.at, conv.plane, conv.top, first, end};
	int width = conv_shape(f).w;
	struct pointwise dims = {(size_t)((end - first) * width) * GROUP, f->option};

	PER_ISA(conv2d_sum)
	(&f->conv, &f->conv.forward, &rows, work_x(w, step, 0), w->groups, work_packed(w, step),
		f->conv.bias ? work_tensor(w, step, 1) : NULL);
	for (int g = 0; g < w->groups; g++)
		for (int c = 0; c < conv_shape(f).c; c++) {
			float *to = strip_row(&act, width, g, c, first);

			if (f->act)
				f->act->forward(to, strip_row(&conv, width, g, c, first), &dims);
			if (f->pool)
				f->pool->forward(pool_output(f->window, work_y(w, step), g, c), to,
					first, f->window, strip_window(f, strip),
					strip_window(f, strip + 1));
		}
}

static void forward(const struct step *step, const struct work *w)
{
	const struct fused *f = step->dims;

	for (int strip = 0, first = 0, end; first < conv_shape(f).h; strip++, first = end) {
		end = strip_end(f, strip);
		strip_forward(step, w, strip, first, end);
	}
}

/* ---- backward */

struct source {
	struct conv2d_source make; /* first */
	const struct step *step;
	const struct work *work;
	struct view to; /* what is made: all of it, or in passing */
};

/* One channel of one group: rows `first` .. end - 1 (strips strip .. behind - 1) of the gradient of
 * the convolution's output, that of the activation's output first, in the same place. */
static void make_channel(const struct source *source, float *to, int group, int channel,
	const int rows[2], const int strips[2])
{
	const struct work *w = source->work;
	const struct fused *f = source->step->dims;
	struct shape s = conv_shape(f);
	size_t at = (size_t)((channel * s.h + rows[0]) * s.w) * GROUP;
	struct pointwise dims = {(size_t)((rows[1] - rows[0]) * s.w) * GROUP, f->option};
	struct view dy = work_dy(w, source->step), y = work_y(w, source->step);
	int of = f->act && f->act->of_output ? f->act_out : f->conv_out;

	if (f->pool)
		f->pool->backward(to, pool_output(f->window, dy, group, channel),
			view_group(w->values[f->act_out], group) + at,
			pool_output(f->window, y, group, channel), rows[0], f->window,
			strip_window(f, strips[0]), strip_window(f, strips[1]));
	if (f->act)
		f->act->backward(to, f->pool ? to : view_group(dy, group) + at,
			view_group(w->values[of], group) + at, &dims);
}

/* conv2d_source.make, by whole strips. */
static int make_rows(
	const struct conv2d_source *make, int group, int channel, int n, int first, int want)
{
	const struct source *source = (const struct source *)make;
	const struct fused *f = source->step->dims;
	struct shape s = conv_shape(f);
	size_t plane = make->passing ? make->plane : (size_t)(s.h * s.w) * GROUP;
	float *to = view_group(source->to, group);
	int strips[2] = {strip_at(f, first), strip_at(f, first)}, rows[2] = {first, first};

	while (rows[1] < s.h && rows[1] - first < want)
		rows[1] = strip_end(f, strips[1]++);
	if (!make->passing)
		to += (size_t)channel * plane + (size_t)(first * s.w) * GROUP;
	for (int c = 0; c < n; c++)
		make_channel(source, to + (size_t)c * plane, group, channel + c, rows, strips);
	return rows[1];
}

/* Where that is: the gradient of the convolution's output, or behind the weight gradient's own
 * scratch. */
static struct source source_of(const struct step *step, const struct work *w)
{
	const struct fused *f = step->dims;
	struct source s = {{.make = make_rows}, step, w, {0}};
	size_t plane = (size_t)(f->passing * conv_shape(f).w) * GROUP;

	if (!f->passing) {
		s.to = w->value_gradients[f->conv_out];
		return s;
	}
	s.make.passing = true;
	s.make.plane = plane;
	s.to.at = work_scratch(w) + PER_ISA(conv2d_weight_scratch)(&f->conv);
	s.to.stride = (size_t)f->conv.weight.cut.out * plane;
	return s;
}

static void backward(const struct step *step, const struct work *w)
{
	const struct fused *f = step->dims;
	struct source source = source_of(step, w);
	struct view dx = work_dx(w, step, 0);
	struct conv2d_gradient gradient = {.x = work_x(w, step, 0),
		.dy = source.to,
		.groups = w->groups,
		.live = w->live,
		.source = &source.make,
		.dw = work_gradient(w, step, 0),
		.db = f->conv.bias ? work_gradient(w, step, 1) : NULL,
		.scratch = work_scratch(w)};

	PER_ISA(conv2d_weight_gradient)(&f->conv, &gradient);
	if (dx.at)
		PER_ISA(conv2d_input_gradient)
	(&f->conv, dx, gradient.dy, w->groups, work_packed(w, step));
}

static const struct step_ops ops = {.name = "fused",
	.prepare = PER_ISA(conv2d_prepare),
	.forward = forward,
	.backward = backward};

/* ---- plan */

/* The step behind `step` if nobody else reads what that writes. */
static struct step *next_reader(struct plan *plan, int step)
{
	struct step *next = plan_step_at(plan, step + 1);
	int value = plan_step_at(plan, step)->out;

	return next && next->n_in == 1 && next->in[0] == value && plan_private(plan, value) ? next
											    : NULL;
}

static struct step *next_act(struct plan *plan, int step)
{
	struct step *s = next_reader(plan, step);

	return s && s->ops->forward == PER_ISA(pointwise_forward) ? s : NULL;
}

static struct step *next_pool(struct plan *plan, int step)
{
	struct step *s = next_reader(plan, step);

	return s && s->ops->forward == PER_ISA(pool_forward) &&
			       ((const struct pool *)s->dims)->apart
		       ? s
		       : NULL;
}

/* Without pooling a strip is as many rows as the cache holds. */
static void plan_strips(struct fused *f)
{
	int64_t row = (int64_t)conv_shape(f).c * conv_shape(f).w * GROUP;
	int rows;

	if (!f->pool) {
		f->strip = STRIP_FLOATS / row > 1 ? (int)(STRIP_FLOATS / row) : 1;
		return;
	}
	rows = pool_top(f->window, 1);
	f->windows = (POOLED_ROWS + rows - 1) / rows;
	for (int strip = 0, first = 0; first < conv_shape(f).h; first += rows) {
		rows = strip_end(f, strip++) - first;
		f->strip = rows > f->strip ? rows : f->strip;
	}
}

static void fuse_act(struct plan *plan, struct fused *f, struct step *act)
{
	f->act = (const struct pointwise_ops *)act->ops;
	f->option = ((const struct pointwise *)act->dims)->option;
	f->act_out = act->out;
	if (f->act->of_output)
		plan_forget(plan, f->conv_out);
	plan_absorb(act);
}

static void fuse_pool(struct fused *f, struct step *pool)
{
	f->pool = (const struct pool_ops *)pool->ops;
	f->window = pool->dims;
	plan_absorb(pool);
}

/* Nobody wants the gradient of the activation's output, which is made in the convolution's place,
 * nor that of the convolution's where it is read but once. */
static void fuse_gradients(
	struct fused *f, const struct step *conv, struct step *first, struct step *second)
{
	if (second)
		second->wants_dx[0] = false;
	if (conv->wants_dx[0] || !PER_ISA(conv2d_weight_once)(&f->conv))
		return;
	first->wants_dx[0] = false;
	f->passing = PER_ISA(conv2d_weight_rows)(&f->conv) + f->strip - 1;
	if (f->passing > conv_shape(f).h)
		f->passing = conv_shape(f).h;
}

/* Forward a strip, backward what the weight gradient wants and the rows in
 * passing. */
static size_t scratch_floats(const struct fused *f)
{
	size_t row = (size_t)conv_shape(f).w * GROUP * SHARD_GROUPS;
	size_t forward_floats = (size_t)(conv_shape(f).c * f->strip) * row;
	size_t backward_floats = PER_ISA(conv2d_weight_scratch)(&f->conv) +
				 (size_t)(f->conv.weight.cut.out * f->passing) * row;

	return forward_floats > backward_floats ? forward_floats : backward_floats;
}

int PER_ISA(fuse_conv2d)(struct plan *plan, int index, struct err *err)
{
	struct step *conv = plan_step_at(plan, index), *act = next_act(plan, index);
	struct step *pool = next_pool(plan, act ? index + 1 : index);
	struct fused *f;

	if (!act && !pool)
		return 0;
	f = plan_take(plan, sizeof *f, err);
	if (!f)
		return -1;
	*f = (struct fused){.conv = *(const struct conv2d_dims *)conv->dims,
		.conv_out = conv->out,
		.act_out = conv->out};
	conv->out = pool ? pool->out : act->out;
	if (act)
		fuse_act(plan, f, act);
	if (pool)
		fuse_pool(f, pool);
	plan_strips(f);
	fuse_gradients(f, conv, act ? act : pool, act ? pool : NULL);
	conv->ops = &ops;
	conv->dims = f;
	plan_scratch(plan, scratch_floats(f));
	return 0;
}
