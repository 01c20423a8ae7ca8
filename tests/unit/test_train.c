/*
 * Runs as the program trains them: the same bits whatever the number of threads and however often
 * they are interrupted, and everything in the store that is to be there.
 */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "layers/network/engine.h"
#include "runner/checkpoint.h"
#include "tests/support/files.h"
#include "tests/support/planted.h"
#include "tests/support/trained.h"

#define SMALL "dataset=glyphs|dataset.train_limit=1000|dataset.test_limit=300|train.epochs=2"

/* Trains a config in a store of its own, "FOLDER/NAME", which is left open for reading. */
static struct store *trained_in(const char *folder, const char *name, const struct trained *t,
	int threads, struct train_result *result)
{
	const char *path = files_path(folder, name);
	struct err err = {0};
	struct store *store = NULL;
	int64_t run_id;

	if (trained_run(t, path, threads, &run_id, result, &err) ||
		store_open(&store, path, STORE_READ, STORE_WAIT_MS, &err))
		fail_msg("%s", err.text);
	assert_int_equal(run_id, 1);
	return store;
}

/* What a run leaves that depends on its training alone: its epochs with their hashes, all points
 * and the predictions, as one text; the caller frees it. */
static char *trace(struct store *store)
{
	const char *text = planted_text(store,
		"SELECT (SELECT group_concat(concat, char(10)) FROM (SELECT epoch || ' ' || lr || "
		"' ' || train_loss || ' ' || train_accuracy || ' ' || coalesce(val_loss, '-') || ' "
		"' "
		"|| test_loss || ' ' || test_accuracy || ' ' || weights_hash AS concat FROM epoch "
		"ORDER BY epoch)) || char(10) || (SELECT group_concat(concat, char(10)) FROM "
		"(SELECT step || ' ' || epoch || ' ' || train_loss || ' ' || train_accuracy AS "
		"concat FROM point ORDER BY step)) || char(10) || coalesce((SELECT hex(labels) "
		"FROM prediction WHERE split = 'test'), '') || char(10) || "
		"(SELECT run.status || ' ' || epochs_done || ' ' || coalesce(best_epoch, '-') || "
		"' ' || untrained_accuracy || ' ' || weights_hash FROM run)");
	char *copy = strdup(text);

	assert_non_null(copy);
	assert_string_not_equal(copy, "NULL");
	return copy;
}

/* ---- threads */

static void same_on_any_threads(const char *folder, const char *config, const char *changes)
{
	static const int threads[] = {1, 2, 7};
	char *traces[3];
	struct trained t;

	trained_load(&t, config, changes);
	for (int i = 0; i < 3; i++) {
		char name[32];
		struct train_result result;
		struct store *store;

		snprintf(name, sizeof name, "%s%d.db", t.experiment->name, threads[i]);
		store = trained_in(folder, name, &t, threads[i], &result);
		traces[i] = trace(store);
		store_close(store);
	}
	trained_release(&t);
	assert_string_equal(traces[0], traces[1]);
	assert_string_equal(traces[0], traces[2]);
	for (int i = 0; i < 3; i++)
		free(traces[i]);
}

static void test_threads(void **state)
{
	same_on_any_threads(*state, "configs/lenet.yaml", SMALL "|train.batch_size=200");
	same_on_any_threads(*state, "configs/lenet_relu.yaml", SMALL "|train.batch_size=90");
	same_on_any_threads(
		*state, "configs/mlp_dropout.yaml", SMALL "|dataset.validation=300|seed=5");
}

/* ---- interruptions */

static void wait_ms(int ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

/* Trains in a child that is sent `signal` after so long; whether it came to its end before. */
static bool disturbed(const struct trained *t, const char *path, int signal, int after_ms)
{
	pid_t child = trained_fork(t, path, 2);
	int status;

	assert_true(child > 0);
	wait_ms(after_ms);
	kill(child, signal);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	/* The signal may come before the child watches for it. */
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 2 + RUN_INTERRUPTED);
	return false;
}

static struct store *opened(const char *path)
{
	struct store *store;
	struct err err = {0};

	if (store_open(&store, path, STORE_READ, STORE_WAIT_MS, &err))
		fail_msg("%s", err.text);
	return store;
}

/* Where the last checkpoint stands; false when there is none. */
static bool checkpoint_at(const char *path, int *epoch, int *batch)
{
	struct store *store = opened(path);
	bool found = planted_int(store, "SELECT count(*) FROM checkpoint") > 0;

	if (found) {
		*epoch = (int)planted_int(store, "SELECT epoch FROM checkpoint");
		*batch = (int)planted_int(store, "SELECT batch FROM checkpoint");
		assert_string_equal(planted_text(store, "SELECT status FROM run"), "interrupted");
	}
	store_close(store);
	return found;
}

/* Interrupts a run again and again, a little later each time, until it has come to its end; then it
 * must have left what an undisturbed one leaves. Counts the times that it was left within an epoch,
 * and between two of them. */
static void interrupt(
	const char *folder, const char *config, const char *changes, int *within, int *between)
{
	const char *path = files_path(folder, "disturbed.db");
	struct train_result result;
	struct trained t;
	struct store *store;
	char *expected, *got;
	int ms = 5, epoch, batch;

	trained_load(&t, config, changes);
	store = trained_in(folder, "undisturbed.db", &t, 2, &result);
	expected = trace(store);
	store_close(store);
	*within = *between = 0;
	for (; !disturbed(&t, path, SIGTERM, ms); ms += 3 + ms / 8) {
		assert_in_range(ms, 0, 60000);
		if (access(path, F_OK) || !checkpoint_at(path, &epoch, &batch))
			continue;
		*within += batch > 0;
		*between += epoch > 0 && batch == 0;
	}
	store = opened(path);
	got = trace(store);
	assert_string_equal(got, expected);
	assert_int_equal(planted_int(store, "SELECT count(*) FROM run"), 1);
	store_close(store);
	trained_release(&t);
	free(expected);
	free(got);
}

/* Nearly all of the time goes into batches; dropout, adam's moments and the order of the images
 * must go on where they were. */
static void test_interrupted_within_epochs(void **state)
{
	int within, between;

	interrupt(*state, "configs/mlp_dropout.yaml",
		"dataset=glyphs|dataset.train_limit=4000|dataset.test_limit=10|train.epochs=3|"
		"train.batch_size=16|train.optimizer=adam|train.lr=0.001|dataset.validation=10",
		&within, &between);
	assert_true(within > 1);
}

/* Nearly all of it goes into evaluation, so the signal is found where the next epoch would begin;
 * early stopping must remember how long it has waited. */
static void test_interrupted_between_epochs(void **state)
{
	int within, between;

	interrupt(*state, "configs/lenet_relu.yaml",
		"dataset=glyphs|dataset.train_limit=64|dataset.test_limit=3000|train.epochs=9|"
		"train.batch_size=32|train.early_stopping={metric: train_loss, patience: 4, "
		"min_delta: 100}|train.optimizer={sgd: {momentum: 0.9}}",
		&within, &between);
	assert_true(between > 1);
}

/* What the query gives now; 0 while there is no store. */
static int64_t asked(const char *path, const char *sql)
{
	struct store *store = NULL;
	struct err err = {0};
	int64_t found = 0;

	if (!access(path, F_OK) && !store_open(&store, path, STORE_READ, STORE_WAIT_MS, &err))
		found = planted_int(store, sql);
	store_close(store);
	return found;
}

/* Trains in a child that is killed as soon as the query gives something; where the machine is so
 * fast that it never does, when the child is done. */
static void killed_when(const struct trained *t, const char *path, const char *sql)
{
	pid_t child = trained_fork(t, path, 2);
	int status;

	assert_true(child > 0);
	for (; !asked(path, sql); wait_ms(5))
		if (waitpid(child, &status, WNOHANG))
			return;
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
}

/* Long enough to be killed on the way; a sanitizer makes it last ten times as long. */
#if defined __SANITIZE_THREAD__ || defined __SANITIZE_ADDRESS__
#define LONG "12"
#else
#define LONG "100"
#endif

/* Killed before there is a checkpoint, and after one that later epochs have left behind: those are
 * trained again, and the store would not take other weights for them. */
static void test_killed(void **state)
{
	const char *path = files_path(*state, "killed.db");
	struct train_result result;
	struct trained t;
	struct store *store;
	struct err err = {0};
	char *expected, *got;
	int64_t run_id;

	trained_load(&t, "configs/mlp_dropout.yaml",
		"dataset=glyphs|dataset.train_limit=3000|dataset.test_limit=500|train."
		"epochs=" LONG);
	store = trained_in(*state, "undisturbed.db", &t, 2, &result);
	expected = trace(store);
	store_close(store);
	killed_when(&t, path, "SELECT count(*) FROM run WHERE status = 'running'");
	killed_when(&t, path, "SELECT count(*) FROM epoch");
	killed_when(&t, path,
		"SELECT count(*) FROM checkpoint WHERE epoch > 3 OR "
		"epoch < (SELECT max(epoch) FROM epoch)");
	if (trained_run(&t, path, 2, &run_id, &result, &err))
		fail_msg("%s", err.text);
	assert_int_equal(run_id, 1);
	store = opened(path);
	got = trace(store);
	assert_string_equal(got, expected);
	store_close(store);
	if (trained_run(&t, path, 2, &run_id, &result, &err))
		fail_msg("%s", err.text);
	assert_int_equal(run_id, 0); /* done: nothing to claim */
	trained_release(&t);
	free(expected);
	free(got);
}

/* As if the epoch that a checkpoint stands in had taken 1000 s so far, and training 2000 images of
 * it 500 s. */
static void pretend_effort(const char *path)
{
	struct store *store = NULL;
	struct store_checkpoint found;
	struct checkpoint head;
	struct err err = {0};
	sqlite3_stmt *update;
	void *content = NULL;

	if (store_open(&store, path, STORE_WRITE, STORE_WAIT_MS, &err) ||
		store_checkpoint_load(store, 1, "last", &found, &content, &err))
		fail_msg("%s", err.text);
	memcpy(&head, content, sizeof head);
	head.epoch_seconds = 1000;
	head.epoch_effort = (struct effort){.seconds = 500, .examples = 2000};
	memcpy(content, &head, sizeof head);
	sqlite3_prepare_v2(
		store_handle(store), "UPDATE checkpoint SET content = ?1", -1, &update, NULL);
	sqlite3_bind_blob(update, 1, content, (int)found.size, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(update), SQLITE_DONE);
	sqlite3_finalize(update);
	free(content);
	store_close(store);
}

/* An epoch that several processes trained took as long as all of them together. */
static void test_effort_goes_on(void **state)
{
	const char *path = files_path(*state, "effort.db");
	struct train_result result;
	struct trained t;
	struct store *store;
	struct err err = {0};
	int64_t run_id;
	int first, batch, ms = 5;

	trained_load(&t, "configs/mlp.yaml",
		"dataset=glyphs|dataset.train_limit=8000|dataset.test_limit=10|train.epochs=20|"
		"train.batch_size=16");
	for (;; ms += 5) {
		assert_false(disturbed(&t, path, SIGTERM, ms));
		if (!access(path, F_OK) && checkpoint_at(path, &first, &batch))
			break;
	}
	first++;
	pretend_effort(path);
	if (trained_run(&t, path, 2, &run_id, &result, &err))
		fail_msg("%s", err.text);
	store = opened(path);
	for (int epoch = first; epoch <= first + 1; epoch++) {
		char sql[96];
		double seconds, speed;

		snprintf(sql, sizeof sql, "SELECT seconds FROM epoch WHERE epoch = %d", epoch);
		seconds = planted_real(store, sql);
		snprintf(sql, sizeof sql, "SELECT examples_per_second FROM epoch WHERE epoch = %d",
			epoch);
		speed = planted_real(store, sql);
		assert_true(epoch == first ? seconds > 1000 : seconds < 1000);
		assert_true(epoch == first ? speed < 10000 / 500. : speed > 10000 / 500.);
	}
	/* 20 epochs of 8000 images in more than 500 s. */
	assert_true(result.examples_per_second < 162000 / 500.);
	assert_true(result.examples_per_second ==
		    planted_real(store, "SELECT examples_per_second FROM run"));
	store_close(store);
	trained_release(&t);
}

/* ---- how runs end */

static void test_diverged(void **state)
{
	struct train_result result;
	struct trained t;
	struct store *store;
	struct err err = {0};
	int64_t run_id;

	trained_load(&t, "configs/mlp.yaml", SMALL "|train.lr=1e30|train.log_every=1");
	store = trained_in(*state, "runner.db", &t, 2, &result);
	assert_int_equal(result.status, RUN_DIVERGED);
	assert_int_equal(result.epochs_done, 0);
	assert_string_equal(planted_text(store, "SELECT status FROM run"), "diverged");
	assert_int_equal(planted_int(store,
				 "SELECT error GLOB 'the loss became * in epoch 1, batch [2-4] of "
				 "4' FROM run"),
		1);
	assert_int_equal(planted_int(store, "SELECT count(*) FROM epoch"), 0);
	assert_in_range(planted_int(store, "SELECT count(*) FROM point"), 1, 3);
	assert_int_equal(planted_int(store, "SELECT count(*) FROM prediction"), 0);
	assert_int_equal(planted_int(store, "SELECT finished_at IS NOT NULL FROM run"), 1);
	store_close(store);
	if (trained_run(&t, files_path(*state, "runner.db"), 2, &run_id, &result, &err))
		fail_msg("%s", err.text);
	assert_int_equal(run_id, 0); /* it would diverge again */
	trained_release(&t);
}

/* The only update of the only epoch: the training loss, taken before it, is fine. */
static void test_diverged_by_the_last_update(void **state)
{
	struct train_result result;
	struct trained t;
	struct store *store;

	trained_load(&t, "configs/mlp.yaml",
		SMALL "|train.lr=1e30|train.batch_size=1000|train.epochs=1");
	store = trained_in(*state, "runner.db", &t, 2, &result);
	assert_int_equal(result.status, RUN_DIVERGED);
	assert_string_equal(planted_text(store, "SELECT status FROM run"), "diverged");
	assert_int_equal(planted_int(store,
				 "SELECT error GLOB 'the loss on the test images became * in epoch "
				 "1, batch 1 of 1' FROM run"),
		1);
	store_close(store);
	trained_release(&t);
}

static void test_at_chance(void **unused)
{
	(void)unused;
	assert_true(at_chance(0.1, 10));
	assert_true(at_chance(0.149, 10));
	assert_false(at_chance(0.151, 10));
	assert_true(at_chance(0.52, 2));
	assert_false(at_chance(0.7, 2)); /* half as good again as 0.5 would be 0.75 */
	assert_false(at_chance(0.05, 100));
	assert_false(at_chance(NAN, 10));
	assert_false(at_chance(0, 0));
}

/* Sizes at the edge: one image, batches larger than the data, curves longer than the run. */
static void test_small_runs(void **state)
{
	struct train_result result;
	struct trained t;
	struct store *store;

	trained_load(&t, "configs/mlp_dropout.yaml",
		"dataset=glyphs|dataset.train_limit=1|dataset.test_limit=1|train.epochs=2|"
		"dataset.validation=59999|train.batch_size=1048576|train.log_every=2147483647|"
		"train.log_norms=true");
	store = trained_in(*state, "one.db", &t, 7, &result);
	assert_int_equal(result.status, RUN_DONE);
	assert_int_equal(planted_int(store, "SELECT count(*) FROM epoch WHERE train_loss > 0 AND "
					    "test_loss > 0 AND val_loss > 0"),
		2);
	assert_int_equal(planted_int(store, "SELECT count(*) FROM point"), 0);
	assert_int_equal(planted_int(store, "SELECT length(labels) FROM prediction"), 1);
	store_close(store);
	trained_release(&t);
}

static void test_early_stopping(void **state)
{
	struct train_result result;
	struct trained t;
	struct store *store;

	trained_load(&t, "configs/mlp.yaml",
		"dataset=glyphs|dataset.train_limit=500|dataset.test_limit=50|train.epochs=9|"
		"dataset.validation=100|train.early_stopping={metric: val_loss, patience: 2, "
		"min_delta: 100}");
	store = trained_in(*state, "runner.db", &t, 2, &result);
	assert_int_equal(result.status, RUN_DONE);
	assert_true(result.stopped_early);
	assert_int_equal(planted_int(store, "SELECT epochs_done FROM run"), 3);
	assert_int_equal(planted_int(store, "SELECT best_epoch FROM run"), 1);
	assert_int_equal(planted_int(store, "SELECT count(*) FROM epoch"), 3);
	assert_string_equal(planted_text(store, "SELECT status FROM run"), "done");
	store_close(store);
	trained_release(&t);
}

/* Nothing is stopped while there is progress, and the best epoch is the one with the best value. */
static void test_best_epoch(void **state)
{
	struct train_result result;
	struct trained t;
	struct store *store;

	trained_load(&t, "configs/softmax.yaml",
		"dataset=glyphs|dataset.train_limit=1000|dataset.test_limit=50|train.epochs=6|"
		"dataset.validation=200|train.lr=0.5|train.early_stopping={metric: val_accuracy, "
		"patience: 6}");
	store = trained_in(*state, "runner.db", &t, 2, &result);
	assert_false(result.stopped_early);
	assert_int_equal(planted_int(store, "SELECT epochs_done FROM run"), 6);
	assert_int_equal(planted_int(store, "SELECT best_epoch FROM run"),
		planted_int(store,
			"SELECT epoch FROM epoch ORDER BY val_accuracy DESC, epoch LIMIT 1"));
	store_close(store);
	trained_release(&t);
}

/* ---- what is measured */

/* The share of the test images that the initial weights get right. */
static double untrained(const struct trained *t)
{
	struct examples examples = {.pixels = t->dataset->test.pixels,
		.values = &t->selection.values,
		.labels = t->dataset->test.labels};
	struct batch batch = {.examples = &examples, .n = t->selection.n_test};
	struct batch_result result;
	struct engine *engine = NULL;
	struct team *team = NULL;
	struct state state;
	struct err err = {0};

	trained_start(t, &state);
	if (team_new(&team, 1, &err) ||
		engine_new(&engine, t->network, &t->experiment->loss, &state, team, &err) ||
		engine_evaluate(engine, &batch, &result, &err))
		fail_msg("%s", err.text);
	engine_free(engine);
	team_free(team);
	state_release(&state);
	return (double)result.correct / batch.n;
}

static void test_metrics(void **state)
{
	struct train_result result;
	struct trained t;
	struct store *store;

	trained_load(&t, "configs/lenet_relu.yaml",
		SMALL "|dataset.validation=250|train.batch_size=100");
	store = trained_in(*state, "runner.db", &t, 2, &result);
	assert_int_equal(planted_int(store, "SELECT count(*) FROM epoch"), 2);
	assert_true(planted_real(store, "SELECT untrained_accuracy FROM run") == untrained(&t));
	assert_true(result.untrained_accuracy == untrained(&t));
	/* Accuracies are shares of 1000 training, 250 validation and 300 test images. */
	assert_int_equal(
		planted_int(store,
			"SELECT count(*) FROM epoch WHERE "
			"abs(train_accuracy * 1000 - round(train_accuracy * 1000)) < 1e-9 AND "
			"abs(val_accuracy * 250 - round(val_accuracy * 250)) < 1e-9 AND "
			"abs(test_accuracy * 300 - round(test_accuracy * 300)) < 1e-9 AND "
			"val_loss > 0 AND test_loss > 0 AND seconds > 0 AND "
			"examples_per_second > 0 AND lr = 0.1 AND weights_hash IS NOT NULL"),
		2);
	assert_int_equal(planted_int(store,
				 "SELECT count(*) FROM run JOIN epoch ON epoch.epoch = epochs_done "
				 "WHERE run.train_loss = epoch.train_loss AND run.val_loss = "
				 "epoch.val_loss AND run.test_loss = epoch.test_loss AND "
				 "run.test_accuracy = epoch.test_accuracy AND run.val_accuracy = "
				 "epoch.val_accuracy AND run.weights_hash = epoch.weights_hash"),
		1);
	store_close(store);
	trained_release(&t);
}

/* The predictions of the last epoch, image by image, count up to its accuracy. */
static void test_predictions(void **state)
{
	struct train_result result;
	struct trained t;
	struct store *store;

	trained_load(&t, "configs/softmax.yaml", SMALL "|train.lr=0.5");
	store = trained_in(*state, "runner.db", &t, 2, &result);
	assert_int_equal(planted_int(store, "SELECT length(labels) FROM prediction"), 300);
	assert_int_equal(planted_int(store, "SELECT sum(count) FROM confusion"), 300);
	assert_true(
		fabs(planted_real(store, "SELECT sum(count) / 300.0 FROM confusion WHERE actual = "
					 "predicted") -
			planted_real(store, "SELECT test_accuracy FROM run")) < 1e-12);
	assert_true(planted_real(store, "SELECT test_accuracy FROM run") > 0.2);
	for (int digit = 0; digit < 10; digit++) {
		char sql[80];
		int expected = 0;

		for (int i = 0; i < 300; i++)
			expected += t.dataset->test.labels[i] == digit;
		snprintf(sql, sizeof sql, "SELECT sum(count) FROM confusion WHERE actual = %d",
			digit);
		assert_int_equal(planted_int(store, sql), expected);
	}
	store_close(store);
	trained_release(&t);
}

/* Five points an epoch where the batches can be divided so, the last one at its end with the
 * epoch's own means. */
static void test_points(void **state)
{
	struct train_result result;
	struct trained t;
	struct store *store;

	trained_load(&t, "configs/softmax.yaml", SMALL "|train.batch_size=64|train.epochs=3");
	store = trained_in(*state, "runner.db", &t, 2, &result); /* 16 batches: 3 6 9 12 15 16 */
	assert_int_equal(planted_int(store, "SELECT count(*) FROM point"), 18);
	assert_string_equal(
		planted_text(store, "SELECT group_concat(step) FROM point WHERE epoch <= 1"),
		"3,6,9,12,15,16");
	assert_int_equal(
		planted_int(store, "SELECT count(*) FROM epoch JOIN point ON point.epoch = "
				   "epoch.epoch WHERE point.train_loss = epoch.train_loss AND "
				   "point.train_accuracy = epoch.train_accuracy"),
		3);
	store_close(store);
	trained_release(&t);
	trained_load(&t, "configs/softmax.yaml", SMALL "|train.batch_size=100|train.epochs=3");
	store = trained_in(*state, "five.db", &t, 2, &result);
	assert_int_equal(planted_int(store, "SELECT count(*) FROM point"), 15);
	assert_string_equal(
		planted_text(store, "SELECT group_concat(printf('%.1f', epoch)) FROM point "
				    "WHERE epoch > 1 AND epoch <= 2"),
		"1.2,1.4,1.6,1.8,2.0");
	store_close(store);
	trained_release(&t);
}

/* Nine batches cannot be divided so: each is a point. They are no more than there is room for. */
static void test_points_of_nine(void **state)
{
	struct train_result result;
	struct trained t;
	struct store *store;

	trained_load(
		&t, "configs/softmax.yaml", SMALL "|train.batch_size=112|train.log_norms=true");
	store = trained_in(*state, "runner.db", &t, 2, &result);
	assert_string_equal(planted_text(store, "SELECT group_concat(step) FROM point"),
		"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18");
	assert_int_equal(planted_int(store, "SELECT count(*) FROM point WHERE train_loss > 0 AND "
					    "train_loss < 3 AND train_accuracy > 0"),
		18);
	/* Nobody wants a gradient of what flatten makes of the image; it is 0. */
	assert_int_equal(
		planted_int(store, "SELECT count(*) FROM metric WHERE value > 0 AND value < 100"),
		14);
	store_close(store);
	trained_release(&t);
}

/* Each seven steps, over epochs' ends: the means since the last point. */
static void test_points_by_steps(void **state)
{
	struct train_result result;
	struct trained t;
	struct store *store;

	trained_load(&t, "configs/softmax.yaml", SMALL "|train.batch_size=100|train.log_every=7");
	store = trained_in(*state, "runner.db", &t, 2, &result);
	assert_string_equal(planted_text(store, "SELECT group_concat(step) FROM point"), "7,14");
	store_close(store);
	trained_release(&t);
}

static double tensor_norm(const struct trained *t, const struct state *state, const char *path)
{
	double sum = 0;

	for (int i = 0; i < t->network->n_tensors; i++) {
		const struct tensor *tensor = &t->network->tensors[i];

		for (size_t k = 0; k < tensor->size && !strcmp(tensor->path, path); k++)
			sum += pow((double)state->trained[tensor->at + k], 2);
	}
	return sqrt(sum);
}

static void test_norms(void **state)
{
	struct train_result result;
	struct checkpoint head;
	struct state last;
	struct trained t;
	struct store *store;
	struct err err = {0};
	bool found = false;

	trained_load(&t, "configs/lenet_relu.yaml", SMALL "|train.log_norms=true");
	store = trained_in(*state, "runner.db", &t, 2, &result);
	/* Twelve layers with two rows each, ten tensors with two each, twice. */
	assert_int_equal(planted_int(store, "SELECT count(*) FROM metric"), 88);
	assert_int_equal(
		planted_int(store, "SELECT count(*) FROM metric WHERE value > 0 AND value < 100"),
		88);
	/* relu halves the sum of squares or so; flatten leaves it. */
	assert_int_equal(
		planted_int(store,
			"SELECT count(DISTINCT value) FROM metric WHERE epoch = 2 AND name "
			"= 'output_rms' AND layer IN ('5', '6')"),
		1);
	assert_int_equal(planted_int(store,
				 "SELECT (SELECT value FROM metric WHERE epoch = 1 AND layer = '1' "
				 "AND name = 'output_rms') < (SELECT value FROM metric WHERE epoch "
				 "= 1 AND layer = '0' AND name = 'output_rms')"),
		1);
	if (state_new(&last, t.network, &t.experiment->train.optimizer, &err) ||
		checkpoint_read(&head, &last, store, 1, "last", &found, &err))
		fail_msg("%s", err.text);
	assert_true(found);
	assert_true(fabs(planted_real(store,
				 "SELECT value FROM metric WHERE epoch = 2 AND layer = '7.weight' "
				 "AND name = 'norm'") -
			    tensor_norm(&t, &last, "7.weight")) < 1e-6);
	state_release(&last);
	store_close(store);
	trained_release(&t);
}

/* The rate of an epoch is that of its last update. */
static void test_learning_rates(void **state)
{
	struct train_result result;
	struct trained t;
	struct store *store;

	trained_load(&t, "configs/softmax.yaml",
		SMALL "|train.epochs=3|train.lr=0.2|train.lr_schedule={exponential: {gamma: 0.5}}");
	store = trained_in(*state, "runner.db", &t, 2, &result);
	assert_string_equal(
		planted_text(store, "SELECT group_concat(lr) FROM epoch"), "0.2,0.1,0.05");
	store_close(store);
	trained_release(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_threads),
		TEST(test_interrupted_within_epochs),
		TEST(test_interrupted_between_epochs),
		TEST(test_killed),
		TEST(test_effort_goes_on),
		TEST(test_diverged),
		TEST(test_diverged_by_the_last_update),
		TEST(test_small_runs),
		cmocka_unit_test(test_at_chance),
		TEST(test_early_stopping),
		TEST(test_best_epoch),
		TEST(test_metrics),
		TEST(test_predictions),
		TEST(test_points),
		TEST(test_points_of_nine),
		TEST(test_points_by_steps),
		TEST(test_norms),
		TEST(test_learning_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
