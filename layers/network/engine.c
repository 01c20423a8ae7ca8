/* engine -- see engine.h, and engine_inside.h for how it works. */
#include "layers/network/engine_inside.h"

#include <stdlib.h>
#include <string.h>

#include "layers/network/isa.h"

enum { GRADIENT_BYTES = 256 << 20 }; /* of gradient blocks, unless engine_limit says otherwise */

/* ---- building */

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

/* Floats of the stretch's gradient, one slice: first block, or sum so far, plus the others in
 * order. */
static void fold_slice(void *context, int item, int worker)
{
	const struct job *job = context;
	struct engine *engine = job->engine;
	size_t at = job->stretch->gradient_at + (size_t)item * SLICE;
	size_t left = job->stretch->gradient_end - at, n = left < SLICE ? left : SLICE;
	struct lap lap = lap_start(engine, worker);

	if (job->first == 0)
		memcpy(engine->gradient + at, engine->blocks[0] + at, n * sizeof(float));
	for (int b = job->first == 0; b < job->shards; b++)
		engine->kinds->accumulate(engine->gradient + at, engine->blocks[b] + at, n);
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
	struct meeting meeting = {.n_shards = (job->batch->n + SHARD - 1) / SHARD,
		.shards = engine->shards,
		.live = job->batch->n,
		.shared = engine->shared + step->shared_at,
		.tensors = engine->tensors};
	struct lap lap = lap_start(engine, worker);

	if (job->stretch->back)
		step->ops->meet_back(step, &meeting, item);
	else
		step->ops->meet(step, &meeting, item);
	lap_end(&lap,
		clock_of(job->stretch->meet, job->stretch->back ? CLOCK_BACKWARD : CLOCK_FORWARD));
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
		team_for(engine->team, job->shards, engine_shard, job);
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
	team_for(engine->team, shards, engine_shard, &job);
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
