/* avg_pool2d -- see avg_pool2d.h. */
#include "layers/avg_pool2d.h"

struct avg_pool {
	struct pool pool;   /* first */
	const float *scale; /* 1 / n: [OH][OW] */
};

/* Rows and columns are constants where the loops are to unroll. */
static inline __attribute__((always_inline)) vf window_sum(
	const float *x, int rows, int columns, size_t down, size_t right)
{
	vf sum = vf_set(0.0f);

	for (int u = 0; u < rows; u++)
		for (int v = 0; v < columns; v++)
			sum += vf_load(x + (size_t)u * down + (size_t)v * right);
	return sum;
}

static void forward(float *y, const float *x, int top, const struct pool *pool, int first, int end)
{
	const float *scale = ((const struct avg_pool *)pool)->scale;
	size_t down = pool_down(pool), right = pool_right(pool);

	for (int oh = first; oh < end; oh++)
		for (int ow = 0; ow < pool->out.w; ow++) {
			const float *from = x + pool_at(pool, top, oh, ow);
			int at = oh * pool->out.w + ow;

			for (int part = 0; part < GROUP; part += VL) {
				vf sum = pool_is_2x2(pool)
						 ? window_sum(from + part, 2, 2, down, GROUP)
						 : window_sum(from + part, pool->rows[oh].n,
							   pool->columns[ow].n, down, right);

				vf_store(y + at * GROUP + part, sum * scale[at]);
			}
		}
}

/* Adds, or where windows tile the image writes. */
static inline __attribute__((always_inline)) void window_spread(
	float *dx, vf dy, int rows, int columns, size_t down, size_t right, bool add)
{
	for (int u = 0; u < rows; u++)
		for (int v = 0; v < columns; v++) {
			float *to = dx + (size_t)u * down + (size_t)v * right;

			vf_store(to, dy + (add ? vf_load(to) : vf_set(0.0f)));
		}
}

static void backward(float *dx, const float *dy, const float *x, const float *y, int top,
	const struct pool *pool, int first, int end)
{
	const float *scale = ((const struct avg_pool *)pool)->scale;
	size_t down = pool_down(pool), right = pool_right(pool);

	(void)x;
	(void)y;
	if (!pool->tiled)
		pool_clear(dx, top, pool, first, end);
	for (int oh = first; oh < end; oh++)
		for (int ow = 0; ow < pool->out.w; ow++)
			for (int part = 0; part < GROUP; part += VL) {
				float *to = dx + pool_at(pool, top, oh, ow) + part;
				int at = oh * pool->out.w + ow;
				vf share = vf_load(dy + at * GROUP + part) * scale[at];

				if (pool_is_2x2(pool))
					window_spread(to, share, 2, 2, down, GROUP, false);
				else
					window_spread(to, share, pool->rows[oh].n,
						pool->columns[ow].n, down, right, !pool->tiled);
			}
}

static const struct pool_ops ops = {POOL_STEP("avg_pool2d"), forward, backward};

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
