/*
 * conv2d_weight -- see conv2d_weight.h.
 *
 * The taps of one row of the window over a few input channels lie side by side; they are cut into
 * nearly equal handfuls, and a kernel multiplies a handful with a few output channels: C x T sums
 * in registers, C + T loads for C T products. Handfuls that read the same rows take turns over a
 * tile of them. What the cut costs is estimated for every cut that fits the registers, and the best
 * is taken (conv2d_weight_plan).
 */
#include "layers/conv2d_weight.h"

#include <string.h>

#include "layers/conv2d.h"

#if VL == 16 || defined __ARM_NEON
enum { REGISTERS = 32 };
#else
enum { REGISTERS = 16 };
#endif

enum {
	CHANNELS = 6,      /* of a block, at most */
	TAPS = 8,          /* of a handful, at most */
	SUMS = 25,         /* of a kernel, at most */
	HANDFULS = 16,     /* that take turns */
	TILE_FLOATS = 8192 /* read in one turn: half of a first-level cache */
};

static int smaller(int a, int b)
{
	return a < b ? a : b;
}

static int larger(int a, int b)
{
	return a > b ? a : b;
}

static int parts_of(int whole, int most)
{
	return (whole + most - 1) / most;
}

/* Where part i of n nearly equal ones begins. */
static int part_begin(int whole, int n, int i)
{
	return (int)((int64_t)whole * i / n);
}

/* ---- the kernel */

/* sum[c][t] += dy[c] x[t] over rows and columns. */
struct product {
	int rows, columns;
	const float *dy;
	size_t dy_plane, dy_row;
	const float *x[TAPS];
	size_t x_row, x_column;
	float *sum; /* [C][T][GROUP] */
};

/* Lanes part .. part + VL - 1. The shorter side of the block is held in registers. */
static inline __attribute__((always_inline)) void multiply_part(
	const struct product *restrict p, int part, const int C, const int T)
{
	vf sum[CHANNELS][TAPS];
	float *at = p->sum + part;

	UNROLL
	for (int c = 0; c < C; c++)
		UNROLL
	for (int t = 0; t < T; t++)
		sum[c][t] = vf_load(at + (c * T + t) * GROUP);
	for (int r = 0; r < p->rows; r++) {
		const float *dy[CHANNELS], *x[TAPS];

		UNROLL
		for (int c = 0; c < C; c++)
			dy[c] = p->dy + (size_t)c * p->dy_plane + (size_t)r * p->dy_row + part;
		UNROLL
		for (int t = 0; t < T; t++)
			x[t] = p->x[t] + (size_t)r * p->x_row + part;
		for (int q = 0; q < p->columns; q++) {
			vf held[TAPS];

			if (C <= T) {
				UNROLL
				for (int c = 0; c < C; c++)
					held[c] = vf_load(dy[c] + (size_t)q * GROUP);
				UNROLL
				for (int t = 0; t < T; t++) {
					vf v = vf_load(x[t] + (size_t)q * p->x_column);

					UNROLL
					for (int c = 0; c < C; c++)
						sum[c][t] = vf_fma(held[c], v, sum[c][t]);
				}
			} else {
				UNROLL
				for (int t = 0; t < T; t++)
					held[t] = vf_load(x[t] + (size_t)q * p->x_column);
				UNROLL
				for (int c = 0; c < C; c++) {
					vf d = vf_load(dy[c] + (size_t)q * GROUP);

					UNROLL
					for (int t = 0; t < T; t++)
						sum[c][t] = vf_fma(d, held[t], sum[c][t]);
				}
			}
		}
	}
	UNROLL
	for (int c = 0; c < C; c++)
		UNROLL
	for (int t = 0; t < T; t++)
		vf_store(at + (c * T + t) * GROUP, sum[c][t]);
}

typedef void product_fn(const struct product *p);

#define PRODUCT(C, T)                                          \
	static void product_##C##_##T(const struct product *p) \
	{                                                      \
		for (int part = 0; part < GROUP; part += VL)   \
			multiply_part(p, part, C, T);          \
	}

/* Those that fit the registers: C T sums, min(C, T) held, one at hand. */
#if VL == 16 || defined __ARM_NEON
#define EACH_1(F) F(1, 1) F(1, 2) F(1, 3) F(1, 4) F(1, 5) F(1, 6) F(1, 7) F(1, 8)
#define EACH_2(F) F(2, 1) F(2, 2) F(2, 3) F(2, 4) F(2, 5) F(2, 6) F(2, 7) F(2, 8)
#define EACH_3(F) F(3, 1) F(3, 2) F(3, 3) F(3, 4) F(3, 5) F(3, 6) F(3, 7) F(3, 8)
#define EACH_4(F) F(4, 1) F(4, 2) F(4, 3) F(4, 4) F(4, 5) F(4, 6)
#define EACH_5(F) F(5, 1) F(5, 2) F(5, 3) F(5, 4) F(5, 5)
#define EACH_6(F) F(6, 1) F(6, 2) F(6, 3) F(6, 4)
#else
#define EACH_1(F) F(1, 1) F(1, 2) F(1, 3) F(1, 4) F(1, 5) F(1, 6) F(1, 7)
#define EACH_2(F) F(2, 1) F(2, 2) F(2, 3) F(2, 4) F(2, 5) F(2, 6)
#define EACH_3(F) F(3, 1) F(3, 2) F(3, 3) F(3, 4)
#define EACH_4(F) F(4, 1) F(4, 2) F(4, 3)
#define EACH_5(F) F(5, 1) F(5, 2)
#define EACH_6(F) F(6, 1) F(6, 2)
#endif
#define EACH(F) EACH_1(F) EACH_2(F) EACH_3(F) EACH_4(F) EACH_5(F) EACH_6(F)

EACH(PRODUCT)

#define ENTRY(C, T) [C][T] = product_##C##_##T,
static product_fn *const products[CHANNELS + 1][TAPS + 1] = {EACH(ENTRY)};

/* ---- the bias */

static inline __attribute__((always_inline)) void add_channels(
	float (*sum)[GROUP], const float *dy, size_t plane, size_t n, const int C)
{
	for (int part = 0; part < GROUP; part += VL) {
		vf total[CHANNELS];

		UNROLL
		for (int c = 0; c < C; c++)
			total[c] = vf_load(sum[c] + part);
		for (size_t i = 0; i < n; i++)
			UNROLL
		for (int c = 0; c < C; c++)
			total[c] += vf_load(dy + (size_t)c * plane + i * GROUP + (size_t)part);
		UNROLL
		for (int c = 0; c < C; c++)
			vf_store(sum[c] + part, total[c]);
	}
}

/* sum[c] += the n elements of each channel; side by side, since a sum waits for its predecessor. */
static void bias_add(float (*sum)[GROUP], const float *dy, size_t plane, size_t n, int channels)
{
	int c = 0;

	for (; c + 3 <= channels; c += 3)
		add_channels(sum + c, dy + (size_t)c * plane, plane, n, 3);
	if (c + 2 <= channels)
		add_channels(sum + c, dy + (size_t)c * plane, plane, n, 2);
	else if (c < channels)
		add_channels(sum + c, dy + (size_t)c * plane, plane, n, 1);
}

/* ---- one block */

/* Some output channels, some input channels: all that the loops below share. */
struct block {
	const struct conv2d_dims *dims;
	const struct conv2d_gradient *gradient;
	int group;      /* of the convolution */
	int in, n_in;   /* input channels, counted in the group */
	int out, n_out; /* output channels, likewise */
	struct view x;  /* from input channel `in` on: the copy, or the image */
	int handfuls;   /* of a row of the window */
};

static int block_taps(const struct block *b)
{
	return b->n_in * b->dims->k_w;
}

static int handful_begin(const struct block *b, int handful)
{
	return part_begin(block_taps(b), b->handfuls, handful);
}

/* Of the first of the block's output channels. */
static int block_channel(const struct block *b)
{
	return b->group * b->dims->forward.to_group + b->out;
}

static const float *block_dy(const struct block *b, int g, int row)
{
	const struct shape *y = &b->dims->forward.to;

	return view_group(b->gradient->dy, g) +
	       (size_t)((block_channel(b) * y->h + row) * y->w) * GROUP;
}

/* Handful `index` (row of the window, then part of it) over rows first .. end - 1 of the output. */
static void handful_add(const struct block *b, int index, float *sum, int g, int first, int end)
{
	const struct conv2d_dims *dims = b->dims;
	const struct shape *x = &dims->forward.from, *y = &dims->forward.to;
	int u = index / b->handfuls, tap = handful_begin(b, index % b->handfuls);
	int taps = handful_begin(b, index % b->handfuls + 1) - tap;
	int width = dims->weight.width;
	struct product p = {.columns = y->w,
		.dy_plane = (size_t)(y->h * y->w) * GROUP,
		.dy_row = (size_t)y->w * GROUP,
		.x_row = (size_t)(dims->y.stride * width) * GROUP,
		.x_column = (size_t)dims->x.stride * GROUP,
		.sum = sum};
	int row;

	first = larger(first, dims->weight.rows[u].first);
	end = smaller(end, dims->weight.rows[u].end);
	if (first >= end)
		return;
	row = first * dims->y.stride - dims->y.before + u * dims->y.dilation;
	p.rows = end - first;
	p.dy = block_dy(b, g, first);
	for (int t = 0; t < taps; t++) {
		int channel = (tap + t) / dims->k_w, v = (tap + t) % dims->k_w;

		p.x[t] = view_group(b->x, g) +
			 (size_t)((channel * x->h + row) * width + v * dims->x.dilation) * GROUP;
	}
	products[b->n_out][taps](&p);
}

/* The sums of a handful's lanes to where they belong in dw. */
static void handful_store(const struct block *b, int index, const float *sum)
{
	const struct conv2d_dims *dims = b->dims;
	int u = index / b->handfuls, tap = handful_begin(b, index % b->handfuls);
	int taps = handful_begin(b, index % b->handfuls + 1) - tap;

	for (int c = 0; c < b->n_out; c++)
		for (int t = 0; t < taps; t++) {
			int in = b->in + (tap + t) / dims->k_w, v = (tap + t) % dims->k_w;
			int row = ((block_channel(b) + c) * dims->forward.from_group + in) *
					  dims->k_h +
				  u;

			b->gradient->dw[(size_t)row * (size_t)dims->k_w + (size_t)v] =
				group_sum(sum + (c * taps + t) * GROUP);
		}
}

/* Rows of a turn: their dy and x together fill a tile. */
static int tile_rows(const struct block *b)
{
	const struct conv2d_dims *dims = b->dims;
	int row = b->n_out * dims->forward.to.w + b->n_in * dims->y.stride * dims->weight.width;

	return larger(1, TILE_FLOATS / (row * GROUP));
}

/* Handfuls first .. first + n - 1, turn by turn; on the way dy is made and summed for the bias,
 * where source and bias say so. */
static void block_turns(const struct block *b, int first, int n, const struct conv2d_source *source,
	float (*bias)[GROUP])
{
	float sum[HANDFULS][SUMS * GROUP] __attribute__((aligned(64)));
	const struct shape *y = &b->dims->forward.to;
	int channel = block_channel(b), want = tile_rows(b);

	memset(sum, 0, (size_t)n * sizeof sum[0]);
	for (int g = 0; g < b->gradient->groups; g++)
		for (int row = 0, end; row < y->h; row = end) {
			end = source ? source->make(source, g, channel, b->n_out, row, want)
				     : smaller(row + want, y->h);
			if (bias)
				bias_add(bias, block_dy(b, g, row), (size_t)(y->h * y->w) * GROUP,
					(size_t)((end - row) * y->w), b->n_out);
			for (int h = 0; h < n; h++)
				handful_add(b, first + h, sum[h], g, row, end);
		}
	for (int h = 0; h < n; h++)
		handful_store(b, first + h, sum[h]);
}

static void block_run(const struct block *b)
{
	const struct conv2d_gradient *gradient = b->gradient;
	float bias[CHANNELS][GROUP] __attribute__((aligned(64))) = {0};
	int all = b->dims->k_h * b->handfuls;
	bool biased = gradient->db && b->in == 0;

	block_turns(b, 0, smaller(HANDFULS, all), b->in == 0 ? gradient->source : NULL,
		biased ? bias : NULL);
	for (int h = HANDFULS; h < all; h += HANDFULS)
		block_turns(b, h, smaller(HANDFULS, all - h), NULL, NULL);
	for (int c = 0; biased && c < b->n_out; c++)
		gradient->db[block_channel(b) + c] = group_sum(bias[c]);
}

/* ---- all of it */

/* The image's columns between zeros; rows outside the image are never read. */
static void copy_rows(float *to, const float *from, const struct conv2d_dims *dims, int rows)
{
	int w = dims->forward.from.w, width = dims->weight.width, before = dims->x.before;
	int n = smaller(w, width - before), after = width - before - n;

	for (int r = 0; r < rows; r++, from += w * GROUP) {
		memset(to, 0, (size_t)(before * GROUP) * sizeof *to);
		to += before * GROUP;
		memcpy(to, from, (size_t)(n * GROUP) * sizeof *to);
		to += n * GROUP;
		memset(to, 0, (size_t)(after * GROUP) * sizeof *to);
		to += after * GROUP;
	}
}

/* The view that kernels read of input channels in .. in + n_in - 1 of the block's group. */
static struct view block_input(const struct block *b)
{
	const struct conv2d_dims *dims = b->dims;
	const struct shape *x = &dims->forward.from;
	const struct conv2d_gradient *gradient = b->gradient;
	int channel = b->group * dims->forward.from_group + b->in;
	struct view from = gradient->x,
		    to = {gradient->scratch,
			    (size_t)(dims->weight.in_block * x->h * dims->weight.width) * GROUP};

	from.at += (size_t)(channel * x->h * x->w) * GROUP;
	if (!dims->weight.copies)
		return from;
	for (int g = 0; g < gradient->groups; g++)
		copy_rows(view_group(to, g), view_group(from, g), dims, b->n_in * x->h);
	return to;
}

void PER_ISA(conv2d_weight_gradient)(
	const struct conv2d_dims *dims, const struct conv2d_gradient *gradient)
{
	const struct conv2d_weight *w = &dims->weight;
	int ins = dims->forward.from_group, outs = dims->forward.to_group;
	int blocks = parts_of(outs, w->channels);
	struct block b = {.dims = dims, .gradient = gradient};

	for (b.group = 0; b.group < dims->groups; b.group++)
		for (b.in = 0; b.in < ins; b.in += w->in_block) {
			b.n_in = smaller(w->in_block, ins - b.in);
			b.handfuls = parts_of(block_taps(&b), w->taps);
			b.x = block_input(&b);
			for (int i = 0; i < blocks; i++) {
				b.out = part_begin(outs, blocks, i);
				b.n_out = part_begin(outs, blocks, i + 1) - b.out;
				block_run(&b);
			}
		}
}

/* ---- plan */

/* Cycles that a machine with two multipliers and two loads a cycle needs for each column: sums wait
 * four cycles for their predecessors, and a column's loop costs something of its own. */
static double product_cycles(int c, int t)
{
	double cycles = 0.5 * c * t;

	if (cycles < 4)
		cycles = 4;
	if (cycles < 0.5 * (c + t))
		cycles = 0.5 * (c + t);
	return cycles + 0.5;
}

/* Of `channels` outputs in blocks of up to c with n taps in handfuls of up to t. */
static double cut_cycles(int channels, int c, int n, int t)
{
	int blocks = parts_of(channels, c), handfuls = parts_of(n, t);
	double cycles = 0;

	for (int i = 0; i < blocks; i++)
		for (int j = 0; j < handfuls; j++)
			cycles += product_cycles(part_begin(channels, blocks, i + 1) -
							 part_begin(channels, blocks, i),
				part_begin(n, handfuls, j + 1) - part_begin(n, handfuls, j));
	return cycles;
}

static void plan_cut(struct conv2d_dims *dims)
{
	struct conv2d_weight *w = &dims->weight;
	int ins = dims->forward.from_group, outs = smaller(dims->forward.to_group, 4 * 3 * 5 * 2);
	double best = -1;

	for (int n_in = 1; n_in <= smaller(ins, TAPS); n_in++)
		for (int c = 1; c <= CHANNELS; c++)
			for (int t = 1; t <= TAPS && products[c][t]; t++) {
				int n = smaller(n_in * dims->k_w, 4 * TAPS);
				double cycles = cut_cycles(outs, c, n, t) / n;

				if (best >= 0 && cycles >= best)
					continue;
				best = cycles;
				w->in_block = n_in;
				w->channels = c;
				w->taps = t;
			}
}

int PER_ISA(conv2d_weight_plan)(struct plan *plan, struct conv2d_dims *dims, struct err *err)
{
	struct conv2d_weight *w = &dims->weight;
	int reach = (dims->x.out - 1) * dims->x.stride + (dims->k_w - 1) * dims->x.dilation + 1;
	struct conv2d_range *rows = plan_take(plan, (size_t)dims->k_h * sizeof *rows, err);

	if (!rows)
		return -1;
	for (int u = 0; u < dims->k_h; u++)
		axis_range(&dims->y, u, &rows[u].first, &rows[u].end);
	w->rows = rows;
	w->copies = dims->x.before > 0 || reach > dims->x.n;
	w->width = w->copies ? reach : dims->x.n;
	plan_cut(dims);
	return 0;
}

size_t PER_ISA(conv2d_weight_scratch)(const struct conv2d_dims *dims)
{
	const struct conv2d_weight *w = &dims->weight;

	if (!w->copies)
		return 0;
	return (size_t)w->in_block * (size_t)dims->forward.from.h * (size_t)w->width * GROUP *
	       SHARD_GROUPS;
}
