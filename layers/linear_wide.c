/* linear_wide -- see linear_wide.h. A meeting is cut into slices of whole tiles of rows, of each of
 * the products by itself. */
#include "layers/linear_wide.h"

#include "layers/core/parts.h"
#include "layers/panel.h"

struct dims {
	int in, out;
	bool bias;
};

enum {
	PARTS = GROUP / VL,
	EVEN = 4 /* slices are so many times some number: an equal share for 2 or 4 threads */
};

/* ---- cuts */

/* Of a product with so many rows. */
static int slices_of(int rows)
{
	int tiles = parts_of(rows, PANEL_TILE);

	return smaller(tiles, parts_of(parts_of(rows, PANEL_ROWS), EVEN) * EVEN);
}

static int slice_begin(int rows, int slice)
{
	int tiles = parts_of(rows, PANEL_TILE);

	return smaller(rows, part_begin(tiles, slices_of(rows), slice) * PANEL_TILE);
}

/* ---- kernels */

/* to[image][i] = from[i][image] for the images of a group and up to 16 features. */
static void transpose(float *to, const float *from, int features)
{
	for (int image = 0; image < GROUP; image += VL)
		for (int f = 0; f < GROUP; f += VL) {
			vf block[VL];

			UNROLL
			for (int i = 0; i < VL; i++)
				block[i] = vf_load(from +
						   (size_t)smaller(f + i, features - 1) * GROUP +
						   image);
			vf_transpose(block);
			UNROLL
			for (int i = 0; i < VL; i++)
				vf_store(to + (size_t)(image + i) * GROUP + f, block[i]);
		}
}

/* Rows first .. end - 1 of y = W x + b, or of dx = W^T dy. */
struct rows {
	int first, end;
	int sums;            /* over features */
	const float *weight; /* of row r and feature k: weight[r * row + k * step], one of them 1 */
	size_t row, step;
	const float *start; /* by row; NULL: 0 */
	struct view (*in)(const struct work *, const struct step *);
	struct view (*out)(const struct work *, const struct step *);
};

/* Where a shard has them, from feature k and row `first` on. */
static struct dense_columns columns_from(struct view view, int first)
{
	return (struct dense_columns){view.at + (size_t)first * GROUP, view.stride, GROUP};
}

/* One shard uses each weight once or twice: packing would cost more than it brings. */
static void multiply_shard(const struct step *step, const struct work *work, const struct rows *r)
{
	const struct dense product = {.rows = r->end - r->first,
		.columns = work->groups * PARTS,
		.last = VL,
		.sums = r->sums,
		.turn = r->sums,
		.weight = r->weight + (size_t)r->first * r->row,
		.row = r->row,
		.step = r->step,
		.start = r->start ? r->start + r->first : NULL,
		.in = columns_from(r->in(work, step), 0),
		.out = columns_from(r->out(work, step), r->first)};

	PER_ISA(dense_sum)(&product);
}

static void multiply(const struct step *step, const struct meeting *meeting, const struct rows *r)
{
	int panels = parts_of(r->sums, PANEL_DEPTH);
	struct panel panel;

	if (meeting->n_shards == 1) {
		multiply_shard(step, meeting->shards, r);
		return;
	}
	panel.rows = r->end - r->first;
	for (int i = 0; i < panels; i++) {
		int k = part_begin(r->sums, panels, i);
		const float *weight = r->weight + (size_t)r->first * r->row + (size_t)k * r->step;

		panel.depth = part_begin(r->sums, panels, i + 1) - k;
		if (r->step == 1)
			PER_ISA(panel_rows)(&panel, 0, panel.depth, weight, r->row);
		else
			PER_ISA(panel_columns)(&panel, weight, r->step, r->step - (size_t)r->first);
		for (int s = 0; s < meeting->n_shards; s++) {
			const struct work *work = &meeting->shards[s];
			const struct panel_product product = {.columns = work->groups * PARTS,
				.last = VL,
				.start = r->start ? r->start + r->first : NULL,
				.more = k > 0,
				.in = columns_from(r->in(work, step), k),
				.out = columns_from(r->out(work, step), r->first)};

			PER_ISA(panel_multiply)(&panel, &product);
		}
	}
}

/* ---- the step */

static struct view x_of(const struct work *work, const struct step *step)
{
	return work_x(work, step, 0);
}

static struct view dx_of(const struct work *work, const struct step *step)
{
	return work_dx(work, step, 0);
}

static const float *group_of(const struct meeting *meeting, const struct step *step, int g,
	struct view (*of)(const struct work *, const struct step *))
{
	return view_group(of(&meeting->shards[g / SHARD_GROUPS], step), g % SHARD_GROUPS);
}

/* The shard's x, transposed: [in / 16][image][16 features]. */
static void keep_features(const struct step *step, const struct work *work)
{
	const struct dims *d = step->dims;
	struct view x = work_x(work, step, 0);
	float *to = work_columns(work, step) + (size_t)work->column * GROUP;

	for (int f = 0; f < d->in; f += GROUP)
		for (int g = 0; g < work->groups; g++)
			transpose(to + ((size_t)f * work->row + (size_t)(g * GROUP) * GROUP),
				view_group(x, g) + (size_t)f * GROUP, smaller(GROUP, d->in - f));
}

static struct rows rows_of_y(const struct step *step, const float *weight, const float *bias)
{
	const struct dims *d = step->dims;

	return (struct rows){.end = d->out,
		.sums = d->in,
		.weight = weight,
		.row = (size_t)d->in,
		.step = 1,
		.start = bias,
		.in = x_of,
		.out = work_y};
}

static struct rows rows_of_dx(const struct step *step, const float *weight)
{
	const struct dims *d = step->dims;

	return (struct rows){.end = d->in,
		.sums = d->out,
		.weight = weight,
		.row = 1,
		.step = (size_t)d->in,
		.in = work_dy,
		.out = dx_of};
}

static void multiply_slice(
	const struct step *step, const struct meeting *meeting, struct rows rows, int slice)
{
	int all = rows.end;

	rows.first = slice_begin(all, slice);
	rows.end = slice_begin(all, slice + 1);
	multiply(step, meeting, &rows);
}

/* Sums over images. */
static void weight_gradient(const struct step *step, const struct meeting *meeting, int slice)
{
	const struct dims *d = step->dims;
	int first = slice_begin(d->out, slice);
	size_t row = meeting->shards->row, in = (size_t)d->in;
	float *x = work_columns(meeting->shards, step);
	float *dw = meeting_gradient(meeting, step, 0) + (size_t)first * in;
	struct panel panel;

	panel.rows = slice_begin(d->out, slice + 1) - first;
	for (int k = 0; k < meeting->live; k += panel.depth) {
		const struct panel_product product = {.columns = parts_of(d->in, VL),
			.last = (d->in - 1) % VL + 1,
			.more = k > 0,
			.in = {x + (size_t)k * GROUP, row * GROUP, GROUP},
			.out = {dw, GROUP, in}};

		panel.depth = smaller(PANEL_DEPTH, meeting->live - k);
		for (int at = 0; at < panel.depth; at += GROUP)
			PER_ISA(panel_rows)
		(&panel, at, smaller(GROUP, panel.depth - at),
			group_of(meeting, step, (k + at) / GROUP, work_dy) + (size_t)first * GROUP,
			GROUP);
		PER_ISA(panel_multiply)(&panel, &product);
	}
}

static void bias_gradient(const struct step *step, const struct meeting *meeting, int slice)
{
	const struct dims *d = step->dims;
	float *db = meeting_gradient(meeting, step, 1);

	for (int o = slice_begin(d->out, slice); o < slice_begin(d->out, slice + 1); o++) {
		float sum[GROUP] __attribute__((aligned(64)));

		for (int part = 0; part < GROUP; part += VL) {
			vf total = vf_set(0);

			for (int g = 0; g < meeting->columns / GROUP; g++)
				total += vf_load(group_of(meeting, step, g, work_dy) +
						 (size_t)o * GROUP + part);
			vf_store(sum + part, total);
		}
		db[o] = group_sum(sum);
	}
}

/* ---- the gradient of the weights alone over the whole batch */

static void gradient_forward(const struct step *step, const struct work *work)
{
	const struct dims *d = step->dims;
	const struct rows y = rows_of_y(
		step, work_tensor(work, step, 0), d->bias ? work_tensor(work, step, 1) : NULL);

	multiply_shard(step, work, &y);
	if (work->training)
		keep_features(step, work);
}

static void gradient_backward(const struct step *step, const struct work *work)
{
	const struct rows dx = rows_of_dx(step, work_tensor(work, step, 0));

	if (step->wants_dx[0])
		multiply_shard(step, work, &dx);
}

static void gradient_meet_back(const struct step *step, const struct meeting *meeting, int slice)
{
	const struct dims *d = step->dims;

	weight_gradient(step, meeting, slice);
	if (d->bias)
		bias_gradient(step, meeting, slice);
}

static const struct step_ops gradient_ops = {
	.name = "linear, gradient by batch",
	.forward = gradient_forward,
	.backward = gradient_backward,
	.meet_back = gradient_meet_back,
};

/* ---- all of it */

static void wide_forward(const struct step *step, const struct work *work)
{
	if (work->training)
		keep_features(step, work);
}

static void wide_backward(const struct step *step, const struct work *work)
{
	(void)step;
	(void)work;
}

static void wide_meet(const struct step *step, const struct meeting *meeting, int slice)
{
	const struct dims *d = step->dims;

	multiply_slice(step, meeting,
		rows_of_y(step, meeting_tensor(meeting, step, 0),
			d->bias ? meeting_tensor(meeting, step, 1) : NULL),
		slice);
}

/* Slices of dw, then of dx. */
static void wide_meet_back(const struct step *step, const struct meeting *meeting, int slice)
{
	const struct dims *d = step->dims;
	int slices = slices_of(d->out);

	if (slice < slices)
		gradient_meet_back(step, meeting, slice);
	else if (step->wants_dx[0])
		multiply_slice(step, meeting, rows_of_dx(step, meeting_tensor(meeting, step, 0)),
			slice - slices);
}

static const struct step_ops wide_ops = {
	.name = "wide linear",
	.forward = wide_forward,
	.backward = wide_backward,
	.meet = wide_meet,
	.meet_back = wide_meet_back,
};

int PER_ISA(linear_wide)(
	struct plan *plan, struct step *step, int in, int out, bool gradient, struct err *err)
{
	struct dims *dims = plan_take(plan, sizeof *dims, err);

	if (!dims)
		return -1;
	*dims = (struct dims){in, out, step->n_tensors > 1};
	step->ops = gradient ? &gradient_ops : &wide_ops;
	step->dims = dims;
	step->columns = (size_t)parts_of(in, GROUP) * GROUP;
	step->slices = step->slices_back = slices_of(out);
	if (!gradient)
		step->slices_back += slices_of(in);
	return 0;
}
