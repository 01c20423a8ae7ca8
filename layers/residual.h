/*
 * residual -- a block that adds what its body makes of the input to what its shortcut makes of it.
 *
 *     y = body(x) + shortcut(x)        both get dy; the gradients of x add up, the body's first
 *
 * shape    body and shortcut must give the same shape, which is the block's
 * options  body (required) and shortcut ([]: x itself): lists of layers
 * fails    where the shapes differ
 * cost     one addition a number, two copies of dy
 * source   He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition (2016); d2l 7.6
 * checks   tests/unit/test_layers.c
 */
#ifndef LAYERS_RESIDUAL_H
#define LAYERS_RESIDUAL_H

#include "layers/layer.h"

struct residual {
	struct specs body, shortcut;
};

/* y = a + b, n floats. */
void PER_ISA(residual_add)(float *y, const float *a, const float *b, size_t n);

#endif
