/*
 * relu -- rectified linear unit.
 *
 *     y = max(x, 0)        dx = dy where x > 0, else 0
 *
 * shape    any; kept
 * options  none
 * fails    never; NaN stays NaN
 * cost     one comparison a number
 * source   d2l 4.1.2.1
 * checks   tests/unit/test_layers.c against tests/ref/ref_pointwise.c
 */
#ifndef LAYERS_RELU_H
#define LAYERS_RELU_H

#include "layers/pointwise.h"

void PER_ISA(relu_forward)(float *y, const float *x, const struct pointwise *dims);
void PER_ISA(relu_backward)(
	float *dx, const float *dy, const float *y, const struct pointwise *dims);

#endif
