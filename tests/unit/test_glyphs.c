/* The built-in set: the same bits for any number of threads and on every machine, labels that fit,
 * two splits that differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "datasets/checksum.h"
#include "datasets/glyphs.h"

enum { SIZE = GLYPHS_SIDE * GLYPHS_SIDE, SOME = 2000 };

struct glyphs {
	uint8_t *pixels, *labels;
	int n;
};

static struct glyphs draw(enum glyphs_split split, int n, int threads)
{
	struct glyphs g = {malloc((size_t)n * SIZE), malloc((size_t)n), n};

	assert_true(g.pixels && g.labels);
	assert_int_equal(glyphs_draw(g.pixels, g.labels, split, n, threads, NULL), 0);
	return g;
}

static void drop(struct glyphs g)
{
	free(g.pixels);
	free(g.labels);
}

static void expect_sums(struct glyphs g, const char *pixels, const char *labels)
{
	char sum[SHA256_HEX];

	assert_int_equal(checksum_data(sum, g.pixels, (size_t)g.n * SIZE, NULL), 0);
	assert_string_equal(sum, pixels);
	assert_int_equal(checksum_data(sum, g.labels, (size_t)g.n, NULL), 0);
	assert_string_equal(sum, labels);
}

static void test_golden(void **state)
{
	struct glyphs train = draw(GLYPHS_SPLIT_TRAIN, GLYPHS_TRAIN, 0);
	struct glyphs test = draw(GLYPHS_SPLIT_TEST, GLYPHS_TEST, 0);

	(void)state;
	expect_sums(train, glyphs_sums[TRAIN_IMAGES], glyphs_sums[TRAIN_LABELS]);
	expect_sums(test, glyphs_sums[TEST_IMAGES], glyphs_sums[TEST_LABELS]);
	drop(train);
	drop(test);
}

static void test_threads(void **state)
{
	struct glyphs one = draw(GLYPHS_SPLIT_TRAIN, SOME, 1);

	(void)state;
	for (int threads = 2; threads <= 5; threads += 3) {
		struct glyphs many = draw(GLYPHS_SPLIT_TRAIN, SOME, threads);

		assert_memory_equal(one.pixels, many.pixels, (size_t)SOME * SIZE);
		assert_memory_equal(one.labels, many.labels, SOME);
		drop(many);
	}
	drop(one);
}

/* An image depends on its number, not on how many are drawn. */
static void test_prefix(void **state)
{
	struct glyphs many = draw(GLYPHS_SPLIT_TEST, SOME, 2), few = draw(GLYPHS_SPLIT_TEST, 7, 1);

	(void)state;
	assert_memory_equal(many.pixels, few.pixels, 7 * SIZE);
	assert_memory_equal(many.labels, few.labels, 7);
	drop(many);
	drop(few);
}

static void test_splits_differ(void **state)
{
	struct glyphs train = draw(GLYPHS_SPLIT_TRAIN, SOME, 0);
	struct glyphs test = draw(GLYPHS_SPLIT_TEST, SOME, 0);

	(void)state;
	for (int i = 0; i < SOME; i++)
		assert_memory_not_equal(train.pixels + i * SIZE, test.pixels + i * SIZE, SIZE);
	drop(train);
	drop(test);
}

/* Every class about equally often: 6000 of 60000, standard deviation 73. */
static void test_labels(void **state)
{
	struct glyphs g = draw(GLYPHS_SPLIT_TRAIN, GLYPHS_TRAIN, 0);
	int count[256] = {0};

	(void)state;
	for (int i = 0; i < g.n; i++)
		count[g.labels[i]]++;
	for (int c = 0; c < GLYPHS_CLASSES; c++)
		assert_in_range(count[c], 5700, 6300);
	for (int c = GLYPHS_CLASSES; c < 256; c++)
		assert_int_equal(count[c], 0);
	drop(g);
}

/* The mean image of each class tells the classes apart far better than chance (0.1): the labels are
 * those of the drawings. */
static void test_labels_fit_drawings(void **state)
{
	struct glyphs train = draw(GLYPHS_SPLIT_TRAIN, 20000, 0);
	struct glyphs test = draw(GLYPHS_SPLIT_TEST, SOME, 0);
	static double mean[GLYPHS_CLASSES][SIZE];
	int count[GLYPHS_CLASSES] = {0}, right = 0;

	(void)state;
	for (int i = 0; i < train.n; i++, count[train.labels[i - 1]]++)
		for (int k = 0; k < SIZE; k++)
			mean[train.labels[i]][k] += train.pixels[i * SIZE + k];
	for (int i = 0; i < test.n; i++) {
		double best = 1e300;
		int nearest = -1;

		for (int c = 0; c < GLYPHS_CLASSES; c++) {
			double distance = 0;

			for (int k = 0; k < SIZE; k++) {
				const double d = test.pixels[i * SIZE + k] - mean[c][k] / count[c];
				distance += d * d;
			}
			if (distance < best) {
				best = distance;
				nearest = c;
			}
		}
		right += nearest == test.labels[i];
	}
	assert_in_range(right, SOME * 6 / 10, SOME * 9 / 10);
	drop(train);
	drop(test);
}

static bool at_once(void)
{
	return true;
}

static void drawing_can_be_stopped(void **unused)
{
	static uint8_t pixels[SOME * SIZE], labels[SOME];

	(void)unused;
	assert_int_equal(glyphs_draw(pixels, labels, GLYPHS_SPLIT_TRAIN, SOME, 2, at_once), -1);
	for (int i = 0; i < SOME * SIZE; i++)
		assert_int_equal(pixels[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_splits_differ),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_labels_fit_drawings),
		cmocka_unit_test(drawing_can_be_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
