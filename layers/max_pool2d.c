/* max_pool2d -- see max_pool2d.h. Each image has its own maximum: backward keeps, lane by lane, who
 * has had its gradient already, and compares x with y instead of storing where the maximum was. */
#include "layers/max_pool2d.h"

/* Rows and columns are constants where the loops are to unroll. Starts from the first tap, not from
 * -inf, so that a window of NaN gives NaN. */
static inline __attribute__((always_inline)) vf window_max(
	const float *x, int rows, int columns, size_t down, size_t right)
{
	vf most = vf_load(x);

	for (int u = 0; u < rows; u++)
		for (int v = 0; v < columns; v++)
			most = vf_max(vf_load(x + (size_t)u * down + (size_t)v * right), most);
	return most;
}

static void forward(float *y, const float *x, int top, const struct pool *pool, int first, int end)
{
	size_t down = pool_down(pool), right = pool_right(pool);

	for (int oh = first; oh < end; oh++)
		for (int ow = 0; ow < pool->out.w; ow++) {
			const float *from = x + pool_at(pool, top, oh, ow);
			float *to = y + (size_t)(oh * pool->out.w + ow) * GROUP;

			for (int part = 0; part < GROUP; part += VL)
				vf_store(to + part,
					pool_is_2x2(pool)
						? window_max(from + part, 2, 2, down, GROUP)
						: window_max(from + part, pool->rows[oh].n,
							  pool->columns[ow].n, down, right));
		}
}

/* Gives dy to the first tap that holds y; adds it, or where windows tile the image writes it. */
static inline __attribute__((always_inline)) void window_route(float *dx, vf dy, const float *x,
	vf y, int rows, int columns, size_t down, size_t right, bool add)
{
	vi open = vi_set(-1);

	for (int u = 0; u < rows; u++)
		for (int v = 0; v < columns; v++) {
			size_t at = (size_t)u * down + (size_t)v * right;
			vi hit = open & (vf_load(x + at) == y);
			vf routed = vf_select(hit, dy, vf_set(0.0f));

			vf_store(dx + at, routed + (add ? vf_load(dx + at) : vf_set(0.0f)));
			open &= ~hit;
		}
}

static void backward(float *dx, const float *dy, const float *x, const float *y, int top,
	const struct pool *pool, int first, int end)
{
	size_t down = pool_down(pool), right = pool_right(pool);

	if (!pool->tiled)
		pool_clear(dx, top, pool, first, end);
	for (int oh = first; oh < end; oh++)
		for (int ow = 0; ow < pool->out.w; ow++)
			for (int part = 0; part < GROUP; part += VL) {
				size_t at = pool_at(pool, top, oh, ow) + (size_t)part;
				size_t out = (size_t)((oh * pool->out.w + ow) * GROUP + part);
				vf dy_here = vf_load(dy + out), y_here = vf_load(y + out);

				if (pool_is_2x2(pool))
					window_route(dx + at, dy_here, x + at, y_here, 2, 2, down,
						GROUP, false);
				else
					window_route(dx + at, dy_here, x + at, y_here,
						pool->rows[oh].n, pool->columns[ow].n, down, right,
						!pool->tiled);
			}
}

static const struct pool_ops ops = {POOL_STEP("max_pool2d"), forward, backward};

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
