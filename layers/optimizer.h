/*
 * optimizer -- the contract of the optimizers: one loop over a stretch of the trained block.
 *
 * All trained tensors lie in one block of floats, their gradients and `n_state` blocks of state
 * (zero at the start) likewise. `update` is called for stretches that together cover every tensor
 * exactly once a step, on any thread; it is elementwise, so the cut does not matter.
 */
#ifndef LAYERS_OPTIMIZER_H
#define LAYERS_OPTIMIZER_H

#include "layers/layer.h"

enum { OPTIMIZER_STATES = 2 };

struct update {
	const void *options;
	float *w;       /* in and out */
	const float *g; /* mean gradient of the batch */
	float *state[OPTIMIZER_STATES];
	size_t n;
	double lr;
	int64_t step; /* from 1 on */
	bool bias;    /* a bias or norm: decayed only where the options ask for it */
};

struct optimizer_kind {
	struct kind kind;
	int n_state; /* blocks of state, at most */

	/* How many of them these options need: state beyond is not touched and may be NULL. NULL:
	 * all n_state. */
	int (*states)(const void *options);
	void (*update)(const struct update *update);
};

static inline int optimizer_states(const struct spec *optimizer)
{
	const struct optimizer_kind *kind = (const struct optimizer_kind *)optimizer->kind;

	return kind->states ? kind->states(optimizer->options) : kind->n_state;
}

#endif
