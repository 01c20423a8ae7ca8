/* sql -- a question to the store in SQL. The file is opened for reading only, so that nothing can
 * be broken by a slip; sqlite3 itself is there for the rest. Without a question: what can be asked.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "runner/commands.h"
#include "runner/look.h"
#include "runner/screen/term.h"

static const char what_there_is[] =
	"SELECT o.type, o.name, group_concat(c.name, ' ') AS columns "
	"FROM sqlite_schema AS o, pragma_table_info(o.name) AS c "
	"WHERE o.type IN ('table', 'view') AND o.name NOT LIKE 'sqlite_%' "
	"GROUP BY o.name ORDER BY o.type DESC, o.name";

static void sql_cell(struct table *table, sqlite3_stmt *statement, int column)
{
	char text[48];

	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_INTEGER:
		table_int(table, sqlite3_column_int64(statement, column));
		break;
	case SQLITE_FLOAT:
		table_real(table, sqlite3_column_double(statement, column));
		break;
	case SQLITE_TEXT:
		table_text(table, (const char *)sqlite3_column_text(statement, column));
		break;
	case SQLITE_BLOB:
		snprintf(text, sizeof text, "(%d bytes)", sqlite3_column_bytes(statement, column));
		table_text(table, text);
		break;
	default:
		table_none(table);
	}
}

static struct table *sql_table(sqlite3_stmt *statement, struct err *err)
{
	int n = sqlite3_column_count(statement);
	struct table_column *columns = calloc((size_t)n, sizeof *columns);
	struct table *table = NULL;

	for (int c = 0; columns && c < n; c++)
		columns[c] = (struct table_column){.name = sqlite3_column_name(statement, c),
			.head = sqlite3_column_name(statement, c),
			.kind = TABLE_ANY};
	if (columns)
		table = table_new(columns, n, err);
	else
		err_memory(err, (size_t)n * sizeof *columns, "a table");
	free(columns);
	return table;
}

static int sql_statement(
	const struct look *look, sqlite3 *db, sqlite3_stmt *statement, struct err *err)
{
	struct table *table;
	int code, failed = 0;

	if (!sqlite3_column_count(statement)) {
		code = sqlite3_step(statement);
		return code == SQLITE_DONE ? 0 : err_set(err, "%s", sqlite3_errmsg(db));
	}
	table = sql_table(statement, err);
	if (!table)
		return -1;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		for (int c = 0; c < sqlite3_column_count(statement); c++)
			sql_cell(table, statement, c);
	if (code != SQLITE_DONE)
		failed = err_set(err, "%s", sqlite3_errmsg(db));
	else
		failed = table_print(table, stdout, look->format, term_columns(stdout), err);
	table_free(table);
	return failed;
}

/* One statement after the other. */
static int sql_answer(const struct look *look, sqlite3 *db, const char *question, struct err *err)
{
	int failed = 0;

	while (*question && !failed) {
		sqlite3_stmt *statement = NULL;

		if (sqlite3_prepare_v2(db, question, -1, &statement, &question) != SQLITE_OK)
			return err_set(err, "%s", sqlite3_errmsg(db));
		if (statement)
			failed = sql_statement(look, db, statement, err);
		sqlite3_finalize(statement);
	}
	return failed;
}

static int sql_run(int argc, char **argv)
{
	struct err err = {0};
	struct look look;
	struct store *store;
	int code;

	if (!look_parse(&look, &sql_command, argc, argv, &code))
		return code;
	store = look_open(&look, &code);
	if (!store)
		return code;
	if (sql_answer(&look, store_handle(store), look.arg ? look.arg : what_there_is, &err))
		code = command_failed(&err, EXIT_USAGE);
	store_close(store);
	return code;
}

static const struct flag flags[] = {LOOK_FLAGS, {0}};

const struct command sql_command = {
	.name = "sql",
	.synopsis = "[QUERY]",
	.help = "ask the store in SQL; without a QUERY, see its tables and views",
	.run = sql_run,
	.flags = flags,
	.notes = "The store is opened for reading only. For example:\n"
		 "  runner sql 'SELECT * FROM leaderboard'\n"
		 "  runner sql 'SELECT actual, predicted, count FROM confusion WHERE run_id = 1'\n",
};
