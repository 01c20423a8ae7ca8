/* table -- see table.h. Cells keep their value; each format says how it is written. */
#include "runner/screen/table.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layers/core/arena.h"
#include "runner/screen/term.h"

enum { GAP = 2, NARROWEST = 8, CELL_TEXT = 48 };

struct cell {
	enum table_kind kind; /* 0: absent */
	int64_t integer;
	double real;
	const char *text; /* in the arena */
};

struct column {
	const char *name; /* borrowed */
	enum table_kind kind;
	int digits;
	bool optional;
	bool has_text, has_number; /* among its cells */
};

struct table {
	int n_columns, n_cells, room;
	struct column *columns; /* in the arena */
	struct cell *cells;     /* owned */
	bool failed;            /* memory ran out */
	struct arena arena;
};

/* ---- filling */

struct table *table_new(const struct table_column *columns, int n_columns, struct err *err)
{
	struct table *table = calloc(1, sizeof *table);

	if (!table) {
		err_memory(err, sizeof *table, "a table");
		return NULL;
	}
	table->n_columns = n_columns;
	table->columns = arena_take(&table->arena, (size_t)n_columns * sizeof *table->columns, err);
	if (!table->columns) {
		free(table);
		return NULL;
	}
	for (int c = 0; c < n_columns; c++)
		table->columns[c] = (struct column){.name = columns[c].name,
			.kind = columns[c].kind,
			.digits = columns[c].digits};
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	arena_release(&table->arena);
	free(table->cells);
	free(table);
}

static void table_add(struct table *table, struct cell cell)
{
	struct column *column = &table->columns[table->n_cells % table->n_columns];

	if (table->n_cells == table->room) {
		int room = table->room ? 2 * table->room : 64;
		struct cell *cells = realloc(table->cells, (size_t)room * sizeof *cells);

		if (!cells) {
			table->failed = true;
			return;
		}
		table->cells = cells;
		table->room = room;
	}
	table->cells[table->n_cells++] = cell;
	column->has_text = column->has_text || cell.kind == TABLE_TEXT;
	column->has_number = column->has_number || (cell.kind && cell.kind != TABLE_TEXT);
}

void table_none(struct table *table)
{
	table_add(table, (struct cell){0});
}

void table_text(struct table *table, const char *text)
{
	const char *copy = text ? arena_text(&table->arena, text, NULL) : NULL;

	if (text && !copy)
		table->failed = true;
	table_add(table, (struct cell){.kind = copy ? TABLE_TEXT : 0, .text = copy});
}

void table_int(struct table *table, int64_t number)
{
	table_add(table, (struct cell){.kind = TABLE_INT, .integer = number});
}

void table_real(struct table *table, double number)
{
	table_add(table, (struct cell){.kind = isfinite(number) ? TABLE_REAL : 0, .real = number});
}

void table_optional(struct table *table, const char *name)
{
	for (int c = 0; c < table->n_columns; c++)
		if (!strcmp(table->columns[c].name, name))
			table->columns[c].optional = true;
}

int table_rows(const struct table *table)
{
	return table->n_cells / table->n_columns;
}

static const struct cell *table_cell(const struct table *table, int row, int column)
{
	return &table->cells[row * table->n_columns + column];
}

/* ---- numbers and texts for programs */

char *table_number(double number, char text[TABLE_NUMBER])
{
	if (!isfinite(number)) {
		snprintf(text, TABLE_NUMBER, "null");
		return text;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, TABLE_NUMBER, "%.*g", digits, number);
		if (strtod(text, NULL) >= number && strtod(text, NULL) <= number)
			break;
	}
	return text;
}

void table_json_text(FILE *file, const char *text)
{
	json_t *value = json_string(text);
	char *escaped = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

	/* what is not UTF-8 has no JSON text */
	fputs(escaped ? escaped : "null", file);
	free(escaped);
	json_decref(value);
}

static void table_print_value(FILE *file, const struct cell *cell)
{
	char number[TABLE_NUMBER];

	if (cell->kind == TABLE_INT)
		fprintf(file, "%" PRId64, cell->integer);
	else if (cell->kind == TABLE_REAL)
		fputs(table_number(cell->real, number), file);
}

static void table_print_json(const struct table *table, FILE *file)
{
	const int rows = table_rows(table);

	fputs("[", file);
	for (int row = 0; row < rows; row++) {
		fputs(row ? ",\n {" : "\n {", file);
		for (int c = 0; c < table->n_columns; c++) {
			const struct cell *cell = table_cell(table, row, c);

			fputs(c ? ", " : "", file);
			table_json_text(file, table->columns[c].name);
			fputs(": ", file);
			if (cell->kind == TABLE_TEXT)
				table_json_text(file, cell->text);
			else if (cell->kind)
				table_print_value(file, cell);
			else
				fputs("null", file);
		}
		fputs("}", file);
	}
	fputs(rows ? "\n]\n" : "]\n", file);
}

static void table_print_quoted(FILE *file, const char *text)
{
	if (!text[strcspn(text, ",\"\r\n")]) {
		fputs(text, file);
		return;
	}
	fputc('"', file);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', file);
		fputc(*text, file);
	}
	fputc('"', file);
}

static void table_print_csv(const struct table *table, FILE *file)
{
	for (int row = -1; row < table_rows(table); row++) {
		for (int c = 0; c < table->n_columns; c++) {
			const struct cell *cell = row < 0 ? NULL : table_cell(table, row, c);

			fputs(c ? "," : "", file);
			if (!cell)
				table_print_quoted(file, table->columns[c].name);
			else if (cell->kind == TABLE_TEXT)
				table_print_quoted(file, cell->text);
			else
				table_print_value(file, cell);
		}
		fputs("\r\n", file);
	}
}

/* ---- for people */

/* What stands in a cell; row -1 is the heading. Points into the table or to `buffer`. */
static const char *table_show(
	const struct table *table, int row, int column, char buffer[CELL_TEXT])
{
	const struct cell *cell = row < 0 ? NULL : table_cell(table, row, column);

	if (!cell) {
		snprintf(buffer, CELL_TEXT, "%s", table->columns[column].name);
		for (char *c = buffer; *c; c++)
			*c = *c == '_' ? ' ' : *c;
	} else if (cell->kind == TABLE_TEXT) {
		return cell->text;
	} else if (cell->kind == TABLE_INT) {
		snprintf(buffer, CELL_TEXT, "%" PRId64, cell->integer);
	} else if (cell->kind == TABLE_REAL && table->columns[column].kind == TABLE_REAL &&
		   fabs(cell->real) < 1e15) {
		snprintf(buffer, CELL_TEXT, "%.*f", table->columns[column].digits, cell->real);
	} else if (cell->kind == TABLE_REAL) {
		snprintf(buffer, CELL_TEXT, "%.6g", cell->real);
	} else {
		return "-";
	}
	return buffer;
}

static bool table_is_right(const struct column *column)
{
	if (column->kind == TABLE_ANY)
		return column->has_number && !column->has_text;
	return column->kind == TABLE_INT || column->kind == TABLE_REAL;
}

static bool table_is_shown(const struct column *column)
{
	return !column->optional || column->has_text || column->has_number;
}

/* Text as it goes on one line: controls, line ends among them, become spaces, the characters of
 * `escape` get a backslash, and what takes more than `columns` is cut to end in "...". Returns the
 * columns printed, backslashes not counted. */
static int table_print_text(FILE *file, const char *text, int columns, const char *escape)
{
	int width;
	bool cut = columns > 3 && term_width(text) > columns;
	size_t bytes = term_fit(text, cut ? columns - 3 : columns, &width);

	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)text[i];

		if (strchr(escape, c))
			fputc('\\', file);
		fputc(c < ' ' ? ' ' : c, file);
	}
	if (cut)
		fputs("...", file);
	return cut ? width + 3 : width;
}

static void table_measure(const struct table *table, int *widths)
{
	char buffer[CELL_TEXT];

	for (int row = -1; row < table_rows(table); row++)
		for (int c = 0; c < table->n_columns; c++) {
			int width = term_width(table_show(table, row, c, buffer));

			if (table_is_shown(&table->columns[c]) && width > widths[c])
				widths[c] = width;
		}
}

/* Takes what is too much from the widest column, again and again; numbers are never cut. */
static void table_squeeze(const struct table *table, int *widths, int limit)
{
	int total = -GAP;

	for (int c = 0; c < table->n_columns; c++)
		total += table_is_shown(&table->columns[c]) ? widths[c] + GAP : 0;
	for (; total > limit; total--) {
		int widest = -1;

		for (int c = 0; c < table->n_columns; c++)
			if (table->columns[c].kind != TABLE_INT &&
				table->columns[c].kind != TABLE_REAL && widths[c] > NARROWEST &&
				(widest < 0 || widths[c] > widths[widest]))
				widest = c;
		if (widest < 0)
			break;
		widths[widest]--;
	}
}

static void table_print_row(const struct table *table, FILE *file, int row, const int *widths)
{
	int owed = 0; /* spaces, printed only when something follows */

	for (int c = 0; c < table->n_columns; c++) {
		const struct column *column = &table->columns[c];
		char buffer[CELL_TEXT];
		const char *text = table_show(table, row, c, buffer);
		int width = term_width(text);
		int before = table_is_right(column) && width < widths[c] ? widths[c] - width : 0;

		if (!table_is_shown(column))
			continue;
		fprintf(file, "%*s", owed + before, "");
		owed = GAP + widths[c] - before - table_print_text(file, text, widths[c], "");
	}
	fputc('\n', file);
}

static int table_print_plain(const struct table *table, FILE *file, int limit, struct err *err)
{
	int *widths = calloc((size_t)table->n_columns, sizeof *widths);

	if (!widths)
		return err_memory(err, (size_t)table->n_columns * sizeof *widths, "a table");
	table_measure(table, widths);
	if (limit > 0)
		table_squeeze(table, widths, limit);
	for (int row = -1; row < table_rows(table); row++)
		table_print_row(table, file, row, widths);
	free(widths);
	return 0;
}

static void table_print_markdown_row(const struct table *table, FILE *file, int row)
{
	for (int c = 0; c < table->n_columns; c++) {
		char buffer[CELL_TEXT];

		if (!table_is_shown(&table->columns[c]))
			continue;
		fputs("| ", file);
		table_print_text(file, table_show(table, row, c, buffer), 1 << 30, "|");
		fputc(' ', file);
	}
	fputs("|\n", file);
}

static void table_print_markdown(const struct table *table, FILE *file)
{
	table_print_markdown_row(table, file, -1);
	for (int c = 0; c < table->n_columns; c++)
		if (table_is_shown(&table->columns[c]))
			fputs(table_is_right(&table->columns[c]) ? "| ---: " : "| --- ", file);
	fputs("|\n", file);
	for (int row = 0; row < table_rows(table); row++)
		table_print_markdown_row(table, file, row);
}

int table_print(
	const struct table *table, FILE *file, enum table_format format, int width, struct err *err)
{
	if (table->failed)
		return err_set(err, "out of memory for a table");
	if (format == TABLE_JSON)
		table_print_json(table, file);
	else if (format == TABLE_CSV)
		table_print_csv(table, file);
	else if (format == TABLE_MARKDOWN)
		table_print_markdown(table, file);
	else if (table_print_plain(table, file, width, err))
		return -1;
	return fflush(file) || ferror(file) ? err_set(err, "the output cannot be written") : 0;
}

bool table_flag(const char *flag, enum table_format *format)
{
	if (!strcmp(flag, "--json"))
		*format = TABLE_JSON;
	else if (!strcmp(flag, "--csv"))
		*format = TABLE_CSV;
	else if (!strcmp(flag, "--md"))
		*format = TABLE_MARKDOWN;
	else
		return false;
	return true;
}
