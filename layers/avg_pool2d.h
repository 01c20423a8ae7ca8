/*
 * avg_pool2d -- the mean of each window, as torch.nn.AvgPool2d.
 *
 *     y[c][p][q] = sum over taps (u, v) of x[c][p S - P + u][q S - P + v] / n
 *
 * n counts the taps inside the image and its padding, whose zeros are part of the mean; where
 * ceil_mode lets a window hang over beyond the padding, those taps do not count. Without
 * count_include_pad, n counts the taps inside the image only. The gradient spreads dy / n over the
 * window; where windows overlap, an element gets the sum, in the order of the windows.
 *
 * shape    pool.h
 * options  kernel_size, stride (kernel_size), padding (0), ceil_mode (false),
 *          count_include_pad (true)
 * fails    pool.h
 * cost     K_h K_w additions and one product an output, forward and backward; the product is with
 *          1 / n, which is exact for windows of 2, 4, 8 ... taps
 * source   d2l 6.5; LeNet's pooling (d2l 6.6)
 * checks   tests/unit/test_layers.c against tests/ref/ref_window.c
 */
#ifndef LAYERS_AVG_POOL2D_H
#define LAYERS_AVG_POOL2D_H

#include "layers/pool.h"

struct avg_pool2d {
	struct pool_window window;
	bool count_include_pad;
};

#endif
