/* The views, on planted runs whose means, deviations, intervals and counts were worked out by hand
 * (and, for large n, from printed tables of t). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "tests/support/planted.h"

static void near(double found, double expected, double tolerance)
{
	if (!(fabs(found - expected) <= tolerance))
		fail_msg("%.12g is not %.12g", found, expected);
}

/* A run that ends done with this test accuracy and a test loss of ten times as much. */
static int64_t run_with(struct planted *planted, const char *name, int variant, int64_t seed,
	const char *params, double test_accuracy, enum run_status status)
{
	struct store_metrics metrics = planted_no_metrics;
	struct planted_plan plan;

	metrics.test_accuracy = test_accuracy;
	metrics.test_loss = 10 * test_accuracy;
	planted_plan(&plan, name, variant, seed, params);
	return planted_run(planted, &plan, &metrics, status);
}

/* 0.80 0.84 0.88 0.84: mean 0.84; squares of the differences 16 + 0 + 16 + 0 = 32e-4; sd =
 * sqrt(32e-4 / 3) = 0.0326598632; half the interval = 3.182446305 * sd / 2 = 0.0519691308. */
static void a_variant_has_mean_sd_and_interval(void **state)
{
	static const double accuracies[] = {0.80, 0.84, 0.88, 0.84};
	struct planted *planted = *state;
	struct store *store = planted->store;

	for (int i = 0; i < 4; i++)
		run_with(planted, "lenet", 1, i, "{}", accuracies[i], RUN_DONE);
	run_with(planted, "lenet", 1, 4, "{}", 0.1, RUN_DIVERGED);
	run_with(planted, "lenet", 1, 5, "{}", 0.1, RUN_FAILED);
	run_with(planted, "lenet", 1, 6, "{}", 0.1, RUN_INTERRUPTED);
	assert_int_equal(planted_int(store, "SELECT count(*) FROM variant"), 1);
	assert_int_equal(planted_int(store, "SELECT n FROM variant"), 4);
	assert_int_equal(planted_int(store, "SELECT n_diverged FROM variant"), 1);
	near(planted_real(store, "SELECT test_accuracy_mean FROM variant"), 0.84, 1e-15);
	near(planted_real(store, "SELECT test_accuracy_sd FROM variant"), 0.0326598632371, 1e-12);
	near(planted_real(store, "SELECT test_accuracy_low FROM variant"), 0.84 - 0.0519691308,
		1e-9);
	near(planted_real(store, "SELECT test_accuracy_high FROM variant"), 0.84 + 0.0519691308,
		1e-9);
	near(planted_real(store, "SELECT test_loss_mean FROM variant"), 8.4, 1e-14);
	near(planted_real(store, "SELECT test_loss_sd FROM variant"), 0.326598632371, 1e-11);
	near(planted_real(store, "SELECT seconds_mean FROM variant"), 2, 0);
	assert_true(isnan(planted_real(store, "SELECT val_accuracy_mean FROM variant")));
	assert_true(isnan(planted_real(store, "SELECT train_loss_sd FROM variant")));
	near(planted_real(store, "SELECT test_accuracy_high FROM leaderboard"), 0.84 + 0.0519691308,
		1e-9);
}

static void one_seed_has_no_interval(void **state)
{
	struct planted *planted = *state;

	run_with(planted, "lenet", 1, 0, "{}", 0.5, RUN_DONE);
	near(planted_real(planted->store, "SELECT test_accuracy_mean FROM variant"), 0.5, 0);
	assert_true(isnan(planted_real(planted->store, "SELECT test_accuracy_sd FROM variant")));
	assert_true(isnan(planted_real(planted->store, "SELECT test_accuracy_low FROM variant")));
}

/* Half of 2 m runs at 0.4, half at 0.6: mean 0.5, sd = 0.1 sqrt(n / (n - 1)), so the half interval
 * times 10 sqrt(n - 1) is t itself. Printed tables: t(7) 2.364624, t(29) 2.045230, t(39) 2.022691,
 * t(99) 1.984217. */
static void the_interval_is_students(void **state)
{
	static const struct {
		int n;
		double t;
	} rows[] = {{2, 12.706205}, {8, 2.364624}, {30, 2.045230}, {40, 2.022691}, {100, 1.984217}};
	struct planted *planted = *state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char sql[128];
		double half;

		for (int seed = 0; seed < rows[i].n; seed++)
			run_with(planted, "lenet", (int)i + 1, seed, "{}", seed % 2 ? 0.4 : 0.6,
				RUN_DONE);
		snprintf(sql, sizeof sql,
			"SELECT (test_accuracy_high - test_accuracy_low) / 2 FROM variant "
			"WHERE n = %d",
			rows[i].n);
		half = planted_real(planted->store, sql);
		near(half * 10 * sqrt(rows[i].n - 1), rows[i].t, 4e-6);
	}
}

/* A large offset must not eat the deviation: two passes. */
static void no_digits_are_lost(void **state)
{
	struct planted *planted = *state;

	for (int i = 0; i < 3; i++) {
		struct store_metrics metrics = planted_no_metrics;
		struct planted_plan plan;

		metrics.train_loss = 1e9 + i;
		planted_plan(&plan, "lenet", 1, i, "{}");
		planted_run(planted, &plan, &metrics, RUN_DONE);
	}
	near(planted_real(planted->store, "SELECT train_loss_sd FROM variant"), 1, 1e-12);
}

static const char *label_of(struct planted *planted, int variant)
{
	char sql[160], hash[65];

	snprintf(sql, sizeof sql, "SELECT label FROM label WHERE variant_hash = '%s'",
		planted_hash(hash, variant));
	return planted_text(planted->store, sql);
}

static void labels_tell_variants_apart(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;

	run_with(planted, "lenet", 1, 0, "{\"pooling\": \"avg_pool2d\", \"k\": 5}", 0.5, RUN_DONE);
	assert_string_equal(label_of(planted, 1), "");
	run_with(planted, "lenet", 1, 1, "{\"pooling\": \"avg_pool2d\", \"k\": 5}", 0.5, RUN_DONE);
	assert_string_equal(label_of(planted, 1), "");
	run_with(planted, "lenet", 2, 0, "{\"pooling\": \"max_pool2d\", \"k\": 5}", 0.5, RUN_DONE);
	assert_string_equal(label_of(planted, 1), "pooling=avg_pool2d");
	assert_string_equal(label_of(planted, 2), "pooling=max_pool2d");
	run_with(planted, "other", 3, 0, "{\"pooling\": \"lp_pool2d\"}", 0.5, RUN_DONE);
	assert_string_equal(label_of(planted, 3), "");

	/* an overridden key that only one of them has */
	planted_plan(&plan, "lenet", 4, 0, "{\"pooling\": \"max_pool2d\", \"k\": 5}");
	plan.plan.overrides = "{\"train.lr\": 0.9, \"network.0.conv2d.bias\": false}";
	planted_run(planted, &plan, &planted_no_metrics, RUN_DONE);
	assert_string_equal(
		label_of(planted, 4), "network.0.conv2d.bias=false, pooling=max_pool2d, lr=0.9");
	assert_string_equal(label_of(planted, 2), "pooling=max_pool2d");
	assert_string_equal(planted_text(planted->store, "SELECT label FROM variant "
							 "WHERE name = 'lenet' AND n = 2"),
		"pooling=avg_pool2d");
}

static void runs_set_aside_count_no_more(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	int64_t run_id;
	bool created;

	run_with(planted, "lenet", 1, 0, "{}", 0.2, RUN_DONE);
	run_with(planted, "lenet", 1, 1, "{}", 0.6, RUN_DONE);
	planted_plan(&plan, "lenet", 1, 0, "{}");
	assert_int_equal(
		store_run_create(planted->store, &plan.plan, true, &run_id, &created, &err), 0);
	assert_int_equal(planted_int(planted->store, "SELECT n FROM variant"), 1);
	near(planted_real(planted->store, "SELECT test_accuracy_mean FROM variant"), 0.6, 0);
}

static void the_leaderboard_ranks_by_validation_first(void **state)
{
	struct planted *planted = *state;
	struct store_metrics metrics = planted_no_metrics;
	struct planted_plan plan;

	run_with(planted, "c", 3, 0, "{}", 0.9, RUN_DONE);
	run_with(planted, "d", 4, 0, "{}", 0.95, RUN_DONE);
	metrics.val_accuracy = 0.7;
	metrics.test_accuracy = 0.8;
	planted_plan(&plan, "b", 2, 0, "{}");
	planted_run(planted, &plan, &metrics, RUN_DONE);
	metrics.val_accuracy = 0.8;
	metrics.test_accuracy = 0.7;
	planted_plan(&plan, "a", 1, 0, "{}");
	planted_run(planted, &plan, &metrics, RUN_DONE);
	run_with(planted, "e", 5, 0, "{}", 0.99, RUN_DIVERGED);
	assert_string_equal(planted_text(planted->store,
				    "SELECT group_concat(place || name, ' ') FROM leaderboard"),
		"1a 2b 3d 4c 5e");
}

/* Points of one and a half epochs; the point at an epoch's end is the epoch's row. */
static void the_curve_is_d2ls(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	char hash[65];
	const struct store_point points[] = {{1, 0.5, 2.5, 0.25}, {2, 1.0, 2, 0.375}};
	const struct store_point half = {3, 1.5, 1, 0.5};
	const struct store_checkpoint checkpoint = {"last", 1, 1, "x", 1};
	struct store_epoch epoch = {.epoch = 1,
		.metrics = {2, 0.375, NAN, NAN, NAN, 0.4},
		.weights_hash = planted_hash(hash, 1),
		.points = points,
		.n_points = 2};
	int64_t run_id;

	planted_plan(&plan, "lenet", 1, 0, "{}");
	run_id = planted_claim(planted, &plan);
	assert_int_equal(store_epoch_save(planted->store, run_id, &epoch, &err), 0);
	assert_int_equal(
		store_checkpoint_save(planted->store, run_id, &checkpoint, &half, 1, &err), 0);
	assert_string_equal(
		planted_text(planted->store,
			"SELECT group_concat(epoch || ' ' || train_loss || ' ' || train_accuracy "
			"|| ' ' || coalesce(test_accuracy, '-'), '; ') "
			"FROM (SELECT * FROM curve WHERE run_id = 1 ORDER BY epoch)"),
		"0.5 2.5 0.25 -; 1.0 2.0 0.375 0.4; 1.5 1.0 0.5 -");
}

static void the_confusion_counts_bytes(void **state)
{
	static const uint8_t told[][5] = {{0, 1, 2, 2, 255}, {255, 1, 2, 1, 255}, {9, 16, 2}};
	static const char *const expected[] = {
		"0 0 1; 1 1 1; 1 2 1; 2 2 1; 255 255 1",
		"0 255 1; 1 1 2; 2 2 1; 255 255 1",
		"0 9 1; 1 16 1; 2 2 1",
	};
	struct planted *planted = *state;
	struct err err = {0};

	for (int i = 0; i < 3; i++) {
		const struct store_prediction predictions[] = {
			{"test", told[i], i == 2 ? 3 : 5}, {"val", told[0], 5}};
		const struct store_result result = {.status = RUN_DONE,
			.untrained_accuracy = NAN,
			.examples_per_second = NAN,
			.predictions = predictions,
			.n_predictions = 2};
		struct planted_plan plan;
		char sql[256];
		int64_t run_id;

		planted_plan(&plan, "lenet", 1, i, "{}");
		run_id = planted_claim(planted, &plan);
		assert_int_equal(store_run_finish(planted->store, run_id, &result, &err), 0);
		snprintf(sql, sizeof sql,
			"SELECT group_concat(actual || ' ' || predicted || ' ' || count, '; ') "
			"FROM "
			"(SELECT * FROM confusion WHERE run_id = %d ORDER BY actual, predicted)",
			(int)run_id);
		assert_string_equal(planted_text(planted->store, sql), expected[i]);
	}
	assert_int_equal(planted_int(planted->store, "SELECT sum(count) FROM confusion"), 13);
}

static void pairs_have_the_same_seed(void **state)
{
	struct planted *planted = *state;

	run_with(planted, "lenet", 1, 0, "{\"p\": 1}", 0.50, RUN_DONE);
	run_with(planted, "lenet", 1, 1, "{\"p\": 1}", 0.60, RUN_DONE);
	run_with(planted, "lenet", 1, 2, "{\"p\": 1}", 0.60, RUN_DONE);
	run_with(planted, "lenet", 2, 0, "{\"p\": 2}", 0.75, RUN_DONE);
	run_with(planted, "lenet", 2, 1, "{\"p\": 2}", 0.70, RUN_DONE);
	run_with(planted, "lenet", 2, 2, "{\"p\": 2}", 0.10, RUN_DIVERGED);
	assert_int_equal(planted_int(planted->store, "SELECT count(*) FROM pair"), 4);
	assert_string_equal(
		planted_text(planted->store,
			"SELECT group_concat(seed || ' ' || round(test_accuracy_difference, 6) || "
			"' ' || run_id_a || ' ' || run_id_b, '; ') FROM (SELECT * FROM pair "
			"WHERE label_a = 'p=2' AND label_b = 'p=1' ORDER BY seed)"),
		"0 0.25 4 1; 1 0.1 5 2");
	near(planted_real(planted->store, "SELECT sum(test_accuracy_difference) FROM pair"), 0,
		1e-15);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, planted_setup, planted_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_variant_has_mean_sd_and_interval),
		CASE(one_seed_has_no_interval),
		CASE(the_interval_is_students),
		CASE(no_digits_are_lost),
		CASE(labels_tell_variants_apart),
		CASE(runs_set_aside_count_no_more),
		CASE(the_leaderboard_ranks_by_validation_first),
		CASE(the_curve_is_d2ls),
		CASE(the_confusion_counts_bytes),
		CASE(pairs_have_the_same_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
