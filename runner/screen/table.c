/* table -- see table.h. Cells keep their value; each format says how it is written. */
#include "runner/screen/table.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layers/core/arena.h"
#include "runner/screen/term.h"

enum {
	GAP = 2,
	CELL_TEXT = 48,
	WIDE = 32,  /* a text this wide may be wrapped before any column goes */
	BROKEN = 24 /* words longer than this may be broken */
};

struct cell {
	enum table_kind kind; /* 0: absent */
	int64_t integer;
	double real;
	const char *text; /* in the arena */
	bool is_json;
};

struct column {
	const char *name, *head; /* borrowed */
	enum table_kind kind;
	int digits, rank;
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
			.head = columns[c].head,
			.kind = columns[c].kind,
			.digits = columns[c].digits,
			.rank = columns[c].rank};
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

static void table_add_text(struct table *table, const char *text, bool is_json)
{
	const char *copy = text ? arena_text(&table->arena, text, NULL) : NULL;

	if (text && !copy)
		table->failed = true;
	table_add(table,
		(struct cell){.kind = copy ? TABLE_TEXT : 0, .text = copy, .is_json = is_json});
}

void table_text(struct table *table, const char *text)
{
	table_add_text(table, text, false);
}

void table_json(struct table *table, const char *json)
{
	table_add_text(table, json, true);
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

char *table_decimal(double number, int digits, char text[TABLE_NUMBER])
{
	double size = fabs(number);
	bool tiny = digits >= 3 && size > 0 && size < pow(10, -digits);

	if (tiny || size >= (digits ? 1e7 : 1e15))
		snprintf(text, TABLE_NUMBER, "%.3e", number);
	else
		snprintf(text, TABLE_NUMBER, "%.*f", digits, number);
	return text;
}

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
			if (cell->is_json && cell->kind)
				fputs(cell->text, file);
			else if (cell->kind == TABLE_TEXT)
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

	if (!cell && table->columns[column].head)
		return table->columns[column].head;
	if (!cell) {
		snprintf(buffer, CELL_TEXT, "%s", table->columns[column].name);
		for (char *c = buffer; *c; c++)
			*c = *c == '_' ? ' ' : *c;
	} else if (cell->kind == TABLE_TEXT) {
		return cell->text;
	} else if (cell->kind == TABLE_INT) {
		snprintf(buffer, CELL_TEXT, "%" PRId64, cell->integer);
	} else if (cell->kind == TABLE_REAL && table->columns[column].kind == TABLE_REAL) {
		table_decimal(cell->real, table->columns[column].digits, buffer);
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

/* `bytes` of a text as they go on one line: controls, line ends among them, become spaces, the
 * characters of `escape` get a backslash. */
static void table_print_text(FILE *file, const char *text, size_t bytes, const char *escape)
{
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)text[i];

		if (strchr(escape, c))
			fputc('\\', file);
		fputc(c < ' ' ? ' ' : c, file);
	}
}

/* How a plain table is laid out. A column is shown when its width is not 0. */
struct layout {
	int *widths; /* that it takes */
	int *least;  /* that it may be narrowed to: of a text the longest word, of numbers all */
};

static int longest_word(const char *text)
{
	int longest = 0;

	while (*text) {
		size_t bytes = strspn(text, " "); /* a cell's indentation belongs to its word */
		int width;

		bytes += strcspn(text + bytes, " \n\t\r");
		term_fit(text, 1 << 30, &width);
		width -= term_width(text + bytes);
		longest = width > longest ? width : longest;
		text += bytes + strspn(text + bytes, " \n\t\r");
	}
	return longest < BROKEN ? longest : BROKEN;
}

static int larger(int a, int b)
{
	return a > b ? a : b;
}

static void table_measure(const struct table *table, struct layout *layout)
{
	char buffer[CELL_TEXT];

	for (int row = -1; row < table_rows(table); row++)
		for (int c = 0; c < table->n_columns; c++) {
			const struct column *column = &table->columns[c];
			const char *text = table_show(table, row, c, buffer);
			const struct cell *cell = row < 0 ? NULL : table_cell(table, row, c);
			bool wraps = cell ? cell->kind == TABLE_TEXT : !table_is_right(column);
			int width = term_width(text);

			if (!table_is_shown(column))
				continue;
			layout->widths[c] = larger(layout->widths[c], larger(width, 1));
			layout->least[c] = larger(
				layout->least[c], larger(wraps ? longest_word(text) : width, 1));
		}
}

/* What the columns would take if none had more than `most` or, where that is more, its least. */
static int layout_total(const struct layout *layout, int n, int most)
{
	int total = -GAP;

	for (int c = 0; c < n; c++) {
		int least = larger(layout->least[c], most);

		if (layout->widths[c])
			total += GAP + (layout->widths[c] < least ? layout->widths[c] : least);
	}
	return total;
}

/* Leaves out the shown column of the highest rank, the last one of these; false when it is below
 * `from`. */
static bool layout_drop(struct layout *layout, const struct table *table, int from)
{
	int out = -1;

	for (int c = 0; c < table->n_columns; c++)
		if (layout->widths[c] && table->columns[c].rank >= from &&
			(out < 0 || table->columns[c].rank >= table->columns[out].rank))
			out = c;
	if (out < 0)
		return false;
	layout->widths[out] = 0;
	return true;
}

/* Takes what is too much from the widest text, again and again. */
static void layout_narrow(struct layout *layout, int n, int limit)
{
	for (int total = layout_total(layout, n, 1 << 20); total > limit; total--) {
		int widest = -1;

		for (int c = 0; c < n; c++)
			if (layout->widths[c] > layout->least[c] &&
				(widest < 0 || layout->widths[c] > layout->widths[widest]))
				widest = c;
		if (widest < 0)
			return;
		layout->widths[widest]--;
	}
}

/* Makes it fit into `limit` columns; false when it cannot. */
static bool layout_fit(struct layout *layout, const struct table *table, int limit)
{
	int n = table->n_columns;

	while (layout_total(layout, n, WIDE) > limit && layout_drop(layout, table, TABLE_RANK_LOW))
		;
	while (layout_total(layout, n, 1) > limit && layout_drop(layout, table, 1))
		;
	layout_narrow(layout, n, limit);
	return layout_total(layout, n, 1 << 20) <= limit;
}

/* Line `k` of a text that is wrapped; its bytes in *bytes. NULL: it has fewer. */
static const char *text_line(const char *text, int width, int k, size_t *bytes)
{
	size_t next;

	*bytes = term_line(text, width, &next);
	for (; k > 0; k--) {
		text += next;
		if (!*text)
			return NULL;
		*bytes = term_line(text, width, &next);
	}
	return text;
}

static int bytes_width(const char *text, size_t bytes)
{
	return term_width(text) - term_width(text + bytes);
}

/* One line of the screen; false when the row has no such line. */
static bool table_print_row_line(
	const struct table *table, FILE *file, int row, int k, const struct layout *layout)
{
	int owed = 0; /* spaces, printed only when something follows */
	bool any = false;

	for (int c = 0; c < table->n_columns; c++) {
		int wide = layout->widths[c], width, before;
		char buffer[CELL_TEXT];
		size_t bytes;
		const char *text;

		if (!wide)
			continue;
		text = text_line(table_show(table, row, c, buffer), wide, k, &bytes);
		if (!text) {
			owed += wide + GAP;
			continue;
		}
		width = bytes_width(text, bytes);
		before = table_is_right(&table->columns[c]) && width < wide ? wide - width : 0;
		fprintf(file, "%*s", bytes ? owed + before : 0, "");
		table_print_text(file, text, bytes, "");
		owed = bytes ? GAP + wide - before - width : owed + wide + GAP;
		any = true;
	}
	if (any)
		fputc('\n', file);
	return any;
}

static void table_print_missing(
	const struct table *table, FILE *file, int limit, const struct layout *layout)
{
	char *names = NULL;
	size_t size;
	FILE *text = open_memstream(&names, &size);
	int n = 0;

	for (int c = 0; text && c < table->n_columns; c++) {
		char buffer[CELL_TEXT];

		if (table_is_shown(&table->columns[c]) && !layout->widths[c])
			fprintf(text, "%s%s",
				n++ ? ", " : "(no room for: ", table_show(table, -1, c, buffer));
	}
	if (text && n)
		fputc(')', text);
	if (text && !fclose(text) && n)
		term_print(file, names, limit, 0);
	free(names);
}

/* Each row as lines "heading  value", with an empty line between rows. */
static void table_print_stacked(const struct table *table, FILE *file, int limit)
{
	char buffer[CELL_TEXT];
	int heads = 0;

	for (int c = 0; c < table->n_columns; c++)
		if (table_is_shown(&table->columns[c]))
			heads = larger(heads, term_width(table_show(table, -1, c, buffer)));
	if (!table_rows(table))
		fputs("(no rows)\n", file);
	for (int row = 0; row < table_rows(table); row++) {
		if (row)
			fputc('\n', file);
		for (int c = 0; c < table->n_columns; c++) {
			const char *head;

			if (!table_is_shown(&table->columns[c]))
				continue;
			head = table_show(table, -1, c, buffer);
			fprintf(file, "%s%*s", head, heads - term_width(head) + GAP, "");
			term_print(file, table_show(table, row, c, buffer), limit, heads + GAP);
		}
	}
}

static int table_print_plain(const struct table *table, FILE *file, int limit, struct err *err)
{
	size_t size = 2 * (size_t)table->n_columns * sizeof(int);
	struct layout layout = {.widths = calloc(1, size)};

	if (!layout.widths)
		return err_memory(err, size, "a table");
	layout.least = layout.widths + table->n_columns;
	table_measure(table, &layout);
	if (limit > 0 && !layout_fit(&layout, table, limit)) {
		table_print_stacked(table, file, limit);
	} else {
		for (int row = -1; row < table_rows(table); row++)
			for (int k = 0; table_print_row_line(table, file, row, k, &layout);)
				k++;
		table_print_missing(table, file, limit, &layout);
	}
	free(layout.widths);
	return 0;
}

static void table_print_markdown_row(const struct table *table, FILE *file, int row)
{
	for (int c = 0; c < table->n_columns; c++) {
		char buffer[CELL_TEXT];
		const char *text;

		if (!table_is_shown(&table->columns[c]))
			continue;
		text = table_show(table, row, c, buffer);
		fputs("| ", file);
		table_print_text(file, text, strlen(text), "|");
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
	return 0;
}

bool table_flag(const char *name, enum table_format *format)
{
	static const char *const names[] = {
		[TABLE_JSON] = "json", [TABLE_CSV] = "csv", [TABLE_MARKDOWN] = "md"};

	for (int i = TABLE_JSON; i <= TABLE_MARKDOWN; i++)
		if (!strcmp(name, names[i])) {
			*format = (enum table_format)i;
			return true;
		}
	return false;
}
