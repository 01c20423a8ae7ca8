/* vec: sums of groups, alone and many at once, against the tree that they promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "layers/core/rng.h"
#include "layers/core/vec.h"

enum { MOST = 40 };

static float tree(const float p[GROUP])
{
	float s[GROUP];

	memcpy(s, p, sizeof s);
	for (int half = GROUP / 2; half; half /= 2)
		for (int i = 0; i < half; i++)
			s[i] += s[i + half];
	return s[0];
}

static void test_sums(void **state)
{
	static float groups[MOST][GROUP] __attribute__((aligned(64)));
	float out[MOST + 1];

	(void)state;
	for (int i = 0; i < MOST * GROUP; i++) {
		uint32_t words[4];

		rng_block(&(struct rng){.key = 7}, (uint32_t)i, words);
		groups[i / GROUP][i % GROUP] = (float)(int32_t)words[0] / (float)(1 + i % 97);
	}
	for (size_t n = 0; n <= MOST; n++) {
		out[n] = 5;
		group_sums(out, (const float(*)[GROUP])groups, n);
		for (size_t i = 0; i < n; i++) {
			assert_true(out[i] == tree(groups[i]));
			assert_true(group_sum(groups[i]) == tree(groups[i]));
		}
		assert_true(out[n] == 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sums)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
