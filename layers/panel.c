/* panel -- see panel.h. There is one tile, as large as the registers allow; where less is left, at
 * an edge, its output goes by way of a buffer. */
#include "layers/panel.h"

enum { TILE = PANEL_TILE, COLUMNS = 2 };

static inline int smaller(int a, int b)
{
	return a < b ? a : b;
}

_Static_assert(TILE < VL || TILE % VL == 0, "what is written too much belongs to the next k");

/* ---- packing. Stores are of whole registers: what they write too much the next ones overwrite. */

static void pack_tile(float *tile, int n, const float *from, size_t row, int rows)
{
	for (int k = 0; k < n; k += VL)
		for (int r = 0; r < TILE; r += VL) {
			size_t left = (size_t)smaller(VL, n - k);
			vf block[VL];

			UNROLL
			for (int i = 0; i < VL; i++)
				block[i] = r + i < smaller(TILE, rows)
						   ? vf_load_part(
							     from + (size_t)(r + i) * row + k, left)
						   : vf_set(0);
			vf_transpose(block);
			UNROLL
			for (size_t i = 0; i < VL; i++)
				if (i < left)
					vf_store_unaligned(
						tile + ((size_t)k + i) * TILE + r, block[i]);
		}
}

void PER_ISA(panel_rows)(struct panel *panel, int k, int n, const float *from, size_t row)
{
	for (int first = 0; first < panel->rows; first += TILE)
		pack_tile(panel->tiles[first / TILE] + (size_t)k * TILE, n,
			from + (size_t)first * row, row, panel->rows - first);
}

void PER_ISA(panel_columns)(struct panel *panel, const float *from, size_t row, size_t room)
{
	for (size_t k = 0; k < (size_t)panel->depth; k++)
		for (size_t first = 0; first < (size_t)panel->rows; first += TILE)
			for (size_t r = 0; r < TILE && first + r < room; r += VL)
				vf_store_unaligned(panel->tiles[first / TILE] + k * TILE + r,
					vf_load_part(from + k * row + first + r, room - first - r));
}

/* ---- multiplying */

struct tile {
	int depth;
	const float *weight; /* [k][TILE] */
	const float *start;  /* TILE of them; NULL: what `out` has */
	const float *in[COLUMNS];
	float *out[COLUMNS];
	size_t in_row, out_row;
};

static void multiply_tile(const struct tile *t)
{
	const float *weight = t->weight, *in[COLUMNS] = {t->in[0], t->in[1]};
	float *out[COLUMNS] = {t->out[0], t->out[1]};
	size_t in_row = t->in_row, out_row = t->out_row;
	vf sum[TILE][COLUMNS];

	UNROLL
	for (size_t r = 0; r < TILE; r++)
		UNROLL
	for (int c = 0; c < COLUMNS; c++)
		sum[r][c] =
			t->start ? vf_set(t->start[r]) : vf_load_unaligned(out[c] + r * out_row);
	for (int k = t->depth; k > 0; k--) {
		vf v[COLUMNS];

		UNROLL
		for (int c = 0; c < COLUMNS; c++) {
			v[c] = vf_load(in[c]);
			in[c] += in_row;
		}
		UNROLL
		for (int r = 0; r < TILE; r++) {
			vf w = vf_set(weight[r]);

			UNROLL
			for (int c = 0; c < COLUMNS; c++)
				sum[r][c] = vf_fma(w, v[c], sum[r][c]);
		}
		weight += TILE;
	}
	UNROLL
	for (size_t r = 0; r < TILE; r++)
		UNROLL
	for (int c = 0; c < COLUMNS; c++)
		vf_store_unaligned(out[c] + r * out_row, sum[r][c]);
}

/* A tile of which `rows` rows are there, and of each register so many floats. */
static void multiply_edge(const struct tile *t, int rows, const size_t floats[COLUMNS])
{
	float buffer[COLUMNS][TILE * VL] __attribute__((aligned(64)));
	struct tile whole = *t;

	whole.out_row = VL;
	for (int c = 0; c < COLUMNS; c++) {
		whole.out[c] = buffer[c];
		for (int r = 0; r < TILE; r++)
			vf_store(buffer[c] + r * VL,
				r < rows && !t->start
					? vf_load_part(
						  t->out[c] + (size_t)r * t->out_row, floats[c])
					: vf_set(0));
	}
	multiply_tile(&whole);
	for (int c = 0; c < COLUMNS; c++)
		for (int r = 0; r < rows; r++)
			vf_store_part(t->out[c] + (size_t)r * t->out_row,
				vf_load(buffer[c] + r * VL), floats[c]);
}

static float *column(const struct dense_columns *of, int c)
{
	size_t at = (size_t)c * VL;

	return of->at + at / GROUP * of->group + at % GROUP;
}

/* All rows of the panel times registers first and first + 1, if there is one. */
static void multiply_columns(const struct panel *panel, const struct panel_product *p,
	const float start[PANEL_ROWS], int first)
{
	struct tile t = {.depth = panel->depth, .in_row = p->in.row, .out_row = p->out.row};
	size_t floats[COLUMNS];
	bool edge = false;

	for (int c = 0; c < COLUMNS; c++) {
		int at = smaller(first + c, p->columns - 1);

		t.in[c] = column(&p->in, at);
		t.out[c] = column(&p->out, at);
		floats[c] = at < first + c ? 0 : at < p->columns - 1 ? VL : (size_t)p->last;
		edge |= floats[c] < VL;
	}
	for (int r = 0; r < panel->rows; r += TILE) {
		int rows = panel->rows - r;

		t.weight = panel->tiles[r / TILE];
		t.start = p->more ? NULL : start + r;
		if (edge || rows < TILE)
			multiply_edge(&t, smaller(rows, TILE), floats);
		else
			multiply_tile(&t);
		for (int c = 0; c < COLUMNS; c++)
			t.out[c] += TILE * t.out_row;
	}
}

void PER_ISA(panel_multiply)(const struct panel *panel, const struct panel_product *product)
{
	float start[PANEL_ROWS] = {0};

	if (product->start)
		memcpy(start, product->start, (size_t)panel->rows * sizeof *start);
	for (int first = 0; first < product->columns; first += COLUMNS)
		multiply_columns(panel, product, start, first);
}
