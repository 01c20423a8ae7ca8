/* taps -- see taps.h. The block of output channels and the number of registers side by side are
 * constants of each instance, so that the accumulators stay in registers: with 32 of them (AVX-512,
 * NEON) up to 24, with 16 up to 12. */
#include "layers/taps.h"

#if VL == 16 || defined __ARM_NEON
enum { SUMS = 24 };
#else
enum { SUMS = 12 };
#endif

enum { WIDE = 8, PARTS = GROUP / VL }; /* registers side by side, at most; of a group */

/* One product for each of B output channels in X registers. */
static inline __attribute__((always_inline)) void sum_tap(vf (*restrict sum)[WIDE],
	const float *const *restrict from, ptrdiff_t at, const float *restrict w, const int B,
	const int X)
{
	vf v[WIDE];

	UNROLL
	for (int x = 0; x < X; x++)
		v[x] = vf_load(from[x] + at);
	UNROLL
	for (int b = 0; b < B; b++) {
		vf wb = vf_set(w[b]);

		UNROLL
		for (int x = 0; x < X; x++)
			sum[b][x] = vf_fma(wb, v[x], sum[b][x]);
	}
}

/* All of them; a single tap a channel, as of a 1 x 1 window, is a loop of its own. */
static inline __attribute__((always_inline)) void sum_taps(vf (*restrict sum)[WIDE],
	const struct taps_work *restrict work, const struct taps *restrict taps,
	const float *const *restrict from, const int B, const int X)
{
	const struct tap *end = taps->tap + taps->n;
	const float *weight = work->weight;
	ptrdiff_t base = 0;

	if (taps->n == 1) {
		weight += taps->tap->weight;
		base = taps->tap->at;
		for (int k = 0; k < work->channels; k++) {
			sum_tap(sum, from, base, weight, B, X);
			base += (ptrdiff_t)work->in_step;
			weight += work->weight_step;
		}
		return;
	}
	for (int k = 0; k < work->channels; k++) {
		for (const struct tap *t = taps->tap; t != end; t++)
			sum_tap(sum, from, base + t->at, weight + t->weight, B, X);
		base += (ptrdiff_t)work->in_step;
		weight += work->weight_step;
	}
}

/* Registers r .. r + X - 1 of all streams, then the next X as long as there are so many. */
static inline __attribute__((always_inline)) int sum_streams(const struct taps_work *restrict work,
	const struct taps *restrict taps, int r, int registers, const float *const *restrict in,
	float *const *restrict out, const int B, const int X)
{
	for (; r + X <= registers; r += X) {
		vf sum[TAPS_BLOCK][WIDE];
		const float *from[WIDE];
		float *to[WIDE];
		size_t step = work->out_step;

		UNROLL
		for (int x = 0; x < X; x++) {
			from[x] = in[(r + x) / PARTS] + (r + x) % PARTS * VL;
			to[x] = out[(r + x) / PARTS] + (r + x) % PARTS * VL;
		}
		UNROLL
		for (int b = 0; b < B; b++)
			UNROLL
		for (int x = 0; x < X; x++)
			sum[b][x] = work->more ? vf_load_unaligned(to[x] + (size_t)b * step)
					       : vf_set(work->bias ? work->bias[b] : 0.0f);
		sum_taps(sum, work, taps, from, B, X);
		UNROLL
		for (int b = 0; b < B; b++)
			UNROLL
		for (int x = 0; x < X; x++)
			vf_store_unaligned(to[x] + (size_t)b * step, sum[b][x]);
	}
	return r;
}

typedef void block_fn(const struct taps_work *work, const struct taps *taps, int registers,
	const float *const *in, float *const *out);

/* As many side by side as fit, down to one. */
#define BLOCK(B)                                                                     \
	static void block_##B(const struct taps_work *work, const struct taps *taps, \
		int registers, const float *const *in, float *const *out)            \
	{                                                                            \
		int r = 0;                                                           \
                                                                                     \
		if (B * 8 <= SUMS)                                                   \
			r = sum_streams(work, taps, r, registers, in, out, B, 8);    \
		if (B * 4 <= SUMS)                                                   \
			r = sum_streams(work, taps, r, registers, in, out, B, 4);    \
		r = sum_streams(work, taps, r, registers, in, out, B, 2);            \
		sum_streams(work, taps, r, registers, in, out, B, 1);                \
	}

BLOCK(1)
BLOCK(2)
BLOCK(3)
BLOCK(4)
BLOCK(5)
BLOCK(6)

static block_fn *const blocks[TAPS_BLOCK] = {block_1, block_2, block_3, block_4, block_5, block_6};

void PER_ISA(taps_sum)(const struct taps_work *work, const struct taps *taps, int n,
	const float *const *in, float *const *out)
{
	blocks[work->block - 1](work, taps, n * PARTS, in, out);
}
