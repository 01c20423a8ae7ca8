/* taps -- see taps.h. The block of output channels and the number of registers side by side are
 * constants of each instance, so that the accumulators stay in registers: with 32 of them (AVX-512,
 * NEON) up to 6 x 4, with 16 up to 6 x 2. */
#include "layers/taps.h"

#if VL == 16 || defined __ARM_NEON
#define WIDE 4
#else
#define WIDE 2
#endif

/* One block: B output channels of X registers, register x at in[x], out[x]. */
static inline __attribute__((always_inline)) void sum_block(const struct taps_work *restrict work,
	const struct taps *restrict taps, const float *const *restrict in,
	float *const *restrict out, const int B, const int X)
{
	vf sum[TAPS_BLOCK][WIDE];
	const float *from[WIDE];
	const float *weight = work->weight;

	UNROLL
	for (int b = 0; b < B; b++)
		UNROLL
	for (int x = 0; x < X; x++)
		sum[b][x] = vf_set(work->bias ? work->bias[b] : 0.0f);
	UNROLL
	for (int x = 0; x < X; x++)
		from[x] = in[x];
	for (int k = 0; k < work->channels; k++) {
		for (int t = 0; t < taps->n; t++) {
			const float *w = weight + taps->weight[t] * B;
			vf v[WIDE];

			UNROLL
			for (int x = 0; x < X; x++)
				v[x] = vf_load(from[x] + taps->at[t]);
			UNROLL
			for (int b = 0; b < B; b++) {
				vf wb = vf_set(w[b]);

				UNROLL
				for (int x = 0; x < X; x++)
					sum[b][x] = vf_fma(wb, v[x], sum[b][x]);
			}
		}
		UNROLL
		for (int x = 0; x < X; x++)
			from[x] += work->in_step;
		weight += work->per_channel * B;
	}
	UNROLL
	for (int b = 0; b < B; b++)
		UNROLL
	for (int x = 0; x < X; x++)
		vf_store_unaligned(out[x] + (size_t)b * work->out_step, sum[b][x]);
}

typedef void block_fn(const struct taps_work *work, const struct taps *taps, const float *const *in,
	float *const *out);

#define BLOCK(B, X)                                                                        \
	static void block_##B##_##X(const struct taps_work *work, const struct taps *taps, \
		const float *const *in, float *const *out)                                 \
	{                                                                                  \
		sum_block(work, taps, in, out, B, X);                                      \
	}
#define BLOCKS(X) BLOCK(1, X) BLOCK(2, X) BLOCK(3, X) BLOCK(4, X) BLOCK(5, X) BLOCK(6, X)
#define NAMES(X)                                                                             \
	{                                                                                    \
		block_1_##X, block_2_##X, block_3_##X, block_4_##X, block_5_##X, block_6_##X \
	}

BLOCKS(1)
BLOCKS(2)
#if WIDE == 4
BLOCKS(3)
BLOCKS(4)
static block_fn *const blocks[WIDE][TAPS_BLOCK] = {NAMES(1), NAMES(2), NAMES(3), NAMES(4)};
#else
static block_fn *const blocks[WIDE][TAPS_BLOCK] = {NAMES(1), NAMES(2)};
#endif

void PER_ISA(taps_sum)(const struct taps_work *work, const struct taps *taps, int n,
	const float *const *in, float *const *out)
{
	enum { PARTS = GROUP / VL }; /* registers of a group */
	int registers = n * PARTS;

	for (int r = 0; r < registers; r += WIDE) {
		const float *from[WIDE];
		float *to[WIDE];
		int wide = registers - r < WIDE ? registers - r : WIDE;

		for (int x = 0; x < wide; x++) {
			int part = (r + x) % PARTS * VL;

			from[x] = in[(r + x) / PARTS] + part;
			to[x] = out[(r + x) / PARTS] + part;
		}
		blocks[wide - 1][work->block - 1](work, taps, from, to);
	}
}
