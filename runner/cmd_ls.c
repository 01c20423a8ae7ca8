/* ls -- the runs of a store, one a line, newest last. */
#include <fnmatch.h>

#include "runner/commands.h"
#include "runner/look.h"
#include "runner/screen/term.h"

static const struct table_column columns[] = {
	{.name = "run_id", .kind = TABLE_INT, .head = "run"},
	{.name = "name", .kind = TABLE_TEXT},
	{.name = "label", .kind = TABLE_TEXT, .rank = 1},
	{.name = "dataset", .kind = TABLE_TEXT, .rank = 5},
	{.name = "seed", .kind = TABLE_INT, .rank = 4},
	{.name = "status", .kind = TABLE_TEXT},
	{.name = "epochs_done", .kind = TABLE_INT, .rank = 3, .head = "done"},
	{.name = "epochs", .kind = TABLE_INT, .rank = 6},
	{.name = "train_loss", .kind = TABLE_REAL, .digits = 4, .rank = 8},
	{.name = "train_accuracy", .kind = TABLE_REAL, .digits = 4, .rank = 7, .head = "train acc"},
	{.name = "val_accuracy", .kind = TABLE_REAL, .digits = 4, .rank = 2, .head = "val acc"},
	{.name = "test_accuracy", .kind = TABLE_REAL, .digits = 4, .head = "test acc"},
	{.name = "seconds", .kind = TABLE_REAL, .digits = 1, .rank = 9},
	{.name = "set_aside", .kind = TABLE_TEXT, .rank = 1},
};

static bool ls_wants(const struct look *look, const struct store_run *run)
{
	if (!run->run_hash && !look->all)
		return false;
	return !look->arg || !fnmatch(look->arg, run->name, 0);
}

static void ls_row(struct table *table, const struct store_run *run)
{
	table_int(table, run->run_id);
	table_text(table, run->name);
	table_text(table, *run->label ? run->label : NULL);
	table_text(table, run->dataset);
	table_int(table, run->seed);
	table_text(table, run->status);
	table_int(table, run->epochs_done);
	table_int(table, run->epochs);
	table_real(table, run->metrics.train_loss);
	table_real(table, run->metrics.train_accuracy);
	table_real(table, run->metrics.val_accuracy);
	table_real(table, run->metrics.test_accuracy);
	table_real(table, run->seconds);
	table_text(table, run->run_hash ? NULL : "yes");
}

static struct table *ls_table(
	const struct look *look, const struct store_run *runs, int n, struct err *err)
{
	struct table *table = table_new(columns, sizeof columns / sizeof columns[0], err);

	if (!table)
		return NULL;
	table_optional(table, "label");
	table_optional(table, "val_accuracy");
	table_optional(table, "set_aside");
	for (int i = 0; i < n; i++)
		if (ls_wants(look, &runs[i]))
			ls_row(table, &runs[i]);
	return table;
}

static int ls_print(const struct look *look, struct store *store)
{
	struct arena arena = {0};
	struct err err = {0};
	struct store_run *runs;
	struct table *table = NULL;
	int n, failed;

	failed = store_runs(store, &arena, &runs, &n, &err) ||
		 !(table = ls_table(look, runs, n, &err)) ||
		 table_print(table, stdout, look->format, term_columns(stdout), &err);
	if (!failed && !n)
		fprintf(stderr, "%s has no runs yet; `runner CONFIG` makes one\n", look->db);
	else if (!failed && !table_rows(table))
		fprintf(stderr, "none of the %d runs in %s is called that\n", n, look->db);
	table_free(table);
	arena_release(&arena);
	return failed ? command_failed(&err, EXIT_RUN_FAILED) : EXIT_DONE;
}

static int ls_run(int argc, char **argv)
{
	struct look look;
	struct store *store;
	int code;

	if (!look_parse(&look, &ls_command, argc, argv, &code))
		return code;
	store = look_open(&look, &code);
	if (!store)
		return code;
	code = ls_print(&look, store);
	store_close(store);
	return code;
}

static const struct flag flags[] = {
	{"all", 'a', NULL, "also runs that were set aside by `run -f`"},
	LOOK_FLAGS,
	{0},
};

const struct command ls_command = {
	.name = "ls",
	.synopsis = "[NAME]",
	.help = "list the runs in the store, newest last",
	.run = ls_run,
	.flags = flags,
	.notes = "NAME may hold * and ?. The columns are those of table `run`; `label` tells what "
		 "sets a\n"
		 "run apart from the others of its name.\n",
};
