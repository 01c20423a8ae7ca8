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

enum linear_blas { LINEAR_BLAS_WIDE, LINEAR_BLAS_NEVER, LINEAR_BLAS_ALWAYS };

struct linear {
	int out_features;
	bool bias;
	int blas; /* enum linear_blas: whether it is a whole-batch step (linear_wide.h) */
};

#endif
