/*
 * engine -- runs batches through a network, on all threads of a team, with the same bits on any
 * number of them.
 *
 * A batch is cut into shards of SHARD_GROUPS groups of 16 images. A thread takes a shard through a
 * stretch of steps, depth first; between stretches all shards meet where a step couples the images.
 * Each shard writes a gradient of its own; these are added in the order of the shards,
 * ((g0 + g1) + g2) + ..., in rounds of as many shards as the memory budget has blocks for, which
 * changes when a sum is made but never its order.
 */
#ifndef LAYERS_NETWORK_ENGINE_H
#define LAYERS_NETWORK_ENGINE_H

#include "layers/core/team.h"
#include "layers/network/state.h"

/* Where images come from. Rows lie one after the other; one of pixels and inputs is set, one of
 * labels and targets (or none, for the forward pass alone). All borrowed. */
struct examples {
	const uint8_t *pixels;
	const struct pixel_values *values; /* what they become */
	const float *inputs;
	const uint8_t *labels;
	const float *targets; /* as many for each image as the network has outputs */
};

struct batch {
	const struct examples *examples;
	const int32_t *index; /* rows of the images, n of them; NULL: rows 0 .. n - 1 */
	int n;
	uint64_t seed;     /* for dropout and the like: */
	uint32_t epoch;    /*   from 0 */
	uint32_t position; /*   of the first image in the epoch */

	/* Asked for by tests and `expect`; NULL: not wanted. Image by image, C x H x W. */
	const float *output_gradient; /* in: takes the loss's place */
	float *outputs;               /* out */
	float *input_gradient;        /* out; needs network_request.input_gradient */
	uint8_t *predicted;           /* out: class numbers */
	struct norms *norms;          /* out; needs network_request.unfused */
};

struct batch_result {
	double loss; /* sum over the images */
	int correct; /* images whose label is predicted; 0 without labels */
};

/* By row of the network: sums of squares over the batch, of each layer's output and of the loss's
 * gradient with respect to it, and their numbers of elements. */
struct norms {
	double *output, *gradient; /* n_rows each */
	int64_t *elements;
};

/* Where the time goes: nanoseconds of work, added up over the threads; waiting is in none. */
struct step_times {
	int64_t prepare, forward, backward; /* the last two with the step's meetings */
};

struct engine_times {
	int64_t load, loss;       /* images into the input; the loss and its gradient */
	int64_t add;              /* gradients of values that several steps read */
	int64_t fold, update;     /* the shards' gradients into one; the optimizer */
	struct step_times *steps; /* of the network, in the caller's memory; NULL: not wanted */
};

struct engine;

/* All but `engine` and `err` are borrowed until engine_free. loss NULL kind: none; then only
 * batches with output_gradient train. `state` must not move; once a batch has run, only
 * engine_update may change its weights. */
int engine_new(struct engine **engine, const struct network *network, const struct spec *loss,
	struct state *state, struct team *team, struct err *err);
void engine_free(struct engine *engine);

/* Before the first batch: how much memory gradient blocks may take together (default 256 MB; at
 * least one for each thread is made). The bits of no result depend on it. */
void engine_limit(struct engine *engine, size_t bytes);

/* Forward, loss and backward in training mode: leaves the gradient of the batch's mean loss in
 * engine_gradient. -1 only when memory is out. */
int engine_backward(struct engine *engine, const struct batch *batch, struct batch_result *result,
	struct err *err);

/* The gradient, laid out as state->trained. */
const float *engine_gradient(const struct engine *engine);

/* One step of the optimizer with that gradient; counts state->step. */
void engine_update(struct engine *engine, const struct spec *optimizer, double lr);

/* Forward and loss in evaluation mode, any number of images. */
int engine_evaluate(struct engine *engine, const struct batch *batch, struct batch_result *result,
	struct err *err);

/* From now on times are taken: a reading of the clock for each step and shard. */
int engine_time(struct engine *engine, struct err *err);

/* The times since engine_time or the last call of this. */
void engine_times(struct engine *engine, struct engine_times *times);

#endif
