/*
 * conv2d -- two-dimensional convolution (cross-correlation), as torch.nn.Conv2d.
 *
 *     y[o][p][q] = b[o] + sum over i, u, v of w[o][i][u][v] x[i][p S - P + u D][q S - P + v D]
 *
 * with x = 0 outside the image; i runs over the C / groups input channels of o's group.
 * Shapes: x C x H x W; y O x OH x OW, OH = floor((H + P_top + P_bottom - D (K_h - 1) - 1) / S_h) +
 * 1; w O x C/groups x K_h x K_w; b O. padding `same`: OH = ceil(H / S_h), the odd row at the
 * bottom. Gradients: dw[o][i][u][v] = sum over p, q and images of dy x; db = sum of dy; dx gathers,
 * for each input element, the outputs that saw it. Fails: an input without height and width, groups
 * that do not divide the channels, a window larger than the padded input, or one of hundreds of
 * columns that meets the borders in more ways than there is room for. Memory: the weights twice,
 * packed (forward, backward); nothing for padding. Cost: K_h K_w C/groups O OH OW multiplications
 * an image, less at the borders, where no zeros are multiplied; backward twice that (once for a
 * first layer). Source: d2l 6.2-6.4; LeCun et al. 1998. Checked by tests/unit/test_layers.c.
 */
#ifndef LAYERS_CONV2D_H
#define LAYERS_CONV2D_H

#include "layers/layer.h"

struct conv2d {
	int out_channels;
	struct pair kernel_size, stride, dilation;
	struct padding padding;
	int groups;
	bool bias;
};

/* Sizes of a weight gradient's block: taps (input channel and column of the window) and output
 * channels. The taps decide the order of the sum, so they are the same for all instruction sets. */
enum { CONV2D_TAPS = 6, CONV2D_CHANNELS = 4 };

/* One block of the weight gradient over a rectangle of output elements and all groups of images:
 * sum[c][t][lane] += dy[c] * x[t]. */
struct conv2d_block {
	int channels, taps;
	const float
		*dy[CONV2D_CHANNELS]; /* first element of the rectangle in each output channel */
	const float *x[CONV2D_TAPS];  /* the input element that it meets through each tap */
	int groups, rows, columns;
	size_t dy_group, dy_row, x_group, x_row, x_column; /* floats between neighbours */
	float (*sum)[CONV2D_TAPS][GROUP];
};

void PER_ISA(conv2d_weight_block)(const struct conv2d_block *block);

#endif
