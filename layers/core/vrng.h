/*
 * vrng -- random words for the 16 images of a group at once.
 *
 * The same numbers as rng_block (rng.h) gives for each image alone, sixteen side by side: image l
 * of the group is at position + l of the epoch. A file that includes this is compiled once for each
 * instruction set, like those that include vec.h; these are whole numbers, so all agree.
 * Cost: about 2 ns a word with AVX2 or AVX-512. Checked by tests/unit/test_rng.c.
 */
#ifndef LAYERS_CORE_VRNG_H
#define LAYERS_CORE_VRNG_H

#include "layers/core/rng.h"
#include "layers/core/vec.h"

/* The words of elements 4 * block .. 4 * block + 3, for images position .. position + 15. */
static inline void vrng_block(const struct rng *rng, uint32_t block, uint32_t out[4][GROUP])
{
	uint32_t k0 = (uint32_t)rng->key, k1 = (uint32_t)(rng->key >> 32);

	for (int l = 0; l < GROUP; l++) {
		out[0][l] = block;
		out[1][l] = rng->position + (uint32_t)l;
		out[2][l] = rng->epoch;
		out[3][l] = (uint32_t)rng->purpose << 16 | rng->ordinal;
	}
	for (int round = 0; round < RNG_ROUNDS; round++) {
		for (int l = 0; l < GROUP; l++) {
			uint64_t p0 = (uint64_t)RNG_MULTIPLY_0 * out[0][l];
			uint64_t p1 = (uint64_t)RNG_MULTIPLY_1 * out[2][l];

			out[0][l] = (uint32_t)(p1 >> 32) ^ out[1][l] ^ k0;
			out[1][l] = (uint32_t)p1;
			out[2][l] = (uint32_t)(p0 >> 32) ^ out[3][l] ^ k1;
			out[3][l] = (uint32_t)p0;
		}
		k0 += RNG_KEY_0;
		k1 += RNG_KEY_1;
	}
}

#endif
