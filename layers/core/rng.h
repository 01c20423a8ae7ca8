/*
 * rng -- random numbers that depend on what they are for, not on when they are drawn.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3; SC 2011)
 * turns a 64-bit key and a 128-bit counter into 128 random bits. The key is the run's seed; the
 * counter says which number is wanted: purpose and ordinal (of a tensor or layer), epoch, position
 * (of an image in the epoch) and element. So any thread can draw any number at any time, and a run
 * that is interrupted goes on with the same ones. Known answers of the paper's authors are a test.
 *
 * The normal draws use the logarithm, sine and cosine of dmath.h, so that they have the same bits
 * on every machine.
 */
#ifndef LAYERS_CORE_RNG_H
#define LAYERS_CORE_RNG_H

#include <stdint.h>

/* The constants of Philox4x32-10, for here and for vrng.h. */
#define RNG_ROUNDS 10
#define RNG_MULTIPLY_0 0xD2511F53u
#define RNG_MULTIPLY_1 0xCD9E8D57u
#define RNG_KEY_0 0x9E3779B9u /* golden ratio */
#define RNG_KEY_1 0xBB67AE85u /* sqrt(3) - 1 */

/* What a stream is for. The numbers are part of the numerics version: never renumber. */
enum rng_purpose {
	RNG_INIT = 1,       /* initial weights: ordinal = tensor */
	RNG_SHUFFLE = 2,    /* order of the training images: epoch */
	RNG_VALIDATION = 3, /* which images validate */
	RNG_DROPOUT = 4,    /* ordinal = layer */
	RNG_NOISE = 5,      /* ordinal = layer */
	RNG_GLYPHS = 6,     /* the built-in data set */
	RNG_SEARCH = 7,     /* random search */
	RNG_TEST = 8        /* tests */
};

struct rng {
	uint64_t key;     /* the seed */
	uint16_t purpose; /* enum rng_purpose */
	uint16_t ordinal;
	uint32_t epoch;
	uint32_t position;
};

/* The four words for elements 4 * block .. 4 * block + 3. */
void rng_block(const struct rng *rng, uint32_t block, uint32_t out[4]);

/* One Philox4x32-10 evaluation. */
void rng_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Element `i` of the stream. */
uint32_t rng_bits(const struct rng *rng, uint32_t i);
float rng_uniform(const struct rng *rng, uint32_t i); /* [0, 1), multiples of 2^-24 */
double rng_normal(const struct rng *rng, uint32_t i); /* mean 0, variance 1 (Box-Muller) */

/* A whole number in [0, n), n >= 1: the high half of 64 bits times n, so no value is likelier than
 * another by more than n / 2^64. */
uint32_t rng_below(const struct rng *rng, uint32_t i, uint32_t n);

/* A random order of 0 .. n-1 (Fisher-Yates). */
void rng_permute(const struct rng *rng, int32_t *order, int32_t n);

#endif
