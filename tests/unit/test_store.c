/* The store: names and rules of the schema, the life of a run, and what happens when several
 * processes want the same one, when they are killed, and when the file will not do. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "tests/support/files.h"
#include "tests/support/planted.h"

enum { NOBODY = 65534 };

#define OK(call)                                  \
	do {                                      \
		if (call)                         \
			fail_msg("%s", err.text); \
	} while (0)

#define FAILS(call, part)                                               \
	do {                                                            \
		err = (struct err){0};                                  \
		assert_int_not_equal(call, 0);                          \
		if (!strstr(err.text, part))                            \
			fail_msg("'%s' is not in: %s", part, err.text); \
		err = (struct err){0};                                  \
	} while (0)

/* ---- names */

/* The design's table, word for word; what the program adds behind is its own affair. */
static const struct {
	const char *table, *columns;
} design[] = {
	{"run", "run_id,name,config_path,config,params,run_hash,variant_hash,prefix_hash,dataset,"
		"seed,status,worker_id,created_at,started_at,finished_at,seconds,epochs,"
		"epochs_done,train_loss,train_accuracy,val_loss,val_accuracy,test_loss,"
		"test_accuracy,best_epoch,untrained_accuracy,parameters,macs,"
		"examples_per_second,weights_hash,error,environment_id"},
	{"run_param", "run_id,key,value"},
	{"sweep", "sweep_id"},
	{"sweep_run", "sweep_id,run_id,position"},
	{"epoch", "run_id,epoch,lr,train_loss,train_accuracy,val_loss,val_accuracy,test_loss,"
		  "test_accuracy,seconds,examples_per_second,weights_hash"},
	{"point", "run_id,step,epoch,train_loss,train_accuracy"},
	{"metric", "run_id,epoch,layer,name,value"},
	{"layer", "run_id,position,path,name,kind,output_shape,parameters,macs,receptive_field"},
	{"prediction", "run_id,split,labels"},
	{"artifact", "run_id,name,media_type,content"},
	{"checkpoint", "run_id,kind,epoch,batch,part,content"},
	{"expectation", "run_id"},
	{"comparison", "verdict"},
	{"environment", "environment_id,cpu,cores,instruction_set,blas,blas_kernels,compiler,"
			"versions"},
	{"dataset", "name,sha256"},
	{"worker", "worker_id"},
	{"event", "event_id"},
	{"leaderboard", "test_accuracy_mean"},
	{"variant", "name,label,dataset,n,n_diverged,variant_hash,train_loss_mean,train_loss_sd,"
		    "train_loss_low,train_loss_high,val_accuracy_mean,test_accuracy_mean,"
		    "test_accuracy_sd,test_accuracy_low,test_accuracy_high,test_loss_mean"},
	{"curve", "run_id,epoch,train_loss,train_accuracy,test_accuracy"},
	{"confusion", "run_id,actual,predicted,count"},
	{"pair", "seed,run_id_a,run_id_b,test_accuracy_difference"},
};

static void names_are_the_designs(void **state)
{
	struct planted *planted = *state;

	for (size_t i = 0; i < sizeof design / sizeof design[0]; i++) {
		char sql[2048];

		/* the columns that the design names but the file has not */
		snprintf(sql, sizeof sql,
			"SELECT coalesce(group_concat(value), '') FROM json_each('[\"' || "
			"replace('%s', ',', '\",\"') || '\"]') "
			"WHERE value NOT IN (SELECT name FROM pragma_table_info('%s'))",
			design[i].columns, design[i].table);
		assert_string_equal(planted_text(planted->store, sql), "");
	}
	assert_string_equal(planted_text(planted->store,
				    "SELECT coalesce(group_concat(name), '') FROM "
				    "pragma_table_list WHERE type = 'table' AND NOT strict "
				    "AND name NOT LIKE 'sqlite_%'"),
		"");
	assert_int_equal(planted_int(planted->store, "PRAGMA user_version"), 1);
	assert_int_equal(planted_int(planted->store, "PRAGMA foreign_keys"), 1);
	assert_int_equal(planted_int(planted->store, "PRAGMA synchronous"), 1);
	assert_string_equal(planted_text(planted->store, "PRAGMA journal_mode"), "wal");
}

/* In schema.sql every column has its line and, unless its name says all, its meaning: here only
 * that the text in the file is the one with the comments, so that `.schema` shows them. */
static void the_file_carries_its_comments(void **state)
{
	struct planted *planted = *state;

	assert_int_equal(planted_int(planted->store, "SELECT sql LIKE '%running averages since the "
						     "epoch began%' FROM sqlite_schema "
						     "WHERE name = 'point'"),
		1);
}

/* ---- rules */

static void rules_hold(void **state)
{
	static const char *const wrong[] = {
		"UPDATE run SET status = 'finished'",
		"UPDATE run SET status = 'running', worker_id = NULL",
		"UPDATE run SET run_hash = 'abc'",
		"UPDATE run SET variant_hash = NULL",
		"UPDATE run SET weights_hash = 'abc'",
		"UPDATE run SET params = 'x'",
		"UPDATE run SET params = '[]'",
		"UPDATE run SET seed = 'one'",
		"UPDATE run SET test_accuracy = 87.2",
		"UPDATE run SET train_accuracy = -0.1",
		"UPDATE run SET epochs = -1",
		"UPDATE run SET worker_id = 99",
		"UPDATE run SET environment_id = 99",
		"UPDATE run SET dataset = 'mnist'",
		"INSERT INTO run_param VALUES (99, 'k', 1)",
		"INSERT INTO run_param VALUES (1, 'seed', 1)",
		"INSERT INTO epoch (run_id, epoch) VALUES (99, 1)",
		"INSERT INTO epoch (run_id, epoch) VALUES (1, 0)",
		"INSERT INTO epoch (run_id, epoch) VALUES (1, 1), (1, 1)",
		"INSERT INTO epoch (run_id, epoch, test_accuracy) VALUES (1, 1, 1.5)",
		"INSERT INTO epoch (run_id, epoch, weights_hash) VALUES (1, 1, '12')",
		"INSERT INTO point (run_id, step, epoch) VALUES (1, 0, 0.2)",
		"INSERT INTO point (run_id, step, epoch) VALUES (99, 1, 0.2)",
		"INSERT INTO point (run_id, step, epoch) VALUES (1, 1, NULL)",
		"INSERT INTO metric VALUES (99, 1, '', 'norm', 1)",
		"INSERT INTO metric VALUES (1, 1, NULL, 'norm', 1)",
		"INSERT INTO layer VALUES (1, 0, '0', NULL, 'relu', '3', 0, 0, NULL)",
		"INSERT INTO layer VALUES (1, 9, '0', NULL, 'relu', '3', -1, 0, NULL)",
		"INSERT INTO prediction VALUES (1, 'testing', x'00')",
		"INSERT INTO prediction VALUES (1, 'test', 'text')",
		"INSERT INTO prediction VALUES (99, 'test', x'00')",
		"INSERT INTO checkpoint VALUES (1, 'last', -1, 0, 0, x'00')",
		"INSERT INTO checkpoint VALUES (1, 'last', 0, 0, 0, zeroblob(67108865))",
		"INSERT INTO expectation VALUES (1, 0, 'output', '', '', 0, 0, 0, 2)",
		"INSERT INTO comparison (claim, form, metric, n, verdict, computed_at) "
		"VALUES ('', '', '', 1, 'perhaps', '')",
		"INSERT INTO sweep_run VALUES (1, 1, 0)",
		"INSERT INTO artifact VALUES (99, 'w', 'image/png', x'00')",
		"INSERT INTO event (run_id, at, kind, text) VALUES (99, '', '', '')",
		"INSERT INTO dataset (name, sha256, shape, n_classes, train_count, test_count) "
		"VALUES ('x', 'short', '1', 1, 1, 1)",
		"DELETE FROM dataset",
	};
	struct planted *planted = *state;
	struct planted_plan plan;

	planted_plan(&plan, "lenet", 1, 0, "{}");
	assert_int_equal(planted_claim(planted, &plan), 1);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		planted_refused(planted->store, wrong[i]);
	assert_int_equal(planted_int(planted->store, "SELECT count(*) FROM epoch"), 0);
}

/* ---- the life of a run */

static void a_plan_is_kept_whole(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	int64_t run_id, again;
	bool created;

	planted_plan(&plan, "lenet", 1, 7,
		"{\"pooling\": \"max_pool2d\", \"hidden\": [120, 84], \"bias\": true, \"p\": 0.5}");
	plan.plan.overrides = "{\"train.lr\": 0.1, \"params.p\": 0.5, \"seed\": 7}";
	OK(store_run_create(planted->store, &plan.plan, false, &run_id, &created, &err));
	assert_true(created);
	OK(store_run_create(planted->store, &plan.plan, false, &again, &created, &err));
	assert_false(created);
	assert_int_equal(run_id, again);
	assert_string_equal(
		planted_text(planted->store,
			"SELECT group_concat(key || '=' || value || ':' || typeof(value), ' ') "
			"FROM (SELECT * FROM run_param ORDER BY key)"),
		"params.bias=true:text params.hidden=[120,84]:text params.p=0.5:real "
		"params.pooling=max_pool2d:text seed=7:integer train.lr=0.1:real");
	assert_string_equal(planted_text(planted->store, "SELECT classes FROM dataset"),
		"[\"T-shirt/top\",\"a \\\"bag\\\"\",\"裤子\"]");
	assert_string_equal(
		planted_text(planted->store, "SELECT hex(test_labels) FROM dataset"), "00010201FF");
	assert_string_equal(planted_text(planted->store,
				    "SELECT path || kind || output_shape || parameters || macs "
				    "|| receptive_field || coalesce(name, '-') FROM layer "
				    "WHERE position = 0"),
		"0conv2d6x28x281561176005x5-");
	assert_string_equal(planted_text(planted->store, "SELECT status || ' ' || (created_at LIKE "
							 "'20__-__-__T__:__:__.___Z') FROM run"),
		"queued 1");
}

static void an_epoch_is_kept_whole(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	struct arena arena = {0};
	char hash[65];
	const struct store_point points[] = {{47, 0.2, 2.3, 0.1}, {94, 0.4, 2.2, 0.2}};
	const struct store_metric extra[] = {{NULL, "weight_norm", 3.5}, {"0", "weight_norm", NAN}};
	const struct store_checkpoint checkpoint = {"last", 1, 0, "state", 5};
	struct store_epoch epoch = {.epoch = 1,
		.lr = 0.9,
		.metrics = {2.25, 0.125, NAN, NAN, 2, 0.25},
		.seconds = 1.5,
		.examples_per_second = 41000,
		.weights_hash = planted_hash(hash, 1),
		.points = points,
		.n_points = 2,
		.extra = extra,
		.n_extra = 2,
		.checkpoint = &checkpoint};
	struct store_epoch_row *rows;
	struct store_point *read_points;
	struct store_run *run;
	int64_t run_id;
	int n;

	planted_plan(&plan, "lenet", 1, 0, "{}");
	run_id = planted_claim(planted, &plan);
	OK(store_epoch_save(planted->store, run_id, &epoch, &err));
	epoch = (struct store_epoch){.epoch = 2,
		.lr = 0.8,
		.metrics = {1, 0.5, 1.25, 0.375, INFINITY, 0.5},
		.seconds = 2,
		.examples_per_second = NAN,
		.weights_hash = planted_hash(hash, 2)};
	OK(store_epoch_save(planted->store, run_id, &epoch, &err));
	OK(store_epochs(planted->store, run_id, &arena, &rows, &n, &err));
	assert_int_equal(n, 2);
	assert_true(rows[0].metrics.train_loss == 2.25 && rows[0].metrics.test_accuracy == 0.25);
	assert_true(isnan(rows[0].metrics.val_loss) && rows[1].metrics.val_accuracy == 0.375);
	assert_true(isnan(rows[1].metrics.test_loss) && isnan(rows[1].examples_per_second));
	assert_true(rows[0].lr == 0.9 && rows[0].seconds == 1.5);
	OK(store_points(planted->store, run_id, &arena, &read_points, &n, &err));
	assert_int_equal(n, 2);
	assert_int_equal(read_points[1].step, 94);
	assert_true(read_points[1].position == 0.4 && read_points[1].train_accuracy == 0.2);
	assert_string_equal(planted_text(planted->store,
				    "SELECT group_concat(layer || ':' || coalesce(value, 'NULL')) "
				    "FROM metric"),
		":3.5,0:NULL");
	OK(store_run_find(planted->store, plan.run_hash, &arena, &run, &err));
	assert_non_null(run);
	assert_string_equal(run->status, "running");
	assert_string_equal(run->weights_hash, hash);
	assert_string_equal(run->config, "name: x\n");
	assert_true(run->epochs_done == 2 && run->seconds == 3.5);
	assert_true(run->metrics.train_loss == 1 && isnan(run->metrics.test_loss));
	OK(store_run_find(planted->store, "nothing", &arena, &run, &err));
	assert_null(run);
	arena_release(&arena);
}

static void a_run_ends(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	struct arena arena = {0};
	const uint8_t labels[] = {0, 1, 255};
	const struct store_prediction prediction = {"test", labels, 3};
	const struct store_point point = {3, 0.5, NAN, 0.5};
	const struct store_result result = {.status = RUN_DIVERGED,
		.error = "the loss became NaN in epoch 1, batch 3",
		.untrained_accuracy = 0.1,
		.examples_per_second = 40000,
		.points = &point,
		.n_points = 1,
		.predictions = &prediction,
		.n_predictions = 1};
	struct store_run *run;
	bool claimed;
	int64_t run_id;

	planted_plan(&plan, "lenet", 1, 0, "{}");
	run_id = planted_claim(planted, &plan);
	OK(store_run_finish(planted->store, run_id, &result, &err));
	OK(store_run_get(planted->store, "lenet", &arena, &run, &err));
	assert_string_equal(run->status, "diverged");
	assert_string_equal(run->error, result.error);
	assert_non_null(run->finished_at);
	assert_true(run->untrained_accuracy == 0.1 && run->examples_per_second == 40000);
	assert_string_equal(
		planted_text(planted->store, "SELECT hex(labels) FROM prediction"), "0001FF");
	assert_int_equal(planted_int(planted->store, "SELECT count(*) FROM point"), 1);
	OK(store_run_claim(planted->store, run_id, &claimed, &err));
	assert_false(claimed);
	FAILS(store_run_finish(planted->store, run_id, &result, &err), "not this process's");
	arena_release(&arena);
}

static void a_failed_run_can_be_claimed_again(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	const struct store_result result = {
		.status = RUN_FAILED, .error = "no room", .untrained_accuracy = NAN};
	bool claimed;
	int64_t run_id;

	planted_plan(&plan, "lenet", 1, 0, "{}");
	run_id = planted_claim(planted, &plan);
	OK(store_run_claim(planted->store, run_id, &claimed, &err));
	assert_false(claimed);
	OK(store_run_finish(planted->store, run_id, &result, &err));
	OK(store_run_claim(planted->store, run_id, &claimed, &err));
	assert_true(claimed);
	assert_string_equal(planted_text(planted->store, "SELECT error FROM run"), "NULL");
	assert_string_equal(planted_text(planted->store, "SELECT finished_at FROM run"), "NULL");
}

static void the_same_epoch_must_have_the_same_weights(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	char hash[65];
	const struct store_metric extra = {NULL, "x", 1};
	struct store_epoch epoch = {
		.epoch = 1, .metrics = planted_no_metrics, .weights_hash = planted_hash(hash, 1)};
	int64_t run_id;

	planted_plan(&plan, "lenet", 1, 0, "{}");
	run_id = planted_claim(planted, &plan);
	OK(store_epoch_save(planted->store, run_id, &epoch, &err));
	OK(store_epoch_save(planted->store, run_id, &epoch, &err));
	assert_int_equal(planted_int(planted->store, "SELECT count(*) FROM epoch"), 1);
	epoch.weights_hash = planted_hash(hash, 2);
	epoch.extra = &extra;
	epoch.n_extra = 1;
	FAILS(store_epoch_save(planted->store, run_id, &epoch, &err), "its weights differ");
	assert_int_equal(planted_int(planted->store, "SELECT count(*) FROM metric"), 0);
	assert_string_equal(planted_text(planted->store, "SELECT weights_hash FROM run"),
		planted_hash(hash, 1));
}

static void a_run_made_again_sets_the_old_one_aside(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	struct arena arena = {0};
	struct store_run *run;
	int64_t first, second;
	bool created;

	planted_plan(&plan, "lenet", 1, 0, "{}");
	first = planted_run(planted, &plan, &planted_no_metrics, RUN_DONE);
	OK(store_run_create(planted->store, &plan.plan, true, &second, &created, &err));
	assert_true(created && second > first);
	assert_string_equal(
		planted_text(planted->store, "SELECT run_hash FROM run WHERE run_id = 1"), "NULL");
	assert_string_equal(
		planted_text(planted->store, "SELECT status FROM run WHERE run_id = 1"), "done");
	assert_int_equal(planted_int(planted->store, "SELECT count(*) FROM event"), 1);
	OK(store_run_get(planted->store, "lenet", &arena, &run, &err));
	assert_int_equal(run->run_id, second);
	OK(store_run_get(planted->store, "1", &arena, &run, &err));
	assert_null(run->run_hash);
	arena_release(&arena);
}

static void runs_are_found_by_what_people_type(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	struct arena arena = {0};
	struct store_run *run, *runs;
	int n;

	FAILS(store_run_get(planted->store, NULL, &arena, &run, &err), "no runs in");
	planted_plan(&plan, "lenet", 1, 0, "{}");
	planted_run(planted, &plan, &planted_no_metrics, RUN_DONE);
	planted_plan(&plan, "lenet", 1, 1, "{}");
	planted_run(planted, &plan, &planted_no_metrics, RUN_DONE);
	planted_plan(&plan, "42", 2, 1, "{}");
	planted_run(planted, &plan, &planted_no_metrics, RUN_DONE);
	OK(store_run_get(planted->store, "lenet", &arena, &run, &err));
	assert_int_equal(run->run_id, 2);
	OK(store_run_get(planted->store, "1", &arena, &run, &err));
	assert_int_equal(run->run_id, 1);
	OK(store_run_get(planted->store, "42", &arena, &run, &err));
	assert_int_equal(run->run_id, 3);
	OK(store_run_get(planted->store, NULL, &arena, &run, &err));
	assert_int_equal(run->run_id, 3);
	FAILS(store_run_get(planted->store, "lenett", &arena, &run, &err), "did you mean 'lenet'");
	FAILS(store_run_get(planted->store, "", &arena, &run, &err), "there is no run");
	OK(store_runs(planted->store, &arena, &runs, &n, &err));
	assert_int_equal(n, 3);
	assert_int_equal(runs[2].run_id, 3);
	assert_null(runs[0].config);
	arena_release(&arena);
}

/* ---- checkpoints */

static void checkpoints_are_cut_and_joined(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	size_t size = ((size_t)64 << 20) + 5;
	char *content = malloc(size);
	struct store_checkpoint checkpoint = {"last", 3, 17, content, size}, read;
	void *found;
	int64_t run_id;

	assert_non_null(content);
	for (size_t i = 0; i < size; i++)
		content[i] = (char)(i * 2654435761u >> 24);
	planted_plan(&plan, "lenet", 1, 0, "{}");
	run_id = planted_claim(planted, &plan);
	OK(store_checkpoint_load(planted->store, run_id, "last", &read, &found, &err));
	assert_null(found);
	assert_int_equal(read.size, 0);
	OK(store_checkpoint_save(planted->store, run_id, &checkpoint, NULL, 0, &err));
	assert_int_equal(planted_int(planted->store, "SELECT count(*) FROM checkpoint"), 2);
	OK(store_checkpoint_load(planted->store, run_id, "last", &read, &found, &err));
	assert_int_equal(read.size, size);
	assert_true(read.epoch == 3 && read.batch == 17 && read.content == found);
	assert_memory_equal(found, content, size);
	free(found);

	sqlite3_exec(store_handle(planted->store), "DELETE FROM checkpoint WHERE part = 0", NULL,
		NULL, NULL);
	FAILS(store_checkpoint_load(planted->store, run_id, "last", &read, &found, &err),
		"a part of the checkpoint is missing");
	assert_null(found);

	checkpoint.size = 3;
	checkpoint.batch = 18;
	OK(store_checkpoint_save(planted->store, run_id, &checkpoint, NULL, 0, &err));
	assert_int_equal(planted_int(planted->store, "SELECT count(*) FROM checkpoint"), 1);
	OK(store_checkpoint_load(planted->store, run_id, "last", &read, &found, &err));
	assert_int_equal(read.batch, 18);
	free(found);
	free(content);
}

/* ---- several processes. A child opens the store anew and leaves by _exit, so that nothing of the
 * parent is closed twice. */

static struct store *child_store(const struct planted *planted)
{
	static const struct environment elsewhere = {.cpu = "another", .versions = "{}"};
	struct err err = {0};
	struct store *store;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
	if (store_open(&store, planted->path, STORE_WRITE, STORE_WAIT_MS, &err) ||
		store_register(store, &elsewhere, &err)) {
		fprintf(stderr, "%s\n", err.text);
		_exit(9);
	}
	return store;
}

static int child_exit(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void exactly_one_process_claims_a_run(void **state)
{
	enum { CHILDREN = 4, RUNS = 25 };
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	int won[CHILDREN][2], go[2], total = 0;
	pid_t children[CHILDREN];

	for (int i = 0; i < RUNS; i++) {
		int64_t run_id;
		bool created;

		planted_plan(&plan, "lenet", 1, i, "{}");
		OK(store_run_create(planted->store, &plan.plan, false, &run_id, &created, &err));
	}
	store_close(planted->store);
	planted->store = NULL;
	assert_int_equal(pipe(go), 0);
	for (int c = 0; c < CHILDREN; c++) {
		assert_int_equal(pipe(won[c]), 0);
		children[c] = fork();
		if (!children[c]) {
			struct store *store = child_store(planted);
			char start;

			close(go[1]);
			if (read(go[0], &start, 1) != 0)
				_exit(8);
			for (int i = 1; i <= RUNS; i++) {
				bool claimed;
				char mine;

				if (store_run_claim(store, i, &claimed, &err))
					_exit(7);
				mine = (char)claimed;
				if (write(won[c][1], &mine, 1) != 1)
					_exit(6);
			}
			/* who left now would free its runs for the others */
			pause();
		}
		close(won[c][1]);
	}
	close(go[0]);
	close(go[1]);
	for (int i = 0; i < RUNS; i++) {
		int winners = 0;

		for (int c = 0; c < CHILDREN; c++) {
			char mine = 0;

			assert_int_equal(read(won[c][0], &mine, 1), 1);
			winners += mine;
		}
		assert_int_equal(winners, 1);
		total += winners;
	}
	assert_int_equal(total, RUNS);
	for (int c = 0; c < CHILDREN; c++) {
		kill(children[c], SIGKILL);
		assert_int_equal(child_exit(children[c]), 128 + SIGKILL);
		close(won[c][0]);
	}
}

/* A child that claims run 1, says so, and waits to be killed. */
static pid_t child_that_trains(const struct planted *planted)
{
	int ready[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (!child) {
		struct store *store = child_store(planted);
		struct err err = {0};
		bool claimed;

		if (store_run_claim(store, 1, &claimed, &err) || !claimed)
			_exit(8);
		if (write(ready[1], "x", 1) != 1)
			_exit(7);
		pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static void a_dead_process_loses_its_run(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	struct arena arena = {0};
	struct store_epoch epoch = {.epoch = 1, .metrics = planted_no_metrics};
	struct store_run *run;
	int64_t run_id;
	bool created, claimed;
	pid_t child;

	planted_plan(&plan, "lenet", 1, 0, "{}");
	OK(store_run_create(planted->store, &plan.plan, false, &run_id, &created, &err));
	child = child_that_trains(planted);
	OK(store_run_claim(planted->store, run_id, &claimed, &err));
	assert_false(claimed);
	OK(store_run_get(planted->store, "1", &arena, &run, &err));
	assert_string_equal(run->status, "running");
	FAILS(store_epoch_save(planted->store, run_id, &epoch, &err), "not this process's");
	assert_int_equal(planted_int(planted->store, "SELECT count(*) FROM epoch"), 0);
	FAILS(store_run_create(planted->store, &plan.plan, true, &run_id, &created, &err),
		"a living process is training it");
	assert_int_equal(planted_int(planted->store, "SELECT count(*) FROM run"), 1);

	kill(child, SIGKILL);
	assert_int_equal(child_exit(child), 128 + SIGKILL);
	OK(store_run_get(planted->store, "1", &arena, &run, &err));
	assert_string_equal(run->status, "interrupted");
	OK(store_run_claim(planted->store, 1, &claimed, &err));
	assert_true(claimed);
	OK(store_epoch_save(planted->store, 1, &epoch, &err));
	assert_string_equal(planted_text(planted->store,
				    "SELECT cpu FROM environment JOIN run USING (environment_id)"),
		"a CPU");
	arena_release(&arena);
}

static void opening_frees_what_the_dead_had(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;

	planted_plan(&plan, "lenet", 1, 0, "{}");
	planted_claim(planted, &plan);
	planted_reopen(planted, STORE_WRITE);
	assert_string_equal(planted_text(planted->store, "SELECT status FROM run"), "interrupted");
}

/* ---- all or nothing */

static int rows_left;

/* Kills the process at a chosen row of a transaction. */
static void die_at_row(void *unused, int what, const char *db, const char *table, sqlite3_int64 row)
{
	(void)unused, (void)what, (void)db, (void)table, (void)row;
	if (!--rows_left)
		raise(SIGKILL);
}

static int die_at_commit(void *unused)
{
	(void)unused;
	if (!--rows_left)
		raise(SIGKILL);
	return 0;
}

/* A trigger counts rows of the tables without rowid too, for which there is no update hook. */
static void count_row(sqlite3_context *context, int n, sqlite3_value **values)
{
	(void)n, (void)values;
	die_at_row(NULL, 0, NULL, NULL, 0);
	sqlite3_result_null(context);
}

static const char counting_triggers[] =
	"CREATE TEMP TRIGGER a AFTER INSERT ON main.epoch BEGIN SELECT count_row(); END;"
	"CREATE TEMP TRIGGER b AFTER INSERT ON main.point BEGIN SELECT count_row(); END;"
	"CREATE TEMP TRIGGER c AFTER INSERT ON main.metric BEGIN SELECT count_row(); END;"
	"CREATE TEMP TRIGGER d AFTER INSERT ON main.checkpoint BEGIN SELECT count_row(); END;"
	"CREATE TEMP TRIGGER e AFTER DELETE ON main.checkpoint BEGIN SELECT count_row(); END;"
	"CREATE TEMP TRIGGER f AFTER UPDATE ON main.run BEGIN SELECT count_row(); END;";

/* Saves an epoch in a child that is killed at the n-th row. The child's exit code. */
static int save_and_die(const struct planted *planted, int n, int number)
{
	static char content[100000];
	const struct store_point points[] = {{1, 0.5, 1, 0}, {2, 1.0, 1, 0}};
	const struct store_metric extra = {NULL, "x", 1};
	const struct store_checkpoint checkpoint = {"last", number, 0, content, sizeof content};
	char hash[65];
	struct store_epoch epoch = {.epoch = number,
		.metrics = planted_no_metrics,
		.weights_hash = planted_hash(hash, number),
		.points = points,
		.n_points = 2,
		.extra = &extra,
		.n_extra = 1,
		.checkpoint = &checkpoint};
	pid_t child = fork();

	if (!child) {
		struct store *store = child_store(planted);
		struct err err = {0};
		bool claimed;

		if (store_run_claim(store, 1, &claimed, &err) || !claimed)
			_exit(8);
		rows_left = n;
		sqlite3_create_function(store_handle(store), "count_row", 0, SQLITE_UTF8, NULL,
			count_row, NULL, NULL);
		if (sqlite3_exec(store_handle(store), counting_triggers, NULL, NULL, NULL))
			_exit(7);
		sqlite3_commit_hook(store_handle(store), die_at_commit, NULL);
		_exit(store_epoch_save(store, 1, &epoch, &err) ? 6 : 0);
	}
	return child_exit(child);
}

static void an_epoch_is_saved_whole_or_not_at_all(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	int64_t run_id;
	bool created;
	int n, code;

	planted_plan(&plan, "lenet", 1, 0, "{}");
	OK(store_run_create(planted->store, &plan.plan, false, &run_id, &created, &err));
	store_close(planted->store);
	planted->store = NULL;
	assert_int_equal(save_and_die(planted, 1000, 1), 0);
	for (n = 1; (code = save_and_die(planted, n, 2)) == 128 + SIGKILL; n++) {
		assert_int_equal(store_open(&planted->store, planted->path, STORE_WRITE,
					 STORE_WAIT_MS, &err),
			0);
		assert_string_equal(
			planted_text(planted->store,
				"SELECT concat FROM (SELECT (SELECT count(*) FROM epoch) || ' ' || "
				"(SELECT count(*) FROM metric) || ' ' || (SELECT epoch FROM "
				"checkpoint) || ' ' || epochs_done AS concat FROM run)"),
			"1 1 1 1");
		assert_string_equal(planted_text(planted->store, "PRAGMA integrity_check"), "ok");
		store_close(planted->store);
		planted->store = NULL;
	}
	assert_int_equal(code, 0);
	assert_true(n > 6); /* epoch, points, metric, checkpoint out and in, run, commit */
	assert_int_equal(
		store_open(&planted->store, planted->path, STORE_READ, STORE_WAIT_MS, &err), 0);
	assert_int_equal(planted_int(planted->store, "SELECT epochs_done FROM run"), 2);
}

static void many_may_make_the_file_at_once(void **state)
{
	enum { CHILDREN = 8, ROUNDS = 15 };
	struct planted *planted = *state;
	pid_t children[CHILDREN];

	for (int round = 0; round < ROUNDS; round++) {
		store_close(planted->store);
		planted->store = NULL;
		unlink(planted->path);
		for (int c = 0; c < CHILDREN; c++) {
			children[c] = fork();
			if (!children[c]) {
				store_close(child_store(planted));
				_exit(0);
			}
		}
		for (int c = 0; c < CHILDREN; c++)
			assert_int_equal(child_exit(children[c]), 0);
		planted_reopen(planted, STORE_WRITE);
		assert_int_equal(
			planted_int(planted->store, "SELECT count(*) FROM worker"), CHILDREN + 1);
	}
}

/* ---- files that will not do */

static void other_files_are_refused(void **state)
{
	struct planted *planted = *state;
	struct err err = {0};
	struct store *store;
	char long_text[5000];
	const char *path = files_path(planted->folder, "other");
	sqlite3 *other;

	memset(long_text, 'x', sizeof long_text);
	FAILS(store_open(&store, path, STORE_READ, 100, &err), "there is no store at");
	assert_null(store);
	assert_int_equal(store_open(&store, path, STORE_READ, 100, NULL), STORE_MISSING);
	for (int i = 0; i < 2; i++) {
		enum store_mode mode = i ? STORE_WRITE : STORE_READ;

		files_write(path, long_text, sizeof long_text);
		FAILS(store_open(&store, path, mode, 100, &err), "not an SQLite database");
		unlink(path);

		assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
		sqlite3_exec(other, "CREATE TABLE t (x)", NULL, NULL, NULL);
		FAILS(store_open(&store, path, mode, 100, &err), "belongs to another program");
		assert_int_equal(sqlite3_exec(other, "INSERT INTO t VALUES (1)", NULL, NULL, NULL),
			SQLITE_OK);
		sqlite3_close(other);
		unlink(path);
	}
	files_write(path, "", 0);
	FAILS(store_open(&store, path, STORE_READ, 100, &err), "the file is empty");
	unlink(path);
	FAILS(store_open(&store, planted->folder, STORE_WRITE, 100, &err), "cannot open the store");
	FAILS(store_open(&store, "/nowhere/x.db", STORE_WRITE, 100, &err), "No such file");
}

static void a_newer_file_is_refused(void **state)
{
	struct planted *planted = *state;
	struct err err = {0};
	struct store *store;

	sqlite3_exec(store_handle(planted->store), "PRAGMA user_version = 2", NULL, NULL, NULL);
	FAILS(store_open(&store, planted->path, STORE_READ, 100, &err), "a newer runner made");
	FAILS(store_open(&store, planted->path, STORE_WRITE, 100, &err), "(version 2, this one "
									 "knows 1)");
}

static void a_locked_file_is_waited_for(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	struct store *store;
	int64_t run_id;
	bool created;

	planted_plan(&plan, "lenet", 1, 0, "{}");
	OK(store_open(&store, planted->path, STORE_WRITE, 60, &err));
	sqlite3_exec(store_handle(planted->store), "BEGIN IMMEDIATE", NULL, NULL, NULL);
	FAILS(store_run_create(store, &plan.plan, false, &run_id, &created, &err),
		"another program has locked it (waited 0.06 s)");
	sqlite3_exec(store_handle(planted->store), "COMMIT", NULL, NULL, NULL);
	OK(store_run_create(store, &plan.plan, false, &run_id, &created, &err));
	store_close(store);
}

static void a_damaged_file_is_told(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	struct arena arena = {0};
	struct store_run *runs;
	char *junk = calloc(1, 200000);
	FILE *file;
	int n;

	planted_plan(&plan, "lenet", 1, 0, "{}");
	planted_run(planted, &plan, &planted_no_metrics, RUN_DONE);
	store_close(planted->store);
	memset(junk, 0xee, 200000);
	file = fopen(planted->path, "r+b");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	n = (int)ftell(file) / 4096 - 1;
	fseek(file, 4096, SEEK_SET);
	assert_true(n > 10 && n * 4096 < 200000);
	assert_int_equal(fwrite(junk, 4096, (size_t)n, file), n);
	fclose(file);
	free(junk);
	if (store_open(&planted->store, planted->path, STORE_READ, 100, &err))
		assert_non_null(strstr(err.text, "the file is damaged"));
	else
		FAILS(store_runs(planted->store, &arena, &runs, &n, &err), "the file is damaged");
	arena_release(&arena);
}

/* Runs `check` as a user without rights; skipped when that cannot be. */
static int as_nobody(const struct planted *planted, int (*check)(const struct planted *))
{
	pid_t child = fork();

	if (!child) {
		if (!geteuid() && (setgid(NOBODY) || setuid(NOBODY)))
			_exit(77);
		_exit(check(planted));
	}
	return child_exit(child);
}

static int says(struct err *err, const char *part)
{
	if (strstr(err->text, part))
		return 0;
	fprintf(stderr, "'%s' is not in: %s\n", part, err->text);
	return 1;
}

static int check_read_only(const struct planted *planted)
{
	struct err err = {0};
	struct store *store;
	struct arena arena = {0};
	struct store_run *run;

	if (!store_open(&store, planted->path, STORE_WRITE, 100, &err) || says(&err, "read-only"))
		return 1;
	err = (struct err){0};
	if (store_open(&store, planted->path, STORE_READ, 100, &err) ||
		store_run_get(store, "lenet", &arena, &run, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	store_close(store);
	arena_release(&arena);
	return 0;
}

static int check_unreadable(const struct planted *planted)
{
	struct err err = {0};
	struct store *store;

	return !store_open(&store, planted->path, STORE_READ, 100, &err) ||
	       says(&err, "Permission denied");
}

static void a_file_that_cannot_be_written_can_be_read(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	int code;

	planted_plan(&plan, "lenet", 1, 0, "{}");
	planted_run(planted, &plan, &planted_no_metrics, RUN_DONE);
	store_close(planted->store);
	planted->store = NULL;
	assert_int_equal(chmod(planted->path, 0444), 0);
	assert_int_equal(chmod(planted->folder, 0555), 0);
	code = as_nobody(planted, check_read_only);
	chmod(planted->folder, 0755);
	if (code == 77) {
		print_message("skipped: cannot become another user\n");
		skip();
	}
	assert_int_equal(code, 0);
	chmod(planted->path, 0);
	assert_int_equal(as_nobody(planted, check_unreadable), 0);
}

/* A limit on the size of files stands for a full disk: the epoch fails, what was there stays. */
static void a_full_disk_is_told(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	int64_t run_id;
	bool created;
	pid_t child;

	planted_plan(&plan, "lenet", 1, 0, "{}");
	OK(store_run_create(planted->store, &plan.plan, false, &run_id, &created, &err));
	child = fork();
	if (!child) {
		static char content[4 << 20];
		const struct store_checkpoint checkpoint = {"last", 1, 0, content, sizeof content};
		struct store *store = child_store(planted);
		bool claimed;

		signal(SIGXFSZ, SIG_IGN);
		if (store_run_claim(store, 1, &claimed, &err) || !claimed ||
			setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, 1 << 20}))
			_exit(8);
		if (!store_checkpoint_save(store, 1, &checkpoint, NULL, 0, &err))
			_exit(7);
		if (says(&err, "the disk is full") || says(&err, "save a checkpoint of run 1"))
			_exit(6);
		/* the store can still be used for what has room */
		err = (struct err){0};
		_exit(store_event(store, 1, "note", "small", &err) ? 5 : 0);
	}
	assert_int_equal(child_exit(child), 0);
	assert_int_equal(planted_int(planted->store, "SELECT count(*) FROM checkpoint"), 0);
	assert_int_equal(planted_int(planted->store, "SELECT count(*) FROM event"), 1);
	assert_string_equal(planted_text(planted->store, "PRAGMA integrity_check"), "ok");
}

static void reading_changes_nothing_and_leaves_nothing(void **state)
{
	struct planted *planted = *state;
	const char *log = files_path(planted->folder, "runner.db-wal");
	uint8_t *before, *after;
	size_t n_before, n_after;

	store_close(planted->store);
	before = files_read(planted->path, &n_before);
	planted->store = NULL;
	planted_reopen(planted, STORE_READ);
	planted_refused(planted->store, "DELETE FROM worker");
	planted_refused(planted->store, "CREATE TABLE x (y)");
	assert_int_equal(planted_int(planted->store, "SELECT count(*) FROM worker"), 1);
	store_close(planted->store);
	planted->store = NULL;
	after = files_read(planted->path, &n_after);
	assert_int_equal(n_after, n_before);
	assert_memory_equal(after, before, n_before);
	assert_true(access(log, F_OK));
	free(before);
	free(after);
}

static void claiming_needs_a_worker(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	struct store *store;
	int64_t run_id;
	bool yes;

	planted_plan(&plan, "lenet", 1, 0, "{}");
	OK(store_open(&store, planted->path, STORE_WRITE, STORE_WAIT_MS, &err));
	OK(store_run_create(store, &plan.plan, false, &run_id, &yes, &err));
	FAILS(store_run_claim(store, run_id, &yes, &err), "not registered");
	plan.plan.params = "not JSON";
	plan.plan.run_hash = plan.plan.variant_hash;
	FAILS(store_run_create(store, &plan.plan, false, &run_id, &yes, &err),
		"make a run of lenet");
	assert_int_equal(planted_int(planted->store, "SELECT count(*) FROM run"), 1);
	store_close(store);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, planted_setup, planted_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(names_are_the_designs),
		CASE(the_file_carries_its_comments),
		CASE(rules_hold),
		CASE(a_plan_is_kept_whole),
		CASE(an_epoch_is_kept_whole),
		CASE(a_run_ends),
		CASE(a_failed_run_can_be_claimed_again),
		CASE(the_same_epoch_must_have_the_same_weights),
		CASE(a_run_made_again_sets_the_old_one_aside),
		CASE(runs_are_found_by_what_people_type),
		CASE(checkpoints_are_cut_and_joined),
		CASE(exactly_one_process_claims_a_run),
		CASE(a_dead_process_loses_its_run),
		CASE(opening_frees_what_the_dead_had),
		CASE(an_epoch_is_saved_whole_or_not_at_all),
		CASE(many_may_make_the_file_at_once),
		CASE(other_files_are_refused),
		CASE(a_newer_file_is_refused),
		CASE(a_locked_file_is_waited_for),
		CASE(a_damaged_file_is_told),
		CASE(a_file_that_cannot_be_written_can_be_read),
		CASE(a_full_disk_is_told),
		CASE(reading_changes_nothing_and_leaves_nothing),
		CASE(claiming_needs_a_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
