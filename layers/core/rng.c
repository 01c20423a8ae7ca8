/* rng -- see rng.h. Everything here is integer arithmetic or double + - * / sqrt without
 * contraction, hence the same bits on every machine. About 10 ns a block. */
#include "layers/core/rng.h"

#include "layers/core/dmath.h"

#include <math.h>
#include <string.h>

void rng_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
	uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
	uint32_t k0 = key[0], k1 = key[1];

	for (int round = 0; round < RNG_ROUNDS; round++) {
		uint64_t p0 = (uint64_t)RNG_MULTIPLY_0 * c0;
		uint64_t p1 = (uint64_t)RNG_MULTIPLY_1 * c2;

		c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
		c1 = (uint32_t)p1;
		c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
		c3 = (uint32_t)p0;
		k0 += RNG_KEY_0;
		k1 += RNG_KEY_1;
	}
	out[0] = c0;
	out[1] = c1;
	out[2] = c2;
	out[3] = c3;
}

void rng_block(const struct rng *rng, uint32_t block, uint32_t out[4])
{
	uint32_t counter[4] = {
		block, rng->position, rng->epoch, (uint32_t)rng->purpose << 16 | rng->ordinal};
	uint32_t key[2] = {(uint32_t)rng->key, (uint32_t)(rng->key >> 32)};

	rng_philox(counter, key, out);
}

uint32_t rng_bits(const struct rng *rng, uint32_t i)
{
	uint32_t words[4];

	rng_block(rng, i / 4, words);
	return words[i % 4];
}

float rng_uniform(const struct rng *rng, uint32_t i)
{
	return (float)(rng_bits(rng, i) >> 8) * 0x1p-24f;
}

/* A double in (0, 1) from 64 bits: odd multiples of 2^-53, so neither end is reached. */
static double unit(uint32_t low, uint32_t high)
{
	uint64_t bits = (uint64_t)high << 32 | low;

	return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

double rng_normal(const struct rng *rng, uint32_t i)
{
	uint32_t words[4];
	double radius, cosine, sine;

	rng_block(rng, i / 2, words);
	radius = sqrt(-2 * dmath_log(unit(words[0], words[1])));
	dmath_circle(unit(words[2], words[3]), &cosine, &sine);
	return radius * (i % 2 ? sine : cosine);
}

uint32_t rng_below(const struct rng *rng, uint32_t i, uint32_t n)
{
	uint32_t words[4];

	rng_block(rng, i, words);
	return (uint32_t)(((uint64_t)words[1] * n + ((uint64_t)words[0] * n >> 32)) >> 32);
}

void rng_permute(const struct rng *rng, int32_t *order, int32_t n)
{
	for (int32_t i = 0; i < n; i++)
		order[i] = i;
	for (int32_t i = n - 1; i > 0; i--) {
		int32_t j = (int32_t)rng_below(rng, (uint32_t)i, (uint32_t)i + 1);
		int32_t swap = order[i];

		order[i] = order[j];
		order[j] = swap;
	}
}
