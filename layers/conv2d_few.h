/*
 * conv2d_few -- the weight gradient of a convolution whose output has few elements.
 *
 * With 16 images side by side (conv2d_weight.c) each weight ends in 16 sums that must be added up
 * and stored: as dear as its products where a channel of the output has a few dozen elements. Here
 * channels lie side by side instead, those of dy
 *
 *     dw[o .. o + n][i][u][v] += dy[o .. o + n][p][q] x[i][p S - P + u D][q S - P + v D]
 *
 * or, where there are not many of them, those of x. One side is transposed to rows of channels,
 * each number of the other multiplies some of them, image by image. A weight is one sum, one chain
 * of fma from 0: over the groups of images, over the outputs p, q whose tap lies inside the image
 * (or where x is 0 beside it) row by row, over the live images of the group. That order is the
 * contract; sides, blocks and instruction sets do not show in the bits.
 *
 * Cost: one fma for 16 products, and a quarter of a cycle for each number that is transposed: those
 * of one side, and the gradient.
 */
#ifndef LAYERS_CONV2D_FEW_H
#define LAYERS_CONV2D_FEW_H

#include "layers/conv2d_weight.h"

/* Whether this way pays, and which channels lie side by side: by shape alone. */
enum conv2d_way PER_ISA(conv2d_few_way)(const struct conv2d_dims *dims);

/* The best cut for that way. */
struct conv2d_cut PER_ISA(conv2d_few_cut)(const struct conv2d_dims *dims);

/* Floats that conv2d_few_gradient needs at gradient->scratch behind conv2d_weight_input's copy. */
size_t PER_ISA(conv2d_few_scratch)(const struct conv2d_dims *dims);

/* All of the weight's gradient; dy is there. */
void PER_ISA(conv2d_few_gradient)(
	const struct conv2d_dims *dims, const struct conv2d_gradient *gradient);

#endif
