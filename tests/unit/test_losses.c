/*
 * Losses: values against the references, gradients against central differences of those, in every
 * instruction set; dead lanes, huge logits, ties, and the same bits however the batch is cut.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "layers/core/rng.h"
#include "layers/losses/cross_entropy.h"
#include "layers/losses/squared_error.h"
#include "tests/ref/ref.h"
#include "tests/support/kind_sets.h"

enum { MAX_FEATURES = 300, MAX_IMAGES = 48, SLACK = 16 };

/* A batch as a loss sees it. Groups lie further apart than they are long, as slices do; what lies
 * between them, and dead lanes, hold NaN. */
struct batch {
	int features, images, batch_live;
	bool targets_given;
	uint8_t labels[MAX_IMAGES];
	float y[MAX_IMAGES][MAX_FEATURES]; /* by image */
	float targets[MAX_IMAGES * MAX_FEATURES];

	_Alignas(64) float block[MAX_IMAGES * (MAX_FEATURES + SLACK)];
	_Alignas(64) float dy_block[MAX_IMAGES * (MAX_FEATURES + SLACK)];
	float loss[MAX_IMAGES];
	uint8_t predicted[MAX_IMAGES];
};

static struct batch *batch_new(int features, int images)
{
	struct batch *b = aligned_alloc(64, (sizeof *b + 63) / 64 * 64);

	assert_non_null(b);
	memset(b, 0, sizeof *b);
	b->features = features;
	b->images = images;
	b->batch_live = images;
	return b;
}

/* Logits from a normal distribution; a label and targets for each image. */
static struct batch *batch_random(int features, int images, double spread)
{
	struct batch *b = batch_new(features, images);
	struct rng rng = {.key = 1, .purpose = RNG_TEST, .epoch = (uint32_t)features};

	b->batch_live = images + 7; /* other shards have the rest */
	for (int i = 0; i < images; i++) {
		rng.position = (uint32_t)i;
		b->labels[i] =
			(uint8_t)rng_below(&rng, 0, features < 256 ? (uint32_t)features : 256);
		for (int f = 0; f < features; f++) {
			b->y[i][f] = (float)(spread * rng_normal(&rng, (uint32_t)(10 + 2 * f)));
			b->targets[i * features + f] =
				(float)rng_normal(&rng, (uint32_t)(10 + 2 * f + 1));
		}
	}
	return b;
}

static size_t batch_stride(const struct batch *b)
{
	return (size_t)(b->features + SLACK) * GROUP;
}

static size_t batch_at(const struct batch *b, int image, int f)
{
	return (size_t)(image / GROUP) * batch_stride(b) + (size_t)f * GROUP +
	       (size_t)(image % GROUP);
}

/* Runs a loss on images first .. first + n - 1 of the batch, as one shard; first is a multiple of
 * 16. */
static void run_shard(struct batch *b, const struct loss_kind *kind, const void *options,
	bool gradient, int first, int n)
{
	struct loss_work work = {
		.options = options,
		.features = b->features,
		.groups = (n + GROUP - 1) / GROUP,
		.live = n,
		.batch_live = b->batch_live,
		.y = {b->block + (size_t)(first / GROUP) * batch_stride(b), batch_stride(b)},
		.labels = b->labels + first,
		.targets = b->targets_given ? b->targets + first * b->features : NULL,
		.loss = b->loss + first,
		.predicted = b->predicted + first,
	};

	if (gradient)
		work.dy = (struct view){
			b->dy_block + (size_t)(first / GROUP) * batch_stride(b), batch_stride(b)};
	kind->run(&work);
}

static void batch_fill(struct batch *b)
{
	for (size_t i = 0; i < sizeof b->block / sizeof *b->block; i++)
		b->block[i] = b->dy_block[i] = NAN;
	for (int i = 0; i < b->images; i++)
		for (int f = 0; f < b->features; f++)
			b->block[batch_at(b, i, f)] = b->y[i][f];
}

static void run_batch(
	struct batch *b, const struct loss_kind *kind, const void *options, bool gradient)
{
	batch_fill(b);
	run_shard(b, kind, options, gradient, 0, b->images);
}

/* ---- the references */

/* An image's loss, with feature `moved` moved by `by`. */
typedef double (*loss_formula)(
	const struct batch *b, const void *options, int image, int moved, double by);

/* The image alone, moved. As far as the reference can see, it stands in a batch of batch_live. */
static struct ref moved_image(
	double y[MAX_FEATURES], const struct batch *b, int image, int moved, double by)
{
	for (int f = 0; f < b->features; f++)
		y[f] = (double)b->y[image][f] + (f == moved ? by : 0);
	return (struct ref){b->batch_live, b->features, 1, 1, y};
}

static double cross_entropy_formula(
	const struct batch *b, const void *options, int image, int moved, double by)
{
	const struct cross_entropy *o = options;
	double y[MAX_FEATURES];
	struct ref x = moved_image(y, b, image, moved, by);

	return ref_cross_entropy(&x, 0, b->labels[image], o->label_smoothing);
}

static double squared_error_formula(
	const struct batch *b, const void *options, int image, int moved, double by)
{
	const struct squared_error *o = options;
	double y[MAX_FEATURES];
	float targets[MAX_FEATURES];
	struct ref x = moved_image(y, b, image, moved, by);

	for (int f = 0; f < b->features; f++)
		targets[f] = b->targets_given ? b->targets[image * b->features + f]
					      : (float)(f == b->labels[image]);
	return ref_squared_error(&x, 0, targets, o->reduction == SQUARED_ERROR_SUM, o->scale);
}

static void check_loss(struct batch *b, const char *name, const void *options, loss_formula formula)
{
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets);

	for (int s = 0; s < n; s++) {
		run_batch(b, kind_set_loss(&sets[s], name), options, true);
		for (int i = 0; i < b->images; i++) {
			double want = formula(b, options, i, -1, 0);

			assert_true(fabs((double)b->loss[i] - want) < 2e-6 * (1 + fabs(want)));
		}
	}
}

static void check_gradient(
	struct batch *b, const char *name, const void *options, loss_formula formula)
{
	const double by = 1e-4;
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets), lanes = (b->images + GROUP - 1) / GROUP * GROUP;

	for (int s = 0; s < n; s++) {
		run_batch(b, kind_set_loss(&sets[s], name), options, true);
		for (int i = 0; i < lanes; i++) {
			for (int f = 0; f < b->features; f++) {
				double want = 0, got = (double)b->dy_block[batch_at(b, i, f)];

				if (i < b->images)
					want = (formula(b, options, i, f, by) -
						       formula(b, options, i, f, -by)) /
					       (2 * by * b->batch_live);
				else
					assert_true(got == 0);
				assert_true(fabs(got - want) <
					    1e-6 * (1.0 / b->batch_live + fabs(want)));
			}
		}
		for (int i = 0; i < lanes; i++)
			for (int f = b->features; f < b->features + SLACK; f++)
				assert_true(isnan(b->dy_block[batch_at(b, i, f)]));
	}
}

static const int feature_counts[] = {1, 2, 3, 10, 33, 300};

/* Each number of images from 1 to 40, and each number of features, for one loss. */
static void check_grid(const char *name, const void *options, loss_formula formula, bool targets)
{
	for (size_t k = 0; k < sizeof feature_counts / sizeof *feature_counts; k++) {
		for (int images = 1; images <= 40; images += feature_counts[k] > 10 ? 13 : 1) {
			struct batch *b = batch_random(feature_counts[k], images, 3);

			b->targets_given = targets;
			check_loss(b, name, options, formula);
			check_gradient(b, name, options, formula);
			free(b);
		}
	}
}

/* ---- cross_entropy */

static void cross_entropy_follows_the_formula(void **unused)
{
	static const double smoothings[] = {0, 0.1, 1};

	(void)unused;
	for (int i = 0; i < 3; i++)
		check_grid("cross_entropy", &(struct cross_entropy){smoothings[i]},
			cross_entropy_formula, false);
}

/* The book's y_hat = [[.1, .3, .6], [.3, .2, .5]], y = [0, 2]. */
static void cross_entropy_of_the_book(void **unused)
{
	static const double y_hat[2][3] = {{0.1, 0.3, 0.6}, {0.3, 0.2, 0.5}};
	struct batch *b = batch_new(3, 2);
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets);

	(void)unused;
	for (int i = 0; i < 2; i++)
		for (int f = 0; f < 3; f++)
			b->y[i][f] = (float)log(y_hat[i][f]);
	b->labels[1] = 2;
	for (int s = 0; s < n; s++) {
		run_batch(b, kind_set_loss(&sets[s], "cross_entropy"), &(struct cross_entropy){0},
			true);
		assert_true(fabs((double)b->loss[0] - 2.302585) < 1e-6);
		assert_true(fabs((double)b->loss[1] - 0.693147) < 1e-6);
		assert_int_equal(b->predicted[0], 2);
		assert_int_equal(b->predicted[1], 2);
		assert_true(fabs((double)b->dy_block[0] - (0.1 - 1) / 2) < 1e-7);
		assert_true(fabs((double)b->dy_block[16] - 0.3 / 2) < 1e-7);
	}
	free(b);
}

/* torch: CrossEntropyLoss(label_smoothing=0.1) of [1, 2, 3], label 2. */
static void label_smoothing_by_hand(void **unused)
{
	struct batch *b = batch_new(3, 1);
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets);

	(void)unused;
	b->labels[0] = 2;
	for (int f = 0; f < 3; f++)
		b->y[0][f] = (float)(1 + f);
	for (int s = 0; s < n; s++) {
		run_batch(b, kind_set_loss(&sets[s], "cross_entropy"), &(struct cross_entropy){0.1},
			true);
		assert_true(fabs((double)b->loss[0] - 0.507606) < 1e-6);
	}
	free(b);
}

struct huge {
	float y[3];
	uint8_t label;
	double loss, dy[3];
};

static void huge_logits_are_exact(void **unused)
{
	const double third = 1.0 / 3;
	const struct huge cases[] = {
		{{1e30f, -1e30f, 0}, 0, 0, {0, 0, 0}},
		{{1e30f, -1e30f, 0}, 1, 2e30, {1, -1, 0}},
		{{1e30f, -1e30f, 0}, 2, 1e30, {1, 0, -1}},
		{{-1e30f, -1e30f, -1e30f}, 1, log(3), {third, third - 1, third}},
		{{1e30f, 1e30f, 1e30f}, 2, log(3), {third, third, third - 1}},
		{{-1e4f, -1e4f, -1e4f}, 0, log(3), {third - 1, third, third}},
		{{-1e4f, -1e4f - 100, -1e4f}, 0, log(2), {-0.5, 0, 0.5}},
		{{1e4f, 1e4f - 200, 1e4f - 300}, 1, 200, {1, -1, 0}},
		{{3e38f, -3e38f, 0}, 0, 0, {0, 0, 0}},
		{{3e38f, -3e38f, 0}, 1, INFINITY, {1, -1, 0}},
		{{-3e38f, -3e38f, 3e38f}, 2, 0, {0, 0, 0}},
	};
	enum { CASES = sizeof cases / sizeof *cases };
	struct batch *b = batch_new(3, CASES);
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets);

	(void)unused;
	b->batch_live = 1;
	for (int i = 0; i < CASES; i++) {
		memcpy(b->y[i], cases[i].y, sizeof cases[i].y);
		b->labels[i] = cases[i].label;
	}
	for (int s = 0; s < n; s++) {
		run_batch(b, kind_set_loss(&sets[s], "cross_entropy"), &(struct cross_entropy){0},
			true);
		for (int i = 0; i < CASES; i++) {
			double want = cases[i].loss, got = (double)b->loss[i];

			assert_true(got == want || fabs(got - want) <= 1e-6 * want);
			for (int f = 0; f < 3; f++)
				assert_true(fabs((double)b->dy_block[batch_at(b, i, f)] -
						    cases[i].dy[f]) < 2e-7);
		}
	}
	free(b);
}

/* A network that has gone wrong must be seen to. */
static void nan_is_not_hidden(void **unused)
{
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets);

	(void)unused;
	for (int place = 0; place < 3; place++) {
		struct batch *b = batch_new(3, 2);

		b->y[0][place] = NAN;
		for (int s = 0; s < n; s++) {
			run_batch(b, kind_set_loss(&sets[s], "cross_entropy"),
				&(struct cross_entropy){0}, true);
			assert_true(isnan(b->loss[0]));
			assert_true(!isnan(b->loss[1]));
			run_batch(b, kind_set_loss(&sets[s], "squared_error"),
				&(struct squared_error){0, 1}, true);
			assert_true(isnan(b->loss[0]));
			assert_true(!isnan(b->loss[1]));
		}
		free(b);
	}
}

/* ---- squared_error */

static void squared_error_follows_the_formula(void **unused)
{
	(void)unused;
	for (int reduction = SQUARED_ERROR_MEAN; reduction <= SQUARED_ERROR_SUM; reduction++) {
		for (int targets = 0; targets < 2; targets++) {
			check_grid("squared_error", &(struct squared_error){reduction, 1},
				squared_error_formula, targets);
			check_grid("squared_error", &(struct squared_error){reduction, 0.5},
				squared_error_formula, targets);
		}
	}
}

/* y = [[1, 2], [3, 5]] and targets [[0, 0], [1, 1]]: torch's MSELoss gives 6.25, and 25 with
 * reduction sum; the batch's loss is the mean of the images'. */
static void squared_error_by_hand(void **unused)
{
	static const float y[2][2] = {{1, 2}, {3, 5}}, targets[4] = {0, 0, 1, 1};
	static const float mean_dy[4] = {0.5f, 1, 1, 2};
	struct batch *b = batch_new(2, 2);
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets);

	(void)unused;
	for (int i = 0; i < 2; i++)
		memcpy(b->y[i], y[i], sizeof y[i]);
	memcpy(b->targets, targets, sizeof targets);
	b->targets_given = true;
	for (int s = 0; s < n; s++) {
		const struct loss_kind *kind = kind_set_loss(&sets[s], "squared_error");

		run_batch(b, kind, &(struct squared_error){SQUARED_ERROR_MEAN, 1}, true);
		assert_true((b->loss[0] + b->loss[1]) / 2 == 6.25f);
		for (int i = 0; i < 4; i++)
			assert_true(b->dy_block[batch_at(b, i / 2, i % 2)] == mean_dy[i]);
		run_batch(b, kind, &(struct squared_error){SQUARED_ERROR_SUM, 1}, true);
		assert_true((b->loss[0] + b->loss[1]) / 2 == 25);
		for (int i = 0; i < 4; i++)
			assert_true(b->dy_block[batch_at(b, i / 2, i % 2)] == 4 * mean_dy[i]);
		run_batch(b, kind, &(struct squared_error){SQUARED_ERROR_SUM, 0.5}, true);
		assert_true((b->loss[0] + b->loss[1]) / 2 == 12.5f);
	}
	free(b);
}

/* ---- predictions */

static void predicts_the_first_largest(void **unused)
{
	static const struct {
		float y[4];
		uint8_t want;
	} cases[] = {
		{{0, 0, 0, 0}, 0},
		{{1, 2, 3, 4}, 3},
		{{4, 3, 2, 1}, 0},
		{{1, 5, 5, 2}, 1},
		{{-3, -2, -2, -5}, 1},
		{{-INFINITY, -1e30f, -INFINITY, -3e38f}, 1},
		{{-0.0f, 0.0f, -0.0f, 0.0f}, 0},
	};
	enum { CASES = sizeof cases / sizeof *cases };
	struct batch *b = batch_new(4, 3 * CASES);
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets);

	(void)unused;
	for (int i = 0; i < 3 * CASES; i++)
		memcpy(b->y[i], cases[i % CASES].y, sizeof cases[0].y);
	for (int s = 0; s < n; s++) {
		memset(b->predicted, 99, sizeof b->predicted);
		run_batch(b, kind_set_loss(&sets[s], "cross_entropy"), &(struct cross_entropy){0},
			false);
		for (int i = 0; i < 3 * CASES; i++)
			assert_int_equal(b->predicted[i], cases[i % CASES].want);
		assert_int_equal(b->predicted[3 * CASES], 99); /* dead */
	}
	free(b);
}

static void classes_beyond_a_byte_become_255(void **unused)
{
	static const int largest[] = {0, 100, 254, 255, 256, 299};
	struct batch *b = batch_new(300, 6);
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets);

	(void)unused;
	for (int i = 0; i < 6; i++)
		b->y[i][largest[i]] = 1;
	for (int s = 0; s < n; s++) {
		run_batch(b, kind_set_loss(&sets[s], "squared_error"),
			&(struct squared_error){0, 1}, false);
		for (int i = 0; i < 6; i++)
			assert_int_equal(b->predicted[i], largest[i] < 255 ? largest[i] : 255);
	}
	free(b);
}

/* ---- the same bits */

struct outcome {
	float loss[MAX_IMAGES];
	_Alignas(64) float dy[MAX_IMAGES * (MAX_FEATURES + SLACK)];
};

static void keep(struct outcome *outcome, const struct batch *b)
{
	memset(outcome, 0, sizeof *outcome);
	memcpy(outcome->loss, b->loss, (size_t)b->images * sizeof(float));
	for (int i = 0; i < b->images; i++)
		for (int f = 0; f < b->features; f++)
			outcome->dy[batch_at(b, i, f)] = b->dy_block[batch_at(b, i, f)];
}

/* In one shard, in shards of one group, without the gradient, in each fused instruction set. */
static void check_bits(const char *name, const void *options, bool targets)
{
	struct outcome *first = malloc(sizeof *first), *other = malloc(sizeof *other);
	struct batch *b = batch_random(10, 40, 5);
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets);
	bool have_fused = false;

	assert_true(first && other);
	b->targets_given = targets;
	for (int s = n - 1; s >= 0; s--) {
		const struct loss_kind *kind = kind_set_loss(&sets[s], name);

		run_batch(b, kind, options, true);
		keep(other, b);
		if (!have_fused || !sets[s].fused)
			memcpy(first, other, sizeof *first);
		have_fused = true;
		assert_memory_equal(first, other, sizeof *first);
		batch_fill(b);
		for (int at = 0; at < b->images; at += GROUP)
			run_shard(b, kind, options, true, at,
				b->images - at < GROUP ? b->images - at : GROUP);
		keep(other, b);
		assert_memory_equal(first, other, sizeof *first);
		run_batch(b, kind, options, false);
		assert_memory_equal(first->loss, b->loss, (size_t)b->images * sizeof(float));
	}
	free(first);
	free(other);
	free(b);
}

static void the_same_bits_in_any_cut(void **unused)
{
	(void)unused;
	check_bits("cross_entropy", &(struct cross_entropy){0}, false);
	check_bits("cross_entropy", &(struct cross_entropy){0.1}, false);
	check_bits("squared_error", &(struct squared_error){SQUARED_ERROR_MEAN, 1}, false);
	check_bits("squared_error", &(struct squared_error){SQUARED_ERROR_SUM, 0.3}, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cross_entropy_follows_the_formula),
		cmocka_unit_test(cross_entropy_of_the_book),
		cmocka_unit_test(label_smoothing_by_hand),
		cmocka_unit_test(huge_logits_are_exact),
		cmocka_unit_test(nan_is_not_hidden),
		cmocka_unit_test(squared_error_follows_the_formula),
		cmocka_unit_test(squared_error_by_hand),
		cmocka_unit_test(predicts_the_first_largest),
		cmocka_unit_test(classes_beyond_a_byte_become_255),
		cmocka_unit_test(the_same_bits_in_any_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
