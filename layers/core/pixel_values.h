/*
 * pixel_values -- what the 256 values of a byte become, as a table and, where it exists, as a
 * formula.
 *
 * Byte b becomes (b / 255 - mean) / std, computed in double and rounded once. A vector unit looks
 * nothing up as fast as it multiplies; hence the straight line
 *
 *     fma(b - centre, slope, fma(b - centre, slope_rest, rest))
 *
 * with about 48 bits before its last rounding. `straight` says that it gives all 256 entries of the
 * table to the bit (for means from 0 to 1 it hardly ever fails), so no result depends on which of
 * them a kernel takes. Checked by tests/unit/test_load.c.
 */
#ifndef LAYERS_CORE_PIXEL_VALUES_H
#define LAYERS_CORE_PIXEL_VALUES_H

#include <stdbool.h>

enum { PIXEL_VALUES = 256 };

struct pixel_values {
	float value[PIXEL_VALUES];
	bool straight;
	float centre, slope, slope_rest, rest;
};

void pixel_values_set(struct pixel_values *values, double mean, double std);

#endif
