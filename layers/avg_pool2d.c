/* avg_pool2d -- see avg_pool2d.h. */
#include "layers/avg_pool2d.h"

#include <string.h>

static inline vf window_sum(const float *x, int rows, int columns, size_t down, size_t right)
{
	vf sum = vf_set(0.0f);

	for (int u = 0; u < rows; u++)
		for (int v = 0; v < columns; v++)
			sum += vf_load(x + (size_t)u * down + (size_t)v * right);
	return sum;
}

void PER_ISA(avg_pool2d_forward)(float *y, const float *x, const struct avg_pool *avg)
{
	const struct pool *pool = &avg->pool;
	size_t down = pool_down(pool), right = pool_right(pool);

	for (int c = 0; c < pool->in.c; c++, x += (size_t)(pool->in.h * pool->in.w) * GROUP)
		for (int oh = 0; oh < pool->out.h; oh++)
			for (int ow = 0; ow < pool->out.w; ow++, y += GROUP) {
				const float *from = x + pool_at(pool, oh, ow);
				float scale = avg->scale[oh * pool->out.w + ow];

				for (int part = 0; part < GROUP; part += VL)
					vf_store(y + part,
						window_sum(from + part, pool->rows[oh].n,
							pool->columns[ow].n, down, right) *
							scale);
			}
}

static inline void window_spread(
	float *dx, vf add, int rows, int columns, size_t down, size_t right)
{
	for (int u = 0; u < rows; u++)
		for (int v = 0; v < columns; v++) {
			float *to = dx + (size_t)u * down + (size_t)v * right;

			vf_store(to, vf_load(to) + add);
		}
}

void PER_ISA(avg_pool2d_backward)(float *dx, const float *dy, const struct avg_pool *avg)
{
	const struct pool *pool = &avg->pool;
	size_t down = pool_down(pool), right = pool_right(pool);
	size_t plane = (size_t)(pool->in.h * pool->in.w) * GROUP;

	memset(dx, 0, (size_t)pool->in.c * plane * sizeof *dx);
	for (int c = 0; c < pool->in.c; c++, dx += plane)
		for (int oh = 0; oh < pool->out.h; oh++)
			for (int ow = 0; ow < pool->out.w; ow++, dy += GROUP) {
				float *to = dx + pool_at(pool, oh, ow);
				float scale = avg->scale[oh * pool->out.w + ow];

				for (int part = 0; part < GROUP; part += VL)
					window_spread(to + part, vf_load(dy + part) * scale,
						pool->rows[oh].n, pool->columns[ow].n, down, right);
			}
}

static void forward(const struct step *step, const struct work *work)
{
	struct view x = work_x(work, step, 0), y = work_y(work, step);

	for (int g = 0; g < work->groups; g++)
		PER_ISA(avg_pool2d_forward)(view_group(y, g), view_group(x, g), step->dims);
}

static void backward(const struct step *step, const struct work *work)
{
	struct view dx = work_dx(work, step, 0), dy = work_dy(work, step);

	for (int g = 0; dx.at && g < work->groups; g++)
		PER_ISA(avg_pool2d_backward)(view_group(dx, g), view_group(dy, g), step->dims);
}

static const struct step_ops ops = {"avg_pool2d", .forward = forward, .backward = backward};

static const float *plan_scale(
	struct plan *plan, const struct pool *pool, bool count_include_pad, struct err *err)
{
	int oh = pool->out.h, ow = pool->out.w;
	float *scale = plan_take(plan, (size_t)oh * (size_t)ow * sizeof *scale, err);

	for (int i = 0; scale && i < oh * ow; i++) {
		const struct span *row = &pool->rows[i / ow], *column = &pool->columns[i % ow];
		int n = count_include_pad ? row->padded * column->padded : row->n * column->n;

		scale[i] = 1.0f / (float)n;
	}
	return scale;
}

static int avg_pool2d_plan(
	struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	const struct avg_pool2d *o = spec->options;
	struct avg_pool *avg = plan_take(plan, sizeof *avg, err);

	if (!avg || PER_ISA(pool_plan)(plan, spec, in, &avg->pool, err))
		return -1;
	avg->scale = plan_scale(plan, &avg->pool, o->count_include_pad, err);
	if (!avg->scale)
		return -1;
	return PER_ISA(pool_step)(plan, &ops, &avg->pool, in, out, err);
}

static const struct option options[] = {
	POOL_OPTIONS(struct avg_pool2d),
	{"count_include_pad", OPTION_BOOL, offsetof(struct avg_pool2d, count_include_pad), "true",
		.help = "the zeros of the padding are part of the mean"},
	{0},
};

const struct layer_kind PER_ISA(avg_pool2d_kind) = {
	.kind = {.name = "avg_pool2d",
		.help = "the mean of each window",
		.options = options,
		.size = sizeof(struct avg_pool2d)},
	.plan = avg_pool2d_plan,
};
