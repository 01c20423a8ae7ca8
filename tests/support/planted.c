/* planted -- see planted.h. */
#include "tests/support/planted.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "tests/support/files.h"

const struct store_metrics planted_no_metrics = {NAN, NAN, NAN, NAN, NAN, NAN};

static const struct environment somewhere = {.cpu = "a CPU", .cores = 2, .versions = "{}"};

static void planted_open(struct planted *planted, enum store_mode mode)
{
	struct err err = {0};

	if (store_open(&planted->store, planted->path, mode, STORE_WAIT_MS, &err) ||
		(mode == STORE_WRITE && store_register(planted->store, &somewhere, &err)))
		fail_msg("%s", err.text);
}

int planted_setup(void **state)
{
	struct planted *planted = calloc(1, sizeof *planted);
	void *folder;

	*state = planted;
	if (!planted || files_setup(&folder))
		return -1;
	planted->folder = folder;
	snprintf(planted->path, sizeof planted->path, "%s/runner.db", planted->folder);
	planted_open(planted, STORE_WRITE);
	return 0;
}

int planted_teardown(void **state)
{
	struct planted *planted = *state;
	void *folder = planted->folder;

	store_close(planted->store);
	free(planted);
	return files_teardown(&folder);
}

void planted_reopen(struct planted *planted, enum store_mode mode)
{
	store_close(planted->store);
	planted_open(planted, mode);
}

char *planted_hash(char hash[65], int n)
{
	snprintf(hash, 65, "%064d", n);
	return hash;
}

void planted_plan(
	struct planted_plan *p, const char *name, int variant, int64_t seed, const char *params)
{
	static const uint8_t labels[] = {0, 1, 2, 1, 255};
	static const char *const classes[] = {"T-shirt/top", "a \"bag\"", "裤子"};
	static const struct store_layer layers[] = {
		{"0", NULL, "conv2d", "6x28x28", 156, 117600, "5x5"},
		{"1", "squash", "sigmoid", "6x28x28", 0, 0, "5x5"},
	};

	*p = (struct planted_plan){0};
	planted_hash(p->run_hash, variant * 1000 + (int)seed);
	planted_hash(p->variant_hash, variant);
	p->dataset = (struct store_dataset){.name = "five",
		.sha256 = "00000000000000000000000000000000000000000000000000000000000000d5",
		.shape = "1x28x28",
		.n_classes = 3,
		.class_names = classes,
		.train_count = 60,
		.test_count = 5,
		.test_labels = labels};
	p->plan = (struct store_plan){.name = name,
		.config_path = "configs/x.yaml",
		.config = "name: x\n",
		.params = params,
		.run_hash = p->run_hash,
		.variant_hash = p->variant_hash,
		.dataset = &p->dataset,
		.seed = seed,
		.epochs = 10,
		.parameters = 156,
		.macs = 117600,
		.layers = layers,
		.n_layers = 2};
}

int64_t planted_claim(struct planted *planted, const struct planted_plan *plan)
{
	struct err err = {0};
	bool created, claimed = false;
	int64_t run_id;

	if (store_run_create(planted->store, &plan->plan, false, &run_id, &created, &err) ||
		store_run_claim(planted->store, run_id, &claimed, &err))
		fail_msg("%s", err.text);
	assert_true(claimed);
	return run_id;
}

int64_t planted_run(struct planted *planted, const struct planted_plan *plan,
	const struct store_metrics *metrics, enum run_status status)
{
	int64_t run_id = planted_claim(planted, plan);
	struct err err = {0};
	char hash[65];
	struct store_epoch epoch = {.epoch = 1,
		.lr = 0.5,
		.metrics = *metrics,
		.seconds = 2,
		.examples_per_second = 30,
		.weights_hash = planted_hash(hash, 77)};
	struct store_result result = {
		.status = status, .untrained_accuracy = NAN, .examples_per_second = 30};

	if (store_epoch_save(planted->store, run_id, &epoch, &err) ||
		store_run_finish(planted->store, run_id, &result, &err))
		fail_msg("%s", err.text);
	return run_id;
}

static sqlite3_stmt *planted_query(struct store *store, const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(store_handle(store), sql, -1, &statement, NULL) != SQLITE_OK ||
		sqlite3_step(statement) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(store_handle(store)));
	return statement;
}

int64_t planted_int(struct store *store, const char *sql)
{
	sqlite3_stmt *statement = planted_query(store, sql);
	int64_t n = sqlite3_column_int64(statement, 0);

	sqlite3_finalize(statement);
	return n;
}

double planted_real(struct store *store, const char *sql)
{
	sqlite3_stmt *statement = planted_query(store, sql);
	double x = sqlite3_column_type(statement, 0) == SQLITE_NULL
			   ? (double)NAN
			   : sqlite3_column_double(statement, 0);

	sqlite3_finalize(statement);
	return x;
}

const char *planted_text(struct store *store, const char *sql)
{
	static char text[4096];
	sqlite3_stmt *statement = planted_query(store, sql);
	const unsigned char *found = sqlite3_column_text(statement, 0);

	snprintf(text, sizeof text, "%s", found ? (const char *)found : "NULL");
	sqlite3_finalize(statement);
	return text;
}

const char *planted_refused(struct store *store, const char *sql)
{
	if (sqlite3_exec(store_handle(store), sql, NULL, NULL, NULL) == SQLITE_OK)
		fail_msg("should have been refused: %s", sql);
	return sqlite3_errmsg(store_handle(store));
}
