/*
 * softmax -- turns the channels (or features) of an image into probabilities.
 *
 *     y[c] = e^(x[c] - m) / sum over k of e^(x[k] - m),  m = max over k of x[k]
 *     dx[c] = y[c] (dy[c] - sum over k of dy[k] y[k])
 *
 * shape    any; kept; an image has its channels normalised at each of its H x W places
 * options  none
 * fails    never; no finite x overflows
 * cost     one e^x a number and three passes over the channels
 * source   d2l 3.4.4. The loss cross_entropy has a softmax of its own: it wants logits
 * checks   tests/unit/test_layers.c against tests/ref/ref_pointwise.c
 */
#ifndef LAYERS_SOFTMAX_H
#define LAYERS_SOFTMAX_H

#include "layers/layer.h"

struct softmax {
	int channels;
	size_t plane; /* floats from one channel to the next: H * W * 16 */
};

void PER_ISA(softmax_forward)(float *y, const float *x, const struct softmax *dims);
void PER_ISA(softmax_backward)(
	float *dx, const float *dy, const float *y, const struct softmax *dims);

#endif
