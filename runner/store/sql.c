/* sql -- see sql.h. Statements are prepared anew for each use: that costs some 20 us, and the store
 * is written to once an epoch. Loops over rows prepare once and use sql_again. */
#include "runner/store/sql.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- failures */

void sql_clear(struct store *store)
{
	store->reason[0] = '\0';
	store->code = 0;
}

int sql_refuse(struct store *store, const char *format, ...)
{
	va_list args;

	if (store->reason[0])
		return -1;
	va_start(args, format);
	vsnprintf(store->reason, sizeof store->reason, format, args);
	va_end(args);
	return -1;
}

static int sql_input_output(struct store *store)
{
	int code = sqlite3_system_errno(store->db);

	if (code == ENOSPC || code == EDQUOT || code == EFBIG)
		return sql_refuse(
			store, "the disk is full, or a quota is used up (%s)", strerror(code));
	return sql_refuse(store, "reading or writing failed (%s)",
		code ? strerror(code) : sqlite3_errmsg(store->db));
}

/* Puts what SQLite has just reported into words. */
static int sql_note(struct store *store, int code)
{
	if (store->reason[0])
		return -1;
	store->code = code & 0xff;
	switch (store->code) {
	case SQLITE_FULL:
		return sql_refuse(store, "the disk is full");
	case SQLITE_IOERR:
		return sql_input_output(store);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return sql_refuse(store,
			"another program has locked it (waited %.3g s); close that program or try "
			"again",
			store->wait_ms / 1000.0);
	case SQLITE_READONLY:
		return sql_refuse(store, "the file, or the folder it lies in, is read-only");
	case SQLITE_CORRUPT:
		return sql_refuse(store,
			"the file is damaged (%s); `sqlite3 %s .recover` saves what can be saved",
			sqlite3_errmsg(store->db), store->path);
	case SQLITE_NOTADB:
		return sql_refuse(store, "the file is not an SQLite database");
	case SQLITE_CANTOPEN:
		return sql_refuse(store, "%s",
			sqlite3_system_errno(store->db) ? strerror(sqlite3_system_errno(store->db))
							: sqlite3_errmsg(store->db));
	case SQLITE_NOMEM:
		return sql_refuse(store, "out of memory");
	default:
		return sql_refuse(store, "%s", sqlite3_errmsg(store->db));
	}
}

int sql_failed(struct store *store, struct err *err, const char *what, ...)
{
	char text[256];
	va_list args;

	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	va_start(args, what);
	vsnprintf(text, sizeof text, what, args);
	va_end(args);
	return err_set(err, "cannot %s in %s: %s", text, store->path,
		store->reason[0] ? store->reason : "out of memory");
}

/* ---- statements */

sqlite3_stmt *sql_prepare(struct store *store, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);

	if (code != SQLITE_OK)
		sql_note(store, code);
	return statement;
}

static int sql_bind_one(sqlite3_stmt *statement, int i, const struct sql_value *value)
{
	switch (value->type) {
	case SQLITE_INTEGER:
		return sqlite3_bind_int64(statement, i, value->integer);
	case SQLITE_FLOAT:
		return sqlite3_bind_double(statement, i, value->real);
	case SQLITE_TEXT:
		return sqlite3_bind_text(statement, i, value->bytes, -1, SQLITE_STATIC);
	case SQLITE_BLOB:
		return sqlite3_bind_blob64(statement, i, value->bytes, value->size, SQLITE_STATIC);
	default:
		return sqlite3_bind_null(statement, i);
	}
}

int sql_bind(struct store *store, sqlite3_stmt *statement, const struct sql_value *values, int n)
{
	for (int i = 0; i < n; i++) {
		int code = sql_bind_one(statement, i + 1, &values[i]);
		if (code != SQLITE_OK)
			return sql_note(store, code);
	}
	return 0;
}

int sql_step(struct store *store, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE ? 0 : sql_note(store, code);
}

int sql_again(struct store *store, sqlite3_stmt *statement, const struct sql_value *values, int n)
{
	int more = sql_bind(store, statement, values, n) ? -1 : 1;

	while (more > 0)
		more = sql_step(store, statement);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return more;
}

int sql_run(struct store *store, const char *sql, const struct sql_value *values, int n)
{
	int64_t ignored;

	return sql_get(store, &ignored, sql, values, n);
}

int sql_get(
	struct store *store, int64_t *id, const char *sql, const struct sql_value *values, int n)
{
	sqlite3_stmt *statement = sql_prepare(store, sql);
	int more = statement && !sql_bind(store, statement, values, n) ? 1 : -1;
	bool first = true;

	*id = 0;
	while (more > 0) {
		more = sql_step(store, statement);
		if (more > 0 && first)
			*id = sqlite3_column_int64(statement, 0);
		first = false;
	}
	sqlite3_finalize(statement);
	return more;
}

int sql_script(struct store *store, const char *sql)
{
	int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : sql_note(store, code);
}

int sql_changes(const struct store *store)
{
	return sqlite3_changes(store->db);
}

/* ---- transactions */

/* IMMEDIATE: a transaction that began by reading could not wait for another writer. */
int sql_begin(struct store *store)
{
	sql_clear(store);
	return sql_script(store, "BEGIN IMMEDIATE");
}

int sql_commit(struct store *store)
{
	return sql_script(store, "COMMIT");
}

/* ---- rows into structs */

/* "SELECT a, b, c" and the tail; in the arena. */
static char *sql_select(struct arena *arena, const struct sql_field *fields, const char *tail)
{
	char *text = arena_text(arena, "SELECT ", NULL);

	for (const struct sql_field *f = fields; text && f->column; f++)
		text = arena_printf(
			arena, NULL, "%s%s%s", text, f == fields ? "" : ", ", f->column);
	return text ? arena_printf(arena, NULL, "%s%s", text, tail) : NULL;
}

static int sql_fill(
	struct arena *arena, sqlite3_stmt *statement, const struct sql_field *fields, char *row)
{
	for (int i = 0; fields[i].column; i++) {
		void *member = row + fields[i].offset;
		bool absent = sqlite3_column_type(statement, i) == SQLITE_NULL;

		if (fields[i].type == SQL_FIELD_INT) {
			*(int64_t *)member = sqlite3_column_int64(statement, i);
		} else if (fields[i].type == SQL_FIELD_REAL) {
			*(double *)member =
				absent ? (double)NAN : sqlite3_column_double(statement, i);
		} else if (!absent) {
			const char *text = (const char *)sqlite3_column_text(statement, i);
			char *copy = text ? arena_text(arena, text, NULL) : NULL;

			if (!copy)
				return -1;
			*(const char **)member = copy;
		}
	}
	return 0;
}

/* An array in an arena; it doubles when it is full, and what it leaves behind is less than itself.
 */
struct sql_array {
	char *rows;
	int n, room;
};

static char *sql_array_add(struct sql_array *array, struct arena *arena, size_t size)
{
	if (array->n == array->room) {
		int room = 2 * array->room;
		char *wider = arena_take(arena, (size_t)room * size, NULL);

		if (!wider)
			return NULL;
		memcpy(wider, array->rows, (size_t)array->n * size);
		array->rows = wider;
		array->room = room;
	}
	return array->rows + (size_t)array->n++ * size;
}

void *sql_rows(struct store *store, struct arena *arena, int *n, const struct sql_field *fields,
	size_t size, const char *tail, const struct sql_value *values, int n_values)
{
	char *sql = sql_select(arena, fields, tail);
	sqlite3_stmt *statement = sql ? sql_prepare(store, sql) : NULL;
	struct sql_array array = {.rows = arena_take(arena, 16 * size, NULL), .room = 16};
	bool ready = array.rows && statement && !sql_bind(store, statement, values, n_values);
	int more = ready ? 1 : -1;

	while (more > 0) {
		char *row;

		more = sql_step(store, statement);
		if (more <= 0)
			break;
		row = sql_array_add(&array, arena, size);
		if (!row || sql_fill(arena, statement, fields, row))
			more = sql_refuse(store, "out of memory");
	}
	sqlite3_finalize(statement);
	*n = array.n;
	return more ? NULL : array.rows;
}
