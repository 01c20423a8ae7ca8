/*
 * panel -- the multiply kernel of whole-batch layers: some rows of a matrix, packed once and
 * multiplied with very many columns.
 *
 *     out[r][c] = start[r] + sum over k of panel[r][k] in[k][c]
 *
 * r counts rows of the panel, c registers (dense.h says how they lie). A sum over more than
 * PANEL_DEPTH values of k is made panel after panel, in ascending order, and goes on from what is
 * in `out`: so it is one chain of fma, whatever the instruction set and the blocking, and its bits
 * are the same everywhere.
 *
 * Tiles of 12 rows (with 16 registers 6 or 4) and 2 registers are summed at once. What a
 * tile reads of `in` stays in the first cache while all rows of the panel use it; the panel, in the
 * second, serves all columns. It lies in the order in which it is read, so neither rows a power of
 * two apart nor many pages cost anything. Measured (AVX-512, in the second cache): 90 to 93 % of
 * the multipliers' peak. Checked through linear_wide.h.
 */
#ifndef LAYERS_PANEL_H
#define LAYERS_PANEL_H

#include "layers/dense.h"

#if VL == 16 || defined __ARM_NEON
enum { PANEL_TILE = 12 };
#elif VL == 8
enum { PANEL_TILE = 6 };
#else
enum { PANEL_TILE = 4 };
#endif

enum { PANEL_ROWS = 48, PANEL_DEPTH = 256, PANEL_TILES = PANEL_ROWS / PANEL_TILE };

struct panel {
	int rows, depth;                           /* at most PANEL_ROWS, PANEL_DEPTH */
	float tiles[PANEL_TILES]                   /* [k][row of the tile], and room for */
		   [PANEL_DEPTH * PANEL_TILE + VL] /* a register that ends behind them */
		__attribute__((aligned(64)));
};

/* panel[r][k + i] = from[r * row + i] for i < n. What lies behind k + n is lost: in ascending order
 * of k. */
void PER_ISA(panel_rows)(struct panel *panel, int k, int n, const float *from, size_t row);

/* panel[r][k] = from[k * row + r], all of it. `room` floats may be read at from[k * row]. */
void PER_ISA(panel_columns)(struct panel *panel, const float *from, size_t row, size_t room);

struct panel_product {
	int columns;                  /* registers */
	int last;                     /* floats to be stored of the last of them, 1 .. VL */
	const float *start;           /* by row; NULL: 0 */
	bool more;                    /* instead of start: what `out` has */
	struct dense_columns in, out; /* `in` is aligned to registers, `out` need not be */
};

void PER_ISA(panel_multiply)(const struct panel *panel, const struct panel_product *product);

#endif
