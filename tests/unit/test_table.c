/* Tables in each format, lined up with wide characters in them; and what a terminal is told to be.
 */
#include <locale.h>
#include <math.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

#include "runner/screen/table.h"
#include "runner/screen/term.h"

static const struct table_column columns[] = {
	{.name = "run_id", .kind = TABLE_INT},
	{.name = "name", .kind = TABLE_TEXT},
	{.name = "test_accuracy", .kind = TABLE_REAL, .digits = 3},
	{.name = "value", .kind = TABLE_ANY},
};

static struct table *three_rows(void)
{
	struct err err = {0};
	struct table *table = table_new(columns, 4, &err);

	assert_non_null(table);
	table_int(table, 7);
	table_text(table, "lenet");
	table_real(table, 0.87654321);
	table_text(table, "max_pool2d");
	table_int(table, 12);
	table_text(table, "最大池化");
	table_real(table, NAN);
	table_real(table, 0.1);
	table_int(table, 123456);
	table_text(table, "a, \"b\"|\nc");
	table_real(table, 1);
	table_none(table);
	return table;
}

/* What `table` prints; freed by the caller. The table is freed here. */
static char *printed(struct table *table, enum table_format format, int width)
{
	struct err err = {0};
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	if (table_print(table, file, format, width, &err))
		fail_msg("%s", err.text);
	fclose(file);
	table_free(table);
	return text;
}

static void prints(struct table *table, enum table_format format, int width, const char *expected)
{
	char *text = printed(table, format, width);

	assert_string_equal(text, expected);
	free(text);
}

static void people_see_columns(void **unused)
{
	(void)unused;
	prints(three_rows(), TABLE_PLAIN, 0,
		"run id  name       test accuracy  value\n"
		"     7  lenet              0.877  max_pool2d\n"
		"    12  最大池化               -  0.1\n"
		"123456  a, \"b\"| c          1.000  -\n");
}

/* 42 columns with all of it; "note" is a sentence, "less" and "least" may go. */
static struct table *a_wide_row(void)
{
	static const struct table_column wide[] = {
		{.name = "run_id", .kind = TABLE_INT, .head = "run"},
		{.name = "name", .kind = TABLE_TEXT},
		{.name = "less", .kind = TABLE_INT, .rank = 2},
		{.name = "least", .kind = TABLE_INT, .rank = 9},
		{.name = "note", .kind = TABLE_TEXT},
	};
	struct err err = {0};
	struct table *table = table_new(wide, 5, &err);

	assert_non_null(table);
	table_int(table, 7);
	table_text(table, "lenet");
	table_int(table, 1);
	table_int(table, 2);
	table_text(table, "it left the 最大");
	table_int(table, 8);
	table_text(table, "mlp");
	table_int(table, 3);
	table_int(table, 4);
	table_none(table);
	return table;
}

static void narrow_windows_lose_whole_columns(void **unused)
{
	(void)unused;
	prints(a_wide_row(), TABLE_PLAIN, 43,
		"run  name   less  least  note\n"
		"  7  lenet     1      2  it left the 最大\n"
		"  8  mlp       3      4  -\n");
	prints(a_wide_row(), TABLE_PLAIN, 40,
		"run  name   less  note\n"
		"  7  lenet     1  it left the 最大\n"
		"  8  mlp       3  -\n"
		"(no room for: least)\n");
	prints(a_wide_row(), TABLE_PLAIN, 25,
		"run  name   less  note\n"
		"  7  lenet     1  it left\n"
		"                  the\n"
		"                  最大\n"
		"  8  mlp       3  -\n"
		"(no room for: least)\n");
	prints(a_wide_row(), TABLE_PLAIN, 21,
		"run  name   note\n"
		"  7  lenet  it left\n"
		"            the 最大\n"
		"  8  mlp    -\n"
		"(no room for: less,\n"
		"least)\n");
}

static void what_does_not_fit_is_stacked(void **unused)
{
	(void)unused;
	prints(a_wide_row(), TABLE_PLAIN, 14,
		"run    7\n"
		"name   lenet\n"
		"less   1\n"
		"least  2\n"
		"note   it left\n"
		"       the\n"
		"       最大\n"
		"\n"
		"run    8\n"
		"name   mlp\n"
		"less   3\n"
		"least  4\n"
		"note   -\n");
}

static void numbers_stay_short(void **unused)
{
	static const struct {
		double number;
		int digits;
		const char *text;
	} rows[] = {
		{0.87654321, 3, "0.877"},
		{0, 4, "0.0000"},
		{0.00012, 4, "0.0001"},
		{0.0000123, 4, "1.230e-05"},
		{-0.0000123, 4, "-1.230e-05"},
		{0.04, 1, "0.0"},
		{1.0778e31, 4, "1.078e+31"},
		{54300.4, 0, "54300"},
		{123456789, 0, "123456789"},
	};
	char text[TABLE_NUMBER];

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_string_equal(
			table_decimal(rows[i].number, rows[i].digits, text), rows[i].text);
}

static void json_stays_json(void **unused)
{
	static const struct table_column one[] = {{.name = "params", .kind = TABLE_TEXT}};
	struct err err = {0};

	(void)unused;
	for (int i = 0; i < 2; i++) {
		struct table *table = table_new(one, 1, &err);

		table_json(table, "{\"a\":1}");
		table_json(table, NULL);
		prints(table, i ? TABLE_CSV : TABLE_JSON, 0,
			i ? "params\r\n\"{\"\"a\"\":1}\"\r\n\r\n"
			  : "[\n {\"params\": {\"a\":1}},\n {\"params\": null}\n]\n");
	}
}

static void programs_get_all_digits(void **unused)
{
	char *text = printed(three_rows(), TABLE_JSON, 10);
	json_t *rows = json_loads(text, 0, NULL), *last;

	(void)unused;
	assert_int_equal(json_array_size(rows), 3);
	last = json_array_get(rows, 2);
	assert_true(json_real_value(json_object_get(json_array_get(rows, 0), "test_accuracy")) ==
		    0.87654321);
	assert_true(json_is_null(json_object_get(json_array_get(rows, 1), "test_accuracy")));
	assert_string_equal(json_string_value(json_object_get(last, "name")), "a, \"b\"|\nc");
	assert_int_equal(json_integer_value(json_object_get(last, "run_id")), 123456);
	json_decref(rows);
	free(text);
	prints(three_rows(), TABLE_CSV, 10,
		"run_id,name,test_accuracy,value\r\n"
		"7,lenet,0.87654321,max_pool2d\r\n"
		"12,最大池化,,0.1\r\n"
		"123456,\"a, \"\"b\"\"|\nc\",1,\r\n");
	prints(three_rows(), TABLE_MARKDOWN, 10,
		"| run id | name | test accuracy | value |\n"
		"| ---: | --- | ---: | --- |\n"
		"| 7 | lenet | 0.877 | max_pool2d |\n"
		"| 12 | 最大池化 | - | 0.1 |\n"
		"| 123456 | a, \"b\"\\| c | 1.000 | - |\n");
}

static void empty_columns_may_be_left_out(void **unused)
{
	struct err err = {0};

	(void)unused;
	for (int i = 0; i < 3; i++) {
		struct table *table = table_new(columns, 2, &err);

		table_optional(table, "name");
		table_int(table, 1);
		table_none(table);
		table_int(table, 2);
		table_text(table, i == 1 ? "x" : NULL);
		prints(table, i == 2 ? TABLE_MARKDOWN : TABLE_PLAIN, 0,
			i == 0   ? "run id\n     1\n     2\n"
			: i == 1 ? "run id  name\n     1  -\n     2  x\n"
				 : "| run id |\n| ---: |\n| 1 |\n| 2 |\n");
	}
}

static void no_rows_are_a_table_too(void **unused)
{
	struct err err = {0};

	(void)unused;
	prints(table_new(columns, 2, &err), TABLE_PLAIN, 0, "run id  name\n");
	prints(table_new(columns, 2, &err), TABLE_PLAIN, 5, "(no rows)\n");
	prints(table_new(columns, 2, &err), TABLE_JSON, 0, "[]\n");
	prints(table_new(columns, 2, &err), TABLE_CSV, 0, "run_id,name\r\n");
}

static void numbers_come_back(void **unused)
{
	static const double numbers[] = {0, 0.1, 1.0 / 3, 1e-300, 123456789012345678.0, 2.5e-8, -7};
	char text[TABLE_NUMBER];

	(void)unused;
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		double back = strtod(table_number(numbers[i], text), NULL);

		assert_memory_equal(&back, &numbers[i], sizeof back);
	}
	assert_string_equal(table_number(0.1, text), "0.1");
	assert_string_equal(table_number((double)NAN, text), "null");
}

static void flags_name_formats(void **unused)
{
	enum table_format format = TABLE_PLAIN;

	(void)unused;
	assert_true(table_flag("md", &format) && format == TABLE_MARKDOWN);
	assert_true(table_flag("csv", &format) && format == TABLE_CSV);
	assert_true(table_flag("json", &format) && format == TABLE_JSON);
	assert_false(table_flag("xml", &format));
}

static void width_is_in_columns(void **unused)
{
	int width;

	(void)unused;
	assert_int_equal(term_width(""), 0);
	assert_int_equal(term_width("abc"), 3);
	assert_int_equal(term_width("池化"), 4);
	assert_int_equal(term_width("e\xcc\x81"), 1); /* a combining accent */
	assert_int_equal(term_width("\xff\xfe"), 2);  /* no UTF-8 */
	assert_int_equal(term_fit("a池化", 4, &width), 4);
	assert_int_equal(width, 3);
	assert_int_equal(term_fit("abc", 0, &width), 0);
}

static void texts_break_at_words(void **unused)
{
	static const struct {
		const char *text;
		int columns;
		size_t bytes, next;
	} rows[] = {
		{"", 9, 0, 0},
		{"all of it", 9, 9, 9},
		{"some of it", 9, 7, 8},
		{"some of   it", 9, 7, 10},
		{"unbreakable", 5, 5, 5},
		{"  unbreakable", 5, 5, 5},
		{"池化层", 5, 6, 6},
		{"池", 1, 3, 3},
		{"two\nlines", 6, 3, 4},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t next;

		assert_int_equal(term_line(rows[i].text, rows[i].columns, &next), rows[i].bytes);
		assert_int_equal(next, rows[i].next);
	}
}

static void set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void terminals_are_told_apart(void **unused)
{
	static const struct {
		const char *term, *no_color, *lang;
		bool flag, live, colour, unicode;
	} rows[] = {
		{"xterm", NULL, "C.UTF-8", false, true, true, true},
		{"xterm", "1", "C.UTF-8", false, true, false, true},
		{"xterm", "", "C.UTF-8", false, true, true, true},
		{"xterm", NULL, "C.UTF-8", true, true, false, true},
		{"dumb", NULL, "C.UTF-8", false, false, false, true},
		{NULL, NULL, "C.UTF-8", false, false, false, true},
		{"linux", NULL, "de_DE.utf8", false, true, true, false},
		{"xterm", NULL, "zh_CN.GBK", false, true, true, false},
		{"xterm", NULL, NULL, false, true, true, true},
	};
	struct winsize size = {.ws_row = 30, .ws_col = 91};
	int master, slave, seen_columns, seen_rows;
	FILE *terminal, *plain = tmpfile();

	(void)unused;
	unsetenv("LC_ALL");
	unsetenv("LC_CTYPE");
	assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
	terminal = fdopen(slave, "w");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct term term;

		set("TERM", rows[i].term);
		set("NO_COLOR", rows[i].no_color);
		set("LANG", rows[i].lang);
		term = term_look(terminal, rows[i].flag);
		assert_int_equal(term.live, rows[i].live);
		assert_int_equal(term.colour, rows[i].colour);
		assert_int_equal(term.unicode, rows[i].unicode);
		term = term_look(plain, rows[i].flag);
		assert_false(term.live || term.colour);
	}
	term_size(terminal, &seen_columns, &seen_rows);
	assert_true(seen_columns == 91 && seen_rows == 30);
	term_size(plain, &seen_columns, &seen_rows);
	assert_true(seen_columns == 80 && seen_rows == 24);
	fclose(terminal);
	fclose(plain);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_see_columns),
		cmocka_unit_test(narrow_windows_lose_whole_columns),
		cmocka_unit_test(what_does_not_fit_is_stacked),
		cmocka_unit_test(numbers_stay_short),
		cmocka_unit_test(json_stays_json),
		cmocka_unit_test(programs_get_all_digits),
		cmocka_unit_test(empty_columns_may_be_left_out),
		cmocka_unit_test(no_rows_are_a_table_too),
		cmocka_unit_test(numbers_come_back),
		cmocka_unit_test(flags_name_formats),
		cmocka_unit_test(width_is_in_columns),
		cmocka_unit_test(texts_break_at_words),
		cmocka_unit_test(terminals_are_told_apart),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
