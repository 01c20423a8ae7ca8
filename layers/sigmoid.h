/*
 * sigmoid -- the logistic function: squashes each number into (0, 1).
 *
 *     y = 1 / (1 + e^-x)        dx = dy y (1 - y)
 *
 * shape    any; kept
 * options  none
 * fails    never; for large |x| y is 0 or 1 and the gradient vanishes, without overflow
 * cost     one e^x and one division a number forward; backward reads y
 * source   d2l 4.1.2.2; the activation of LeNet (d2l 6.6)
 * checks   tests/unit/test_layers.c against tests/ref/ref_pointwise.c
 */
#ifndef LAYERS_SIGMOID_H
#define LAYERS_SIGMOID_H

#include "layers/pointwise.h"

void PER_ISA(sigmoid_forward)(float *y, const float *x, const struct pointwise *dims);
void PER_ISA(sigmoid_backward)(
	float *dx, const float *dy, const float *y, const struct pointwise *dims);

#endif
