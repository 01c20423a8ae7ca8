/* engine_space -- the memory of the engine: workspaces, gradient blocks, what each shard leaves. */
#include "layers/network/engine_inside.h"

#include <string.h>
#include <sys/mman.h>

float *engine_floats(struct engine *engine, size_t n, struct err *err)
{
	return arena_take(&engine->arena, (n + ALIGN_FLOATS) * sizeof(float), err);
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

		engine->blocks[b] = engine_floats(engine, engine->block_size, err);
		engine->block_tensors[b] = tensors;
		if (!engine->blocks[b] || !tensors)
			return -1;
		for (int i = 0; i < network->n_tensors; i++)
			if (engine->block_at[i] != NO_BLOCK)
				tensors[i] = engine->blocks[b] + engine->block_at[i];
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
	engine->partial = engine_floats(engine, n * network->partial_size, err);
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
	size_t bytes = (engine->block_size + 1) * sizeof(float);
	size_t most = engine->limit / bytes + 1, threads = (size_t)team_size(engine->team);

	if (threads == 1) /* nobody waits between rounds, and one block stays in the cache */
		return 1;
	if (most < threads)
		most = threads;
	return (size_t)shards < most ? shards : (int)most;
}

/* The batch's matrices. Rows do not lie a power of two apart, which would crowd few sets of a
 * cache.
 */
static int engine_columns(struct engine *engine, size_t images, struct err *err)
{
	engine->row = 0;
	engine->columns =
		engine_floats(engine, engine->network->columns_size * (images + ALIGN_FLOATS), err);
	if (!engine->columns)
		return -1;
	engine->row = images + ALIGN_FLOATS;
	return 0;
}

int engine_reserve(struct engine *engine, int shards, bool training, struct err *err)
{
	const struct network *network = engine->network;
	int spaces = team_size(engine->team), blocks = training ? blocks_wanted(engine, shards) : 0;
	int together = training || shards < WINDOW ? shards : WINDOW;

	if ((training ? network->couples : network->whole_batch) && together > spaces)
		spaces = together;
	if (network->columns_size && (training || network->whole_batch) &&
		engine->row < (size_t)together * SHARD &&
		engine_columns(engine, (size_t)together * SHARD, err))
		return -1;
	if (engine->n_workspaces < spaces && engine_workspaces(engine, spaces, err))
		return -1;
	if (engine->n_shards < shards && engine_shards(engine, shards, err))
		return -1;
	return engine->n_blocks < blocks ? engine_blocks(engine, blocks, err) : 0;
}

void engine_space_free(struct engine *engine)
{
	for (int i = 0; i < engine->n_workspaces; i++)
		if (engine->workspaces[i].block)
			munmap(engine->workspaces[i].block, workspace_bytes(engine->network));
}
