/*
 * conv2d -- see conv2d.h.
 *
 * Forward and the gradient of the input are the same thing: weighted sums over lists of taps
 * (taps.h), one list for each pattern of taps that rows and columns have (core/axis.h). The weight
 * gradient is in conv2d_weight.c.
 */
#include "layers/conv2d.h"

#include "layers/fused.h"

enum {
	STREAMS = 32,            /* handed to the kernel at once */
	CACHE_FLOATS = 96 << 10, /* read again and again: part of a second-level cache */
	OFTEN = 40,              /* multiplications of what is read from beyond it */
	MOST_TAPS = 1 << 24      /* in the lists of one direction: 128 MB */
};

/* ---- forward and the gradient of the input */

/* Elements on their way to the kernel, all of one pattern of taps. */
struct handful {
	const struct taps_work *work;
	const struct taps *taps;
	int n;
	const float *in[STREAMS];
	float *out[STREAMS];
};

static void handful_flush(struct handful *h)
{
	if (h->n)
		PER_ISA(taps_sum)(h->work, h->taps, h->n, h->in, h->out);
	h->n = 0;
}

/* The elements of one pattern in some rows of one group of images. */
static void add_class(struct handful *h, const struct conv2d_direction *d,
	const struct axis_class *y, const struct axis_class *x, const float *from, float *to,
	const struct conv2d_rows *rows)
{
	int r = 0;

	while (r < y->n && y->at[r] < rows->first)
		r++;
	for (; r < y->n && y->at[r] < rows->end; r++)
		for (int q = 0; q < x->n; q++) {
			int source = y->from[r] * d->from.w + x->from[q];
			int target = (y->at[r] - rows->top) * d->to.w + x->at[q];

			h->in[h->n] = from + (ptrdiff_t)source * GROUP;
			h->out[h->n++] = to + (ptrdiff_t)target * GROUP;
			if (h->n == STREAMS)
				handful_flush(h);
		}
}

/* All patterns in some rows: one block of channels of `to`, summed over some channels of `from`. */
static void sum_block(const struct conv2d_direction *d, const struct taps_work *work,
	struct view from, const struct conv2d_rows *rows, int groups)
{
	for (int yc = 0; yc < d->y.n; yc++)
		for (int xc = 0; xc < d->x.n; xc++) {
			struct handful h = {.work = work, .taps = &d->taps[yc * d->x.n + xc]};

			for (int g = 0; g < groups; g++)
				add_class(&h, d, &d->y.classes[yc], &d->x.classes[xc],
					view_group(from, g), view_group(rows->to, g), rows);
			handful_flush(&h);
		}
}

/* Rows of `from` that `n` neighbouring rows of `to` are summed from, at most. */
static int rows_seen(const struct conv2d_dims *dims, const struct conv2d_direction *d, int n)
{
	int window = (dims->k_h - 1) * dims->y.dilation, stride = dims->y.stride;
	int rows =
		d == &dims->forward ? (n - 1) * stride + window + 1 : (n - 1 + window) / stride + 2;

	return rows < d->from.h ? rows : d->from.h;
}

/* Floats of one channel of `from`, as far as n rows of `to` need them. */
static int64_t channel_floats(
	const struct conv2d_dims *dims, const struct conv2d_direction *d, int n)
{
	return (int64_t)rows_seen(dims, d, n) * d->from.w * GROUP * SHARD_GROUPS;
}

/* How many channels of these rows fit the cache. */
static int chunk_channels(const struct conv2d_dims *dims, const struct conv2d_direction *d, int n)
{
	int64_t chunk = CACHE_FLOATS / channel_floats(dims, d, n);

	return chunk < 1 ? 1 : chunk < d->from_group ? (int)chunk : d->from_group;
}

/* Some channels of `from`, counted within their group, for all of `to`. */
static void sum_chunk(const struct conv2d_direction *d, struct taps_work *work,
	const struct conv2d_rows *rows, struct view from, int groups, const float *packed,
	const float *bias, int first)
{
	const float *weight = packed + (size_t)first * work->weight_step;

	work->more = first > 0;
	for (int c = 0; c < d->to.c; c += work->block) {
		int channel = c / d->to_group * d->from_group + first;
		struct view in = from;
		struct conv2d_rows out = *rows;

		in.at += (size_t)channel * work->in_step;
		out.to.at += (size_t)c * rows->plane;
		work->block = taps_block(d->to_group - c % d->to_group);
		work->weight = weight;
		work->bias = bias ? bias + c : NULL;
		sum_block(d, work, in, &out, groups);
		weight += (size_t)d->from_group * work->weight_step;
	}
}

void PER_ISA(conv2d_sum)(const struct conv2d_dims *dims, const struct conv2d_direction *d,
	const struct conv2d_rows *rows, struct view from, int groups, const float *packed,
	const float *bias)
{
	int chunk = chunk_channels(dims, d, rows->end - rows->first);
	struct taps_work work = {.in_step = (size_t)(d->from.h * d->from.w) * GROUP,
		.weight_step = (size_t)(dims->k_h * dims->k_w * taps_block(d->to_group)),
		.out_step = rows->plane};

	for (int k = 0; k < d->from_group; k += chunk) {
		work.channels = d->from_group - k < chunk ? d->from_group - k : chunk;
		sum_chunk(d, &work, rows, from, groups, packed, bias, k);
	}
}

/* Rows of a strip, such that what is read from beyond the cache is used often: a line of the input
 * serves the window's rows and columns of all output channels. As many more as fit. */
static int strip_rows(const struct conv2d_dims *dims, const struct conv2d_direction *d)
{
	int window = dims->k_h * dims->k_w, n = 1;

	while (n < d->to.h &&
		(n * d->to.w * SHARD_GROUPS < STREAMS ||
			(int64_t)n * window * d->to_group < (int64_t)OFTEN * rows_seen(dims, d, n)))
		n++;
	while (n < d->to.h && channel_floats(dims, d, n + 1) * d->from_group <= CACHE_FLOATS)
		n++;
	return n;
}

/* All of `to`. */
static void sum_direction(const struct conv2d_dims *dims, const struct conv2d_direction *d,
	struct view to, struct view from, int groups, const float *packed, const float *bias)
{
	struct conv2d_rows rows = {.to = to, .plane = (size_t)(d->to.h * d->to.w) * GROUP};

	for (; rows.first < d->to.h; rows.first = rows.end) {
		rows.end = rows.first + d->strip < d->to.h ? rows.first + d->strip : d->to.h;
		PER_ISA(conv2d_sum)(dims, d, &rows, from, groups, packed, bias);
	}
}

void PER_ISA(conv2d_input_gradient)(const struct conv2d_dims *dims, struct view dx, struct view dy,
	int groups, const float *packed)
{
	sum_direction(dims, &dims->backward, dx, dy, groups, packed + dims->backward.packed, NULL);
}

/* ---- steps */

/* Floats of one direction's packed weights. */
static size_t packed_floats(const struct conv2d_dims *dims, const struct conv2d_direction *d)
{
	size_t floats = 0, block = (size_t)taps_block(d->to_group);

	for (int c = 0; c < d->to_group; c += taps_block(d->to_group - c))
		floats += block * (size_t)(d->from_group * dims->k_h * dims->k_w);
	return floats * (size_t)dims->groups;
}

/* Packs them: [group][block][channel summed over][tap][channel of the block]. Blocks are nearly
 * equal, and all take the room of the first, which is the largest. */
static void pack(const struct conv2d_dims *dims, const struct conv2d_direction *d, bool flip,
	const float *w, float *to)
{
	int taps = dims->k_h * dims->k_w, room = taps_block(d->to_group);
	int outs = dims->forward.to_group, ins = dims->forward.from_group;

	for (int group = 0; group < dims->groups; group++)
		for (int first = 0, block; first < d->to_group; first += block) {
			block = taps_block(d->to_group - first);
			for (int k = 0; k < d->from_group; k++)
				for (int t = 0; t < taps; t++, to += room)
					for (int b = 0; b < block; b++) {
						int o = flip ? k : first + b;
						int i = flip ? first + b : k;

						to[b] = w[((group * outs + o) * ins + i) * taps +
							  t];
					}
		}
}

void PER_ISA(conv2d_prepare)(const struct step *step, const float *const *tensors, float *packed)
{
	const struct conv2d_dims *dims = step->dims;
	const float *w = tensors[step->tensors[0]];

	pack(dims, &dims->forward, false, w, packed);
	if (step->wants_dx[0])
		pack(dims, &dims->backward, true, w, packed + dims->backward.packed);
}

static void conv2d_forward(const struct step *step, const struct work *w)
{
	const struct conv2d_dims *dims = step->dims;

	sum_direction(dims, &dims->forward, work_y(w, step), work_x(w, step, 0), w->groups,
		work_packed(w, step), dims->bias ? work_tensor(w, step, 1) : NULL);
}

static void conv2d_backward(const struct step *step, const struct work *w)
{
	const struct conv2d_dims *dims = step->dims;
	struct view dx = work_dx(w, step, 0);
	struct conv2d_gradient gradient = {.x = work_x(w, step, 0),
		.dy = work_dy(w, step),
		.groups = w->groups,
		.live = w->live,
		.dw = work_gradient(w, step, 0),
		.db = dims->bias ? work_gradient(w, step, 1) : NULL,
		.scratch = work_scratch(w)};

	PER_ISA(conv2d_weight_gradient)(dims, &gradient);
	if (dx.at)
		PER_ISA(conv2d_input_gradient)
	(dims, dx, gradient.dy, w->groups, work_packed(w, step));
}

static const struct step_ops conv2d_ops = {
	.name = "conv2d",
	.prepare = PER_ISA(conv2d_prepare),
	.forward = conv2d_forward,
	.backward = conv2d_backward,
	.fuse = PER_ISA(fuse_conv2d),
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
static int plan_taps(struct plan *plan, const struct conv2d_dims *dims, struct conv2d_direction *d,
	struct err *err)
{
	int room = taps_block(d->to_group);

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
		struct tap *tap = plan_take(plan, (size_t)n * sizeof *tap, err);

		if (!tap)
			return -1;
		for (int t = 0; t < n; t++) {
			int u = t / x->n_taps, v = t % x->n_taps;

			tap[t].at = (y->step[u] * d->from.w + x->step[v]) * GROUP;
			tap[t].weight = (y->tap[u] * dims->k_w + x->tap[v]) * room;
		}
		*taps = (struct taps){n, tap};
	}
	return 0;
}

static int plan_directions(struct plan *plan, struct conv2d_dims *dims, struct shape x,
	struct shape y, struct err *err)
{
	struct arena *arena = plan_arena(plan);
	struct conv2d_direction *f = &dims->forward, *b = &dims->backward;

	*f = (struct conv2d_direction){.from = x,
		.to = y,
		.from_group = x.c / dims->groups,
		.to_group = y.c / dims->groups};
	*b = (struct conv2d_direction){
		.from = y, .to = x, .from_group = f->to_group, .to_group = f->from_group};
	b->packed = packed_floats(dims, f);
	if (axis_forward(&f->y, &dims->y, arena, err) ||
		axis_forward(&f->x, &dims->x, arena, err) ||
		axis_backward(&b->y, &dims->y, arena, err) ||
		axis_backward(&b->x, &dims->x, arena, err))
		return -1;
	f->strip = strip_rows(dims, f);
	b->strip = strip_rows(dims, b);
	return plan_taps(plan, dims, f, err) || plan_taps(plan, dims, b, err) ||
			       PER_ISA(conv2d_weight_plan)(plan, dims, err)
		       ? -1
		       : 0;
}

static int plan_shapes(struct plan *plan, const struct spec *spec, struct shape x, struct shape *y,
	struct conv2d_dims *dims, struct err *err)
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
	struct conv2d_dims *dims = plan_take(plan, sizeof *dims, err);
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
	step.packed = dims->backward.packed + packed_floats(dims, &dims->backward);
	step.scratch = PER_ISA(conv2d_weight_scratch)(dims);
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
