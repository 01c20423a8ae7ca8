/*
 * engine_inside -- what the files of the engine (engine.h) share: engine.c runs batches,
 * engine_shard.c takes one shard through the steps, engine_space.c has the memory for it,
 * engine_time.c takes the times.
 *
 * DESIGN. What a thread needs to take a shard through the steps is a *workspace*: room for the
 * values and gradients of one shard. Threads own one each; where steps couple the images of a
 * batch, each shard has one, since its values must live across the meeting. Workspaces are mapped,
 * not cleared, so an unused one costs no memory. Gradient blocks belong to the shards of a round.
 *
 * A batch is a list of *stretches*: forward from one meeting to the next, then the loss, then
 * backward likewise; the last forward and the first backward stretch are one. In evaluation only
 * whole-batch steps meet; the images then come in windows, whose shards are held in memory
 * together. Nothing is allocated once a batch of the largest size has been seen.
 */
#ifndef LAYERS_NETWORK_ENGINE_INSIDE_H
#define LAYERS_NETWORK_ENGINE_INSIDE_H

#include "layers/core/clock.h"
#include "layers/network/engine.h"

enum {
	SHARD = SHARD_GROUPS * GROUP,
	SLICE = 16384, /* floats that one thread adds or updates at once */
	WINDOW = 8,    /* shards that meet in evaluation */
	ALIGN_FLOATS = 16
};

/* Steps first .. end - 1 forward, then the loss, then steps back_first .. back_end - 1 backward. */
struct stretch {
	bool load; /* first of all: the images */
	int first, end;
	bool loss;
	int met; /* step whose meet_back ended the stretch before; -1: none */
	int back_first, back_end;
	int n_folds, *folds; /* slices whose gradients the shards write on their way */
	int meet;            /* step that meets when all shards are through; -1: none */
	bool back;           /* meet_back rather than meet */
	bool last;           /* all is known of the shard when it is through */
};

struct stretches {
	int n;
	struct stretch *at;
};

struct workspace {
	float *block;                          /* owned, mapped */
	struct view *values, *value_gradients; /* by value */
	struct view *gradients;                /* by gradient buffer */
	float *scratch, *loss, *targets;
};

#define NO_BLOCK SIZE_MAX /* at block_at: the gradient is made in a meeting */

/* A part of one tensor: what a thread folds or updates at once. */
struct slice {
	size_t at, n;
	size_t block_at; /* where shards' gradients have it: there is no room for whole-batch ones
			  */
	int tensor;
};

struct engine {
	const struct network *network;
	const struct spec *loss;
	const struct kinds *kinds;
	struct state *state;
	struct team *team;

	struct stretches training, evaluation;
	int n_slices;
	struct slice *slices;
	float **tensors, **gradients; /* by tensor */
	float *packed, *shared, *gradient;

	int n_workspaces;
	struct workspace *workspaces;
	size_t limit;      /* bytes of gradient blocks */
	size_t block_size; /* floats of one */
	size_t *block_at;  /* by tensor: where a block has its gradient */
	int n_blocks;
	float **blocks;
	float ***block_tensors; /* [block][tensor] */
	int n_shards;           /* room in the arrays by shard: */
	struct work *shards;
	double *shard_loss;
	int *shard_correct;
	float *partial, *columns;
	size_t row;          /* images that `columns` has room for */
	double *shard_norms; /* [shard][2][row] */
	bool prepared;       /* packed fits the weights */
	int64_t *clocks;     /* [worker][clock_places], enum clock; NULL: no times are taken */
	size_t clock_places;
	struct arena arena;
};

/* What the threads share while a batch runs. */
struct job {
	struct engine *engine;
	const struct batch *batch;
	const struct stretch *stretch;
	bool training;
	int window; /* first shard of those that go through the stretches together */
	int in_window;
	int first;  /* shard of the round's first item */
	int shards; /* of the round */
	const struct spec *optimizer;
	double lr;
};

/* All shards of a window are in memory together: some of the steps couple them. */
static inline bool job_together(const struct job *job)
{
	const struct network *network = job->engine->network;

	return job->training ? network->couples : network->whole_batch;
}

/* Nothing goes backward where no gradient arrives: behind a step that passes none on, or where
 * nothing is trained. What is trained there keeps a gradient of 0. */
static inline bool engine_runs_back(const struct network *network, const struct step *step)
{
	return step->ops->backward && (step->out < 0 || network->values[step->out].gradient >= 0);
}

/* ---- engine_space.c */

/* Zeroed floats that live as long as the engine. */
float *engine_floats(struct engine *engine, size_t n, struct err *err);

/* Room for batches of `shards` shards, and for training, if asked for. Grows only. */
int engine_reserve(struct engine *engine, int shards, bool training, struct err *err);

void engine_space_free(struct engine *engine);

/* ---- engine_shard.c */

/* A team_fn: shard job->first + item through job->stretch, its gradient into block `item`. */
void engine_shard(void *context, int item, int worker);

/* ---- engine_time.c */

/* What a worker's times are taken of: these, then for each step the three of enum step_clock. */
enum clock { CLOCK_LOAD, CLOCK_LOSS, CLOCK_ADD, CLOCK_FOLD, CLOCK_UPDATE, CLOCK_STEPS };
enum step_clock { CLOCK_PREPARE, CLOCK_FORWARD, CLOCK_BACKWARD, STEP_CLOCKS };

static inline int clock_of(int step, enum step_clock what)
{
	return CLOCK_STEPS + step * STEP_CLOCKS + (int)what;
}

/* A worker's stopwatch: each lap_end counts the time since the one before it, or lap_start. */
struct lap {
	int64_t *clock; /* NULL: no times are taken */
	int64_t since;
};

static inline struct lap lap_start(const struct engine *engine, int worker)
{
	if (!engine->clocks)
		return (struct lap){0};
	return (struct lap){engine->clocks + (size_t)worker * engine->clock_places, clock_ns()};
}

static inline void lap_end(struct lap *lap, int place)
{
	int64_t now;

	if (!lap->clock)
		return;
	now = clock_ns();
	lap->clock[place] += now - lap->since;
	lap->since = now;
}

#endif
