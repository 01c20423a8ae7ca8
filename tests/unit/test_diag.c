/*
 * diag: order, duplicates, notes, limits and print of errors; that they outlive their sources.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runner/config/diag.h"

static char *printed(struct diags *diags, bool colour)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	diags_print(diags, file, colour);
	fclose(file);
	return text;
}

static void assert_printed(struct diags *diags, const char *wanted)
{
	char *text = printed(diags, false);

	assert_string_equal(text, wanted);
	free(text);
	diags_release(diags);
}

static void add_source(struct sources *sources, const char *name, const char *text)
{
	assert_true(sources_add_text(sources, name, text, strlen(text), NULL) >= 0);
}

static void test_order_and_duplicates(void **state)
{
	struct sources sources = {0};
	struct diags diags = {0};
	(void)state;

	add_source(&sources, "a.yaml", "one: 1\ntwo: 2\n");
	diags_add(&diags, DIAG_ERROR, &sources, (struct place){0, 2, 6, 1}, "late");
	diags_note(&diags, &sources, (struct place){0, 1, 1, 3}, "because of this");
	diags_add(&diags, DIAG_WARNING, &sources, (struct place){0, 1, 1, 3}, "early %d", 7);
	diags_add(&diags, DIAG_ERROR, &sources, (struct place){0, 2, 6, 1}, "late");
	diags_note(&diags, &sources, (struct place){0, 1, 1, 3}, "dropped with its duplicate");
	diags_add(&diags, DIAG_ERROR, NULL, (struct place){0}, "nowhere");
	sources_release(&sources); /* all that is shown has been copied */
	assert_int_equal(diags.n_errors, 2);
	assert_int_equal(diags.n_told, 3);
	assert_int_equal(diags.n_warnings, 1);
	assert_true(diags_failed(&diags));
	assert_printed(&diags, "error: nowhere\n"
			       "a.yaml:1:1: warning: early 7\n"
			       "    1 | one: 1\n"
			       "      | ^~~\n"
			       "a.yaml:2:6: error: late\n"
			       "    2 | two: 2\n"
			       "      |      ^\n"
			       "a.yaml:1:1: note: because of this\n"
			       "    1 | one: 1\n"
			       "      | ^~~\n");
}

/* Where a place lies in a file that another extends, the chain is told behind the other notes. */
static void test_extended(void **state)
{
	struct sources sources = {0};
	struct diags diags = {0};
	(void)state;

	add_source(&sources, "main.yaml", "extends: base.yaml\n");
	add_source(&sources, "base.yaml", "seed: x\n");
	sources.at[1]->extended_at = (struct place){0, 1, 10, 9};
	diags_add(&diags, DIAG_ERROR, &sources, (struct place){1, 1, 7, 1}, "bad");
	diags_note(&diags, NULL, (struct place){0}, "first");
	sources_release(&sources);
	assert_printed(&diags, "base.yaml:1:7: error: bad\n"
			       "    1 | seed: x\n"
			       "      |       ^\n"
			       "note: first\n"
			       "main.yaml:1:10: note: extended from here\n"
			       "    1 | extends: base.yaml\n"
			       "      |          ^~~~~~~~~\n");
}

static void test_argument(void **state)
{
	struct sources sources = {0};
	struct diags diags = {0};
	(void)state;

	assert_int_equal(sources_add_argument(&sources, "seed=x", NULL), 0);
	diags_add(&diags, DIAG_ERROR, &sources, (struct place){0, 1, 6, 1}, "bad");
	sources_release(&sources);
	assert_printed(&diags, "command line: error: bad\n"
			       "    1 | seed=x\n"
			       "      |      ^\n");
}

/* Diags of several configs stay together, config by config. */
static void test_groups(void **state)
{
	struct diags diags = {0};
	const char *at;
	char *text;
	(void)state;

	for (int i = 0; i < 3; i++) {
		struct sources sources = {0};
		char name[16];
		snprintf(name, sizeof name, "%c.yaml", "bac"[i]);
		add_source(&sources, name, "x\ny\nz\n");
		diags_add(&diags, DIAG_ERROR, &sources, (struct place){0, 3 - i, 1, 1}, "one");
		diags_add(&diags, DIAG_ERROR, &sources, (struct place){0, 1, 2, 1}, "two");
		sources_release(&sources);
	}
	text = printed(&diags, false);
	at = text;
	for (int i = 0; i < 6; i++) {
		char wanted[] = {"bac"[i / 2], '.', 'y', 0};
		at = strstr(at, "yaml:");
		assert_non_null(at);
		assert_memory_equal(at - 2, wanted, 2);
		at++;
	}
	free(text);
	diags_release(&diags);
}

static void test_limit(void **state)
{
	struct diags diags = {0};
	char *text;
	(void)state;

	for (int i = 0; i < DIAGS_MAX + 30; i++)
		diags_add(&diags, DIAG_ERROR, NULL, (struct place){0}, "error %d", i);
	text = printed(&diags, false);
	assert_non_null(strstr(text, "\n... and 30 more\n"));
	assert_int_equal(diags.n_errors, DIAGS_MAX + 30);
	free(text);
	diags_release(&diags);
}

static void test_colour(void **state)
{
	struct sources sources = {0};
	struct diags diags = {0};
	char *text;
	(void)state;

	add_source(&sources, "a.yaml", "a^b: 1\n");
	diags_add(&diags, DIAG_ERROR, &sources, (struct place){0, 1, 2, 2}, "bad");
	text = printed(&diags, true);
	assert_non_null(strstr(text, "\033[1;31merror: "));
	assert_non_null(strstr(text, "\033[1;32m^~\033[0m\n"));
	assert_non_null(strstr(text, "a^b: 1\n")); /* the text's own caret is left alone */
	free(text);
	sources_release(&sources);
	diags_release(&diags);
}

static void test_from_err(void **state)
{
	struct diags diags = {0};
	struct err err = {0};
	(void)state;

	err_set(&err, "kernel too large");
	err_note(&err, (struct place){0}, "the input is 1x28x28");
	diags_add_err(&diags, DIAG_ERROR, NULL, &err);
	assert_false(err.set);
	assert_printed(&diags, "error: kernel too large\nnote: the input is 1x28x28\n");
}

static void test_summary(void **state)
{
	static const struct {
		int errors, warnings;
		const char *text;
	} cases[] = {
		{0, 0, ""},
		{1, 0, "1 error"},
		{2, 1, "2 errors, 1 warning"},
		{0, 3, "3 warnings"},
	};
	char text[DIAGS_SUMMARY];
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct diags diags = {.n_errors = cases[i].errors, .n_warnings = cases[i].warnings};
		assert_string_equal(diags_summary(&diags, text), cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_duplicates),
		cmocka_unit_test(test_extended),
		cmocka_unit_test(test_argument),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_from_err),
		cmocka_unit_test(test_summary),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
