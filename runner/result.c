/* result -- see result.h. */
#include "runner/result.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "runner/screen/table.h"
#include "runner/screen/term.h"
#include "runner/train.h"

static const struct table_column columns[] = {
	{.name = "epochs", .kind = TABLE_INT},
	{.name = "train_loss", .kind = TABLE_REAL, .digits = 4, .rank = 2},
	{.name = "train_accuracy", .kind = TABLE_REAL, .digits = 4, .rank = 1, .head = "train acc"},
	{.name = "val_accuracy", .kind = TABLE_REAL, .digits = 4, .rank = 1, .head = "val acc"},
	{.name = "test_loss", .kind = TABLE_REAL, .digits = 4, .rank = 3},
	{.name = "test_accuracy", .kind = TABLE_REAL, .digits = 4, .head = "test acc"},
	{.name = "examples_per_second", .kind = TABLE_INT, .rank = 5, .head = "examples/s"},
	{.name = "seconds", .kind = TABLE_REAL, .digits = 1, .rank = 6},
};

/* The line that a result is, and what can be typed next. */
static int print_metrics(const struct store_run *run, const char *db, struct err *err)
{
	const struct store_metrics *m = &run->metrics;
	struct table *table = table_new(columns, 8, err);
	int failed;

	if (!table)
		return -1;
	table_optional(table, "val_accuracy");
	table_int(table, run->epochs_done);
	table_real(table, m->train_loss);
	table_real(table, m->train_accuracy);
	table_real(table, m->val_accuracy);
	table_real(table, m->test_loss);
	table_real(table, m->test_accuracy);
	if (isfinite(run->examples_per_second))
		table_int(table, (int64_t)run->examples_per_second);
	else
		table_none(table);
	table_real(table, run->seconds);
	failed = table_print(table, stdout, TABLE_PLAIN, term_columns(stdout), err);
	table_free(table);
	printf("\nnext: runner show %lld%s%s\n", (long long)run->run_id, db ? " --db " : "",
		db ? db : "");
	return failed;
}

int result_print(const struct store_run *run, const char *path, const char *db, int n_classes,
	struct err *err)
{
	const bool done = !strcmp(run->status, "done");

	printf("%s on %s, seed %lld: %s (run %lld in %s)\n", run->name, run->dataset,
		(long long)run->seed, run->status, (long long)run->run_id, path);
	if (run->error)
		printf("%s\n", run->error);
	if (!strcmp(run->status, "interrupted"))
		printf("The same command goes on from here.\n");
	if (done && at_chance(run->metrics.test_accuracy, n_classes))
		term_say(stdout,
			"This network is still at chance: %.1f %% right with %d classes. Try "
			"another train.lr or init, or more epochs.",
			100 * run->metrics.test_accuracy, n_classes);
	if (done && run->epochs_done && run->epochs_done < run->epochs)
		printf("Stopped early, after epoch %lld of %lld.\n", (long long)run->epochs_done,
			(long long)run->epochs);
	return run->epochs_done ? print_metrics(run, db, err) : 0;
}

void result_print_there(const struct store_run *run, const char *name)
{
	if (!strcmp(run->status, "running")) {
		printf("Another process is training it now.\n");
		return;
	}
	printf("This run is there already");
	if (strcmp(run->name, name))
		printf(", under the name '%s'", run->name);
	printf("; -f trains it anew.\n");
}

bool result_is_final(const struct store_run *run)
{
	return !strcmp(run->status, "done") || !strcmp(run->status, "diverged");
}
