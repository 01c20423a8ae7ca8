/*
 * state -- the numbers of a run that training changes: weights, buffers and the optimizer's memory.
 *
 * They lie in one block, so that a checkpoint is one write and a hash one pass:
 * trained tensors | buffers | optimizer state 0 | optimizer state 1.
 */
#ifndef LAYERS_NETWORK_STATE_H
#define LAYERS_NETWORK_STATE_H

#include "layers/network/network.h"
#include "layers/optimizer.h"

struct state {
	size_t n;                         /* floats of the block */
	float *trained;                   /* owned: the start of the block */
	float *buffers;                   /* behind it */
	float *moments[OPTIMIZER_STATES]; /* NULL where the optimizer needs none */
	int64_t step;                     /* updates so far */
};

/* All zero; init_network (init.h) fills the tensors. There is as much memory for the optimizer as
 * its options need; NULL: none. */
int state_new(struct state *state, const struct network *network, const struct spec *optimizer,
	struct err *err);
void state_release(struct state *state);

#endif
