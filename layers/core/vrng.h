/*
 * vrng -- random words for the 16 images of a group at once.
 *
 * The same numbers as rng_block (rng.h) gives for each image alone, sixteen side by side: image l
 * of the group is at position + l of the epoch. A file that includes this is compiled once for each
 * instruction set, like those that include vec.h; these are whole numbers, so all agree.
 * Cost: 1 ns a word with AVX-512, 2 with AVX2, 4 with SSE2. Checked by tests/unit/test_rng.c and,
 * for the sets that it is not compiled for, by dropout in tests/unit/test_layers.c.
 */
#ifndef LAYERS_CORE_VRNG_H
#define LAYERS_CORE_VRNG_H

#include "layers/core/rng.h"
#include "layers/core/vec.h"

#if defined __SSE2__
#include <immintrin.h>
#endif

typedef uint32_t vu __attribute__((vector_size(4 * VL), may_alias));

/* The two halves of each 64-bit product a * m. The vector units multiply every other place. */
static inline void vu_multiply(vu a, uint32_t m, vu *high, vu *low)
{
#if VL == 16
	__m512i by = _mm512_set1_epi32((int)m), even = _mm512_mul_epu32((__m512i)a, by);
	__m512i odd = _mm512_mul_epu32(_mm512_srli_epi64((__m512i)a, 32), by);

	*high = (vu)_mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
	*low = (vu)_mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
#elif VL == 8
	__m256i by = _mm256_set1_epi32((int)m), even = _mm256_mul_epu32((__m256i)a, by);
	__m256i odd = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)a, 32), by);

	*high = (vu)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
	*low = (vu)_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
#elif defined __SSE2__
	__m128i by = _mm_set1_epi32((int)m), even = _mm_mul_epu32((__m128i)a, by);
	__m128i odd = _mm_mul_epu32(_mm_srli_epi64((__m128i)a, 32), by);
	__m128i upper = _mm_set1_epi64x((long long)0xffffffff00000000);

	*high = (vu)_mm_or_si128(_mm_srli_epi64(even, 32), _mm_and_si128(odd, upper));
	*low = (vu)_mm_or_si128(_mm_andnot_si128(upper, even), _mm_slli_epi64(odd, 32));
#else
	for (int i = 0; i < VL; i++)
		(*high)[i] = (uint32_t)((uint64_t)a[i] * m >> 32);
	*low = a * m;
#endif
}

/* The words of elements 4 * block .. 4 * block + 3, for images position + lane .. position + lane +
 * VL - 1. */
static inline void vrng_block(const struct rng *rng, uint32_t block, int lane, vu out[4])
{
	uint32_t k0 = (uint32_t)rng->key, k1 = (uint32_t)(rng->key >> 32);
	vu c0 = block - (vu){0}, c1, c2 = rng->epoch - (vu){0};
	vu c3 = ((uint32_t)rng->purpose << 16 | rng->ordinal) - (vu){0};

	for (int i = 0; i < VL; i++)
		c1[i] = rng->position + (uint32_t)(lane + i);
	for (int round = 0; round < RNG_ROUNDS; round++) {
		vu high0, low0, high1, low1;

		vu_multiply(c0, RNG_MULTIPLY_0, &high0, &low0);
		vu_multiply(c2, RNG_MULTIPLY_1, &high1, &low1);
		c0 = high1 ^ c1 ^ k0;
		c1 = low1;
		c2 = high0 ^ c3 ^ k1;
		c3 = low0;
		k0 += RNG_KEY_0;
		k1 += RNG_KEY_1;
	}
	out[0] = c0;
	out[1] = c1;
	out[2] = c2;
	out[3] = c3;
}

#endif
