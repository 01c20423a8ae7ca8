/*
 * dense -- the multiply kernel of linear: a matrix times registers side by side.
 *
 *     out[r][c] = start[r] + sum over k of weight[r][k] in[k][c]
 *
 * r counts rows, c registers. The weights are read where they lie, one at a time, and need no
 * packing: any two strides will do. k runs upward with one fma each, whatever the instruction set
 * and the blocking, so the bits are the same everywhere.
 *
 * Blocks of up to 12 rows and 2 registers are summed at once in the 32 vector registers of AVX-512
 * and NEON, 6 rows and 2 in the 16 of AVX2. All columns use a block of weights before the next one
 * is read. Long sums are made in panels, with the sums so far in `out`, so that the lines of memory
 * that a weight brings along are still in the first cache when the next rows want them.
 */
#ifndef LAYERS_DENSE_H
#define LAYERS_DENSE_H

#include "layers/layer.h"

/* Registers in groups of 16 floats: register c of row r lies at
 * at[c * VL / 16 * group + c * VL % 16 + r * row]. */
struct dense_columns {
	float *at;
	size_t group, row;
};

struct dense {
	int rows, columns; /* columns are registers */
	int last;          /* floats to be stored of the last of them, 1 .. VL */
	int sums;          /* values of k */

	/* weight[r][k] lies at weight[r * row + k / turn * turn_step + k % turn * step]. `turn` is
	 * 16, or `sums`, when it does not matter. */
	const float *weight;
	size_t row, step, turn_step;
	int turn;
	const float *start; /* by row; NULL: 0 */

	struct dense_columns in, out; /* `in` is aligned to registers, `out` need not be */
};

void PER_ISA(dense_sum)(const struct dense *dense);

#endif
