/*
 * conv2d_few -- see conv2d_few.h.
 *
 * A kernel multiplies two registers of channels with the numbers of up to ROWS channels (or taps)
 * of the other side, as dense.c does, but over a list of places. All sums of a block of channels
 * are made before they are transposed to where they belong, so that long stretches are written.
 */
#include "layers/conv2d_few.h"

#include "layers/conv2d.h"
#include "layers/core/parts.h"

#if VL == 16 || defined __ARM_NEON
enum { ROWS = 12 };
#else
enum { ROWS = 6 };
#endif

enum { LANES = 2 * VL }; /* channels side by side */

/* ---- the kernel */

/* sum[r] = sum over images and places of numbers[r] times lanes, both found by the places. */
struct product {
	int images, n;
	const struct conv2d_place *places;
	enum conv2d_side side; /* that lies in lanes */
	const float *lanes;    /* [group][element][16][LANES] */
	size_t lanes_group;
	const float *numbers[GROUP]; /* as many as there are rows; the others only fetched ahead */
	size_t numbers_group;
	float *sum[ROWS];
};

/* One place of some images of one group. Each turn fetches a row of the place that is next. */
static inline __attribute__((always_inline)) void add_images(vf (*sum)[2],
	const float *const *numbers, const float *lanes, int images, const float *const *ahead,
	ptrdiff_t next, const int R, const int C)
{
	for (ptrdiff_t l = 0; l < images; l++, lanes += LANES) {
		vf lane[2];

		UNROLL
		for (int c = 0; c < C; c++)
			lane[c] = vf_load(lanes + c * VL);
		__builtin_prefetch(ahead[l] + next);
		UNROLL
		for (int r = 0; r < R; r++) {
			vf number = vf_set(numbers[r][l]);

			UNROLL
			for (int c = 0; c < C; c++)
				sum[r][c] = vf_fma(number, lane[c], sum[r][c]);
		}
	}
}

static inline __attribute__((always_inline)) void add_places(vf (*sum)[2],
	const struct product *restrict p, const float *lanes, ptrdiff_t group, int images,
	const int R, const int C)
{
	for (int i = 0; i < p->n; i++) {
		const int *at = p->places[i].at, *next = p->places[i + 1 < p->n ? i + 1 : 0].at;
		const float *numbers[ROWS];

		UNROLL
		for (int r = 0; r < R; r++)
			numbers[r] = p->numbers[r] + group + at[!p->side];
		add_images(sum, numbers, lanes + (ptrdiff_t)at[p->side] * LANES, images, p->numbers,
			group + next[!p->side], R, C);
	}
}

static inline __attribute__((always_inline)) void multiply(
	const struct product *restrict p, const int R, const int C)
{
	vf sum[ROWS][2];

	UNROLL
	for (int r = 0; r < R; r++)
		UNROLL
	for (int c = 0; c < C; c++)
		sum[r][c] = vf_set(0);
	for (int g = 0; g * GROUP < p->images; g++)
		add_places(sum, p, p->lanes + (size_t)g * p->lanes_group,
			(ptrdiff_t)((size_t)g * p->numbers_group),
			smaller(p->images - g * GROUP, GROUP), R, C);
	UNROLL
	for (int r = 0; r < R; r++)
		UNROLL
	for (int c = 0; c < C; c++)
		vf_store(p->sum[r] + c * VL, sum[r][c]);
}

typedef void product_fn(const struct product *p);

#define PRODUCT(R)                                           \
	static void product_##R##_1(const struct product *p) \
	{                                                    \
		multiply(p, R, 1);                           \
	}                                                    \
	static void product_##R##_2(const struct product *p) \
	{                                                    \
		multiply(p, R, 2);                           \
	}
#if VL == 16 || defined __ARM_NEON
#define EACH(F) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12)
#else
#define EACH(F) F(1) F(2) F(3) F(4) F(5) F(6)
#endif

EACH(PRODUCT)

#define ENTRY(R) [R] = {product_##R##_1, product_##R##_2},
static product_fn *const products[ROWS + 1][2] = {EACH(ENTRY)};

/* ---- transposing */

/* to[l * to_row + i] = from[i * from_row + l], l < n_to, i < n_from; 0 for the other i < VL. */
static inline void transpose(
	float *to, size_t to_row, int n_to, const float *from, size_t from_row, int n_from)
{
	vf block[VL];

	UNROLL
	for (int i = 0; i < VL; i++)
		block[i] = i < n_from ? vf_load(from + (size_t)i * from_row) : vf_set(0);
	vf_transpose(block);
	UNROLL
	for (int l = 0; l < VL; l++)
		if (l < n_to)
			vf_store_unaligned(to + (size_t)l * to_row, block[l]);
}

/* The sums of n weights that follow each other, for each of some channels `channel` apart. */
static void store_sums(float *dw, size_t channel, int channels, const float *sums, int n)
{
	for (int l = 0; l < channels; l += VL, dw += VL * channel, sums += VL) {
		int some = smaller(VL, channels - l), i = 0;

		for (; i + VL <= n; i += VL)
			transpose(dw + i, channel, some, sums + i * LANES, LANES, VL);
		for (; i < n; i++)
			for (int k = 0; k < some; k++)
				dw[(size_t)k * channel + (size_t)i] = sums[i * LANES + k];
	}
}

/* ---- the two sides */

static const struct shape *side_shape(const struct conv2d_dims *dims, enum conv2d_side side)
{
	return side == CONV2D_X ? &dims->forward.from : &dims->forward.to;
}

/* Channels of one group of the convolution. */
static int side_channels(const struct conv2d_dims *dims, enum conv2d_side side)
{
	return side == CONV2D_X ? dims->forward.from_group : dims->forward.to_group;
}

static enum conv2d_side lane_side(const struct conv2d_dims *dims)
{
	return dims->weight.way == CONV2D_INPUTS ? CONV2D_X : CONV2D_DY;
}

/* Of one channel. */
static int side_elements(const struct conv2d_dims *dims, enum conv2d_side side)
{
	const struct shape *s = side_shape(dims, side);

	return s->h * s->w;
}

/* Some channels in lanes: to[group][element][16][LANES], from `channel` of one side on. */
static void make_lanes(const struct conv2d_dims *dims, struct view to, struct view from,
	enum conv2d_side side, int channel, int channels, int groups)
{
	size_t plane = (size_t)side_elements(dims, side) * GROUP;

	for (int g = 0; g < groups; g++)
		for (int c = 0; c < channels; c += VL) {
			const float *source = view_group(from, g) + (size_t)(channel + c) * plane;
			float *target = view_group(to, g) + c;

			for (size_t at = 0; at < plane; at += VL)
				transpose(target + at * LANES, LANES, VL, source + at, plane,
					channels - c);
		}
}

/* ---- all of it */

/* Some channels of each side: `first` .. in their group of the convolution. */
struct block {
	const struct conv2d_dims *dims;
	const struct conv2d_gradient *gradient;
	int group;
	int lane, lanes;      /* of the side in lanes */
	int number, n;        /* of the other */
	struct view in_lanes; /* those */
	struct view numbers;  /* from channel `number` on */
	float *sums;          /* [n][K_h][K_w][LANES] */
};

/* The kernel's part in one row and a few columns of the window. */
static void block_multiply(const struct block *b, int u, int v)
{
	const struct conv2d_dims *dims = b->dims;
	const struct conv2d_weight *w = &dims->weight;
	const struct conv2d_columns *columns = &w->columns[v];
	enum conv2d_side side = lane_side(dims);
	int width = columns->outputs.end - columns->outputs.first;
	int height = w->rows[u].end - w->rows[u].first, rows = 0;
	int x = PER_ISA(conv2d_weight_offset)(dims, u, v),
	    plane = side_elements(dims, !side) * GROUP;
	struct product p = {.images = b->gradient->live,
		.n = height > 0 ? height * width : 0,
		.places = columns->places + w->rows[u].first * width,
		.side = side,
		.lanes = b->in_lanes.at,
		.lanes_group = b->in_lanes.stride,
		.numbers_group = b->numbers.stride};

	if (side == CONV2D_X)
		p.lanes += (ptrdiff_t)x * LANES;
	else if (w->copies)
		plane = dims->forward.from.h * w->width * GROUP;
	for (int c = 0; c < b->n; c++)
		for (int k = 0; k < columns->n; k++, rows++) {
			p.numbers[rows] = b->numbers.at + c * plane +
					  (side == CONV2D_X ? 0 : x + k * dims->x.dilation * GROUP);
			p.sum[rows] = b->sums + ((c * dims->k_h + u) * dims->k_w + v + k) * LANES;
		}
	for (int r = rows; r < GROUP; r++)
		p.numbers[r] = p.numbers[0];
	products[rows][b->lanes > VL](&p);
}

static void block_store(const struct block *b)
{
	const struct conv2d_dims *dims = b->dims;
	int taps = dims->k_h * dims->k_w, outs = dims->forward.to_group;
	size_t filter = (size_t)(dims->forward.from_group * taps);
	float *dw = b->gradient->dw + (size_t)(b->group * outs) * filter;

	if (lane_side(dims) == CONV2D_DY) {
		dw += (size_t)b->lane * filter + (size_t)(b->number * taps);
		store_sums(dw, filter, b->lanes, b->sums, b->n * taps);
		return;
	}
	dw += (size_t)b->number * filter + (size_t)(b->lane * taps);
	for (int c = 0; c < b->n; c++)
		store_sums(dw + (size_t)c * filter, (size_t)taps, b->lanes,
			b->sums + (size_t)(c * taps) * LANES, taps);
}

static void block_run(struct block *b)
{
	const struct conv2d_dims *dims = b->dims;

	if (lane_side(dims) == CONV2D_DY) {
		b->numbers = PER_ISA(conv2d_weight_input)(
			dims, b->gradient, b->group * dims->forward.from_group + b->number, b->n);
	} else {
		b->numbers = b->gradient->dy;
		b->numbers.at += (b->group * dims->forward.to_group + b->number) *
				 side_elements(dims, CONV2D_DY) * GROUP;
	}
	for (int u = 0; u < dims->k_h; u++)
		for (int v = 0; v < dims->k_w; v += dims->weight.columns[v].n)
			block_multiply(b, u, v);
	block_store(b);
}

/* Channels of the side that is not in lanes, of a block. */
static int block_numbers(const struct conv2d_dims *dims)
{
	return lane_side(dims) == CONV2D_DY ? dims->weight.cut.in : dims->weight.cut.out;
}

static size_t lanes_floats(const struct conv2d_dims *dims)
{
	return (size_t)side_elements(dims, lane_side(dims)) * GROUP * LANES;
}

void PER_ISA(conv2d_few_gradient)(
	const struct conv2d_dims *dims, const struct conv2d_gradient *gradient)
{
	enum conv2d_side side = lane_side(dims);
	int lanes = side_channels(dims, side), numbers = side_channels(dims, !side);
	int parts = parts_of(numbers, block_numbers(dims));
	struct block b = {.dims = dims, .gradient = gradient};

	b.in_lanes.at = gradient->scratch + PER_ISA(conv2d_weight_copied)(dims);
	b.in_lanes.stride = lanes_floats(dims);
	b.sums = b.in_lanes.at + SHARD_GROUPS * b.in_lanes.stride;
	for (b.group = 0; b.group < dims->groups; b.group++)
		for (b.lane = 0; b.lane < lanes; b.lane += LANES) {
			b.lanes = smaller(LANES, lanes - b.lane);
			make_lanes(dims, b.in_lanes, side == CONV2D_X ? gradient->x : gradient->dy,
				side, b.group * lanes + b.lane, b.lanes, gradient->groups);
			for (int i = 0; i < parts; i++) {
				b.number = part_begin(numbers, parts, i);
				b.n = part_begin(numbers, parts, i + 1) - b.number;
				block_run(&b);
			}
		}
}

/* ---- plan */

/* Cycles for one image of one place where there are two multipliers and two loads a cycle and a sum
 * waits four for its predecessor; a place, a call and numbers that are not in the first cache cost
 * something of their own. */
static double product_cycles(int rows, int registers)
{
	double cycles = 0.5 * rows * registers, loads = 0.5 * (rows + registers + 2);

	if (cycles < 4)
		cycles = 4;
	return (cycles > loads ? cycles : loads) + 0.6 + 1.1 * registers;
}

/* The same for all channels in lanes, `width` in a register. */
static double lanes_cycles(int rows, int channels, int width)
{
	int rest = channels % (2 * width);
	double cycles = channels / (2 * width) * product_cycles(rows, 2);

	return rest ? cycles + product_cycles(rows, rest > width ? 2 : 1) : cycles;
}

/* Numbers of one block, where `n` are taken in nearly equal ones. */
static int block_of(int n, int most)
{
	return parts_of(n, parts_of(n, most));
}

/* The best cut with outputs in lanes; what it costs in one row of the window, for each output
 * column. */
static struct conv2d_cut best_cut(
	const struct conv2d_dims *dims, int most_rows, int width, double *least)
{
	int ins = dims->forward.from_group, outs = dims->forward.to_group, k = dims->k_w;
	struct conv2d_cut best = {0}, cut = {.out = 2 * width};

	for (cut.in = 1; cut.in <= smaller(most_rows, ins); cut.in++)
		for (cut.columns = 1; cut.columns <= smaller(most_rows / cut.in, k);
			cut.columns++) {
			int rows = block_of(ins, cut.in) * block_of(k, cut.columns);
			double cycles = lanes_cycles(rows, outs, width) * parts_of(ins, cut.in) *
					PER_ISA(conv2d_weight_meets)(dims, cut.columns);

			if (best.in && cycles >= *least)
				continue;
			*least = cycles;
			best = cut;
		}
	return best;
}

/* What one weight costs in a shard, in cycles of AVX-512, as measured; other instruction sets gain
 * more by channels side by side, but the choice must not depend on them. */
enum {
	WIDE_ROWS = 12,
	WIDE = 16,
	SHARD_IMAGES = SHARD_GROUPS * GROUP,
	MOST_ELEMENTS = 256 /* in lanes: a megabyte */
};

/* Output elements whose tap lies inside, on an average over the rows of the window, if all columns
 * did. */
static double elements_met(const struct conv2d_dims *dims)
{
	double rows = 0;

	for (int u = 0; u < dims->k_h; u++)
		rows += dims->weight.rows[u].end - dims->weight.rows[u].first;
	return rows / dims->k_h * dims->x.out;
}

static double images_cost(const struct conv2d_dims *dims)
{
	const double weight = 8, product = dims->x.stride > 1 ? 1.8 : 1.5;
	double columns = PER_ISA(conv2d_weight_meets)(dims, 1) / dims->k_w;

	return weight + product * elements_met(dims) * columns;
}

/* The products: `cycles` for one image of an element and all weights of a row of the window. */
static double products_cost(const struct conv2d_dims *dims, double cycles)
{
	double weights = (double)dims->forward.from_group * dims->forward.to_group * dims->k_w;

	return elements_met(dims) * SHARD_IMAGES * cycles / weights;
}

/* Elements of one side that are transposed for each weight. */
static double elements_transposed(const struct conv2d_dims *dims, enum conv2d_side side)
{
	return side_elements(dims, side) /
	       ((double)side_channels(dims, !side) * dims->k_h * dims->k_w);
}

static double outputs_cost(const struct conv2d_dims *dims)
{
	const double weight = 1.3, element = 10;
	double cycles;

	best_cut(dims, WIDE_ROWS, WIDE, &cycles);
	return weight + element * elements_transposed(dims, CONV2D_DY) +
	       products_cost(dims, cycles);
}

static double inputs_cost(const struct conv2d_dims *dims)
{
	const double weight = 3, element = 20, longer = 1.1;
	int outs = dims->forward.to_group;
	double cycles = lanes_cycles(block_of(outs, WIDE_ROWS), dims->forward.from_group, WIDE) *
			parts_of(outs, WIDE_ROWS) * PER_ISA(conv2d_weight_meets)(dims, 1);

	return weight + element * elements_transposed(dims, CONV2D_X) +
	       longer * products_cost(dims, cycles);
}

enum conv2d_way PER_ISA(conv2d_few_way)(const struct conv2d_dims *dims)
{
	enum conv2d_way way = CONV2D_IMAGES;
	double least = images_cost(dims);

	if (side_elements(dims, CONV2D_DY) <= MOST_ELEMENTS && outputs_cost(dims) < least) {
		way = CONV2D_OUTPUTS;
		least = outputs_cost(dims);
	}
	if (side_elements(dims, CONV2D_X) <= MOST_ELEMENTS && inputs_cost(dims) < least)
		way = CONV2D_INPUTS;
	return way;
}

struct conv2d_cut PER_ISA(conv2d_few_cut)(const struct conv2d_dims *dims)
{
	double cycles;

	if (lane_side(dims) == CONV2D_X)
		return (struct conv2d_cut){.out = ROWS, .in = LANES, .columns = 1};
	return best_cut(dims, ROWS, VL, &cycles);
}

size_t PER_ISA(conv2d_few_scratch)(const struct conv2d_dims *dims)
{
	return SHARD_GROUPS * lanes_floats(dims) +
	       (size_t)(block_numbers(dims) * dims->k_h * dims->k_w) * LANES;
}
