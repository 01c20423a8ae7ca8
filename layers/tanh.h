/*
 * tanh -- the hyperbolic tangent: squashes each number into (-1, 1).
 *
 *     y = (e^x - e^-x) / (e^x + e^-x)        dx = dy (1 - y^2)
 *
 * shape    any; kept
 * options  none
 * fails    never; for large |x| y is -1 or 1 and the gradient vanishes
 * cost     one e^x, one division and a polynomial a number forward; backward reads y
 * source   d2l 4.1.2.3
 * checks   tests/unit/test_layers.c against tests/ref/ref_pointwise.c
 */
#ifndef LAYERS_TANH_H
#define LAYERS_TANH_H

#include "layers/pointwise.h"

void PER_ISA(tanh_forward)(float *y, const float *x, const struct pointwise *dims);
void PER_ISA(tanh_backward)(
	float *dx, const float *dy, const float *y, const struct pointwise *dims);

#endif
