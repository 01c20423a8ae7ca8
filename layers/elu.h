/*
 * elu -- exponential linear unit: smooth, and bounded by -alpha on the negative side.
 *
 *     y = x where x > 0, else alpha (e^x - 1)        dx = dy where x > 0, else dy (y + alpha)
 *
 * shape    any; kept
 * options  alpha (1.0): at least 0, so that y tells the sides apart
 * fails    never
 * cost     one e^x a number forward; backward reads y
 * source   Clevert, Unterthiner, Hochreiter: Fast and Accurate Deep Network Learning by Exponential
 *          Linear Units (2016)
 * checks   tests/unit/test_layers.c against tests/ref/ref_pointwise.c
 */
#ifndef LAYERS_ELU_H
#define LAYERS_ELU_H

#include "layers/pointwise.h"

struct elu {
	double alpha;
};

/* dims->option is alpha. */
void PER_ISA(elu_forward)(float *y, const float *x, const struct pointwise *dims);
void PER_ISA(elu_backward)(
	float *dx, const float *dy, const float *y, const struct pointwise *dims);

#endif
