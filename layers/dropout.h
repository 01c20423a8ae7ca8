/*
 * dropout -- while training, sets each number to 0 with probability p and scales the others up.
 *
 *     y = x k / (1 - p)        dx = dy k / (1 - p)        k = 0 with probability p, else 1
 *
 * In evaluation y = x. The random numbers depend on the run's seed, the step, the epoch, the
 * image's position in the epoch and the element (core/rng.h): not on threads, shards or
 * interruptions.
 *
 * shape    any; kept
 * options  p (0.5): at least 0, less than 1; with 0 there is no step at all
 * fails    never
 * cost     a random word a number, forward and again backward: k is not stored
 * source   d2l 4.6; Srivastava et al. 2014, in the inverted form
 * checks   tests/unit/test_layers.c against tests/ref/ref_pointwise.c
 */
#ifndef LAYERS_DROPOUT_H
#define LAYERS_DROPOUT_H

#include "layers/core/rng.h"
#include "layers/layer.h"

struct dropout {
	double p;
};

struct dropout_dims {
	size_t elements;    /* of an image */
	uint32_t threshold; /* an element is kept when its random word is at least this: p 2^32 */
	float scale;        /* 1 / (1 - p) */
};

/* out = in k / (1 - p) for one group, whose first image is at rng->position: forward and backward.
 */
void PER_ISA(dropout_apply)(
	float *out, const float *in, const struct dropout_dims *dims, const struct rng *rng);

#endif
