/*
 * conv2d_weight -- the gradients of a convolution's weight and bias.
 *
 *     dw[o][i][u][v] = sum of dy[o][p][q] x[i][p S - P + u D][q S - P + v D]
 *     db[o]          = sum of dy[o][p][q]
 *
 * over the groups of images in order, then over the rows p for which the tap's row lies inside the
 * image, then over all columns q, where x beside the image is 0; each of the 16 lanes has a sum of
 * its own, and group_sum adds them. That order is the whole contract: blocks, tiles and instruction
 * sets do not show in the bits.
 *
 * Cost: one fma a product. Sums are kept in registers, in blocks of some output channels x some
 * taps; what a block reads is cut into tiles of rows that stay in the first-level cache. Where
 * columns lie beside the image, the input is copied once with its zeros.
 * Checked by tests/unit/test_layers.c.
 */
#ifndef LAYERS_CONV2D_WEIGHT_H
#define LAYERS_CONV2D_WEIGHT_H

#include "layers/layer.h"

struct conv2d_dims;

/* The outputs first .. end - 1. */
struct conv2d_range {
	int first, end;
};

/* How the work is cut, by shape and instruction set; worked out by conv2d_weight_plan. */
struct conv2d_weight {
	int in_block;                    /* input channels whose taps are taken together */
	int taps;                        /* that a kernel takes, at most */
	int channels;                    /* output channels, likewise */
	const struct conv2d_range *rows; /* [K_h]: the outputs whose tap row is in the image */
	int width;   /* of a row as read: of the copy, or of the image where there is none */
	bool copies; /* the input, to have zeros beside it */
};

/* Once dims' windows and directions are known. */
int PER_ISA(conv2d_weight_plan)(struct plan *plan, struct conv2d_dims *dims, struct err *err);

/* Floats of scratch that conv2d_weight_gradient needs. */
size_t PER_ISA(conv2d_weight_scratch)(const struct conv2d_dims *dims);

/* Where dy comes from when it is not there yet: makes rows `first` .. of output channels channel ..
 * channel + n - 1 in one group of images, at least `want` rows or all that are left, and returns
 * the row behind the last. Each row of each channel is asked for once, in order. */
struct conv2d_source {
	int (*make)(const struct conv2d_source *source, int group, int channel, int n, int first,
		int want);
};

/* One shard. source NULL: dy is there. db NULL: there is no bias. */
struct conv2d_gradient {
	struct view x, dy;
	int groups;
	const struct conv2d_source *source;
	float *dw, *db, *scratch;
};

void PER_ISA(conv2d_weight_gradient)(
	const struct conv2d_dims *dims, const struct conv2d_gradient *gradient);

#endif
