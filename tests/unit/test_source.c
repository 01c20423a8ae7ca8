/*
 * source: what counts as text, where lines start, and how a place is shown: carets under wide
 * characters and tabs, long lines cut. Paths beside files.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "runner/config/source.h"
#include "tests/support/files.h"

static int add(struct sources *sources, const char *text, struct err *err)
{
	return sources_add_text(sources, "x.yaml", text, strlen(text), err);
}

static void test_excerpts(void **state)
{
	static const struct {
		const char *text;
		int line, column, length;
		const char *shown, *carets;
	} cases[] = {
		{"seed: 1", 1, 7, 1, "seed: 1", "      ^"},
		{"seed: 1", 1, 1, 4, "seed: 1", "^~~~"},
		{"a\nbc: 2\nd", 2, 1, 2, "bc: 2", "^~"},
		{"seed:", 1, 6, 1, "seed:", "     ^"},       /* behind the end */
		{"seed:", 1, 90, 5, "seed:", "     ^"},      /* far behind it */
		{"名: 汇聚层", 1, 1, 1, "名: 汇聚层", "^~"}, /* wide characters take two */
		{"名: 汇聚层", 1, 4, 3, "名: 汇聚层", "    ^~~~~~"},
		{"名：1", 1, 3, 1, "名：1", "    ^"},
		{"\tx", 1, 2, 1, "        x", "        ^"}, /* tabs are widened */
		{"ab\tx", 1, 4, 1, "ab      x", "        ^"},
		{"ab\tx", 1, 3, 1, "ab      x", "  ^~~~~~"},
		{"层\tx", 1, 3, 1, "层      x", "        ^"},
		{"e\xcc\x81x", 1, 3, 1, "e\xcc\x81x", " ^"},   /* a combining accent takes none */
		{"a: 1\r\nb: 2\r\n", 2, 4, 1, "b: 2", "   ^"}, /* CR LF is one end */
		{"a: 1\rb: 2", 2, 4, 1, "b: 2", "   ^"},
		{"a\xe2\x80\xa8"
		 "b: 2",
			2, 1, 1, "b: 2", "^"}, /* as libyaml counts lines */
		{"\xef\xbb\xbf"
		 "a: 1",
			1, 1, 1, "a: 1", "^"}, /* the mark takes no column */
		{"a", 5, 1, 1, "", "^"},       /* no such line */
		{"", 1, 1, 1, "", "^"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sources sources = {0};
		struct err err = {0};
		int file = add(&sources, cases[i].text, &err);
		struct place place = {file, cases[i].line, cases[i].column, cases[i].length};
		char wanted[256];

		assert_int_equal(file, 0);
		snprintf(wanted, sizeof wanted, "%5d | %s\n      | %s\n", cases[i].line,
			cases[i].shown, cases[i].carets);
		assert_string_equal(source_excerpt(sources.at[0], place, &sources.arena), wanted);
		sources_release(&sources);
	}
}

/* The caret stays below its character when a line is cut; both lines stay short. */
static void test_long_lines(void **state)
{
	char text[4001];
	(void)state;

	for (int column = 1; column <= 4000; column += 37) {
		struct sources sources = {0};
		struct place place = {0, 1, column, 2000};
		const char *excerpt, *second, *caret;

		memset(text, 'a', 4000);
		text[4000] = 0;
		text[column - 1] = 'X';
		assert_int_equal(add(&sources, text, NULL), 0);
		excerpt = source_excerpt(sources.at[0], place, &sources.arena);
		second = strchr(excerpt, '\n') + 1;
		caret = strchr(second, '^');
		assert_int_equal(strchr(excerpt, 'X') - excerpt, caret - second);
		assert_true(strlen(excerpt) < 300);
		sources_release(&sources);
	}
}

static void test_refused_texts(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		int line, column;
		const char *words;
	} cases[] = {
		{"a: \xff", 4, 1, 4, "byte 0xFF is not UTF-8"},
		{"a\nb: \xc3", 6, 2, 4, "byte 0xC3 is not UTF-8"}, /* cut off */
		{"\xc0\xaf", 2, 1, 1, "not UTF-8"},                /* longer than needed */
		{"\xed\xa0\x80", 3, 1, 1, "not UTF-8"},            /* half a surrogate pair */
		{"\xf4\x90\x80\x80", 4, 1, 1, "not UTF-8"},        /* beyond Unicode */
		{"a\0b", 3, 1, 2, "NUL"},
		{"a\x1b[1m", 5, 1, 2, "U+001B"},
		{"a\x7f", 2, 1, 2, "U+007F"},
		{"a\xef\xbb\xbf", 4, 1, 2, "byte order mark"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sources sources = {0};
		struct err err = {0};

		assert_int_equal(
			sources_add_text(&sources, "x", cases[i].text, cases[i].size, &err), -1);
		assert_non_null(strstr(err.text, cases[i].words));
		assert_int_equal(err.place.line, cases[i].line);
		assert_int_equal(err.place.column, cases[i].column);
		/* it can be shown all the same */
		assert_non_null(sources_find(&sources, err.place));
		assert_non_null(source_excerpt(sources.at[0], err.place, &sources.arena));
		sources_release(&sources);
	}
}

static void test_files(void **state)
{
	const char *folder = *state, *path = files_path(folder, "a.yaml");
	struct sources sources = {0};
	struct place here = {0, 3, 4, 5};
	struct err err = {0};

	files_write(path, "seed: 1\n", 8);
	files_link("a.yaml", files_path(folder, "b.yaml"));
	assert_int_equal(sources_add_file(&sources, path, here, &err), 0);
	assert_int_equal(sources.at[0]->n_lines, 2);
	assert_int_equal(sources.at[0]->extended_at.column, 4);
	/* the same file under another name is not read again */
	assert_int_equal(sources_add_file(&sources, files_path(folder, "b.yaml"), here, &err), 0);
	assert_int_equal(sources.n, 1);

	assert_int_equal(sources_add_file(&sources, folder, here, &err), -1);
	assert_non_null(strstr(err.text, "is a folder"));
	err.set = false;
	assert_int_equal(sources_add_file(&sources, "/dev/zero", here, &err), -1);
	assert_non_null(strstr(err.text, "not a regular file"));
	err.set = false;
	assert_int_equal(sources_add_file(&sources, files_path(folder, "none"), here, &err), -1);
	assert_non_null(strstr(err.text, "No such file"));
	sources_release(&sources);
}

static void test_paths(void **state)
{
	static const char *const beside[][3] = {
		{"configs/a.yaml", "b.yaml", "configs/b.yaml"},
		{"a.yaml", "b.yaml", "b.yaml"},
		{"x/y/a.yaml", "../../configs/b.yaml", "x/y/../../configs/b.yaml"},
		{"x/a.yaml", "/b.yaml", "/b.yaml"},
		{NULL, "b.yaml", "b.yaml"},
	};
	static const char *const tidy[][2] = {
		{"x/y/../../configs/b.yaml", "configs/b.yaml"},
		{"./a//b/./c", "a/b/c"},
		{"../a", "../a"},
		{"../../a/../b", "../../b"},
		{"/../a", "/../a"},
		{"/a/../b", "/b"},
		{"a/..", "."},
		{"", "."},
		{"a..b/c", "a..b/c"},
	};
	struct arena arena = {0};
	(void)state;

	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
		assert_string_equal(
			path_beside(&arena, beside[i][0], beside[i][1], NULL), beside[i][2]);
	for (size_t i = 0; i < sizeof tidy / sizeof *tidy; i++)
		assert_string_equal(path_tidy(&arena, tidy[i][0], NULL), tidy[i][1]);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_excerpts),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_refused_texts),
		cmocka_unit_test_setup_teardown(test_files, files_setup, files_teardown),
		cmocka_unit_test(test_paths),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
