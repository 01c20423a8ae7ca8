/*
 * rng: the known answers of Philox4x32-10 (Random123's kat_vectors), the streams built on it, their
 * moments, and that sixteen images at once (vrng.h) have the numbers that each has alone.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "layers/core/rng.h"
#include "layers/core/vrng.h"

static void test_known_answers(void **state)
{
	static const struct {
		uint32_t counter[4], key[2], out[4];
	} cases[] = {
		{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff},
			{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		/* the digits of pi */
		{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0},
			{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t out[4];

		rng_philox(cases[i].counter, cases[i].key, out);
		assert_memory_equal(out, cases[i].out, sizeof out);
	}
}

/* Each part of the address changes the numbers, and no two parts stand in for each other. */
static void test_streams_differ(void **state)
{
	const struct rng streams[] = {
		{.key = 1, .purpose = RNG_TEST},
		{.key = 2, .purpose = RNG_TEST},
		{.key = 1ull << 32, .purpose = RNG_TEST},
		{.key = 1, .purpose = RNG_INIT},
		{.key = 1, .purpose = RNG_TEST, .ordinal = 1},
		{.key = 1, .purpose = RNG_TEST, .epoch = 1},
		{.key = 1, .purpose = RNG_TEST, .position = 1},
	};
	enum { STREAMS = sizeof streams / sizeof *streams };
	uint32_t first[STREAMS + 1];

	(void)state;
	for (int i = 0; i < STREAMS; i++)
		first[i] = rng_bits(&streams[i], 0);
	first[STREAMS] = rng_bits(&streams[0], 4);
	for (int i = 0; i <= STREAMS; i++)
		for (int j = 0; j < i; j++)
			assert_int_not_equal(first[i], first[j]);
}

static void test_elements_of_a_block(void **state)
{
	struct rng rng = {.key = 0x123456789abcdefull, .purpose = RNG_TEST, .position = 7};

	(void)state;
	for (uint32_t block = 0; block < 50; block++) {
		uint32_t words[4];

		rng_block(&rng, block, words);
		for (uint32_t i = 0; i < 4; i++)
			assert_int_equal(rng_bits(&rng, 4 * block + i), words[i]);
	}
}

static void test_sixteen_at_once(void **state)
{
	struct rng rng = {.key = 0xfedcba9876543210ull,
		.purpose = RNG_DROPOUT,
		.ordinal = 3,
		.epoch = 9,
		.position = 0xfffffff8}; /* the position wraps */

	(void)state;
	for (uint32_t block = 0; block < 20; block++)
		for (int l = 0; l < GROUP; l++) {
			struct rng alone = rng;
			uint32_t words[4];
			vu at_once[4];

			alone.position += (uint32_t)l;
			rng_block(&alone, block, words);
			vrng_block(&rng, block, l / VL * VL, at_once);
			for (int i = 0; i < 4; i++)
				assert_int_equal(at_once[i][l % VL], words[i]);
		}
}

/* n draws with the given mean and variance: both within five standard errors. */
static void check_moments(
	const char *what, const double *x, int n, double mean, double variance, double fourth)
{
	double sum = 0, squares = 0;

	for (int i = 0; i < n; i++)
		sum += x[i];
	for (int i = 0; i < n; i++)
		squares += (x[i] - mean) * (x[i] - mean);
	if (fabs(sum / n - mean) > 5 * sqrt(variance / n))
		fail_msg("%s: the mean is %g", what, sum / n);
	if (fabs(squares / n - variance) > 5 * sqrt((fourth - variance * variance) / n))
		fail_msg("%s: the variance is %g", what, squares / n);
}

static void test_moments(void **state)
{
	enum { N = 200000 };
	struct rng rng = {.key = 11, .purpose = RNG_TEST};
	double *x = malloc(N * sizeof *x), products = 0;

	(void)state;
	assert_non_null(x);
	for (int i = 0; i < N; i++) {
		x[i] = (double)rng_uniform(&rng, (uint32_t)i);
		assert_true(x[i] >= 0 && x[i] < 1 && x[i] * 0x1p24 == floor(x[i] * 0x1p24));
	}
	check_moments("uniform", x, N, 0.5, 1.0 / 12, 1.0 / 80);
	rng.epoch = 1;
	for (int i = 0; i < N; i++)
		x[i] = rng_normal(&rng, (uint32_t)i);
	check_moments("normal", x, N, 0, 1, 3);
	for (int i = 0; i < N; i += 2) /* the two of a pair come from one radius */
		products += x[i] * x[i + 1];
	assert_true(fabs(products / (N / 2)) < 5 / sqrt(N / 2));
	rng.epoch = 2;
	for (int i = 0; i < N; i++)
		x[i] = (double)rng_below(&rng, (uint32_t)i, 7);
	check_moments("below 7", x, N, 3, 4, 28);
	free(x);
}

/* How much of the normal draws lies below each of some quantiles. */
static void test_normal_quantiles(void **state)
{
	enum { N = 200000 };
	static const double at[] = {-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3};
	struct rng rng = {.key = 12, .purpose = RNG_TEST};
	int below[sizeof at / sizeof *at] = {0};

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		double x = rng_normal(&rng, i);

		for (size_t q = 0; q < sizeof at / sizeof *at; q++)
			below[q] += x < at[q];
	}
	for (size_t q = 0; q < sizeof at / sizeof *at; q++) {
		double p = erfc(-at[q] / sqrt(2)) / 2;

		assert_true(fabs(below[q] - N * p) < 5 * sqrt(N * p * (1 - p)));
	}
}

static void test_below(void **state)
{
	struct rng rng = {.key = 13, .purpose = RNG_TEST};
	static const uint32_t n[] = {1, 2, 3, 10, 1u << 31, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof n / sizeof *n; i++)
		for (uint32_t j = 0; j < 1000; j++)
			assert_true(rng_below(&rng, j, n[i]) < n[i]);
}

/* A permutation holds each number once; every number comes to every place about equally often;
 * other streams give other orders. */
static void test_permute(void **state)
{
	enum { N = 10, TIMES = 20000 };
	int counts[N][N] = {{0}};
	int32_t order[N], again[N];
	struct rng rng = {.key = 14, .purpose = RNG_TEST};

	(void)state;
	for (int t = 0; t < TIMES; t++) {
		int seen = 0;

		rng.epoch = (uint32_t)t;
		rng_permute(&rng, order, N);
		for (int i = 0; i < N; i++) {
			assert_in_range(order[i], 0, N - 1);
			seen |= 1 << order[i];
			counts[i][order[i]]++;
		}
		assert_int_equal(seen, (1 << N) - 1);
	}
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			assert_true(fabs(counts[i][j] - TIMES / (double)N) <
				    5 * sqrt(TIMES * 0.1 * 0.9));
	rng_permute(&rng, again, N);
	assert_memory_equal(order, again, sizeof order);
	rng.key++;
	rng_permute(&rng, again, N);
	assert_memory_not_equal(order, again, sizeof order);
	rng_permute(&rng, order, 1);
	assert_int_equal(order[0], 0);
	rng_permute(&rng, order, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_streams_differ),
		cmocka_unit_test(test_elements_of_a_block),
		cmocka_unit_test(test_sixteen_at_once),
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_normal_quantiles),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_permute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
