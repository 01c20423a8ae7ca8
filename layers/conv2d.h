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

#include "layers/conv2d_weight.h"
#include "layers/core/axis.h"
#include "layers/taps.h"

struct conv2d {
	int out_channels;
	struct pair kernel_size, stride, dilation;
	struct padding padding;
	int groups;
	bool bias;
};

/* One direction: how elements of `to` are summed from elements of `from`. */
struct conv2d_direction {
	struct shape from, to;
	int from_group, to_group; /* channels of one convolution group */
	struct axis y, x;
	struct taps *taps; /* [y.n][x.n] */
	size_t packed;     /* offset of its weights */
	int strip;         /* rows of `to` that are summed in one go */
};

struct conv2d_dims {
	int k_h, k_w, groups;
	bool bias;
	struct window y, x;
	struct conv2d_direction forward, backward;
	struct conv2d_weight weight;
};

/* step_ops.prepare of a step whose dims begin with conv2d_dims. */
void PER_ISA(conv2d_prepare)(const struct step *step, const float *const *tensors, float *packed);

/* Rows first .. end - 1 of all channels of `to`, which starts in row `top`; its channels lie
 * `plane` floats apart. */
struct conv2d_rows {
	struct view to;
	size_t plane;
	int top, first, end;
};

/* These rows, in all groups of images; packed and bias (or NULL) of this direction. */
void PER_ISA(conv2d_sum)(const struct conv2d_dims *dims, const struct conv2d_direction *d,
	const struct conv2d_rows *rows, struct view from, int groups, const float *packed,
	const float *bias);

/* All of the input's gradient. */
void PER_ISA(conv2d_input_gradient)(const struct conv2d_dims *dims, struct view dx, struct view dy,
	int groups, const float *packed);

#endif
