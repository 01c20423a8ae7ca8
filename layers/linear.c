/*
 * linear -- see linear.h.
 *
 * All three products are dense.h's. Forward and the gradient of the input sum over features, with
 * 16 images side by side. The weight gradient sums over images instead, with 16 input features side
 * by side: for that x is transposed to [image][feature], and dy takes the weights' part.
 */
#include "layers/linear.h"

#include "layers/dense.h"
#include "layers/linear_blas.h"
#include "layers/linear_wide.h"

struct dims {
	int in, out;
	bool bias;
	size_t row; /* of the transposed input: `in`, rounded up to 16 */
};

enum { SHARD_IMAGES = SHARD_GROUPS * GROUP, PARTS = GROUP / VL };

/* ---- kernels */

/* to[image][i] = from[i][lane] for all images of the groups; rows of `row` floats, a multiple of
 * 16, filled up with 0. */
static void transpose(float *to, struct view from, int features, size_t row, int groups)
{
	for (int g = 0; g < groups; g++)
		for (size_t i = 0; i < row; i += VL)
			for (int part = 0; part < GROUP; part += VL) {
				const float *x = view_group(from, g) + part;
				float *out = to + (size_t)(g * GROUP + part) * row + i;
				vf block[VL];

				UNROLL
				for (size_t k = 0; k < VL; k++)
					block[k] = i + k < (size_t)features
							   ? vf_load(x + (i + k) * GROUP)
							   : vf_set(0);
				vf_transpose(block);
				UNROLL
				for (size_t k = 0; k < VL; k++)
					vf_store(out + k * row, block[k]);
			}
}

static struct dense_columns columns_of(struct view view)
{
	return (struct dense_columns){.at = view.at, .group = view.stride, .row = GROUP};
}

static void forward(const struct dims *d, struct view y, struct view x, int groups, const float *w,
	const float *b)
{
	const struct dense product = {.rows = d->out,
		.columns = groups * PARTS,
		.last = VL,
		.sums = d->in,
		.turn = d->in,
		.weight = w,
		.row = (size_t)d->in,
		.step = 1,
		.start = b,
		.in = columns_of(x),
		.out = columns_of(y)};

	PER_ISA(dense_sum)(&product);
}

static void input_gradient(
	const struct dims *d, struct view dx, struct view dy, int groups, const float *w)
{
	const struct dense product = {.rows = d->in,
		.columns = groups * PARTS,
		.last = VL,
		.sums = d->out,
		.turn = d->out,
		.weight = w,
		.row = 1,
		.step = (size_t)d->in,
		.in = columns_of(dy),
		.out = columns_of(dx)};

	PER_ISA(dense_sum)(&product);
}

/* rows: x, transposed. */
static void weight_gradient(const struct dims *d, float *dw, struct view dy, int live, float *rows)
{
	const struct dense product = {.rows = d->out,
		.columns = (d->in + VL - 1) / VL,
		.last = (d->in - 1) % VL + 1,
		.sums = live,
		.turn = GROUP,
		.weight = dy.at,
		.row = GROUP,
		.step = 1,
		.turn_step = dy.stride,
		.in = {rows, GROUP, d->row},
		.out = {dw, GROUP, (size_t)d->in}};

	PER_ISA(dense_sum)(&product);
}

static void bias_gradient(float *db, struct view dy, int out, int groups)
{
	for (int o = 0; o < out; o += GROUP) {
		float sum[GROUP][GROUP] __attribute__((aligned(64)));
		int n = out - o < GROUP ? out - o : GROUP;

		for (int i = 0; i < n * GROUP; i += VL) {
			vf total = vf_set(0);

			for (int g = 0; g < groups; g++)
				total += vf_load(view_group(dy, g) + o * GROUP + i);
			vf_store(sum[0] + i, total);
		}
		group_sums(db + o, (const float(*)[GROUP])sum, (size_t)n);
	}
}

/* ---- steps */

static void linear_forward(const struct step *step, const struct work *w)
{
	const struct dims *dims = step->dims;

	forward(dims, work_y(w, step), work_x(w, step, 0), w->groups, work_tensor(w, step, 0),
		dims->bias ? work_tensor(w, step, 1) : NULL);
}

static void linear_backward(const struct step *step, const struct work *w)
{
	const struct dims *dims = step->dims;
	struct view dy = work_dy(w, step), dx = work_dx(w, step, 0);
	float *rows = work_scratch(w);

	transpose(rows, work_x(w, step, 0), dims->in, dims->row, w->groups);
	weight_gradient(dims, work_gradient(w, step, 0), dy, w->live, rows);
	if (dims->bias)
		bias_gradient(work_gradient(w, step, 1), dy, dims->out, w->groups);
	if (dx.at)
		input_gradient(dims, dx, dy, w->groups, work_tensor(w, step, 0));
}

static const struct step_ops linear_ops = {
	.name = "linear",
	.forward = linear_forward,
	.backward = linear_backward,
};

/* ---- plan */

static int linear_way(const struct linear *o, const struct dims *d, struct step *step,
	struct plan *plan, struct err *err)
{
	int way = o->compute == LINEAR_AUTO ? (int)linear_by_shape(d->in, d->out) : o->compute;

	if (way == LINEAR_OPENBLAS)
		return PER_ISA(linear_blas)(plan, step, d->in, d->out, err);
	if (way != LINEAR_SHARDS)
		return PER_ISA(linear_wide)(plan, step, d->in, d->out, way == LINEAR_GRADIENT, err);
	step->scratch = d->row * SHARD_IMAGES;
	return 0;
}

static int linear_plan(
	struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	const struct linear *o = spec->options;
	struct shape x = plan_shape(plan, in);
	struct dims *dims = plan_take(plan, sizeof *dims, err);
	struct step step = {.ops = &linear_ops, .dims = dims, .n_in = 1, .in = {in}, .partner = -1};
	char text[SHAPE_TEXT];

	if (!dims)
		return -1;
	if (x.rank != 1)
		return err_at(err, spec->place,
			"linear needs a vector, but its input is an image of %s; put `flatten` "
			"before "
			"it (%zu features)",
			shape_text(text, x), shape_size(x));
	*dims = (struct dims){.in = x.c,
		.out = o->out_features,
		.bias = o->bias,
		.row = ((size_t)x.c + GROUP - 1) / GROUP * GROUP};
	step.tensors[step.n_tensors++] = plan_tensor(plan, "weight", TENSOR_WEIGHT, 2,
		(int[]){dims->out, dims->in}, dims->in, dims->out, err);
	if (o->bias)
		step.tensors[step.n_tensors++] = plan_tensor(
			plan, "bias", TENSOR_BIAS, 1, (int[]){dims->out}, dims->in, dims->out, err);
	if (step.tensors[0] < 0 || step.tensors[1] < 0)
		return -1;
	if (linear_way(o, dims, &step, plan, err))
		return -1;
	step.out = *out = plan_value(plan, shape_vector(dims->out), err);
	if (step.out < 0 || plan_step(plan, &step, err) < 0)
		return -1;
	plan_macs(plan, (int64_t)dims->in * dims->out);
	plan_whole(plan);
	plan_formula(
		plan, "%d features -> %d%s", dims->in, dims->out, step.blas ? ", by OpenBLAS" : "");
	return 0;
}

static const char *const ways[] = {"auto", "shards", "gradient", "batch", "openblas", NULL};

static const struct option linear_options[] = {
	{"out_features", OPTION_INT, offsetof(struct linear, out_features), NULL, 1, 1 << 24,
		.help = "number of outputs"},
	{"bias", OPTION_BOOL, offsetof(struct linear, bias), "true",
		.help = "add a trained number to each output"},
	{"compute", OPTION_CHOICE, offsetof(struct linear, compute), "auto", .choices = ways,
		.help = "what is done for the whole batch: nothing, dw, all, all by OpenBLAS"},
	{0},
};

const struct layer_kind PER_ISA(linear_kind) = {
	.kind = {.name = "linear",
		.help = "fully connected layer",
		.options = linear_options,
		.size = sizeof(struct linear)},
	.plan = linear_plan,
};
