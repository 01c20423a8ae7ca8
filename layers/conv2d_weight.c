/*
 * conv2d_weight -- see conv2d_weight.h.
 *
 * A kernel multiplies a few output channels with a handful of taps: C x T sums in registers, C + T
 * loads for C T products. A handful is one row of the window, a few of its columns, in a few input
 * channels. Several columns read the same rows of the input, which saves cache, but do not quite
 * meet the same outputs: then the input is copied with zeros beside it. Images larger than a tile
 * are read tile by tile, by some handfuls in turns. What a cut into blocks costs is estimated for
 * each that fits the registers, and the best is taken.
 */
#include "layers/conv2d_weight.h"

#include <string.h>

#include "layers/conv2d.h"
#include "layers/conv2d_few.h"
#include "layers/core/parts.h"

#if VL == 16 || defined __ARM_NEON
enum { REGISTERS = 32 };
#else
enum { REGISTERS = 16 };
#endif

enum {
	CHANNELS = 8,          /* of a block, at most */
	TAPS = 8,              /* of a handful, at most */
	SUMS = 32,             /* of a kernel, at most */
	HANDFULS = 16,         /* that take turns */
	MOST_PLACES = 1 << 20, /* listed column by column */
	TILE_FLOATS = 9216     /* read in one turn: most of a first-level cache */
};

/* ---- the kernel */

/* sum[c][t] += dy[c] x[t] over groups of images and places. */
struct product {
	int groups, n;
	const struct conv2d_place *places;
	bool fresh; /* sum is 0 before */
	const float *dy;
	size_t dy_plane, dy_group;
	const float *x[TAPS];
	size_t x_group;
	float (*restrict sum)[GROUP]; /* [C][T] */
};

/* Some places. The shorter side of the block is held in registers. */
static inline __attribute__((always_inline)) void multiply_places(vf (*sum)[TAPS],
	const float *const *dy, const float *const *x, const struct conv2d_place *places, int n,
	const int C, const int T)
{
	for (int i = 0; i < n; i++) {
		ptrdiff_t dy_at = places[i].at[CONV2D_DY], x_at = places[i].at[CONV2D_X];
		vf held[TAPS];

		if (C <= T) {
			UNROLL
			for (int c = 0; c < C; c++)
				held[c] = vf_load(dy[c] + dy_at);
			UNROLL
			for (int t = 0; t < T; t++) {
				vf v = vf_keep(vf_load(x[t] + x_at));

				UNROLL
				for (int c = 0; c < C; c++)
					sum[c][t] = vf_fma(held[c], v, sum[c][t]);
			}
		} else {
			UNROLL
			for (int t = 0; t < T; t++)
				held[t] = vf_load(x[t] + x_at);
			UNROLL
			for (int c = 0; c < C; c++) {
				vf d = vf_keep(vf_load(dy[c] + dy_at));

				UNROLL
				for (int t = 0; t < T; t++)
					sum[c][t] = vf_fma(d, held[t], sum[c][t]);
			}
		}
	}
}

/* Lanes part .. part + VL - 1. */
static inline __attribute__((always_inline)) void multiply_part(
	const struct product *restrict p, int part, const int C, const int T)
{
	const float *dy[CHANNELS], *x[TAPS];
	vf sum[CHANNELS][TAPS];

	UNROLL
	for (int c = 0; c < C; c++)
		UNROLL
	for (int t = 0; t < T; t++)
		sum[c][t] = p->fresh ? vf_set(0) : vf_load(p->sum[c * T + t] + part);
	for (int g = 0; g < p->groups; g++) {
		UNROLL
		for (int c = 0; c < C; c++)
			dy[c] = p->dy + (size_t)g * p->dy_group + (size_t)c * p->dy_plane + part;
		UNROLL
		for (int t = 0; t < T; t++)
			x[t] = p->x[t] + (size_t)g * p->x_group + part;
		multiply_places(sum, dy, x, p->places, p->n, C, T);
	}
	UNROLL
	for (int c = 0; c < C; c++)
		UNROLL
	for (int t = 0; t < T; t++)
		vf_store(p->sum[c * T + t] + part, sum[c][t]);
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
#define EACH_7(F) F(7, 1) F(7, 2) F(7, 3)
#define EACH_8(F) F(8, 1) F(8, 2) F(8, 3)
#else
#define EACH_1(F) F(1, 1) F(1, 2) F(1, 3) F(1, 4) F(1, 5) F(1, 6) F(1, 7) F(1, 8)
#define EACH_2(F) F(2, 1) F(2, 2) F(2, 3) F(2, 4) F(2, 5) F(2, 6)
#define EACH_3(F) F(3, 1) F(3, 2) F(3, 3) F(3, 4)
#define EACH_4(F) F(4, 1) F(4, 2) F(4, 3)
#define EACH_5(F) F(5, 1) F(5, 2)
#define EACH_6(F) F(6, 1) F(6, 2)
#define EACH_7(F) F(7, 1)
#define EACH_8(F) F(8, 1)
#endif
#define EACH(F) EACH_1(F) EACH_2(F) EACH_3(F) EACH_4(F) EACH_5(F) EACH_6(F) EACH_7(F) EACH_8(F)

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
	struct view x;  /* from input channel `in` on: the image, or the copy */
};

/* Of the first of the block's output channels. */
static int block_channel(const struct block *b)
{
	return b->group * b->dims->forward.to_group + b->out;
}

/* Row u and columns v .. v + n - 1 of the window. */
struct handful {
	int u, v, n;
};

static struct handful handful_first(const struct block *b)
{
	return (struct handful){.n = b->dims->weight.columns[0].n};
}

static void handful_next(const struct block *b, struct handful *h)
{
	h->v += h->n;
	if (h->v == b->dims->k_w) {
		h->v = 0;
		h->u++;
	}
	h->n = b->dims->weight.columns[h->v].n;
}

/* Groups of images and rows of the output that are taken in one turn. */
struct turn {
	int group, groups, first, end;
};

/* Row `row` of the turn, in the block's first channel and group `group`. */
static const float *turn_dy(const struct block *b, const struct turn *turn, int group, int row)
{
	const struct shape *y = &b->dims->forward.to;
	const struct conv2d_source *source = b->gradient->source;
	int from = source && source->passing ? row - turn->first : block_channel(b) * y->h + row;

	return view_group(b->gradient->dy, group) + from * y->w * GROUP;
}

/* From one channel of dy to the next. */
static size_t block_plane(const struct block *b)
{
	const struct shape *y = &b->dims->forward.to;
	const struct conv2d_source *source = b->gradient->source;

	return source && source->passing ? source->plane : (size_t)(y->h * y->w) * GROUP;
}

static void handful_add(const struct block *b, const struct handful *h, const struct turn *turn,
	float (*sum)[GROUP])
{
	const struct conv2d_dims *dims = b->dims;
	const struct conv2d_weight *w = &dims->weight;
	const struct conv2d_columns *columns = &w->columns[h->v];
	int width = columns->outputs.end - columns->outputs.first, taps = 0;
	int first = larger(turn->first, w->rows[h->u].first);
	int end = smaller(turn->end, w->rows[h->u].end);
	const float *x =
		view_group(b->x, turn->group) + PER_ISA(conv2d_weight_offset)(dims, h->u, h->v);
	struct product p = {.groups = turn->groups,
		.n = larger(0, end - first) * width,
		.places = columns->places + first * width,
		.fresh = turn->group == 0 && turn->first == 0,
		.dy = turn_dy(b, turn, turn->group, 0),
		.dy_plane = block_plane(b),
		.dy_group = b->gradient->dy.stride,
		.x_group = b->x.stride,
		.sum = sum};

	for (int i = 0; i < b->n_in; i++, x += dims->forward.from.h * w->width * GROUP)
		for (int v = 0; v < h->n; v++)
			p.x[taps++] = x + v * dims->x.dilation * GROUP;
	products[b->n_out][taps](&p);
}

/* The sums of a handful's lanes to where they belong in dw. */
static void handful_store(const struct block *b, const struct handful *h, const float (*sum)[GROUP])
{
	const struct conv2d_dims *dims = b->dims;
	size_t plane = (size_t)(dims->k_h * dims->k_w);
	size_t filter = (size_t)dims->forward.from_group * plane;
	float *dw = b->gradient->dw + (size_t)block_channel(b) * filter + (size_t)b->in * plane +
		    (size_t)(h->u * dims->k_w + h->v);
	float total[SUMS], *from = total;
	int taps = b->n_in * h->n;

	/* Whole registers; what comes behind the last sum is not looked at. */
	group_sums(total, sum, (size_t)((b->n_out * taps + VL - 1) / VL * VL));
	for (int i = 0; i < b->n_in; i++)
		for (int v = 0; v < h->n; v++, from++)
			for (int c = 0; c < b->n_out; c++)
				dw[(size_t)c * filter + (size_t)i * plane + (size_t)v] =
					from[c * taps];
}

/* Rows of a turn: their dy and x together fill a tile. */
static int tile_rows(const struct conv2d_dims *dims, int outs, int ins)
{
	int64_t row =
		((int64_t)outs * dims->forward.to.w + (int64_t)ins * dims->weight.width) * GROUP;
	int most = larger(1, (int)(TILE_FLOATS / row)), h = dims->forward.to.h;

	return most < h ? parts_of(h, parts_of(h, most)) : most;
}

/* The next turn's dy, and its sum for the bias where bias is not NULL. */
static void turn_begin(const struct block *b, struct turn *turn, const struct conv2d_source *source,
	float (*bias)[GROUP])
{
	const struct shape *y = &b->dims->forward.to;
	int wanted = turn->end;

	for (int g = turn->group; g < turn->group + turn->groups; g++) {
		if (source)
			turn->end = source->make(source, g, block_channel(b), b->n_out, turn->first,
				wanted - turn->first);
		if (bias)
			bias_add(bias, turn_dy(b, turn, g, turn->first), block_plane(b),
				(size_t)((turn->end - turn->first) * y->w), b->n_out);
	}
}

/* Up to HANDFULS handfuls from *h on. Small images go all groups at a time, others by rows. */
static void block_turns(const struct block *b, struct handful *h,
	const struct conv2d_source *source, float (*bias)[GROUP])
{
	float sum[HANDFULS][SUMS][GROUP] __attribute__((aligned(64)));
	int rows = b->dims->forward.to.h, want = tile_rows(b->dims, b->n_out, b->n_in),
	    groups = b->gradient->groups;
	int together = want >= rows * groups ? groups : 1, n = 0;
	struct handful at;

	for (struct turn turn = {.groups = together}; turn.group < groups; turn.group += together)
		for (turn.first = 0; turn.first < rows; turn.first = turn.end) {
			turn.end = smaller(turn.first + want, rows);
			turn_begin(b, &turn, source, bias);
			at = *h;
			for (n = 0; n < HANDFULS && at.u < b->dims->k_h; n++) {
				handful_add(b, &at, &turn, sum[n]);
				handful_next(b, &at);
			}
		}
	for (int i = 0; i < n; i++) {
		handful_store(b, h, (const float(*)[GROUP])sum[i]);
		handful_next(b, h);
	}
}

static void block_run(const struct block *b)
{
	const struct conv2d_gradient *gradient = b->gradient;
	float bias[CHANNELS][GROUP] __attribute__((aligned(64))) = {0};
	bool biased = gradient->db && b->in == 0;
	struct handful h = handful_first(b);

	block_turns(b, &h, b->in == 0 ? gradient->source : NULL, biased ? bias : NULL);
	while (h.u < b->dims->k_h)
		block_turns(b, &h, NULL, NULL);
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

size_t PER_ISA(conv2d_weight_copied)(const struct conv2d_dims *dims)
{
	const struct conv2d_weight *w = &dims->weight;

	if (!w->copies)
		return 0;
	return (size_t)(w->cut.in * dims->forward.from.h) * (size_t)w->width * GROUP * SHARD_GROUPS;
}

struct view PER_ISA(conv2d_weight_input)(
	const struct conv2d_dims *dims, const struct conv2d_gradient *gradient, int channel, int n)
{
	const struct shape *x = &dims->forward.from;
	struct view from = gradient->x;
	struct view to = {gradient->scratch, PER_ISA(conv2d_weight_copied)(dims) / SHARD_GROUPS};

	from.at += (size_t)(channel * x->h * x->w) * GROUP;
	if (!dims->weight.copies)
		return from;
	for (int g = 0; g < gradient->groups; g++)
		copy_rows(view_group(to, g), view_group(from, g), dims, n * x->h);
	return to;
}

int PER_ISA(conv2d_weight_offset)(const struct conv2d_dims *dims, int u, int v)
{
	const struct conv2d_weight *w = &dims->weight;
	int row = u * dims->y.dilation - dims->y.before;

	return (row * w->width + v * dims->x.dilation - w->before) * GROUP;
}

/* All of dy, and its sums for the bias. */
static void whole_dy(const struct conv2d_dims *dims, const struct conv2d_gradient *gradient)
{
	const struct shape *y = &dims->forward.to;
	const struct conv2d_source *source = gradient->source;
	size_t plane = (size_t)(y->h * y->w) * GROUP;

	for (int g = 0; source && g < gradient->groups; g++)
		source->make(source, g, 0, y->c, 0, y->h);
	for (int c = 0, n; gradient->db && c < y->c; c += n) {
		float sum[CHANNELS][GROUP] __attribute__((aligned(64))) = {0};

		n = smaller(CHANNELS, y->c - c);
		for (int g = 0; g < gradient->groups; g++)
			bias_add(sum, view_group(gradient->dy, g) + (size_t)c * plane, plane,
				plane / GROUP, n);
		group_sums(gradient->db + c, (const float(*)[GROUP])sum, (size_t)n);
	}
}

static void images_gradient(const struct conv2d_dims *dims, const struct conv2d_gradient *gradient)
{
	int ins = dims->forward.from_group, in_blocks = parts_of(ins, dims->weight.cut.in);
	int outs = dims->forward.to_group, out_blocks = parts_of(outs, dims->weight.cut.out);
	struct block b = {.dims = dims, .gradient = gradient};

	for (b.group = 0; b.group < dims->groups; b.group++)
		for (int i = 0; i < in_blocks; i++) {
			b.in = part_begin(ins, in_blocks, i);
			b.n_in = part_begin(ins, in_blocks, i + 1) - b.in;
			b.x = PER_ISA(conv2d_weight_input)(
				dims, gradient, b.group * ins + b.in, b.n_in);
			for (int o = 0; o < out_blocks; o++) {
				b.out = part_begin(outs, out_blocks, o);
				b.n_out = part_begin(outs, out_blocks, o + 1) - b.out;
				block_run(&b);
			}
		}
}

void PER_ISA(conv2d_weight_gradient)(
	const struct conv2d_dims *dims, const struct conv2d_gradient *gradient)
{
	if (dims->weight.way == CONV2D_IMAGES) {
		images_gradient(dims, gradient);
		return;
	}
	whole_dy(dims, gradient);
	PER_ISA(conv2d_few_gradient)(dims, gradient);
}

bool PER_ISA(conv2d_weight_once)(const struct conv2d_dims *dims)
{
	const struct conv2d_weight *w = &dims->weight;
	int handfuls = 0;

	for (int v = 0; v < dims->k_w; v += w->columns[v].n)
		handfuls += dims->k_h;
	return w->way == CONV2D_IMAGES && w->cut.in >= dims->forward.from_group &&
	       handfuls <= HANDFULS;
}

int PER_ISA(conv2d_weight_rows)(const struct conv2d_dims *dims)
{
	return smaller(tile_rows(dims, 1, 1), dims->forward.to.h);
}

/* ---- plan */

/* Cycles of one element of a kernel's loop where there are two multipliers and two loads a cycle; a
 * sum waits four cycles for its predecessor, and the loop costs something of its own. */
static double product_cycles(int c, int t)
{
	double cycles = 0.5 * c * t;

	if (cycles < 4)
		cycles = 4;
	if (cycles < 0.5 * (c + t))
		cycles = 0.5 * (c + t);
	return cycles + 0.5;
}

/* Whether there is room for a list of places for each column of the window. */
static bool lists_fit(const struct conv2d_dims *dims)
{
	return (int64_t)dims->k_w * dims->x.out * dims->y.out <= MOST_PLACES;
}

/* Columns of outputs whose tap may be inside the image in any of some columns of the window. */
static struct conv2d_range columns_outputs(const struct conv2d_dims *dims, int v, int n)
{
	const struct conv2d_columns *columns = dims->weight.columns + v;
	struct conv2d_range all = columns->outputs;

	if (n > 1 && !lists_fit(dims))
		return (struct conv2d_range){0, dims->x.out};
	for (int i = 1; i < n; i++) {
		const struct conv2d_range *some = &columns[i].outputs;

		if (some->end <= some->first)
			continue;
		all.first = all.end > all.first ? smaller(all.first, some->first) : some->first;
		all.end = larger(all.end, some->end);
	}
	return all;
}

double PER_ISA(conv2d_weight_meets)(const struct conv2d_dims *dims, int columns)
{
	int parts = parts_of(dims->k_w, columns);
	double met = 0;

	for (int i = 0; i < parts; i++) {
		int v = part_begin(dims->k_w, parts, i);
		int n = part_begin(dims->k_w, parts, i + 1) - v;
		struct conv2d_range outputs = columns_outputs(dims, v, n);

		met += larger(0, outputs.end - outputs.first);
	}
	return met / dims->x.out;
}

/* Cycles for one output element of all channels: kernels run over a tile's elements; what a call
 * and its sums' loads and stores cost is measured. */
static double cut_cycles(const struct conv2d_dims *dims, const struct conv2d_cut *cut)
{
	const double call = 60, sum = 1.4;
	int outs = dims->forward.to_group, ins = dims->forward.from_group;
	int out_parts = parts_of(outs, cut->out), in_parts = parts_of(ins, cut->in);
	int column_parts = parts_of(dims->k_w, cut->columns);
	int c = parts_of(outs, out_parts);
	int t = parts_of(ins, in_parts) * parts_of(dims->k_w, column_parts);
	double parts = out_parts * in_parts * PER_ISA(conv2d_weight_meets)(dims, cut->columns);
	double tile = TILE_FLOATS / GROUP / (double)(cut->out + cut->in * dims->x.stride);
	double plane = (double)dims->y.out * dims->x.out * SHARD_GROUPS;

	if (tile > plane)
		tile = plane;
	return parts * (product_cycles(c, t) + (call + sum * c * t) / tile);
}

static struct conv2d_cut best_cut(const struct conv2d_dims *dims)
{
	int ins = smaller(TAPS, dims->forward.from_group), columns = smaller(TAPS, dims->k_w);
	bool alone = dims->k_w == 1 || lists_fit(dims);
	double best = 0;
	struct conv2d_cut choice = {0}, cut;

	for (cut.out = 1; cut.out <= CHANNELS; cut.out++)
		for (cut.in = 1; cut.in <= ins; cut.in++)
			for (cut.columns = 1; cut.columns <= columns; cut.columns++) {
				int taps = cut.in * cut.columns;
				double cycles;

				if (taps > TAPS || !products[cut.out][taps] ||
					(cut.columns == 1 && !alone))
					continue;
				cycles = cut_cycles(dims, &cut);
				if (choice.out && cycles >= best)
					continue;
				best = cycles;
				choice = cut;
			}
	return choice;
}

/* Columns in nearly equal parts. */
static void cut_columns(const struct conv2d_dims *dims, struct conv2d_columns *columns, int most)
{
	int parts = parts_of(dims->k_w, most);

	for (int i = 0; i < parts; i++) {
		int v = part_begin(dims->k_w, parts, i);

		columns[v].n = part_begin(dims->k_w, parts, i + 1) - v;
		columns[v].outputs = columns_outputs(dims, v, columns[v].n);
	}
}

/* Where the outputs of one range of columns, in all rows, lie in dy and in x. */
static struct conv2d_place *places_new(struct plan *plan, const struct conv2d_dims *dims,
	const struct conv2d_range *columns, struct err *err)
{
	int n = columns->end - columns->first;
	struct conv2d_place *places =
		plan_take(plan, (size_t)(n * dims->y.out) * sizeof *places, err);

	for (int i = 0; places && i < n * dims->y.out; i++) {
		int p = i / n, q = columns->first + i % n;

		places[i].at[CONV2D_DY] = (p * dims->x.out + q) * GROUP;
		places[i].at[CONV2D_X] =
			(p * dims->y.stride * dims->weight.width + q * dims->x.stride) * GROUP;
	}
	return places;
}

static int plan_places(struct plan *plan, const struct conv2d_dims *dims,
	struct conv2d_columns *columns, struct err *err)
{
	for (int v = 0; v < dims->k_w; v += columns[v].n) {
		const struct conv2d_range *o = &columns[v].outputs;

		for (int w = 0; w < v && !columns[v].places; w += columns[w].n)
			if (columns[w].outputs.first == o->first &&
				columns[w].outputs.end == o->end)
				columns[v].places = columns[w].places;
		if (!columns[v].places)
			columns[v].places = places_new(plan, dims, o, err);
		if (!columns[v].places)
			return -1;
	}
	return 0;
}

int PER_ISA(conv2d_weight_plan)(struct plan *plan, struct conv2d_dims *dims, struct err *err)
{
	struct conv2d_weight *w = &dims->weight;
	int reach = (dims->x.out - 1) * dims->x.stride + (dims->k_w - 1) * dims->x.dilation + 1;
	struct conv2d_range *rows = plan_take(plan, (size_t)dims->k_h * sizeof *rows, err);
	struct conv2d_columns *columns = plan_take(plan, (size_t)dims->k_w * sizeof *columns, err);

	if (!rows || !columns)
		return -1;
	for (int u = 0; u < dims->k_h; u++)
		axis_range(&dims->y, u, &rows[u].first, &rows[u].end);
	for (int v = 0; v < dims->k_w; v++)
		axis_range(&dims->x, v, &columns[v].outputs.first, &columns[v].outputs.end);
	*w = (struct conv2d_weight){.rows = rows, .columns = columns};
	w->way = PER_ISA(conv2d_few_way)(dims);
	w->cut = w->way == CONV2D_IMAGES ? best_cut(dims) : PER_ISA(conv2d_few_cut)(dims);
	cut_columns(dims, columns, w->cut.columns);
	w->copies = w->cut.columns > 1 && (dims->x.before > 0 || reach > dims->x.n);
	w->width = w->copies ? reach : dims->x.n;
	w->before = w->copies ? 0 : dims->x.before;
	if ((int64_t)w->width * dims->y.n > SHAPE_MAX_SIZE)
		return err_set(err, "with its padding the input of this convolution is too large");
	return plan_places(plan, dims, columns, err);
}

size_t PER_ISA(conv2d_weight_scratch)(const struct conv2d_dims *dims)
{
	size_t copied = PER_ISA(conv2d_weight_copied)(dims);

	return dims->weight.way == CONV2D_IMAGES ? copied
						 : copied + PER_ISA(conv2d_few_scratch)(dims);
}
