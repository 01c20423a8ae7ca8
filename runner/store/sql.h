/*
 * sql -- statements against the store, with every step checked; for the files of runner/store only.
 *
 * A failing call leaves the reason, in words, in store->reason (the first one stays) and returns
 * -1. The public function that was called undoes its transaction and adds what it was about:
 *
 *     if (sql_begin(store) || save_rows(store, ...) || sql_commit(store))
 *             return sql_failed(store, err, "save epoch %d of run %lld", ...);
 */
#ifndef RUNNER_STORE_SQL_H
#define RUNNER_STORE_SQL_H

#include <math.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "layers/core/arena.h"
#include "layers/core/err.h"

enum { SQL_REASON = 512 };

struct store {
	sqlite3 *db;       /* owned */
	char *path;        /* owned; as the user gave it, for messages */
	char *lock_path;   /* owned; beside the file that links lead to */
	int lock_file;     /* owned descriptor of lock_path; -1: none */
	bool lock_missing; /* there is no such file, so nobody is alive */
	int64_t worker_id; /* 0: not registered */
	int64_t environment_id;
	int wait_ms;
	char reason[SQL_REASON]; /* of the first failure since sql_begin or sql_clear */
	int code; /* SQLite's primary result code of that failure; 0: another cause */
};

/* The file's own text, part of the program (text.c). */
extern const char store_schema_sql[], store_views_sql[];

/* ---- values */

struct sql_value {
	int type; /* SQLITE_INTEGER ... SQLITE_NULL */
	int64_t integer;
	double real;
	const void *bytes; /* borrowed until the statement has run */
	size_t size;
};

static inline struct sql_value sql_null(void)
{
	return (struct sql_value){.type = SQLITE_NULL};
}

static inline struct sql_value sql_int(int64_t n)
{
	return (struct sql_value){.type = SQLITE_INTEGER, .integer = n};
}

/* NaN and infinities become NULL. */
static inline struct sql_value sql_real(double x)
{
	return isfinite(x) ? (struct sql_value){.type = SQLITE_FLOAT, .real = x} : sql_null();
}

/* NULL stays NULL. */
static inline struct sql_value sql_text(const char *text)
{
	return text ? (struct sql_value){.type = SQLITE_TEXT, .bytes = text} : sql_null();
}

static inline struct sql_value sql_blob(const void *bytes, size_t size)
{
	return (struct sql_value){.type = SQLITE_BLOB, .bytes = bytes ? bytes : "", .size = size};
}

/* The last two arguments of sql_run and sql_query. */
#define SQL_VALUES(...)                          \
	(const struct sql_value[]){__VA_ARGS__}, \
		(int)(sizeof((const struct sql_value[]){__VA_ARGS__}) / sizeof(struct sql_value))
#define SQL_NO_VALUES NULL, 0

/* ---- statements */

/* Prepares `sql`; NULL on failure. sqlite3_finalize, which accepts NULL, is the caller's. */
sqlite3_stmt *sql_prepare(struct store *store, const char *sql);
int sql_bind(struct store *store, sqlite3_stmt *statement, const struct sql_value *values, int n);

/* One step: 1 with a row, 0 at the end, -1. */
int sql_step(struct store *store, sqlite3_stmt *statement);

/* Runs one statement to its end; rows are dropped. With `id`, the first column of the first row
 * goes there (0 when there is no row). */
int sql_run(struct store *store, const char *sql, const struct sql_value *values, int n);
int sql_get(
	struct store *store, int64_t *id, const char *sql, const struct sql_value *values, int n);

/* Runs one prepared statement with these values, and makes it ready for the next ones. */
int sql_again(struct store *store, sqlite3_stmt *statement, const struct sql_value *values, int n);

/* Several statements without values. */
int sql_script(struct store *store, const char *sql);

/* Rows that the last statement changed. */
int sql_changes(const struct store *store);

/* ---- transactions and failures */

void sql_clear(struct store *store);
int sql_begin(struct store *store); /* takes the write lock at once, waiting wait_ms */
int sql_commit(struct store *store);

/* Notes a reason that is not SQLite's; returns -1. */
int sql_refuse(struct store *store, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Undoes the open transaction and reports "cannot WHAT in PATH: REASON"; returns -1. */
int sql_failed(struct store *store, struct err *err, const char *what, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- rows into structs */

enum sql_field_type { SQL_FIELD_INT = 1, SQL_FIELD_REAL, SQL_FIELD_TEXT };

/* A column and the member it fills: int64_t, double (NULL: NAN) or const char * (NULL: NULL). The
 * table ends in a row {0}. */
struct sql_field {
	const char *column; /* an expression */
	enum sql_field_type type;
	size_t offset;
};

/* SELECT the fields, then `tail` (" FROM epoch WHERE ..."): an array of *n rows of `size` bytes in
 * the arena; NULL on failure. */
void *sql_rows(struct store *store, struct arena *arena, int *n, const struct sql_field *fields,
	size_t size, const char *tail, const struct sql_value *values, int n_values);

#endif
