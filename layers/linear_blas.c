/* linear_blas -- see linear_blas.h. A meeting is cut into slices of outputs, and of inputs for dX,
 * by shape alone. Columns of dead lanes hold some live image's x, and 0 in dy. */
#include "layers/linear_blas.h"

#include "layers/core/blas.h"

struct dims {
	int in, out;
};

/* Slices of SLICE_ROWS rows or more, FEWEST to MOST of them: sgemm wants them large, each thread
 * wants some. */
enum { SLICE_ROWS = 256, FEWEST = 4, MOST = 16 };

/* ---- between groups of 16 images and columns */

static void copy_images(float *to, const float *from)
{
	for (int part = 0; part < GROUP; part += VL)
		vf_store(to + part, vf_load(from + part));
}

static void to_columns(float *to, size_t row, struct view from, int n, int groups)
{
	for (int i = 0; i < n; i++)
		for (int g = 0; g < groups; g++)
			copy_images(to + (size_t)i * row + (size_t)g * GROUP,
				view_group(from, g) + (size_t)i * GROUP);
}

/* Rows first .. end - 1. */
static void from_columns(
	struct view to, int first, int end, const float *from, size_t row, int groups)
{
	for (int i = first; i < end; i++)
		for (int g = 0; g < groups; g++)
			copy_images(view_group(to, g) + (size_t)i * GROUP,
				from + (size_t)i * row + (size_t)g * GROUP);
}

static void add_bias(float *y, size_t row, const float *bias, int first, int end, int columns)
{
	for (int i = first; i < end; i++)
		for (int at = 0; at < columns; at += VL) {
			float *p = y + (size_t)i * row + at;

			vf_store(p, vf_load(p) + vf_set(bias[i]));
		}
}

static void bias_gradient(float *db, const float *dy, size_t row, int first, int end, int columns)
{
	for (int i = first; i < end; i++) {
		float sum[GROUP] __attribute__((aligned(64)));

		for (int part = 0; part < GROUP; part += VL) {
			vf total = vf_set(0);

			for (int at = part; at < columns; at += GROUP)
				total += vf_load(dy + (size_t)i * row + at);
			vf_store(sum + part, total);
		}
		db[i] = group_sum(sum);
	}
}

/* ---- the step: its matrix has the rows of x, then y and later dy, then dx */

struct matrices {
	float *x, *y, *dx;
	size_t row;
};

static struct matrices matrices_of(const struct step *step, const struct work *w)
{
	const struct dims *dims = step->dims;
	float *x = work_columns(w, step) + w->column, *y = x + (size_t)dims->in * w->row;

	return (struct matrices){x, y, y + (size_t)dims->out * w->row, w->row};
}

static void blas_forward(const struct step *step, const struct work *w)
{
	const struct dims *dims = step->dims;
	struct matrices m = matrices_of(step, w);

	to_columns(m.x, m.row, work_x(w, step, 0), dims->in, w->groups);
}

static void blas_backward(const struct step *step, const struct work *w)
{
	const struct dims *dims = step->dims;
	struct matrices m = matrices_of(step, w);

	to_columns(m.y, m.row, work_dy(w, step), dims->out, w->groups);
}

/* Where slice `slice` begins in 0 .. n. */
static int cut(const struct step *step, int n, int slice)
{
	return (int)((int64_t)n * slice / step->slices);
}

static void blas_meet(const struct step *step, const struct meeting *meeting, int slice)
{
	const struct dims *dims = step->dims;
	struct matrices m = matrices_of(step, meeting->shards);
	int first = cut(step, dims->out, slice), end = cut(step, dims->out, slice + 1);
	const float *weight = meeting_tensor(meeting, step, 0) + (size_t)first * (size_t)dims->in;
	struct blas_matrix w = {weight, dims->in, false}, x = {m.x, (int)m.row, false};

	blas_multiply(m.y + (size_t)first * m.row, (int)m.row, w, x, end - first, meeting->columns,
		dims->in);
	if (step->n_tensors > 1)
		add_bias(
			m.y, m.row, meeting_tensor(meeting, step, 1), first, end, meeting->columns);
	for (int s = 0; s < meeting->n_shards; s++) {
		const struct work *work = &meeting->shards[s];

		from_columns(work_y(work, step), first, end, matrices_of(step, work).y, m.row,
			work->groups);
	}
}

static void input_gradient(
	const struct step *step, const struct meeting *meeting, int first, int end)
{
	const struct dims *dims = step->dims;
	struct matrices m = matrices_of(step, meeting->shards);
	struct blas_matrix w = {meeting_tensor(meeting, step, 0) + first, dims->in, true},
			   dy = {m.y, (int)m.row, false};

	blas_multiply(m.dx + (size_t)first * m.row, (int)m.row, w, dy, end - first,
		meeting->columns, dims->out);
	for (int s = 0; s < meeting->n_shards; s++) {
		const struct work *work = &meeting->shards[s];

		from_columns(work_dx(work, step, 0), first, end, matrices_of(step, work).dx, m.row,
			work->groups);
	}
}

static void blas_meet_back(const struct step *step, const struct meeting *meeting, int slice)
{
	const struct dims *dims = step->dims;
	struct matrices m = matrices_of(step, meeting->shards);
	int first = cut(step, dims->out, slice), end = cut(step, dims->out, slice + 1);
	struct blas_matrix dy = {m.y + (size_t)first * m.row, (int)m.row, false},
			   x = {m.x, (int)m.row, true};

	blas_multiply(meeting_gradient(meeting, step, 0) + (size_t)first * (size_t)dims->in,
		dims->in, dy, x, end - first, dims->in, meeting->columns);
	if (step->n_tensors > 1)
		bias_gradient(meeting_gradient(meeting, step, 1), m.y, m.row, first, end,
			meeting->columns);
	if (step->wants_dx[0])
		input_gradient(
			step, meeting, cut(step, dims->in, slice), cut(step, dims->in, slice + 1));
}

static const struct step_ops blas_ops = {
	.name = "linear by OpenBLAS",
	.forward = blas_forward,
	.backward = blas_backward,
	.meet = blas_meet,
	.meet_back = blas_meet_back,
};

int PER_ISA(linear_blas)(struct plan *plan, struct step *step, int in, int out, struct err *err)
{
	struct dims *dims = plan_take(plan, sizeof *dims, err);
	int slices = (in > out ? in : out) / SLICE_ROWS;

	if (!dims)
		return -1;
	*dims = (struct dims){in, out};
	step->ops = &blas_ops;
	step->dims = dims;
	step->columns = 2 * (size_t)in + (size_t)out;
	step->slices = slices < FEWEST ? FEWEST : slices > MOST ? MOST : slices;
	step->slices_back = step->slices;
	step->blas = true;
	return 0;
}
