/*
 * linear -- the fully connected layer, as torch.nn.Linear.
 *
 *     y[o] = b[o] + sum over i of w[o][i] x[i]
 *
 * Shapes: x I; y O; w O x I; b O. Gradients: dw = sum over images of dy x^T, db = sum of dy,
 * dx = w^T dy. Fails on an image that is not flattened (a `linear` over the last axis of an image
 * would be something else). Memory: for the weight gradient a shard's input,
 * transposed. Cost: I O multiplications an image, backward twice that.
 * Source: d2l 3.1 and 4.1. Checked by tests/unit/test_layers.c.
 */
#ifndef LAYERS_LINEAR_H
#define LAYERS_LINEAR_H

#include "layers/layer.h"

/* Shard by shard; the weights' gradient, or all, over the whole batch (linear_wide.h); so by
 * OpenBLAS (linear_blas.h). Auto: one of the first three, as the shape is. */
enum linear_compute { LINEAR_AUTO, LINEAR_SHARDS, LINEAR_GRADIENT, LINEAR_BATCH, LINEAR_OPENBLAS };

struct linear {
	int out_features;
	bool bias;
	int compute; /* enum linear_compute */
};

#endif
