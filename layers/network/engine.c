/*
 * engine -- see engine.h.
 *
 * DESIGN. What a thread needs to take a shard through the steps is a *workspace*: room for the
 * values and gradients of one shard. Threads own one each; where steps couple the images of a
 * batch, each shard has one, since its values must live across the meeting. Workspaces are mapped,
 * not cleared, so an unused one costs no memory. Gradient blocks belong to the shards of a round.
 *
 * A batch is a list of *stretches*: forward from one meeting to the next, then the loss, then
 * backward likewise; the last forward and the first backward stretch are one.
 * Nothing is allocated once a batch of the largest size has been seen.
 */
#include "layers/network/engine.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "layers/loss.h"
#include "layers/network/isa.h"

enum {
	SHARD = SHARD_GROUPS * GROUP,
	SLICE = 16384,              /* floats that one thread adds or updates at once */
	GRADIENT_BYTES = 256 << 20, /* of gradient blocks, unless engine_limit says otherwise */
	ALIGN_FLOATS = 16
};

/* Steps first .. end - 1 forward, then the loss, then steps back_first .. back_end - 1 backward. */
struct stretch {
	bool load; /* first of all: the images */
	int first, end;
	bool loss;
	int back_first, back_end;
	size_t gradient_at, gradient_end; /* of the trained block: what backward writes */
	int meet;  /* step that meets when all shards are through; -1: none */
	bool back; /* meet_back rather than meet */
	bool last; /* all is known of the shard when it is through */
};

struct workspace {
	float *block;                          /* owned, mapped */
	struct view *values, *value_gradients; /* by value */
	struct view *gradients;                /* by gradient buffer */
	float *scratch, *loss, *targets;
};

/* A stretch of one tensor, for the optimizer. */
struct slice {
	size_t at, n;
	bool bias;
};

struct engine {
	const struct network *network;
	const struct spec *loss;
	const struct kinds *kinds;
	struct state *state;
	struct team *team;

	int n_stretches;
	struct stretch *stretches;
	int n_slices;
	struct slice *slices;
	float **tensors;
	float *packed, *shared, *gradient;

	int n_workspaces;
	struct workspace *workspaces;
	size_t limit; /* bytes of gradient blocks */
	int n_blocks; /* gradient blocks */
	float **blocks;
	float ***block_tensors; /* [block][tensor] */
	int n_shards;           /* room in the arrays by shard: */
	struct work *shards;
	double *shard_loss;
	int *shard_correct;
	float *partial;
	double *shard_norms; /* [shard][2][row] */
	bool prepared;       /* packed fits the weights */
	struct arena arena;
};

/* ---- building */

static float *floats_new(struct engine *engine, size_t n, struct err *err)
{
	return arena_take(&engine->arena, (n + ALIGN_FLOATS) * sizeof(float), err);
}

/* What a backward stretch writes of the trained block. */
static void stretch_gradient(const struct network *network, struct stretch *stretch)
{
	stretch->gradient_at = network->n_trained;
	stretch->gradient_end = 0;
	for (int s = stretch->back_first; s < stretch->back_end; s++)
		for (int i = 0; i < network->steps[s].n_tensors; i++) {
			const struct tensor *t = &network->tensors[network->steps[s].tensors[i]];
			size_t end =
				t->at + (t->size + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;

			if (t->role == TENSOR_BUFFER)
				continue;
			if (t->at < stretch->gradient_at)
				stretch->gradient_at = t->at;
			if (end > stretch->gradient_end)
				stretch->gradient_end = end;
		}
}

static int engine_stretches(struct engine *engine, struct err *err)
{
	const struct network *network = engine->network;
	int n = network->n_steps;
	struct stretch *s = arena_take(&engine->arena, (2 * (size_t)n + 1) * sizeof *s, err);

	if (!s)
		return -1;
	engine->stretches = s;
	s->load = true;
	s->meet = -1;
	for (int i = 0; i < n; i++) {
		s->end = i + 1;
		if (!network->steps[i].ops->meet)
			continue;
		s->meet = i;
		s++;
		*s = (struct stretch){.first = i + 1, .end = i + 1, .meet = -1};
	}
	s->loss = true;
	s->back_first = s->back_end = n;
	for (int i = n - 1; i >= 0; i--) {
		s->back_first = i;
		if (!network->steps[i].ops->meet_back)
			continue;
		s->meet = i;
		s->back = true;
		s++;
		*s = (struct stretch){.meet = -1, .back_first = i, .back_end = i};
	}
	s->last = true;
	engine->n_stretches = (int)(s - engine->stretches) + 1;
	for (int i = 0; i < engine->n_stretches; i++)
		stretch_gradient(network, &engine->stretches[i]);
	return 0;
}

static int engine_slices(struct engine *engine, struct err *err)
{
	const struct network *network = engine->network;
	size_t most = network->n_trained / SLICE + (size_t)network->n_tensors;

	engine->slices = arena_take(&engine->arena, most * sizeof *engine->slices, err);
	if (!engine->slices)
		return -1;
	for (int i = 0; i < network->n_tensors; i++) {
		const struct tensor *t = &network->tensors[i];

		for (size_t at = 0; t->role != TENSOR_BUFFER && at < t->size; at += SLICE)
			engine->slices[engine->n_slices++] = (struct slice){
				.at = t->at + at,
				.n = t->size - at < SLICE ? t->size - at : SLICE,
				.bias = t->role != TENSOR_WEIGHT,
			};
	}
	return 0;
}

static int engine_tensors(struct engine *engine, struct err *err)
{
	const struct network *network = engine->network;

	engine->tensors = arena_take(
		&engine->arena, (size_t)network->n_tensors * sizeof *engine->tensors, err);
	if (!engine->tensors)
		return -1;
	for (int i = 0; i < network->n_tensors; i++) {
		const struct tensor *t = &network->tensors[i];

		engine->tensors[i] = t->at + (t->role == TENSOR_BUFFER ? engine->state->buffers
								       : engine->state->trained);
	}
	return 0;
}

static size_t workspace_bytes(const struct network *network)
{
	return ((network->values_size + network->gradients_size) * SHARD_GROUPS +
		       network->scratch_size + SHARD + shape_size(network->output) * SHARD) *
	       sizeof(float);
}

/* Lays the values and gradients of one shard out, group behind group within each of them. */
static int workspace_new(struct engine *engine, struct workspace *space, struct err *err)
{
	const struct network *network = engine->network;
	size_t values = network->values_size * SHARD_GROUPS;
	size_t gradients = network->gradients_size * SHARD_GROUPS;
	size_t bytes = workspace_bytes(network);
	struct view *views = arena_take(&engine->arena,
		(size_t)(2 * network->n_values + network->n_gradients) * sizeof *views, err);

	if (!views)
		return -1;
	space->block = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (space->block == MAP_FAILED) {
		space->block = NULL;
		return err_memory(err, bytes, "activations");
	}
	space->values = views;
	space->value_gradients = views + network->n_values;
	space->gradients = space->value_gradients + network->n_values;
	for (int i = 0; i < network->n_values; i++) {
		const struct value *v = &network->values[i];

		views[i].at = space->block + network->value_at[v->root] * SHARD_GROUPS + v->at;
		views[i].stride = shape_size(network->values[v->root].shape) * GROUP;
	}
	for (int i = 0; i < network->n_gradients; i++) {
		const struct gradient *g = &network->gradients[i];

		space->gradients[i].at = space->block + values + g->at * SHARD_GROUPS;
		space->gradients[i].stride = g->size;
	}
	for (int i = 0; i < network->n_values; i++) {
		const struct value *v = &network->values[i];

		if (v->gradient < 0)
			continue;
		space->value_gradients[i] = space->gradients[v->gradient];
		space->value_gradients[i].at += v->at;
	}
	space->scratch = space->block + values + gradients;
	space->loss = space->scratch + network->scratch_size;
	space->targets = space->loss + SHARD;
	return 0;
}

static void workspace_free(const struct engine *engine, struct workspace *space)
{
	if (space->block)
		munmap(space->block, workspace_bytes(engine->network));
}

static int engine_blocks(struct engine *engine, int n, struct err *err)
{
	const struct network *network = engine->network;

	engine->n_blocks = 0; /* until all are there: when memory is out, none is used */
	engine->blocks = arena_take(&engine->arena, (size_t)n * sizeof *engine->blocks, err);
	engine->block_tensors =
		arena_take(&engine->arena, (size_t)n * sizeof *engine->block_tensors, err);
	if (!engine->blocks || !engine->block_tensors)
		return -1;
	for (int b = 0; b < n; b++) {
		float **tensors = arena_take(
			&engine->arena, (size_t)network->n_tensors * sizeof *tensors, err);

		engine->blocks[b] = floats_new(engine, network->n_trained, err);
		engine->block_tensors[b] = tensors;
		if (!engine->blocks[b] || !tensors)
			return -1;
		for (int i = 0; i < network->n_tensors; i++)
			if (network->tensors[i].role != TENSOR_BUFFER)
				tensors[i] = engine->blocks[b] + network->tensors[i].at;
	}
	engine->n_blocks = n;
	return 0;
}

static int engine_workspaces(struct engine *engine, int n, struct err *err)
{
	struct workspace *more = arena_take(&engine->arena, (size_t)n * sizeof *more, err);

	if (!more)
		return -1;
	if (engine->n_workspaces)
		memcpy(more, engine->workspaces, (size_t)engine->n_workspaces * sizeof *more);
	engine->workspaces = more;
	for (; engine->n_workspaces < n; engine->n_workspaces++)
		if (workspace_new(engine, &more[engine->n_workspaces], err))
			return -1;
	return 0;
}

static int engine_shards(struct engine *engine, int shards, struct err *err)
{
	const struct network *network = engine->network;
	struct arena *arena = &engine->arena;
	size_t n = (size_t)shards;

	engine->n_shards = 0; /* until all are there: when memory is out, none is used */
	engine->shards = arena_take(arena, n * sizeof *engine->shards, err);
	engine->shard_loss = arena_take(arena, n * sizeof *engine->shard_loss, err);
	engine->shard_correct = arena_take(arena, n * sizeof *engine->shard_correct, err);
	engine->partial = floats_new(engine, n * network->partial_size, err);
	engine->shard_norms = arena_take(
		arena, n * 2 * (size_t)network->n_rows * sizeof *engine->shard_norms, err);
	if (!engine->shards || !engine->shard_loss || !engine->shard_correct || !engine->partial ||
		!engine->shard_norms)
		return -1;
	engine->n_shards = shards;
	return 0;
}

/* As many gradient blocks as there are shards or as the limit allows, but one for each thread. */
static int blocks_wanted(const struct engine *engine, int shards)
{
	size_t bytes = (engine->network->n_trained + 1) * sizeof(float);
	size_t most = engine->limit / bytes + 1, threads = (size_t)team_size(engine->team);

	if (most < threads)
		most = threads;
	return (size_t)shards < most ? shards : (int)most;
}

/* Room for batches of `shards` shards, and for training, if asked for. Grows only. */
static int engine_reserve(struct engine *engine, int shards, bool training, struct err *err)
{
	int spaces = team_size(engine->team), blocks = training ? blocks_wanted(engine, shards) : 0;

	if (training && engine->network->couples && shards > spaces)
		spaces = shards;
	if (engine->n_workspaces < spaces && engine_workspaces(engine, spaces, err))
		return -1;
	if (engine->n_shards < shards && engine_shards(engine, shards, err))
		return -1;
	return engine->n_blocks < blocks ? engine_blocks(engine, blocks, err) : 0;
}

int engine_new(struct engine **out, const struct network *network, const struct spec *loss,
	struct state *state, struct team *team, struct err *err)
{
	struct engine *engine = calloc(1, sizeof *engine);

	*out = NULL;
	if (!engine)
		return err_memory(err, sizeof *engine, "the engine");
	engine->network = network;
	engine->loss = loss;
	engine->kinds = isa_kinds();
	engine->state = state;
	engine->team = team;
	engine->limit = GRADIENT_BYTES;
	engine->packed = floats_new(engine, network->packed_size, err);
	engine->shared = floats_new(engine, network->shared_size, err);
	engine->gradient = floats_new(engine, network->n_trained, err);
	if (!engine->packed || !engine->shared || !engine->gradient ||
		engine_stretches(engine, err) || engine_slices(engine, err) ||
		engine_tensors(engine, err)) {
		engine_free(engine);
		return -1;
	}
	*out = engine;
	return 0;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	for (int i = 0; i < engine->n_workspaces; i++)
		workspace_free(engine, &engine->workspaces[i]);
	arena_release(&engine->arena);
	free(engine);
}

void engine_limit(struct engine *engine, size_t bytes)
{
	engine->limit = bytes;
}

const float *engine_gradient(const struct engine *engine)
{
	return engine->gradient;
}

/* ---- one shard */

/* What the threads share while a batch runs. */
struct job {
	struct engine *engine;
	const struct batch *batch;
	const struct stretch *stretch;
	bool training;
	int first;  /* shard of the round's first item */
	int shards; /* of the round */
	const struct spec *optimizer;
	double lr;
};

static int32_t batch_row(const struct batch *batch, int image)
{
	return batch->index ? batch->index[image] : image;
}

/* Images first .. first + live - 1 into the input value; dead lanes repeat the last of them. */
static void load_inputs(const struct job *job, const struct work *w, int first)
{
	const struct network *network = job->engine->network;
	const struct examples *from = job->batch->examples;
	size_t size = shape_size(network->input);

	for (int g = 0; g < w->groups; g++) {
		const uint8_t *pixels[GROUP];
		const float *inputs[GROUP];
		float *to = view_group(w->values[0], g);

		for (int l = 0; l < GROUP; l++) {
			int image = g * GROUP + l < w->live ? g * GROUP + l : w->live - 1;
			size_t at = (size_t)batch_row(job->batch, first + image) * size;

			pixels[l] = from->pixels ? from->pixels + at : NULL;
			inputs[l] = from->inputs ? from->inputs + at : NULL;
		}
		if (from->pixels)
			job->engine->kinds->load_bytes(to, pixels, size, from->value);
		else
			job->engine->kinds->load_floats(to, inputs, size);
	}
}

/* Between lanes and rows of images, for what tests and `expect` ask. */
static void lanes_out(float *to, struct view from, size_t size, int live)
{
	for (int image = 0; image < live; image++)
		for (size_t i = 0; i < size; i++)
			to[(size_t)image * size + i] = view_group(
				from, image / GROUP)[i * GROUP + (size_t)(image % GROUP)];
}

static void lanes_in(struct view to, const float *from, size_t size, int groups, int live)
{
	for (int image = 0; image < groups * GROUP; image++)
		for (size_t i = 0; i < size; i++)
			view_group(to, image / GROUP)[i * GROUP + (size_t)(image % GROUP)] =
				image < live ? from[(size_t)image * size + i] : 0;
}

/* The loss of a shard and the gradient of its output, or what the batch gives in its place. */
static void run_loss(
	const struct job *job, const struct work *w, const struct workspace *space, int shard)
{
	struct engine *engine = job->engine;
	const struct network *network = engine->network;
	const struct batch *batch = job->batch;
	const struct loss_kind *kind = (const struct loss_kind *)engine->loss->kind; /* or NULL */
	int first = shard * SHARD;
	size_t features = shape_size(network->output);
	uint8_t labels[SHARD], predicted[SHARD];
	struct loss_work loss = {.options = engine->loss->options,
		.features = (int)features,
		.groups = w->groups,
		.live = w->live,
		.batch_live = w->batch_live,
		.y = w->values[network->output_value],
		.loss = space->loss,
		.predicted = predicted};

	if (job->training)
		loss.dy = w->value_gradients[network->output_value];
	if (batch->outputs)
		lanes_out(batch->outputs + (size_t)first * features, loss.y, features, w->live);
	if (batch->output_gradient && loss.dy.at)
		lanes_in(loss.dy, batch->output_gradient + (size_t)first * features, features,
			w->groups, w->live);
	if (batch->output_gradient || !kind ||
		(!batch->examples->labels && !batch->examples->targets))
		return;
	for (int i = 0; i < w->live; i++) {
		size_t row = (size_t)batch_row(batch, first + i);

		if (batch->examples->labels)
			labels[i] = batch->examples->labels[row];
		else
			memcpy(space->targets + (size_t)i * features,
				batch->examples->targets + row * features,
				features * sizeof(float));
	}
	loss.labels = batch->examples->labels ? labels : NULL;
	loss.targets = batch->examples->labels ? NULL : space->targets;
	kind->run(&loss);
	for (int i = 0; i < w->live; i++) {
		engine->shard_loss[shard] += space->loss[i];
		engine->shard_correct[shard] += loss.labels && predicted[i] == labels[i];
	}
	if (batch->predicted)
		memcpy(batch->predicted + first, predicted, (size_t)w->live);
}

static double sum_squares(struct view view, size_t size, int live)
{
	double sum = 0;

	for (int image = 0; image < live; image++)
		for (size_t i = 0; i < size; i++) {
			double x = view_group(
				view, image / GROUP)[i * GROUP + (size_t)(image % GROUP)];

			sum += x * x;
		}
	return sum;
}

static void measure_norms(const struct job *job, const struct work *w, int shard)
{
	const struct network *network = job->engine->network;
	double *norms = job->engine->shard_norms + (size_t)shard * 2 * (size_t)network->n_rows;

	for (int r = 0; r < network->n_rows; r++) {
		int out = network->rows[r].out;
		struct view dy = w->value_gradients[out];
		size_t size = shape_size(network->values[out].shape);

		norms[2 * r] = sum_squares(w->values[out], size, w->live);
		norms[2 * r + 1] = dy.at ? sum_squares(dy, size, w->live) : 0;
	}
}

/* Adds the gradients that further readers of a value wrote to the first reader's. */
static void add_readers(const struct engine *engine, const struct work *w, int step)
{
	const struct network *network = engine->network;

	for (int i = 0; i < network->n_gradients; i++) {
		const struct gradient *g = &network->gradients[i];

		for (int group = 0; g->into >= 0 && g->after == step && group < w->groups; group++)
			engine->kinds->accumulate(view_group(w->gradients[g->into], group),
				view_group(w->gradients[i], group), g->size);
	}
}

/* Ties shard number `shard` to a workspace and, in a round of gradients, to a block. */
static struct work *shard_begin(
	const struct job *job, int shard, const struct workspace *space, int block)
{
	struct engine *engine = job->engine;
	const struct network *network = engine->network;
	struct work *w = &engine->shards[shard];
	int left = job->batch->n - shard * SHARD;

	*w = (struct work){
		.live = left < SHARD ? left : SHARD,
		.batch_live = job->batch->n,
		.training = job->training,
		.seed = job->batch->seed,
		.epoch = job->batch->epoch,
		.position = job->batch->position + (uint32_t)(shard * SHARD),
		.values = space->values,
		.gradients = space->gradients,
		.tensors = engine->tensors,
		.tensor_gradients = job->training ? engine->block_tensors[block] : NULL,
		.packed = engine->packed,
		.shared = engine->shared,
		.partial = engine->partial + (size_t)shard * network->partial_size,
		.scratch = space->scratch,
		.steps = network->steps,
		.value_gradients = space->value_gradients,
	};
	w->groups = (w->live + GROUP - 1) / GROUP;
	return w;
}

static void give_input_gradient(const struct job *job, const struct work *w, int shard)
{
	size_t size = shape_size(job->engine->network->input);
	float *to = job->batch->input_gradient + (size_t)(shard * SHARD) * size;

	if (w->value_gradients[0].at)
		lanes_out(to, w->value_gradients[0], size, w->live);
	else
		memset(to, 0, (size_t)w->live * size * sizeof *to);
}

/* Nothing goes backward where no gradient arrives: behind a step that passes none on, or where
 * nothing is trained. What is trained there keeps a gradient of 0. */
static bool runs_back(const struct step *step, const struct work *w)
{
	return step->ops->backward && (step->out < 0 || w->value_gradients[step->out].at);
}

static void run_shard(void *context, int item, int worker)
{
	const struct job *job = context;
	const struct stretch *stretch = job->stretch;
	struct engine *engine = job->engine;
	const struct network *network = engine->network;
	int shard = job->first + item;
	bool own = job->training && network->couples;
	const struct workspace *space = &engine->workspaces[own ? shard : worker];
	struct work *w = shard_begin(job, shard, space, item);

	if (stretch->load)
		load_inputs(job, w, shard * SHARD);
	for (int s = stretch->first; s < stretch->end; s++)
		network->steps[s].ops->forward(&network->steps[s], w);
	if (stretch->loss)
		run_loss(job, w, space, shard);
	if (!job->training)
		return;
	for (int s = stretch->back_end - 1; s >= stretch->back_first; s--) {
		if (runs_back(&network->steps[s], w))
			network->steps[s].ops->backward(&network->steps[s], w);
		add_readers(engine, w, s);
	}
	if (!stretch->last)
		return;
	if (job->batch->norms)
		measure_norms(job, w, shard);
	if (job->batch->input_gradient)
		give_input_gradient(job, w, shard);
}

/* ---- a batch */

/* Floats of the stretch's gradient, one slice: first block, or sum so far, plus the others in
 * order. */
static void fold_slice(void *context, int item, int worker)
{
	const struct job *job = context;
	struct engine *engine = job->engine;
	size_t at = job->stretch->gradient_at + (size_t)item * SLICE;
	size_t left = job->stretch->gradient_end - at, n = left < SLICE ? left : SLICE;

	(void)worker;
	if (job->first == 0)
		memcpy(engine->gradient + at, engine->blocks[0] + at, n * sizeof(float));
	for (int b = job->first == 0; b < job->shards; b++)
		engine->kinds->accumulate(engine->gradient + at, engine->blocks[b] + at, n);
}

static void prepare_step(void *context, int item, int worker)
{
	const struct job *job = context;
	const struct step *step = &job->engine->network->steps[item];

	(void)worker;
	if (step->ops->prepare)
		step->ops->prepare(step, (const float *const *)job->engine->tensors,
			job->engine->packed + step->packed_at);
}

static void engine_prepare(struct engine *engine, struct job *job)
{
	if (!engine->prepared)
		team_for(engine->team, engine->network->n_steps, prepare_step, job);
	engine->prepared = true;
}

static void meet_slice(void *context, int item, int worker)
{
	const struct job *job = context;
	struct engine *engine = job->engine;
	const struct step *step = &engine->network->steps[job->stretch->meet];
	struct meeting meeting = {.n_shards = (job->batch->n + SHARD - 1) / SHARD,
		.shards = engine->shards,
		.live = job->batch->n,
		.shared = engine->shared + step->shared_at,
		.tensors = engine->tensors};

	(void)worker;
	if (job->stretch->back)
		step->ops->meet_back(step, &meeting, item);
	else
		step->ops->meet(step, &meeting, item);
}

/* All shards through one stretch, in rounds of as many as there are gradient blocks. */
static void run_stretch(struct job *job, int shards)
{
	struct engine *engine = job->engine;
	const struct stretch *stretch = job->stretch;
	size_t width = stretch->gradient_end > stretch->gradient_at
			       ? stretch->gradient_end - stretch->gradient_at
			       : 0;
	int slices = (int)((width + SLICE - 1) / SLICE);

	for (job->first = 0; job->first < shards; job->first += job->shards) {
		int left = shards - job->first;

		job->shards = left < engine->n_blocks ? left : engine->n_blocks;
		team_for(engine->team, job->shards, run_shard, job);
		team_for(engine->team, slices, fold_slice, job);
	}
	if (stretch->meet >= 0)
		team_for(engine->team, engine->network->steps[stretch->meet].slices, meet_slice,
			job);
}

static void sum_shards(const struct engine *engine, int shards, struct batch_result *result)
{
	*result = (struct batch_result){0};
	for (int s = 0; s < shards; s++) {
		result->loss += engine->shard_loss[s];
		result->correct += engine->shard_correct[s];
	}
}

static void sum_norms(const struct engine *engine, int shards, const struct batch *batch)
{
	const struct network *network = engine->network;
	struct norms *norms = batch->norms;

	for (int r = 0; r < network->n_rows; r++) {
		const struct value *out = &network->values[network->rows[r].out];

		norms->output[r] = norms->gradient[r] = 0;
		norms->elements[r] = (int64_t)shape_size(out->shape) * batch->n;
		for (int s = 0; s < shards; s++) {
			const double *of = engine->shard_norms +
					   ((size_t)s * (size_t)network->n_rows + (size_t)r) * 2;

			norms->output[r] += of[0];
			norms->gradient[r] += of[1];
		}
	}
}

static int job_begin(struct job *job, int shards, struct err *err)
{
	struct engine *engine = job->engine;

	if (engine_reserve(engine, shards, job->training, err))
		return -1;
	memset(engine->shard_loss, 0, (size_t)shards * sizeof *engine->shard_loss);
	memset(engine->shard_correct, 0, (size_t)shards * sizeof *engine->shard_correct);
	engine_prepare(engine, job);
	return 0;
}

int engine_backward(struct engine *engine, const struct batch *batch, struct batch_result *result,
	struct err *err)
{
	struct job job = {.engine = engine, .batch = batch, .training = true};
	int shards = (batch->n + SHARD - 1) / SHARD;

	if (job_begin(&job, shards, err))
		return -1;
	for (int i = 0; i < engine->n_stretches; i++) {
		job.stretch = &engine->stretches[i];
		run_stretch(&job, shards);
	}
	sum_shards(engine, shards, result);
	if (batch->norms)
		sum_norms(engine, shards, batch);
	return 0;
}

int engine_evaluate(struct engine *engine, const struct batch *batch, struct batch_result *result,
	struct err *err)
{
	const struct stretch all = {
		.load = true, .end = engine->network->n_steps, .loss = true, .meet = -1};
	struct job job = {.engine = engine, .batch = batch, .stretch = &all};
	int shards = (batch->n + SHARD - 1) / SHARD;

	if (job_begin(&job, shards, err))
		return -1;
	team_for(engine->team, shards, run_shard, &job);
	sum_shards(engine, shards, result);
	return 0;
}

/* ---- the update */

static void update_slice(void *context, int item, int worker)
{
	const struct job *job = context;
	struct engine *engine = job->engine;
	const struct slice *slice = &engine->slices[item];
	const struct optimizer_kind *kind = (const struct optimizer_kind *)job->optimizer->kind;
	struct update update = {.options = job->optimizer->options,
		.w = engine->state->trained + slice->at,
		.g = engine->gradient + slice->at,
		.n = slice->n,
		.lr = job->lr,
		.step = engine->state->step,
		.bias = slice->bias};

	(void)worker;
	for (int i = 0; i < OPTIMIZER_STATES; i++)
		if (engine->state->moments[i])
			update.state[i] = engine->state->moments[i] + slice->at;
	kind->update(&update);
}

void engine_update(struct engine *engine, const struct spec *optimizer, double lr)
{
	struct job job = {.engine = engine, .optimizer = optimizer, .lr = lr};

	engine->state->step++;
	team_for(engine->team, engine->n_slices, update_slice, &job);
	engine->prepared = false;
}
