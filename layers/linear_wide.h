/*
 * linear_wide -- the wide fully connected layer: linear.h's sums, for the whole batch at once.
 *
 * The weights of a wide layer do not fit a cache. Shard by shard they would stream through it for
 * every 32 images, each shard would write a gradient as large, and these would have to be added. So
 * the layer is a whole-batch step (layer.h): its meetings make y = W x + b for all images, then
 * dW = dy x^T and dx = W^T dy, each cut into slices of rows. A slice packs its rows (panel.h) and
 * multiplies them with the images where they lie, in groups; only dW needs x transposed, which the
 * first meeting does. Every sum is one chain of fma, over features or over images in ascending
 * order, begun with the bias in y and with 0 elsewhere: the bits are the same for all instruction
 * sets with fma, threads, batches and windows of evaluation.
 *
 * OpenBLAS (linear_blas.h) is the alternative, and slower by 24 % (784 -> 512), 18 % (784 -> 1024),
 * 16 % (1024 -> 1024) and 8 % (4096 -> 4096): forward and backward of 256 images on one thread of
 * a Xeon with AVX-512, medians of `runner time` with the layer's `compute: openblas` and `batch`.
 * Hence nothing is computed by it unless a user says so.
 *
 * Memory: I floats an image of the batch. Cost: I O multiplications an image, backward twice that.
 * Checked by tests/unit/test_engine.c (bits) and test_layers.c.
 */
#ifndef LAYERS_LINEAR_WIDE_H
#define LAYERS_LINEAR_WIDE_H

#include "layers/layer.h"

enum { LINEAR_WIDE_WEIGHTS = 1 << 18 };

/* By shape alone, so that a network's bits do not depend on the machine's speed. Measured as above:
 * from here on both training (1.5 times as fast) and inference (1.2 times) gain by it, on one
 * thread and on two. */
static inline bool linear_is_wide(int in, int out)
{
	return (int64_t)in * out >= LINEAR_WIDE_WEIGHTS;
}

/* Makes `step`, whose tensors are declared (weight, then bias where there is one), such a step. */
int PER_ISA(linear_wide)(struct plan *plan, struct step *step, int in, int out, struct err *err);

#endif
