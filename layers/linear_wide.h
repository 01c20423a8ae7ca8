/*
 * linear_wide -- the wide fully connected layer: linear.h's sums over the whole batch at once.
 *
 * The weights of a wide layer do not fit a cache. Shard by shard they would stream through it for
 * every 32 images, each shard would write a gradient as large, and these would have to be added. So
 * the layer is a whole-batch step (layer.h): one meeting makes y = W x + b for all images, another
 * dW = dy x^T and dx = W^T dy, each cut into slices of rows. A slice packs its rows (panel.h) and
 * multiplies them with the images where they lie, in groups; dW wants x transposed, which the
 * shards do. Where the weights do fit the second cache, only dW is made in a meeting: y and dx
 * then stay with the thread that has the shard, and evaluation needs no meeting.
 *
 * Every sum is one chain of fma, over features or over images in ascending order, begun with the
 * bias in y and with 0 elsewhere: the bits are the same for all instruction sets with fma, all
 * threads, windows of evaluation, and both of these ways.
 *
 * OpenBLAS (linear_blas.h) is slower by 24 % (784 -> 512), 18 % (784 -> 1024), 16 % (1024 -> 1024)
 * and 8 % (4096 -> 4096): forward and backward of 256 images on one thread of a Xeon with AVX-512,
 * `runner time -j1` with `compute: openblas` and `batch` in the layer. Hence nothing is computed
 * by it unless a user says so.
 *
 * Memory: I floats an image of the batch. Cost: I O multiplications an image, backward twice that.
 * Checked by tests/unit/test_engine.c (bits) and test_layers.c.
 */
#ifndef LAYERS_LINEAR_WIDE_H
#define LAYERS_LINEAR_WIDE_H

#include "layers/linear.h"

enum { LINEAR_GRADIENT_WEIGHTS = 1 << 16, LINEAR_BATCH_WEIGHTS = 1 << 18 };

/* By shape alone, so that a network's bits do not depend on the machine's speed. Measured likewise:
 * from 65,536 weights on the gradient by batch makes training 1.0 to 1.3 times as fast as shards
 * do, from 262,144 on the whole layer by batch 1.4 to 1.9 times. */
static inline enum linear_compute linear_by_shape(int in, int out)
{
	int64_t weights = (int64_t)in * out;

	if (weights >= LINEAR_BATCH_WEIGHTS)
		return LINEAR_BATCH;
	return weights >= LINEAR_GRADIENT_WEIGHTS ? LINEAR_GRADIENT : LINEAR_SHARDS;
}

/* Makes `step`, whose tensors are declared (weight, then bias where there is one), such a step;
 * `gradient`: all but the weights' gradient is made shard by shard. */
int PER_ISA(linear_wide)(
	struct plan *plan, struct step *step, int in, int out, bool gradient, struct err *err);

#endif
