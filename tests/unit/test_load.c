/* load: pixels and floats into groups, for every set of kinds, over lengths around the blocks; the
 * line against the table that it stands for. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/support/kind_sets.h"

enum { MOST = 70 };

static uint8_t bytes[GROUP][MOST];
static float floats[GROUP][MOST];
static float out[(MOST + 1) * GROUP] __attribute__((aligned(64)));

static void fill(void)
{
	for (int l = 0; l < GROUP; l++)
		for (int i = 0; i < MOST; i++) {
			bytes[l][i] = (uint8_t)(i * 16 + l + i / 16);
			floats[l][i] = (float)(i * 100 + l);
		}
	for (int i = 0; i < (MOST + 1) * GROUP; i++)
		out[i] = -1;
}

static void check_loads(const struct kinds *kinds, size_t n, const struct pixel_values *values)
{
	const uint8_t *image[GROUP];
	const float *input[GROUP];

	for (int l = 0; l < GROUP; l++) {
		image[l] = bytes[l];
		input[l] = floats[l];
	}
	fill();
	kinds->load_bytes(out, image, n, values);
	for (size_t i = 0; i < n * GROUP; i++)
		assert_memory_equal(
			&out[i], &values->value[image[i % GROUP][i / GROUP]], sizeof *out);
	assert_true(out[n * GROUP] == -1);
	fill();
	kinds->load_floats(out, input, n);
	for (size_t i = 0; i < n * GROUP; i++)
		assert_true(out[i] == input[i % GROUP][i / GROUP]);
	assert_true(out[n * GROUP] == -1);
}

/* A line, a line off the origin, and a table that is none. */
static void test_loads(void **state)
{
	struct kind_set sets[KIND_SETS];
	struct pixel_values values[3];

	(void)state;
	pixel_values_set(&values[0], 0, 1);
	pixel_values_set(&values[1], 0.286, 0.353);
	values[2] = values[1];
	values[2].value[77] = 1000;
	values[2].straight = false;
	for (int s = kind_sets(sets) - 1; s >= 0; s--)
		for (size_t n = 1; n <= MOST; n++)
			for (int v = 0; v < 3; v++)
				check_loads(sets[s].kinds, n, &values[v]);
}

/* What people normalise with has a line, and nearly everything else. */
static void test_line(void **state)
{
	static const double known[][2] = {
		{0, 1}, {0.5, 0.5}, {0.1307, 0.3081}, {0.286, 0.353}, {0.4734, 0.2516}};
	struct pixel_values v;
	int lines = 0;

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		pixel_values_set(&v, known[i][0], known[i][1]);
		assert_true(v.straight);
	}
	for (int mean = 0; mean < 100; mean++)
		for (int std = 1; std <= 100; std++) {
			pixel_values_set(&v, mean / 100.0, std / 100.0);
			lines += v.straight;
		}
	assert_in_range(lines, 9900, 10000);
	pixel_values_set(&v, 1.3697907473356006, 0.10749320337137534);
	assert_false(v.straight);
	assert_true(v.value[255] == (float)((1 - 1.3697907473356006) / 0.10749320337137534));
}

static void test_accumulate(void **state)
{
	struct kind_set sets[KIND_SETS];
	float sum[MOST + 1], add[MOST + 1];

	(void)state;
	for (int s = kind_sets(sets) - 1; s >= 0; s--)
		for (size_t n = 0; n <= MOST; n++) {
			for (size_t i = 0; i <= MOST; i++) {
				sum[i] = (float)i;
				add[i] = 0.5f;
			}
			sets[s].kinds->accumulate(sum, add, n);
			for (size_t i = 0; i <= MOST; i++)
				assert_true(sum[i] == (float)i + (i < n ? 0.5f : 0));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_accumulate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
