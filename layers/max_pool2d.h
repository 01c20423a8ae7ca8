/*
 * max_pool2d -- the largest number of each window, as torch.nn.MaxPool2d.
 *
 *     y[c][p][q] = max over taps (u, v) of x[c][p S - P + u D][q S - P + v D]
 *
 * Padding counts as -inf. The gradient goes to the first of the largest, in the order of rows;
 * where windows overlap, an element gets the sum, in the order of the windows.
 *
 * shape    pool.h
 * options  kernel_size, stride (kernel_size), padding (0), dilation (1), ceil_mode (false)
 * fails    pool.h
 * cost     K_h K_w comparisons an output forward and as many backward, which reads x and y
 * source   d2l 6.5
 * checks   tests/unit/test_layers.c against tests/ref/ref_window.c
 */
#ifndef LAYERS_MAX_POOL2D_H
#define LAYERS_MAX_POOL2D_H

#include "layers/pool.h"

struct max_pool2d {
	struct pool_window window;
};

#endif
