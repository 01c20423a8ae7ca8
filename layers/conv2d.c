/*
 * conv2d -- see conv2d.h.
 *
 * Forward and the gradient of the input are the same thing: weighted sums over lists of taps
 * (taps.h), one list for each pattern of taps that rows and columns have (core/axis.h). The weight
 * gradient keeps a block of sums in registers and walks over the output; along a row it takes the
 * columns where all taps of the block lie inside together, and the few others tap by tap.
 */
#include "layers/conv2d.h"

#include <string.h>

#include "layers/core/axis.h"
#include "layers/taps.h"

/* ---- what plan works out */

/* One direction: how elements of `to` are summed from elements of `from`. */
struct direction {
	struct shape from, to;
	int from_group, to_group; /* channels of one convolution group */
	struct axis y, x;
	struct taps *taps; /* [y.n][x.n] */
	size_t packed;     /* offset of its weights */
};

struct dims {
	int k_h, k_w, groups;
	bool bias;
	struct window y, x;
	struct direction forward, backward;
};

enum {
	STREAMS = 32,       /* handed to the kernel at once */
	MOST_TAPS = 1 << 24 /* in the lists of one direction: 128 MB */
};

/* ---- the weight gradient's kernel */

#if VL == 16 || defined __ARM_NEON
enum { ROWS = 4 };
#else
enum { ROWS = 2 };
#endif

#define UNROLL _Pragma("GCC unroll 8")

/* C channels from `first` on, T taps, lanes part .. part + VL - 1. */
static inline __attribute__((always_inline)) void weight_part(
	const struct conv2d_block *restrict b, int first, int part, const int C, const int T)
{
	vf sum[ROWS][CONV2D_TAPS];

	UNROLL
	for (int c = 0; c < C; c++)
		UNROLL
	for (int t = 0; t < T; t++)
		sum[c][t] = vf_load(b->sum[first + c][t] + part);
	for (int g = 0; g < b->groups; g++)
		for (int r = 0; r < b->rows; r++) {
			size_t dy_at = (size_t)g * b->dy_group + (size_t)r * b->dy_row;
			size_t x_at = (size_t)g * b->x_group + (size_t)r * b->x_row;
			const float *dy[ROWS], *x[CONV2D_TAPS];

			UNROLL
			for (int c = 0; c < C; c++)
				dy[c] = b->dy[first + c] + dy_at + part;
			UNROLL
			for (int t = 0; t < T; t++)
				x[t] = b->x[t] + x_at + part;
			for (int q = 0; q < b->columns; q++) {
				vf d[ROWS];

				UNROLL
				for (int c = 0; c < C; c++)
					d[c] = vf_load(dy[c] + (size_t)q * GROUP);
				UNROLL
				for (int t = 0; t < T; t++) {
					vf v = vf_load(x[t] + (size_t)q * b->x_column);

					UNROLL
					for (int c = 0; c < C; c++)
						sum[c][t] = vf_fma(d[c], v, sum[c][t]);
				}
			}
		}
	UNROLL
	for (int c = 0; c < C; c++)
		UNROLL
	for (int t = 0; t < T; t++)
		vf_store(b->sum[first + c][t] + part, sum[c][t]);
}

typedef void part_fn(const struct conv2d_block *b, int first, int part);

#define PART(C, T)                                                                    \
	static void part_##C##_##T(const struct conv2d_block *b, int first, int part) \
	{                                                                             \
		weight_part(b, first, part, C, T);                                    \
	}
#define PARTS(C) PART(C, 1) PART(C, 2) PART(C, 3) PART(C, 4) PART(C, 5) PART(C, 6)
#define NAMES(C)                                                                                   \
	{                                                                                          \
		part_##C##_1, part_##C##_2, part_##C##_3, part_##C##_4, part_##C##_5, part_##C##_6 \
	}

PARTS(1)
PARTS(2)
#if VL == 16 || defined __ARM_NEON
PARTS(3)
PARTS(4)
static part_fn *const parts[ROWS][CONV2D_TAPS] = {NAMES(1), NAMES(2), NAMES(3), NAMES(4)};
#else
static part_fn *const parts[ROWS][CONV2D_TAPS] = {NAMES(1), NAMES(2)};
#endif

void PER_ISA(conv2d_weight_block)(const struct conv2d_block *b)
{
	if (b->rows <= 0 || b->columns <= 0)
		return;
	for (int first = 0; first < b->channels; first += ROWS) {
		int rows = b->channels - first < ROWS ? b->channels - first : ROWS;

		for (int part = 0; part < GROUP; part += VL)
			parts[rows - 1][b->taps - 1](b, first, part);
	}
}

/* ---- forward and the gradient of the input */

/* The elements of one pattern of taps, group by group of images, in handfuls of streams. */
static void sum_class(const struct direction *d, int yc, int xc, const struct taps_work *work,
	struct view from, size_t from_at, struct view to, size_t to_at, int groups)
{
	const struct axis_class *y = &d->y.classes[yc], *x = &d->x.classes[xc];
	const struct taps *taps = &d->taps[yc * d->x.n + xc];
	const float *in[STREAMS];
	float *out[STREAMS];
	int n = 0;

	for (int r = 0; r < y->n; r++)
		for (int q = 0; q < x->n; q++) {
			size_t source = (size_t)(y->from[r] * d->from.w + x->from[q]) * GROUP;
			size_t target = (size_t)(y->at[r] * d->to.w + x->at[q]) * GROUP;

			for (int g = 0; g < groups; g++) {
				in[n] = view_group(from, g) + from_at + source;
				out[n++] = view_group(to, g) + to_at + target;
				if (n == STREAMS) {
					PER_ISA(taps_sum)(work, taps, n, in, out);
					n = 0;
				}
			}
		}
	if (n)
		PER_ISA(taps_sum)(work, taps, n, in, out);
}

static void sum_direction(const struct dims *dims, const struct direction *d, struct view from,
	struct view to, int groups, const float *weight, const float *bias)
{
	size_t from_plane = (size_t)(d->from.h * d->from.w) * GROUP;
	size_t to_plane = (size_t)(d->to.h * d->to.w) * GROUP;
	struct taps_work work = {.channels = d->from_group,
		.in_step = from_plane,
		.per_channel = dims->k_h * dims->k_w,
		.out_step = to_plane};

	for (int group = 0; group < dims->groups; group++)
		for (int c = 0; c < d->to_group; c += work.block) {
			int channel = group * d->to_group + c;
			size_t from_at = (size_t)(group * d->from_group) * from_plane;

			work.block = taps_block(d->to_group - c);
			work.weight = weight;
			work.bias = bias ? bias + channel : NULL;
			for (int yc = 0; yc < d->y.n; yc++)
				for (int xc = 0; xc < d->x.n; xc++)
					sum_class(d, yc, xc, &work, from, from_at, to,
						(size_t)channel * to_plane, groups);
			weight += work.channels * work.per_channel * work.block;
		}
}

/* ---- gradients of weight and bias */

/* One row of the window (tap u), one handful of columns and input channels, one of outputs. */
struct handful {
	int u, taps;
	int in[CONV2D_TAPS], v[CONV2D_TAPS]; /* input channel in its group and column of each tap */
	int group, out, channels;            /* output channels, counted within the group */
};

struct pass {
	const struct dims *dims;
	struct view x, dy;
	int groups;
	float *dw;
};

/* Adds the rectangle of output rows y0 .. y1 - 1 and columns x0 .. x1 - 1 for `taps` taps from t
 * on. */
static void add_rectangle(const struct pass *pass, const struct handful *h, int t, int taps, int y0,
	int y1, int x0, int x1, float (*sum)[CONV2D_TAPS][GROUP])
{
	const struct dims *dims = pass->dims;
	const struct direction *d = &dims->forward;
	size_t x_plane = (size_t)(d->from.h * d->from.w), y_plane = (size_t)(d->to.h * d->to.w);
	struct conv2d_block block = {.channels = h->channels,
		.taps = taps,
		.groups = pass->groups,
		.rows = y1 - y0,
		.columns = x1 - x0,
		.dy_group = pass->dy.stride,
		.x_group = pass->x.stride,
		.dy_row = (size_t)d->to.w * GROUP,
		.x_row = (size_t)(dims->y.stride * d->from.w) * GROUP,
		.x_column = (size_t)dims->x.stride * GROUP,
		.sum = sum};
	int row = y0 * dims->y.stride - dims->y.before + h->u * dims->y.dilation;

	if (y0 >= y1 || x0 >= x1)
		return;
	for (int c = 0; c < h->channels; c++) {
		size_t channel = (size_t)(h->group * d->to_group + h->out + c);

		block.dy[c] =
			pass->dy.at + (channel * y_plane + (size_t)(y0 * d->to.w + x0)) * GROUP;
	}
	for (int i = 0; i < taps; i++) {
		size_t channel = (size_t)(h->group * d->from_group + h->in[t + i]);
		int column = x0 * dims->x.stride - dims->x.before + h->v[t + i] * dims->x.dilation;

		block.x[i] = pass->x.at +
			     (channel * x_plane + (size_t)(row * d->from.w + column)) * GROUP;
	}
	PER_ISA(conv2d_weight_block)(&block);
}

static void add_handful(const struct pass *pass, const struct handful *h)
{
	const struct dims *dims = pass->dims;
	float sum[CONV2D_CHANNELS][CONV2D_TAPS][GROUP] __attribute__((aligned(64))) = {0};
	float one[CONV2D_CHANNELS][CONV2D_TAPS][GROUP] __attribute__((aligned(64)));
	int y0, y1, x0 = 0, x1 = dims->x.out;

	axis_range(&dims->y, h->u, &y0, &y1);
	for (int t = 0; t < h->taps; t++) {
		int first, end;

		axis_range(&dims->x, h->v[t], &first, &end);
		x0 = first > x0 ? first : x0;
		x1 = end < x1 ? end : x1;
	}
	if (x1 < x0)
		x1 = x0;
	add_rectangle(pass, h, 0, h->taps, y0, y1, x0, x1, sum);
	for (int t = 0; t < h->taps; t++) {
		int first, end;

		axis_range(&dims->x, h->v[t], &first, &end);
		if (first >= x0 && end <= x1)
			continue;
		for (int c = 0; c < h->channels; c++)
			memcpy(one[c][0], sum[c][t], sizeof one[c][0]);
		add_rectangle(pass, h, t, 1, y0, y1, first, end < x0 ? end : x0, one);
		add_rectangle(pass, h, t, 1, y0, y1, x1, end, one);
		for (int c = 0; c < h->channels; c++)
			memcpy(sum[c][t], one[c][0], sizeof one[c][0]);
	}
	for (int c = 0; c < h->channels; c++)
		for (int t = 0; t < h->taps; t++) {
			int o = h->group * dims->forward.to_group + h->out + c;
			int at = (o * dims->forward.from_group + h->in[t]) * dims->k_h + h->u;

			pass->dw[(size_t)at * (size_t)dims->k_w + (size_t)h->v[t]] =
				group_sum(sum[c][t]);
		}
}

static void weight_gradient(const struct pass *pass)
{
	const struct dims *dims = pass->dims;
	int columns = dims->forward.from_group * dims->k_w;

	for (int group = 0; group < dims->groups; group++)
		for (int u = 0; u < dims->k_h; u++)
			for (int at = 0; at < columns; at += CONV2D_TAPS) {
				struct handful h = {.u = u, .group = group};

				for (; h.taps < CONV2D_TAPS && at + h.taps < columns; h.taps++) {
					h.in[h.taps] = (at + h.taps) / dims->k_w;
					h.v[h.taps] = (at + h.taps) % dims->k_w;
				}
				for (; h.out < dims->forward.to_group; h.out += CONV2D_CHANNELS) {
					int left = dims->forward.to_group - h.out;

					h.channels =
						left < CONV2D_CHANNELS ? left : CONV2D_CHANNELS;
					add_handful(pass, &h);
				}
			}
}

static void bias_gradient(const struct pass *pass, float *db)
{
	const struct shape *y = &pass->dims->forward.to;
	int plane = y->h * y->w;

	for (int o = 0; o < y->c; o++) {
		float sum[GROUP] __attribute__((aligned(64)));

		for (int part = 0; part < GROUP; part += VL) {
			vf total = vf_set(0);

			for (int g = 0; g < pass->groups; g++) {
				const float *dy = view_group(pass->dy, g) +
						  (size_t)(o * plane) * GROUP + part;

				for (int i = 0; i < plane; i++)
					total += vf_load(dy + (size_t)i * GROUP);
			}
			vf_store(sum + part, total);
		}
		db[o] = group_sum(sum);
	}
}

/* ---- steps */

/* Packs the weights of one direction: [group][block][channel summed over][tap][channel in block].
 */
static float *pack(
	const struct dims *dims, const struct direction *d, bool flip, const float *w, float *to)
{
	int taps = dims->k_h * dims->k_w;

	for (int group = 0; group < dims->groups; group++)
		for (int first = 0, block; first < d->to_group; first += block) {
			block = taps_block(d->to_group - first);
			for (int k = 0; k < d->from_group; k++)
				for (int t = 0; t < taps; t++)
					for (int b = 0; b < block; b++) {
						int o = flip ? k : first + b,
						    i = flip ? first + b : k;
						int outs = flip ? d->from_group : d->to_group;
						int ins = flip ? d->to_group : d->from_group;

						*to++ = w[((group * outs + o) * ins + i) * taps +
							  t];
					}
		}
	return to;
}

static void conv2d_prepare(const struct step *step, const float *const *tensors, float *packed)
{
	const struct dims *dims = step->dims;
	const float *w = tensors[step->tensors[0]];

	pack(dims, &dims->forward, false, w, packed);
	if (step->wants_dx[0])
		pack(dims, &dims->backward, true, w, packed + dims->backward.packed);
}

static void conv2d_forward(const struct step *step, const struct work *w)
{
	const struct dims *dims = step->dims;

	sum_direction(dims, &dims->forward, work_x(w, step, 0), work_y(w, step), w->groups,
		work_packed(w, step), dims->bias ? work_tensor(w, step, 1) : NULL);
}

static void conv2d_backward(const struct step *step, const struct work *w)
{
	const struct dims *dims = step->dims;
	struct pass pass = {.dims = dims,
		.x = work_x(w, step, 0),
		.dy = work_dy(w, step),
		.groups = w->groups,
		.dw = work_gradient(w, step, 0)};
	struct view dx = work_dx(w, step, 0);

	weight_gradient(&pass);
	if (dims->bias)
		bias_gradient(&pass, work_gradient(w, step, 1));
	if (dx.at)
		sum_direction(dims, &dims->backward, pass.dy, dx, w->groups,
			work_packed(w, step) + dims->backward.packed, NULL);
}

static const struct step_ops conv2d_ops = {
	.name = "conv2d",
	.prepare = conv2d_prepare,
	.forward = conv2d_forward,
	.backward = conv2d_backward,
};

/* ---- plan */

static int64_t axis_taps(const struct axis *axis)
{
	int64_t taps = 0;

	for (int c = 0; c < axis->n; c++)
		taps += axis->classes[c].n_taps;
	return taps;
}

/* The lists of taps of each pattern: offsets in the source's rows, numbers in the window. */
static int plan_taps(
	struct plan *plan, const struct dims *dims, struct direction *d, struct err *err)
{
	if (axis_taps(&d->y) * axis_taps(&d->x) > MOST_TAPS)
		return err_set(err,
			"a window of %dx%d meets the borders of the image in too many ways; give "
			"it less padding",
			dims->k_h, dims->k_w);
	d->taps = plan_take(plan, (size_t)(d->y.n * d->x.n) * sizeof *d->taps, err);
	if (!d->taps)
		return -1;
	for (int i = 0; i < d->y.n * d->x.n; i++) {
		const struct axis_class *y = &d->y.classes[i / d->x.n];
		const struct axis_class *x = &d->x.classes[i % d->x.n];
		struct taps *taps = &d->taps[i];
		int n = y->n_taps * x->n_taps;
		int *at = plan_take(plan, (size_t)n * sizeof *at, err);
		int *weight = plan_take(plan, (size_t)n * sizeof *weight, err);

		if (!at || !weight)
			return -1;
		for (int t = 0; t < n; t++) {
			int u = t / x->n_taps, v = t % x->n_taps;

			at[t] = (y->step[u] * d->from.w + x->step[v]) * GROUP;
			weight[t] = y->tap[u] * dims->k_w + x->tap[v];
		}
		*taps = (struct taps){.n = n, .at = at, .weight = weight};
	}
	return 0;
}

static int plan_directions(
	struct plan *plan, struct dims *dims, struct shape x, struct shape y, struct err *err)
{
	struct arena *arena = plan_arena(plan);
	struct direction *f = &dims->forward, *b = &dims->backward;

	*f = (struct direction){.from = x,
		.to = y,
		.from_group = x.c / dims->groups,
		.to_group = y.c / dims->groups};
	*b = (struct direction){
		.from = y, .to = x, .from_group = f->to_group, .to_group = f->from_group};
	b->packed = (size_t)(y.c * f->from_group) * (size_t)(dims->k_h * dims->k_w);
	if (axis_forward(&f->y, &dims->y, arena, err) ||
		axis_forward(&f->x, &dims->x, arena, err) ||
		axis_backward(&b->y, &dims->y, arena, err) ||
		axis_backward(&b->x, &dims->x, arena, err))
		return -1;
	return plan_taps(plan, dims, f, err) || plan_taps(plan, dims, b, err) ? -1 : 0;
}

static int plan_shapes(struct plan *plan, const struct spec *spec, struct shape x, struct shape *y,
	struct dims *dims, struct err *err)
{
	const struct conv2d *o = spec->options;
	struct padding p = o->padding;
	char text[SHAPE_TEXT];

	if (x.rank != 3)
		return err_at(err, spec->place,
			"conv2d needs an image (channels x height x width), but its input is a "
			"vector "
			"of %d features; `reshape` can make it one",
			x.c);
	if (x.c % o->groups)
		return err_at(err, spec_place(spec, "groups"),
			"groups %d does not divide the %d input channels", o->groups, x.c);
	if (o->out_channels % o->groups)
		return err_at(err, spec_place(spec, "groups"),
			"groups %d does not divide out_channels %d", o->groups, o->out_channels);
	if (p.same) {
		shape_pad_same(
			x.h, o->kernel_size.h, o->stride.h, o->dilation.h, &p.top, &p.bottom);
		shape_pad_same(
			x.w, o->kernel_size.w, o->stride.w, o->dilation.w, &p.left, &p.right);
	}
	y->rank = 3;
	y->c = o->out_channels;
	y->h = shape_window(
		x.h, o->kernel_size.h, o->stride.h, p.top, p.bottom, o->dilation.h, false);
	y->w = shape_window(
		x.w, o->kernel_size.w, o->stride.w, p.left, p.right, o->dilation.w, false);
	if (y->h < 1 || y->w < 1)
		return err_at(err, spec_place(spec, "kernel_size"),
			"a window of %dx%d%s does not fit into the input %s, which is %dx%d with "
			"its "
			"padding",
			o->kernel_size.h, o->kernel_size.w,
			o->dilation.h > 1 || o->dilation.w > 1 ? " (dilated)" : "",
			shape_text(text, x), x.h + p.top + p.bottom, x.w + p.left + p.right);
	dims->k_h = o->kernel_size.h;
	dims->k_w = o->kernel_size.w;
	dims->groups = o->groups;
	dims->bias = o->bias;
	dims->y = (struct window){x.h, y->h, dims->k_h, o->stride.h, p.top, o->dilation.h};
	dims->x = (struct window){x.w, y->w, dims->k_w, o->stride.w, p.left, o->dilation.w};
	if ((int64_t)x.c / o->groups * y->c * dims->k_h * dims->k_w > SHAPE_MAX_SIZE ||
		shape_size(*y) > SHAPE_MAX_SIZE)
		return err_at(err, spec->place,
			"this convolution is too large: its weights are "
			"%dx%dx%dx%d, its output %s",
			y->c, x.c / o->groups, dims->k_h, dims->k_w, shape_text(text, *y));
	plan_window_formula(plan, x, *y, o->kernel_size, o->stride, p, o->dilation, false);
	return 0;
}

static int conv2d_plan(
	struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	const struct conv2d *o = spec->options;
	struct shape x = plan_shape(plan, in), y;
	struct dims *dims = plan_take(plan, sizeof *dims, err);
	struct step step = {.ops = &conv2d_ops, .dims = dims, .n_in = 1, .in = {in}, .partner = -1};
	int fan_in, fan_out;

	if (!dims || plan_shapes(plan, spec, x, &y, dims, err) ||
		plan_directions(plan, dims, x, y, err))
		return -1;
	fan_in = x.c / o->groups * dims->k_h * dims->k_w;
	fan_out = o->out_channels * dims->k_h * dims->k_w;
	step.tensors[0] = plan_tensor(plan, "weight", TENSOR_WEIGHT, 4,
		(int[]){y.c, x.c / o->groups, dims->k_h, dims->k_w}, fan_in, fan_out, err);
	step.n_tensors = 1;
	if (step.tensors[0] < 0)
		return -1;
	if (o->bias) {
		step.tensors[step.n_tensors++] = plan_tensor(
			plan, "bias", TENSOR_BIAS, 1, (int[]){y.c}, fan_in, fan_out, err);
		if (step.tensors[1] < 0)
			return -1;
	}
	step.packed = 2 * dims->backward.packed;
	step.out = *out = plan_value(plan, y, err);
	if (step.out < 0 || plan_step(plan, &step, err) < 0)
		return -1;
	plan_macs(plan, (int64_t)fan_in * y.c * y.h * y.w);
	plan_window(plan, o->kernel_size, o->stride, o->dilation);
	return 0;
}

static const struct option conv2d_options[] = {
	{"out_channels", OPTION_INT, offsetof(struct conv2d, out_channels), NULL, 1, 65536,
		.help = "number of filters"},
	{"kernel_size", OPTION_PAIR, offsetof(struct conv2d, kernel_size), NULL, 1, 1024,
		.help = "height and width of the window"},
	{"stride", OPTION_PAIR, offsetof(struct conv2d, stride), "1", 1, 1024,
		.help = "how far the window moves"},
	{"padding", OPTION_PADDING, offsetof(struct conv2d, padding), "0", 0, 1024,
		.help = "zeros around the image, on each side; same: output size = ceil(size / "
			"stride)"},
	{"dilation", OPTION_PAIR, offsetof(struct conv2d, dilation), "1", 1, 1024,
		.help = "distance between the window's taps"},
	{"groups", OPTION_INT, offsetof(struct conv2d, groups), "1", 1, 65536,
		.help = "parts of the channels that are convolved apart"},
	{"bias", OPTION_BOOL, offsetof(struct conv2d, bias), "true",
		.help = "add a trained number to each output channel"},
	{0},
};

const struct layer_kind PER_ISA(conv2d_kind) = {
	.kind = {.name = "conv2d",
		.help = "convolution over images",
		.options = conv2d_options,
		.size = sizeof(struct conv2d)},
	.plan = conv2d_plan,
};
