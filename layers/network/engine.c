/* engine -- see engine.h, and engine_inside.h for how it works. */
#include "layers/network/engine_inside.h"

#include <stdlib.h>
#include <string.h>

#include "layers/core/blas.h"
#include "layers/network/isa.h"

enum { GRADIENT_BYTES = 256 << 20 }; /* of gradient blocks, unless engine_limit says otherwise */

/* ---- building */

static bool step_has(const struct step *step, int tensor)
{
	for (int i = 0; i < step->n_tensors; i++)
		if (step->tensors[i] == tensor)
			return true;
	return false;
}

/* Where tensors and their gradients are; a shard has no gradient of what a whole-batch step trains.
 */
static int engine_tensors(struct engine *engine, struct err *err)
{
	const struct network *network = engine->network;
	struct arena *arena = &engine->arena;
	size_t n = (size_t)network->n_tensors;

	engine->tensors = arena_take(arena, n * sizeof *engine->tensors, err);
	engine->gradients = arena_take(arena, n * sizeof *engine->gradients, err);
	engine->block_at = arena_take(arena, n * sizeof *engine->block_at, err);
	if (!engine->tensors || !engine->gradients || !engine->block_at)
		return -1;
	for (int i = 0; i < network->n_tensors; i++) {
		const struct tensor *t = &network->tensors[i];
		bool trained = t->role != TENSOR_BUFFER, whole = false;

		for (int s = 0; s < network->n_steps; s++)
			whole |= network->steps[s].columns && step_has(&network->steps[s], i);
		engine->tensors[i] =
			t->at + (trained ? engine->state->trained : engine->state->buffers);
		engine->gradients[i] = trained ? engine->gradient + t->at : NULL;
		engine->block_at[i] = NO_BLOCK;
		if (!trained || whole)
			continue;
		engine->block_at[i] = engine->block_size;
		engine->block_size += (t->size + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
	}
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
				.block_at = engine->block_at[i] + at,
				.tensor = i,
			};
	}
	return 0;
}

/* The slices whose gradients the steps of a backward stretch write. */
static int stretch_folds(struct engine *engine, struct stretch *stretch, struct err *err)
{
	const struct network *network = engine->network;

	stretch->folds =
		arena_take(&engine->arena, (size_t)engine->n_slices * sizeof *stretch->folds, err);
	if (!stretch->folds)
		return -1;
	for (int i = 0; i < engine->n_slices; i++) {
		int tensor = engine->slices[i].tensor;
		bool writes = false;

		for (int s = stretch->back_first; s < stretch->back_end; s++)
			writes |= step_has(&network->steps[s], tensor);
		if (writes && engine->block_at[tensor] != NO_BLOCK)
			stretch->folds[stretch->n_folds++] = i;
	}
	return 0;
}

static struct stretch *stretch_new(struct stretches *list, int forward, int back)
{
	struct stretch *s = &list->at[list->n++];

	*s = (struct stretch){.first = forward,
		.end = forward,
		.met = -1,
		.back_first = back,
		.back_end = back,
		.meet = -1};
	return s;
}

/* Forward; `all`: with the meetings of training. Returns the last stretch. */
static struct stretch *stretches_forward(
	struct stretches *list, const struct network *network, bool all)
{
	struct stretch *s = stretch_new(list, 0, network->n_steps);

	s->load = true;
	for (int i = 0; i < network->n_steps; i++) {
		const struct step *step = &network->steps[i];

		s->end = i + 1;
		if (!step->ops->meet || !(all || step->columns))
			continue;
		s->meet = i;
		s = stretch_new(list, i + 1, network->n_steps);
	}
	s->loss = true;
	return s;
}

/* Backward, from the end of stretch s on. */
static void stretches_back(struct stretches *list, const struct network *network, struct stretch *s)
{
	for (int i = network->n_steps - 1; i >= 0; i--) {
		const struct step *step = &network->steps[i];

		s->back_first = i;
		if (!step->ops->meet_back || !engine_runs_back(network, step))
			continue;
		s->meet = i;
		s->back = true;
		s = stretch_new(list, network->n_steps, i);
		s->met = i;
	}
	s->last = true;
}

static int engine_stretches(struct engine *engine, struct err *err)
{
	const struct network *network = engine->network;
	size_t n = (size_t)network->n_steps + 1;
	struct stretches *training = &engine->training, *evaluation = &engine->evaluation;

	training->at = arena_take(&engine->arena, 2 * n * sizeof *training->at, err);
	evaluation->at = arena_take(&engine->arena, n * sizeof *evaluation->at, err);
	if (!training->at || !evaluation->at)
		return -1;
	stretches_forward(evaluation, network, false);
	stretches_back(training, network, stretches_forward(training, network, true));
	for (int i = 0; i < training->n; i++)
		if (stretch_folds(engine, &training->at[i], err))
			return -1;
	return 0;
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
	engine->packed = engine_floats(engine, network->packed_size, err);
	engine->shared = engine_floats(engine, network->shared_size, err);
	engine->gradient = engine_floats(engine, network->n_trained, err);
	if (!engine->packed || !engine->shared || !engine->gradient ||
		engine_tensors(engine, err) || engine_slices(engine, err) ||
		engine_stretches(engine, err) || (network->blas && blas_open(err))) {
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
	engine_space_free(engine);
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

/* ---- a batch */

/* One slice of the stretch's gradient: first block, or sum so far, plus the others in order. */
static void fold_slice(void *context, int item, int worker)
{
	const struct job *job = context;
	struct engine *engine = job->engine;
	const struct slice *slice = &engine->slices[job->stretch->folds[item]];
	float *sum = engine->gradient + slice->at;
	struct lap lap = lap_start(engine, worker);

	if (job->first == 0)
		memcpy(sum, engine->blocks[0] + slice->block_at, slice->n * sizeof *sum);
	for (int b = job->first == 0; b < job->shards; b++)
		engine->kinds->accumulate(sum, engine->blocks[b] + slice->block_at, slice->n);
	lap_end(&lap, CLOCK_FOLD);
}

static void prepare_step(void *context, int item, int worker)
{
	const struct job *job = context;
	const struct step *step = &job->engine->network->steps[item];
	struct lap lap = lap_start(job->engine, worker);

	if (step->ops->prepare)
		step->ops->prepare(step, (const float *const *)job->engine->tensors,
			job->engine->packed + step->packed_at);
	lap_end(&lap, clock_of(item, CLOCK_PREPARE));
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
	int left = job->batch->n - job->window * SHARD, room = job->in_window * SHARD;
	int live = left < room ? left : room;
	struct meeting meeting = {.n_shards = job->in_window,
		.shards = engine->shards + job->window,
		.live = live,
		.columns = (live + GROUP - 1) / GROUP * GROUP,
		.shared = engine->shared + step->shared_at,
		.tensors = engine->tensors,
		.gradients = engine->gradients,
		.training = job->training};
	struct lap lap = lap_start(engine, worker);

	if (job->stretch->back)
		step->ops->meet_back(step, &meeting, item);
	else
		step->ops->meet(step, &meeting, item);
	lap_end(&lap,
		clock_of(job->stretch->meet, job->stretch->back ? CLOCK_BACKWARD : CLOCK_FORWARD));
}

/* The shards of a window through one stretch; in training in rounds of as many as there are
 * gradient blocks. */
static void run_stretch(struct job *job)
{
	struct engine *engine = job->engine;
	const struct stretch *stretch = job->stretch;
	int end = job->window + job->in_window;
	int round = job->training ? engine->n_blocks : job->in_window;

	for (job->first = job->window; job->first < end; job->first += job->shards) {
		job->shards = end - job->first < round ? end - job->first : round;
		team_for(engine->team, job->shards, engine_shard, job);
		team_for(engine->team, stretch->n_folds, fold_slice, job);
	}
	if (stretch->meet >= 0) {
		const struct step *step = &engine->network->steps[stretch->meet];

		team_for(engine->team, stretch->back ? step->slices_back : step->slices, meet_slice,
			job);
	}
}

/* All shards, `window` of them at a time. */
static void run_stretches(
	struct job *job, const struct stretches *stretches, int shards, int window)
{
	for (job->window = 0; job->window < shards; job->window += window) {
		int left = shards - job->window;

		job->in_window = left < window ? left : window;
		for (int i = 0; i < stretches->n; i++) {
			job->stretch = &stretches->at[i];
			run_stretch(job);
		}
	}
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
	run_stretches(&job, &engine->training, shards, shards);
	sum_shards(engine, shards, result);
	if (batch->norms)
		sum_norms(engine, shards, batch);
	return 0;
}

int engine_evaluate(struct engine *engine, const struct batch *batch, struct batch_result *result,
	struct err *err)
{
	struct job job = {.engine = engine, .batch = batch};
	int shards = (batch->n + SHARD - 1) / SHARD;

	if (job_begin(&job, shards, err))
		return -1;
	run_stretches(&job, &engine->evaluation, shards, job_together(&job) ? WINDOW : shards);
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
		.bias = engine->network->tensors[slice->tensor].role != TENSOR_WEIGHT};
	struct lap lap = lap_start(engine, worker);

	for (int i = 0; i < OPTIMIZER_STATES; i++)
		if (engine->state->moments[i])
			update.state[i] = engine->state->moments[i] + slice->at;
	kind->update(&update);
	lap_end(&lap, CLOCK_UPDATE);
}

void engine_update(struct engine *engine, const struct spec *optimizer, double lr)
{
	struct job job = {.engine = engine, .optimizer = optimizer, .lr = lr};

	engine->state->step++;
	team_for(engine->team, engine->n_slices, update_slice, &job);
	engine->prepared = false;
}
