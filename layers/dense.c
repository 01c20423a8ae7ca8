/* dense -- see dense.h. Rows and registers of a block are constants of each instance, so that the
 * sums stay in registers. */
#include "layers/dense.h"

#if VL == 16 || defined __ARM_NEON
enum { ROWS = 12 };
#else
enum { ROWS = 6 };
#endif

enum { COLUMNS = 2, PANEL = 128 };

struct part {
	int r, c;        /* first row, first register */
	int first, sums; /* values of k: first .. first + sums - 1 */
};

static inline float *column(const struct dense_columns *of, int c)
{
	size_t at = (size_t)c * VL;

	return of->at + at / GROUP * of->group + at % GROUP;
}

/* sum += weight in, for R rows and C registers. */
static inline __attribute__((always_inline)) void add_products(const struct dense *restrict d,
	const struct part *restrict p, vf sum[ROWS][COLUMNS], const int R, const int C)
{
	const float *weight[(ROWS + 2) / 3], *in[COLUMNS];
	size_t step = d->step, row = d->row, in_row = d->in.row;
	int end = p->first + p->sums;

	UNROLL
	for (int j = 0; j < C; j++)
		in[j] = column(&d->in, p->c + j) + (size_t)p->first * in_row;
	for (int k = p->first; k < end; k += d->turn) {
		int n = end - k < d->turn ? end - k : d->turn;
		size_t at = (size_t)(k / d->turn) * d->turn_step + (size_t)(k % d->turn) * step;

		UNROLL
		for (int i = 0; i < R; i += 3)
			weight[i / 3] = d->weight + at + (size_t)(p->r + i) * row;
		for (; n > 0; n--) {
			vf v[COLUMNS];

			UNROLL
			for (int j = 0; j < C; j++) {
				v[j] = vf_load(in[j]);
				in[j] += in_row;
			}
			__builtin_prefetch(weight[(R - 1) / 3] + GROUP);
			UNROLL
			for (int i = 0; i < R; i++) {
				vf w = vf_set(weight[i / 3][(size_t)(i % 3) * row]);

				UNROLL
				for (int j = 0; j < C; j++)
					sum[i][j] = vf_fma(w, v[j], sum[i][j]);
			}
			UNROLL
			for (int i = 0; i < R; i += 3)
				weight[i / 3] += step;
		}
	}
}

static inline __attribute__((always_inline)) void block(
	const struct dense *restrict d, const struct part *restrict p, const int R, const int C)
{
	size_t last = p->c + C == d->columns ? (size_t)d->last : VL;
	vf sum[ROWS][COLUMNS];
	float *out[COLUMNS];

	UNROLL
	for (int j = 0; j < C; j++)
		out[j] = column(&d->out, p->c + j) + (size_t)p->r * d->out.row;
	UNROLL
	for (int i = 0; i < R; i++)
		UNROLL
	for (int j = 0; j < C; j++) {
		const float *at = out[j] + (size_t)i * d->out.row;

		if (p->first)
			sum[i][j] = j < C - 1 ? vf_load_unaligned(at) : vf_load_part(at, last);
		else
			sum[i][j] = vf_set(d->start ? d->start[p->r + i] : 0.0f);
	}
	add_products(d, p, sum, R, C);
	UNROLL
	for (int i = 0; i < R; i++)
		UNROLL
	for (int j = 0; j < C; j++) {
		float *at = out[j] + (size_t)i * d->out.row;

		if (j < C - 1)
			vf_store_unaligned(at, sum[i][j]);
		else
			vf_store_part(at, sum[i][j], last);
	}
}

typedef void block_fn(const struct dense *dense, const struct part *part);

#define BLOCK(R, C)                                                              \
	static void block_##R##_##C(const struct dense *d, const struct part *p) \
	{                                                                        \
		block(d, p, R, C);                                               \
	}
#define BLOCKS(R) BLOCK(R, 1) BLOCK(R, 2)
#define NAMES(R)                             \
	{                                    \
		block_##R##_1, block_##R##_2 \
	}

/* clang-format off */
BLOCKS(1) BLOCKS(2) BLOCKS(3) BLOCKS(4) BLOCKS(5) BLOCKS(6)
#if VL == 16 || defined __ARM_NEON
BLOCKS(7) BLOCKS(8) BLOCKS(9) BLOCKS(10) BLOCKS(11) BLOCKS(12)
#endif
	/* clang-format on */

	static block_fn *const blocks[ROWS][COLUMNS] = {
		NAMES(1),
		NAMES(2),
		NAMES(3),
		NAMES(4),
		NAMES(5),
		NAMES(6),
#if VL == 16 || defined __ARM_NEON
		NAMES(7),
		NAMES(8),
		NAMES(9),
		NAMES(10),
		NAMES(11),
		NAMES(12),
#endif
};

/* Nearly equal blocks: no small one is left at the end. */
static int block_rows(int left)
{
	int n = (left + ROWS - 1) / ROWS;

	return (left + n - 1) / n;
}

static void sum_panel(const struct dense *d, struct part p)
{
	for (int rows; p.r < d->rows; p.r += rows) {
		rows = block_rows(d->rows - p.r);
		for (p.c = 0; p.c < d->columns; p.c += COLUMNS) {
			int left = d->columns - p.c;

			blocks[rows - 1][left < COLUMNS ? 0 : COLUMNS - 1](d, &p);
		}
	}
}

void PER_ISA(dense_sum)(const struct dense *dense)
{
	for (int first = 0; first < dense->sums; first += PANEL) {
		int left = dense->sums - first;

		sum_panel(
			dense, (struct part){.first = first, .sums = left < PANEL ? left : PANEL});
	}
}
