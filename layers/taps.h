/*
 * taps -- the multiply kernel of conv2d: weighted sums over lists of taps.
 *
 * An output element of a convolution is a sum over channels and taps of a weight times an input
 * element; so is an element of the gradient of its input, over the output's channels. Elements
 * whose taps lie alike (the inside of an image, one corner of it ...) share one list and differ
 * only in where they start: each such element of one group of 16 images is a *stream*. The kernel
 * works on a block of up to TAPS_BLOCK output channels and a few streams, all in registers:
 *
 *     out[s][c] = bias[c] + sum over channels k, taps t of
 *                 weight[k * weight_step + tap[t].weight + c] * in[s][k * in_step + tap[t].at]
 *
 * each a vector of 16 images. The sum runs over k, then t, with one fma each, whatever the
 * instruction set and the blocking, so its bits are the same. No padding is stored or multiplied.
 * Cost: one fma a product; measured near the machine's fma limit where the sums are long.
 */
#ifndef LAYERS_TAPS_H
#define LAYERS_TAPS_H

#include "layers/layer.h"

enum { TAPS_BLOCK = 6 };

/* In floats: from its stream's start, and from the start of the channel's weights. */
struct tap {
	int at, weight;
};

struct taps {
	int n; /* of a channel; 0 makes sums of nothing: the bias */
	const struct tap *tap;
};

struct taps_work {
	int channels;        /* summed over */
	size_t in_step;      /* floats from one of them to the next */
	const float *weight; /* packed: [channel][tap][output channel] */
	size_t weight_step;  /* floats from one channel's to the next's */
	const float *bias;   /* block of them; NULL: 0 */
	int block;           /* output channels, 1 .. TAPS_BLOCK */
	size_t out_step;     /* floats from one output channel to the next */
	bool more;           /* the sums go on from what out holds */
};

/* Computes n streams; in[s] and in_step are 64-byte aligned, out[s] need not be. */
void PER_ISA(taps_sum)(const struct taps_work *work, const struct taps *taps, int n,
	const float *const *in, float *const *out);

/* How many output channels the next block has when `left` of them remain: nearly equal blocks. */
static inline int taps_block(int left)
{
	int blocks = (left + TAPS_BLOCK - 1) / TAPS_BLOCK;

	return (left + blocks - 1) / blocks;
}

#endif
