/* max_pool2d -- see max_pool2d.h. Each image has its own maximum: backward keeps, lane by lane, who
 * has had its gradient already, and compares x with y instead of storing where the maximum was. */
#include "layers/max_pool2d.h"

#include <string.h>

/* Starts from the first tap, not from -inf, so that a window of NaN gives NaN. */
static inline vf window_max(const float *x, int rows, int columns, size_t down, size_t right)
{
	vf most = vf_load(x);

	for (int u = 0; u < rows; u++)
		for (int v = 0; v < columns; v++)
			most = vf_max(vf_load(x + (size_t)u * down + (size_t)v * right), most);
	return most;
}

void PER_ISA(max_pool2d_forward)(float *y, const float *x, const struct pool *pool)
{
	size_t down = pool_down(pool), right = pool_right(pool);

	for (int c = 0; c < pool->in.c; c++, x += (size_t)(pool->in.h * pool->in.w) * GROUP)
		for (int oh = 0; oh < pool->out.h; oh++)
			for (int ow = 0; ow < pool->out.w; ow++, y += GROUP) {
				const float *from = x + pool_at(pool, oh, ow);

				for (int part = 0; part < GROUP; part += VL)
					vf_store(y + part,
						window_max(from + part, pool->rows[oh].n,
							pool->columns[ow].n, down, right));
			}
}

/* Adds dy to the first tap that holds y. */
static inline void window_route(
	float *dx, vf dy, const float *x, vf y, int rows, int columns, size_t down, size_t right)
{
	vi open = vi_set(-1);

	for (int u = 0; u < rows; u++)
		for (int v = 0; v < columns; v++) {
			size_t at = (size_t)u * down + (size_t)v * right;
			vi hit = open & (vf_load(x + at) == y);

			vf_store(dx + at, vf_load(dx + at) + vf_select(hit, dy, vf_set(0.0f)));
			open &= ~hit;
		}
}

void PER_ISA(max_pool2d_backward)(
	float *dx, const float *dy, const float *x, const float *y, const struct pool *pool)
{
	size_t down = pool_down(pool), right = pool_right(pool);
	size_t plane = (size_t)(pool->in.h * pool->in.w) * GROUP;

	memset(dx, 0, (size_t)pool->in.c * plane * sizeof *dx);
	for (int c = 0; c < pool->in.c; c++, x += plane, dx += plane)
		for (int oh = 0; oh < pool->out.h; oh++)
			for (int ow = 0; ow < pool->out.w; ow++, y += GROUP, dy += GROUP) {
				size_t at = pool_at(pool, oh, ow);

				for (int part = 0; part < GROUP; part += VL)
					window_route(dx + at + part, vf_load(dy + part),
						x + at + part, vf_load(y + part), pool->rows[oh].n,
						pool->columns[ow].n, down, right);
			}
}

static void forward(const struct step *step, const struct work *work)
{
	struct view x = work_x(work, step, 0), y = work_y(work, step);

	for (int g = 0; g < work->groups; g++)
		PER_ISA(max_pool2d_forward)(view_group(y, g), view_group(x, g), step->dims);
}

static void backward(const struct step *step, const struct work *work)
{
	struct view x = work_x(work, step, 0), dx = work_dx(work, step, 0);
	struct view y = work_y(work, step), dy = work_dy(work, step);

	for (int g = 0; dx.at && g < work->groups; g++)
		PER_ISA(max_pool2d_backward)
	(view_group(dx, g), view_group(dy, g), view_group(x, g), view_group(y, g), step->dims);
}

static const struct step_ops ops = {"max_pool2d", .forward = forward, .backward = backward};

static int max_pool2d_plan(
	struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	struct pool *pool = plan_take(plan, sizeof *pool, err);

	if (!pool || PER_ISA(pool_plan)(plan, spec, in, pool, err))
		return -1;
	return PER_ISA(pool_step)(plan, &ops, pool, in, out, err);
}

static const struct option options[] = {
	POOL_OPTIONS(struct max_pool2d),
	{"dilation", OPTION_PAIR, offsetof(struct max_pool2d, window.dilation), "1", 1, 1024,
		.help = "distance between the window's taps"},
	{0},
};

const struct layer_kind PER_ISA(max_pool2d_kind) = {
	.kind = {.name = "max_pool2d",
		.help = "the largest number of each window",
		.options = options,
		.size = sizeof(struct max_pool2d)},
	.plan = max_pool2d_plan,
};
