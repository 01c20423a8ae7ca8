/*
 * leaky_relu -- a rectified linear unit that lets a little of the negative side through.
 *
 *     y = x where x > 0, else a x        dx = dy where x > 0, else a dy        a = negative_slope
 *
 * shape    any; kept
 * options  negative_slope (0.01): any number
 * fails    never; NaN stays NaN
 * cost     one comparison and one product a number
 * source   Maas, Hannun, Ng: Rectifier Nonlinearities Improve Neural Network Acoustic Models (2013)
 * checks   tests/unit/test_layers.c against tests/ref/ref_pointwise.c
 */
#ifndef LAYERS_LEAKY_RELU_H
#define LAYERS_LEAKY_RELU_H

#include "layers/pointwise.h"

struct leaky_relu {
	double negative_slope;
};

/* dims->option is the slope. */
void PER_ISA(leaky_relu_forward)(float *y, const float *x, const struct pointwise *dims);
void PER_ISA(leaky_relu_backward)(
	float *dx, const float *dy, const float *x, const struct pointwise *dims);

#endif
