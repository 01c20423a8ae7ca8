/*
 * linear_wide -- the wide fully connected layer: linear.h's sums, for the whole batch at once.
 *
 * The weights of a wide layer do not fit a cache. Shard by shard they would stream through it for
 * every 32 images, each shard would write a gradient as large, and these would have to be added. So
 * the layer is a whole-batch step (layer.h): images lie side by side as the columns of matrices
 * X (I x N) and Y (O x N), and the meetings are Y = W X + b, dW = dY X^T, dX = W^T dY, by OpenBLAS.
 * Its bits are then those of OpenBLAS's kernels.
 *
 * Memory: 2 I + O floats an image of the batch. Checked by tests/unit/test_layers.c.
 */
#ifndef LAYERS_LINEAR_WIDE_H
#define LAYERS_LINEAR_WIDE_H

#include "layers/layer.h"

enum { LINEAR_WIDE_SIDE = 256, LINEAR_WIDE_WEIGHTS = 1 << 19 };

/* By shape alone, so that a network's bits do not depend on the machine's speed. Measured: from
 * here on OpenBLAS is at least a quarter faster than linear.c, with large layers more than twice.
 */
static inline bool linear_is_wide(int in, int out)
{
	return in >= LINEAR_WIDE_SIDE && out >= LINEAR_WIDE_SIDE &&
	       (int64_t)in * out >= LINEAR_WIDE_WEIGHTS;
}

/* Makes `step`, whose tensors are declared (weight, then bias where there is one), such a step. */
int PER_ISA(linear_wide)(struct plan *plan, struct step *step, int in, int out, struct err *err);

#endif
