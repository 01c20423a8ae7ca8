/*
 * plan -- from the tree of layers to the flat list of steps (network.h, and layer.h's plan_*).
 *
 * Three things need care. *Slices*: a branch of a concat writes straight into its channels of the
 * joined value, so plan_join moves values into another's memory after they were planned. *Gradients
 * of values with several readers*: the first reader (which runs last in backward) writes the
 * value's own buffer, each other reader one of its own, and the engine adds those to it in the
 * order of the readers. *Wishes*: a gradient is wanted where something trained lies upstream, known
 * at once, since planning goes downstream.
 */
#include "layers/network/network.h"

#include "layers/core/parts.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16, NOTES = 4 };

struct plan {
	struct network *network;
	struct value *values;
	struct tensor *tensors;
	struct step *steps;
	struct row *rows;
	int row; /* being planned; -1: none */
	int depth;
	const char *path; /* of the list being planned: "" or "3.body." */

	/* What the layer being planned said of itself. */
	int64_t macs;
	bool windowed, whole;
	struct pair kernel, stride, dilation;
	char formula[FORMULA_TEXT];
};

/* Room for one more element behind n, in an array that doubles. */
static void *plan_more(struct plan *plan, void *array, int n, size_t size, struct err *err)
{
	void *larger;

	if (n & (n - 1) || (n == 0 && array))
		return array;
	larger = arena_take(&plan->network->arena, (n ? 2 * (size_t)n : 1) * size, err);
	if (larger && n)
		memcpy(larger, array, (size_t)n * size);
	return larger;
}

static struct pair pair_max(struct pair a, struct pair b)
{
	return (struct pair){larger(a.h, b.h), larger(a.w, b.w)};
}

static struct reach reach_max(struct reach a, struct reach b)
{
	return (struct reach){
		pair_max(a.size, b.size), pair_max(a.jump, b.jump), pair_max(a.extent, b.extent)};
}

struct shape plan_shape(const struct plan *plan, int value)
{
	return plan->values[value].shape;
}

void *plan_take(struct plan *plan, size_t size, struct err *err)
{
	return arena_take(&plan->network->arena, size, err);
}

struct arena *plan_arena(struct plan *plan)
{
	return &plan->network->arena;
}

int plan_value(struct plan *plan, struct shape shape, struct err *err)
{
	struct network *network = plan->network;
	struct value *values;
	int id = network->n_values;

	assert(shape.c > 0 && shape.h > 0 && shape.w > 0);
	if (shape_size(shape) > SHAPE_MAX_SIZE) {
		char text[SHAPE_TEXT];
		return err_set(err, "an activation of %s is too large", shape_text(text, shape));
	}
	values = plan_more(plan, plan->values, id, sizeof *values, err);
	if (!values)
		return -1;
	plan->values = values;
	values[id] = (struct value){
		.shape = shape,
		.reach = {{1, 1}, {1, 1}, {shape.h, shape.w}},
		.root = id,
		.gradient = -1,
		.maker = -1,
	};
	network->n_values++;
	return id;
}

int plan_alias(struct plan *plan, int value, struct shape shape, struct err *err)
{
	int id = plan_value(plan, shape, err);
	struct value *alias, *of;

	if (id < 0)
		return -1;
	alias = &plan->values[id];
	of = &plan->values[value];
	assert(shape_size(shape) == shape_size(of->shape));
	*alias = *of;
	alias->shape = shape;
	return id;
}

int plan_tensor(struct plan *plan, const char *name, enum tensor_role role, int rank,
	const int *dims, int fan_in, int fan_out, struct err *err)
{
	struct network *network = plan->network;
	struct row *row = &plan->rows[plan->row];
	int id = network->n_tensors;
	size_t *block = role == TENSOR_BUFFER ? &network->n_buffers : &network->n_trained;
	struct tensor *tensors = plan_more(plan, plan->tensors, id, sizeof *tensors, err);
	struct tensor *t;

	if (!tensors)
		return -1;
	plan->tensors = tensors;
	t = &tensors[id];
	*t = (struct tensor){.role = role,
		.rank = rank,
		.size = 1,
		.at = *block,
		.fan_in = fan_in,
		.fan_out = fan_out,
		.start = 0,
		.spec = row->spec};
	for (int i = 0; i < rank; i++) {
		t->dims[i] = dims[i];
		t->size *= (size_t)dims[i];
		if (t->size > SHAPE_MAX_SIZE)
			return err_at(err, row->spec->place,
				"its %s would have more than %d numbers", name, SHAPE_MAX_SIZE);
	}
	t->path = arena_printf(&network->arena, err, "%s.%s", row->path, name);
	if (!t->path)
		return -1;
	*block += (t->size + ALIGN - 1) / ALIGN * ALIGN;
	if (role != TENSOR_BUFFER)
		row->parameters += t->size;
	network->n_tensors++;
	return id;
}

/* A step's output sees what its inputs see, and wants a gradient if one of them or a tensor does.
 */
static void step_connect(struct plan *plan, struct step *s)
{
	struct value *out = s->out < 0 ? NULL : &plan->values[s->out];

	for (int i = 0; i < s->n_in; i++) {
		struct value *in = &plan->values[s->in[i]];
		struct pair extent = out ? out->reach.extent : (struct pair){1, 1};

		in->n_readers++;
		if (in->root != s->in[i])
			plan->values[in->root].n_readers++;
		s->wants_dx[i] = s->ops->backward && in->wants_grad;
		if (!out)
			continue;
		if (shape_equal(out->shape, in->shape))
			extent = in->reach.extent; /* a vector remembers the image that it was */
		out->reach = i ? reach_max(out->reach, in->reach) : in->reach;
		out->reach.extent = extent;
		out->wants_grad = out->wants_grad || (s->ops->backward && in->wants_grad);
	}
	for (int i = 0; out && i < s->n_tensors; i++)
		if (plan->tensors[s->tensors[i]].role != TENSOR_BUFFER)
			out->wants_grad = true;
	if (out)
		out->maker = s->index;
}

int plan_step(struct plan *plan, const struct step *step, struct err *err)
{
	struct network *network = plan->network;
	struct step *steps, *s;
	int id = network->n_steps;

	steps = plan_more(plan, plan->steps, id, sizeof *steps, err);
	if (!steps)
		return -1;
	plan->steps = steps;
	s = &steps[id];
	*s = *step;
	s->index = id;
	s->row = plan->row;
	step_connect(plan, s);
	s->packed_at = network->packed_size;
	s->shared_at = network->shared_size;
	s->partial_at = network->partial_size;
	s->columns_at = network->columns_size;
	network->packed_size += (s->packed + ALIGN - 1) / ALIGN * ALIGN;
	network->shared_size += (s->shared + ALIGN - 1) / ALIGN * ALIGN;
	network->partial_size += (s->partial + ALIGN - 1) / ALIGN * ALIGN;
	network->columns_size += s->columns;
	plan_scratch(plan, s->scratch);
	if (s->ops->meet || s->ops->meet_back)
		network->couples = true;
	network->whole_batch = network->whole_batch || (s->columns && s->ops->meet);
	network->blas = network->blas || s->blas;
	network->n_steps++;
	return id;
}

struct step *plan_step_at(struct plan *plan, int index)
{
	return index < plan->network->n_steps ? &plan->steps[index] : NULL;
}

/* ---- fusing */

bool plan_private(const struct plan *plan, int value)
{
	const struct value *v = &plan->values[value];

	return v->n_readers == 1 && v->root == value;
}

void plan_forget(struct plan *plan, int value)
{
	plan->values[value].forgotten = true;
}

static const struct step_ops absorbed_ops = {.name = "absorbed"};

void plan_absorb(struct step *step)
{
	step->ops = &absorbed_ops;
}

void plan_scratch(struct plan *plan, size_t floats)
{
	struct network *network = plan->network;

	if (floats > network->scratch_size)
		network->scratch_size = (floats + ALIGN - 1) / ALIGN * ALIGN;
}

static int plan_fuse(struct plan *plan, struct err *err)
{
	for (int s = 0; s < plan->network->n_steps; s++)
		if (plan->steps[s].ops->fuse && plan->steps[s].ops->fuse(plan, s, err))
			return -1;
	return 0;
}

/* ---- joining: copies where a value already belongs elsewhere */

struct copy_dims {
	size_t floats; /* of a group */
};

static void copy_group(float *to, const float *from, size_t floats)
{
	memcpy(to, from, floats * sizeof *to);
}

static void copy_forward(const struct step *s, const struct work *w)
{
	const struct copy_dims *dims = s->dims;

	for (int g = 0; g < w->groups; g++)
		copy_group(
			view_group(work_y(w, s), g), view_group(work_x(w, s, 0), g), dims->floats);
}

static void copy_backward(const struct step *s, const struct work *w)
{
	const struct copy_dims *dims = s->dims;
	struct view dx = work_dx(w, s, 0);

	for (int g = 0; dx.at && g < w->groups; g++)
		copy_group(view_group(dx, g), view_group(work_dy(w, s), g), dims->floats);
}

static const struct step_ops copy_ops = {
	.name = "copy",
	.forward = copy_forward,
	.backward = copy_backward,
};

static int plan_copy(struct plan *plan, int value, struct err *err)
{
	struct copy_dims *dims = plan_take(plan, sizeof *dims, err);
	int copy = plan_value(plan, plan_shape(plan, value), err);
	struct step step = {.ops = &copy_ops,
		.dims = dims,
		.n_in = 1,
		.in = {value},
		.out = copy,
		.partner = -1};

	if (!dims || copy < 0)
		return -1;
	dims->floats = shape_size(plan_shape(plan, value)) * GROUP;
	return plan_step(plan, &step, err) < 0 ? -1 : copy;
}

int plan_join(struct plan *plan, const int *values, int n, int whole, struct err *err)
{
	int in = plan->values[plan->rows[plan->row].in].root; /* others may read it too: stays */
	size_t at = 0;

	for (int i = 0; i < n; i++) {
		int value = values[i], root = plan->values[value].root;
		const struct value *v = &plan->values[root];

		if (root == in || root == whole || v->n_readers || v->root != root ||
			shape_size(v->shape) != shape_size(plan->values[value].shape)) {
			value = plan_copy(plan, value, err);
			if (value < 0)
				return -1;
			root = value;
		}
		for (int j = 0; j < plan->network->n_values; j++)
			if (plan->values[j].root == root) {
				plan->values[j].root = whole;
				plan->values[j].at += at;
			}
		v = &plan->values[value];
		plan->values[whole].reach =
			i ? reach_max(plan->values[whole].reach, v->reach) : v->reach;
		plan->values[whole].maker = v->maker;
		if (v->wants_grad)
			plan->values[whole].wants_grad = true;
		at += shape_size(v->shape) * GROUP;
	}
	assert(at == shape_size(plan->values[whole].shape) * GROUP);
	return 0;
}

/* ---- what describe says */

void plan_macs(struct plan *plan, int64_t macs)
{
	plan->macs = macs;
}

void plan_window(struct plan *plan, struct pair kernel, struct pair stride, struct pair dilation)
{
	plan->windowed = true;
	plan->kernel = kernel;
	plan->stride = stride;
	plan->dilation = dilation;
}

void plan_whole(struct plan *plan)
{
	plan->whole = true;
}

void plan_formula(struct plan *plan, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(plan->formula, sizeof plan->formula, format, args);
	va_end(args);
}

/* One axis: "floor((28-5+2*2)/1)+1 = 28"; a dilated window shows its whole length. */
static void axis_formula(char *text, size_t size, int n, int k, int dilation, int before, int after,
	int stride, int out, bool ceil_mode)
{
	char pad[32] = "", window[48];

	if (before && before == after)
		snprintf(pad, sizeof pad, "+2*%d", before);
	else if (before || after)
		snprintf(pad, sizeof pad, "+%d+%d", before, after);
	if (dilation > 1)
		snprintf(window, sizeof window, "(%d*(%d-1)+1)", dilation, k);
	else
		snprintf(window, sizeof window, "%d", k);
	snprintf(text, size, "%s((%d-%s%s)/%d)+1 = %d", ceil_mode ? "ceil" : "floor", n, window,
		pad, stride, out);
}

void plan_window_formula(struct plan *plan, struct shape x, struct shape y, struct pair kernel,
	struct pair stride, struct padding padding, struct pair dilation, bool ceil_mode)
{
	char h[FORMULA_TEXT / 2 - 2], w[FORMULA_TEXT / 2 - 2];

	axis_formula(h, sizeof h, x.h, kernel.h, dilation.h, padding.top, padding.bottom, stride.h,
		y.h, ceil_mode);
	axis_formula(w, sizeof w, x.w, kernel.w, dilation.w, padding.left, padding.right, stride.w,
		y.w, ceil_mode);
	if (!strcmp(h, w))
		plan_formula(plan, "%s", h);
	else
		plan_formula(plan, "%s; %s", h, w);
}

/* One axis of the receptive field: size + dilation (k - 1) jump, then the jump grows by the stride.
 */
static void reach_axis(int *size, int *jump, int k, int stride, int dilation)
{
	*size += dilation * (k - 1) * *jump;
	*jump *= stride;
}

static void row_reach(struct plan *plan, int in, int out)
{
	struct reach *r = &plan->values[out].reach;
	const struct reach *from = &plan->values[in].reach;

	if (plan->windowed) {
		reach_axis(
			&r->size.h, &r->jump.h, plan->kernel.h, plan->stride.h, plan->dilation.h);
		reach_axis(
			&r->size.w, &r->jump.w, plan->kernel.w, plan->stride.w, plan->dilation.w);
	} else if (plan->whole) {
		reach_axis(&r->size.h, &r->jump.h, from->extent.h, 1, 1);
		reach_axis(&r->size.w, &r->jump.w, from->extent.w, 1, 1);
		r->extent = (struct pair){1, 1};
	}
}

/* ---- layers */

/* On failure: which layers, last first, made the shape that did not fit. */
static void note_makers(const struct plan *plan, int row, struct err *err)
{
	char text[SHAPE_TEXT];
	int noted = 0;

	for (int i = row - 1; i >= 0 && noted < NOTES; i--) {
		const struct row *r = &plan->rows[i];

		if (r->out < 0 ||
			shape_equal(plan->values[r->in].shape, plan->values[r->out].shape))
			continue;
		err_note(err, r->spec->place, "%s made it %s here", r->spec->kind->name,
			shape_text(text, plan->values[r->out].shape));
		noted++;
	}
	if (noted < NOTES)
		err_note(err, (struct place){0}, "the input is %s",
			shape_text(text, plan->network->input));
}

static void row_begin(struct plan *plan, int row)
{
	plan->row = row;
	plan->macs = 0;
	plan->windowed = plan->whole = false;
	plan->formula[0] = 0;
}

static int row_new(struct plan *plan, const struct spec *spec, int index, int in, struct err *err)
{
	struct network *network = plan->network;
	int id = network->n_rows;
	struct row *rows = plan_more(plan, plan->rows, id, sizeof *rows, err);
	const char *path = arena_printf(&network->arena, err, "%s%d", plan->path, index);

	if (!rows || !path)
		return -1;
	plan->rows = rows;
	rows[id] = (struct row){.position = id,
		.depth = plan->depth,
		.path = path,
		.spec = spec,
		.in = in,
		.out = -1,
		.formula = "",
		.first_step = network->n_steps};
	network->n_rows++;
	return id;
}

static int plan_layer(
	struct plan *plan, const struct spec *spec, int index, int in, int *out, struct err *err)
{
	const struct layer_kind *kind = (const struct layer_kind *)spec->kind;
	int outer = plan->row, id = row_new(plan, spec, index, in, err);
	struct row *row;

	if (id < 0)
		return -1;
	row_begin(plan, id);
	if (kind->plan(plan, spec, in, out, err)) {
		if (err && !err->place.line)
			err->place = spec->place;
		if (err && !err->n_notes)
			note_makers(plan, id, err);
		return -1;
	}
	row = &plan->rows[id];
	row->out = *out;
	row->n_steps = plan->network->n_steps - row->first_step;
	row->macs = plan->macs;
	row_reach(plan, in, *out);
	if (plan->formula[0]) {
		row->formula = arena_text(&plan->network->arena, plan->formula, err);
		if (!row->formula)
			return -1;
	}
	row_begin(plan, outer);
	return 0;
}

int plan_layers(struct plan *plan, const struct specs *layers, const char *slot, int in, int *out,
	struct err *err)
{
	const char *outer = plan->path;

	if (slot) {
		plan->path = arena_printf(
			&plan->network->arena, err, "%s.%s.", plan->rows[plan->row].path, slot);
		if (!plan->path)
			return -1;
		plan->depth++;
	}
	*out = in;
	for (int i = 0; i < layers->n; i++)
		if (plan_layer(plan, &layers->at[i], i, *out, out, err))
			return -1;
	if (slot)
		plan->depth--;
	plan->path = outer;
	return 0;
}

/* ---- finishing */

/* A buffer for the gradient of root value `root`, as reader `step` of it writes it. */
static int gradient_new(struct plan *plan, struct gradient *gradients, int root, int step)
{
	struct network *network = plan->network;
	int id = network->n_gradients++, own = plan->values[root].gradient;

	gradients[id] = (struct gradient){
		.at = network->gradients_size,
		.size = shape_size(plan->values[root].shape) * GROUP,
		.into = own,
		.after = own < 0 ? step : gradients[own].after,
	};
	network->gradients_size += gradients[id].size;
	if (own < 0)
		plan->values[root].gradient = id;
	return id;
}

/* One buffer for each reader of a value that wants a gradient, in order; the loss reads the output.
 */
static int plan_gradients(struct plan *plan, struct err *err)
{
	struct network *network = plan->network;
	size_t most = (size_t)network->n_steps * STEP_INPUTS + 1;
	struct gradient *gradients = plan_take(plan, most * sizeof *gradients, err);
	const struct value *output = &plan->values[network->output_value];

	if (!gradients)
		return -1;
	for (int s = 0; s < network->n_steps; s++)
		for (int i = 0; i < plan->steps[s].n_in; i++) {
			struct step *step = &plan->steps[s];

			if (step->wants_dx[i])
				step->dx[i] = gradient_new(
					plan, gradients, plan->values[step->in[i]].root, s);
		}
	if (output->wants_grad) {
		assert(plan->values[output->root].gradient < 0);
		gradient_new(plan, gradients, output->root, network->n_steps);
	}
	for (int i = 0; i < network->n_values; i++)
		plan->values[i].gradient = plan->values[plan->values[i].root].gradient;
	network->gradients = gradients;
	return 0;
}

static int plan_memory(struct plan *plan, struct err *err)
{
	struct network *network = plan->network;
	size_t *at = plan_take(plan, (size_t)network->n_values * sizeof *at, err);

	if (!at)
		return -1;
	for (int i = 0; i < network->n_values; i++)
		if (plan->values[i].root == i && !plan->values[i].forgotten) {
			at[i] = network->values_size;
			network->values_size += shape_size(plan->values[i].shape) * GROUP;
		}
	network->value_at = at;
	return plan_gradients(plan, err);
}

static void plan_totals(struct plan *plan)
{
	struct network *network = plan->network;

	for (int i = 0; i < network->n_rows; i++) {
		struct row *row = &plan->rows[i];

		for (int s = 0; row->macs && s < row->n_steps; s++) {
			const struct step *step = &plan->steps[row->first_step + s];

			if (step->n_tensors && step->row == i)
				row->macs_back = row->macs * (step->wants_dx[0] ? 2 : 1);
		}
		network->parameters += row->parameters;
		network->macs += row->macs;
		network->macs_back += row->macs_back;
	}
}

int network_plan(struct network **out, const struct network_request *request, struct err *err)
{
	struct network *network = calloc(1, sizeof *network);
	struct plan plan = {.network = network, .row = -1, .path = ""};
	int in;

	*out = NULL;
	if (!network)
		return err_memory(err, sizeof *network, "a network");
	network->input = request->input;
	in = plan_value(&plan, request->input, err);
	if (in < 0)
		goto fail;
	plan.values[in].wants_grad = request->input_gradient;
	if (plan_layers(&plan, request->layers, NULL, in, &network->output_value, err) ||
		(!request->unfused && plan_fuse(&plan, err)) || plan_memory(&plan, err))
		goto fail;
	plan_totals(&plan);
	network->output = plan.values[network->output_value].shape;
	network->values = plan.values;
	network->tensors = plan.tensors;
	network->steps = plan.steps;
	network->rows = plan.rows;
	*out = network;
	return 0;
fail:
	network_free(network);
	return -1;
}

void network_free(struct network *network)
{
	if (!network)
		return;
	arena_release(&network->arena);
	free(network);
}

size_t network_image_bytes(const struct network *network, bool training)
{
	return (network->values_size + (training ? network->gradients_size : 0)) / GROUP *
	       sizeof(float);
}
