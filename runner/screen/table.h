/*
 * table -- rows and columns for people and for programs, from the same cells.
 *
 *     static const struct table_column columns[] = {
 *             {"run_id", TABLE_INT, 0}, {"name", TABLE_TEXT, 0}, {"test_accuracy", TABLE_REAL, 3}};
 *     table_new, then for each row one call a cell in the order of the columns, table_print,
 * table_free
 *
 * As text, columns line up by their width on the screen, numbers to the right; headings are the
 * short `head` or the names with spaces for '_'. JSON is a list of objects under the names, one a
 * line, numbers in full; CSV is RFC 4180 with a heading, numbers in full; Markdown is a pipe table.
 * What is absent is `null` in JSON, nothing in CSV and `-` for people.
 *
 * In a window that is too narrow nothing is cut. The least important columns go as a whole (a line
 * below says which), texts are wrapped at words, and where that does not do, each row is printed as
 * lines "heading  value".
 */
#ifndef RUNNER_SCREEN_TABLE_H
#define RUNNER_SCREEN_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "layers/core/err.h"

enum table_kind { TABLE_TEXT = 1, TABLE_INT, TABLE_REAL, TABLE_ANY };

enum table_format { TABLE_PLAIN, TABLE_JSON, TABLE_CSV, TABLE_MARKDOWN };

struct table_column {
	const char *name;
	enum table_kind kind; /* TABLE_ANY takes all cells. Columns of numbers stand to the right */
	int digits;           /* TABLE_REAL, for people: digits behind the point */
	int rank;             /* 0: always shown; of the others the highest goes first */
	const char *head;     /* for people; NULL: the name with spaces for '_' */
};

/* Columns from this rank on go before any text is wrapped. */
enum { TABLE_RANK_LOW = 5 };

struct table;

/* Copies the columns, but not their texts. NULL when memory is out. */
struct table *table_new(const struct table_column *columns, int n_columns, struct err *err);

/* The next cell. Text is copied; NULL, and a NAN or infinite number, is an absent cell. A memory
 * failure is remembered and told by table_print. */
void table_text(struct table *table, const char *text);
void table_json(struct table *table, const char *json); /* a text that is JSON, and is so there */
void table_int(struct table *table, int64_t number);
void table_real(struct table *table, double number);
void table_none(struct table *table);

/* People are not shown this column while every cell of it is absent; programs are. */
void table_optional(struct table *table, const char *name);

int table_rows(const struct table *table);

/* Prints it; a plain table in at most `width` columns (0: no limit). Fails when memory is out. That
 * `file` cannot be written shows in ferror, as with printf: main looks at stdout once, at the end.
 */
int table_print(const struct table *table, FILE *file, enum table_format format, int width,
	struct err *err);
void table_free(struct table *table);

/* A number for people: so many digits behind the point, or an exponent where these would be 0s
 * alone or behind a long row of digits. */
enum { TABLE_NUMBER = 32 };
char *table_decimal(double number, int digits, char text[TABLE_NUMBER]);

/* For output that is not a table: a number in as few digits as give it back exactly ("null" when it
 * is not finite), and a text as a JSON text. */
char *table_number(double number, char text[TABLE_NUMBER]);
void table_json_text(FILE *file, const char *text);

/* The flag json, csv or md as a format: true when `name` is one of them. */
bool table_flag(const char *name, enum table_format *format);

#endif
