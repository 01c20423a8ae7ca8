/*
 * gelu -- Gaussian error linear unit: each number times the probability that a normal draw is less.
 *
 *     none   y = x F(x),  F(x) = (1 + erf(x / sqrt 2)) / 2
 *            dx = dy (F(x) + x e^(-x^2 / 2) / sqrt(2 pi))
 *     tanh   y = x (1 + t) / 2,  t = tanh(u),  u = sqrt(2 / pi) (x + 0.044715 x^3)
 *            dx = dy ((1 + t) / 2 + x (1 - t^2) / 2 * sqrt(2 / pi) (1 + 0.134145 x^2))
 *
 * shape    any; kept
 * options  approximate (none): none or tanh, the form that some published networks use
 * fails    never
 * cost     an erf (or tanh) a number forward; that and an e^x backward
 * source   Hendrycks, Gimpel: Gaussian Error Linear Units (2016)
 * checks   tests/unit/test_layers.c against tests/ref/ref_pointwise.c
 */
#ifndef LAYERS_GELU_H
#define LAYERS_GELU_H

#include "layers/pointwise.h"

enum gelu_approximate { GELU_NONE, GELU_TANH };

struct gelu {
	int approximate; /* enum gelu_approximate */
};

void PER_ISA(gelu_forward)(float *y, const float *x, const struct pointwise *dims);
void PER_ISA(gelu_backward)(
	float *dx, const float *dy, const float *x, const struct pointwise *dims);
void PER_ISA(gelu_tanh_forward)(float *y, const float *x, const struct pointwise *dims);
void PER_ISA(gelu_tanh_backward)(
	float *dx, const float *dy, const float *x, const struct pointwise *dims);

#endif
