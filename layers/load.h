/*
 * load -- images as they are stored into groups of 16, and plain sums: the kernels that belong to
 * no layer. See struct kinds in layer.h for the contracts.
 */
#ifndef LAYERS_LOAD_H
#define LAYERS_LOAD_H

#include "layers/layer.h"

void PER_ISA(load_bytes)(
	float *out, const uint8_t *const image[GROUP], size_t n, const struct pixel_values *values);
void PER_ISA(load_floats)(float *out, const float *const image[GROUP], size_t n);
void PER_ISA(accumulate)(float *sum, const float *add, size_t n);

#endif
