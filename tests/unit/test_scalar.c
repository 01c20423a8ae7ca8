/*
 * scalar: plain scalars are what YAML 1.2's core rules say, and quoted ones texts; values, and
 * words for messages. utf8: cutting and cleaning of texts.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "runner/config/scalar.h"
#include "runner/config/utf8.h"

static struct node plain(const char *text)
{
	return (struct node){.kind = NODE_SCALAR, .plain = true, .text = text};
}

static void test_types(void **state)
{
	static const struct {
		const char *text;
		enum scalar_type type;
	} cases[] = {
		{"", SCALAR_NULL},
		{"~", SCALAR_NULL},
		{"null", SCALAR_NULL},
		{"NULL", SCALAR_NULL},
		{"nULL", SCALAR_TEXT},
		{"none", SCALAR_TEXT},
		{"true", SCALAR_BOOL},
		{"False", SCALAR_BOOL},
		{"TRUE", SCALAR_BOOL},
		{"tRUE", SCALAR_TEXT},
		{"yes", SCALAR_TEXT},
		{"no", SCALAR_TEXT},
		{"on", SCALAR_TEXT},
		{"y", SCALAR_TEXT},
		{"0", SCALAR_INT},
		{"-12", SCALAR_INT},
		{"+3", SCALAR_INT},
		{"012", SCALAR_INT},
		{"0o17", SCALAR_INT},
		{"0x1F", SCALAR_INT},
		{"0o18", SCALAR_TEXT},
		{"0x", SCALAR_TEXT},
		{"0xg", SCALAR_TEXT},
		{"-0x1", SCALAR_TEXT},
		{"0b1", SCALAR_TEXT},
		{"1_000", SCALAR_TEXT},
		{"-", SCALAR_TEXT},
		{"+", SCALAR_TEXT},
		{"--1", SCALAR_TEXT},
		{"1.5", SCALAR_NUMBER},
		{"1.", SCALAR_NUMBER},
		{".5", SCALAR_NUMBER},
		{"-.5e-3", SCALAR_NUMBER},
		{"1e-3", SCALAR_NUMBER},
		{"1E5", SCALAR_NUMBER},
		{"1e", SCALAR_TEXT},
		{"1e+", SCALAR_TEXT},
		{".", SCALAR_TEXT},
		{"e5", SCALAR_TEXT},
		{".e5", SCALAR_TEXT},
		{"1.2.3", SCALAR_TEXT},
		{"1,5", SCALAR_TEXT},
		{".inf", SCALAR_NUMBER},
		{"-.INF", SCALAR_NUMBER},
		{".nan", SCALAR_NUMBER},
		{"-.nan", SCALAR_TEXT},
		{"inf", SCALAR_TEXT},
		{"nan", SCALAR_TEXT},
		{"12:30", SCALAR_TEXT},
		{"2024-01-01", SCALAR_TEXT},
		{"0x1p3", SCALAR_TEXT},
		{"1 2", SCALAR_TEXT},
		{"infinity", SCALAR_TEXT},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct node node = plain(cases[i].text);

		if (scalar_type(&node) != cases[i].type)
			fail_msg("'%s' is %d", cases[i].text, (int)scalar_type(&node));
		node.plain = false;
		assert_int_equal(scalar_type(&node), SCALAR_TEXT);
	}
}

static void test_whole_numbers(void **state)
{
	static const struct {
		const char *text;
		int status;
		int64_t value;
	} cases[] = {
		{"0", 0, 0},
		{"-12", 0, -12},
		{"012", 0, 12},
		{"0o17", 0, 15},
		{"0xff", 0, 255},
		{"9223372036854775807", 0, INT64_MAX},
		{"9223372036854775808", -1, 0},
		{"-9223372036854775808", 0, INT64_MIN},
		{"-9223372036854775809", -1, 0},
		{"0xffffffffffffffff", -1, 0},
		{"1e4", 0, 10000},
		{"10.0", 0, 10},
		{"2.5", -1, 0},
		{"1e300", -1, 0},
		{".inf", -1, 0},
		{".nan", -1, 0},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct node node = plain(cases[i].text);
		int64_t value = 0;

		assert_int_equal(scalar_int64(&node, &value), cases[i].status);
		if (!cases[i].status)
			assert_true(value == cases[i].value);
	}
}

static double number(const char *text)
{
	struct node node = plain(text);

	return scalar_number(&node);
}

static void test_numbers(void **state)
{
	(void)state;
	assert_true(number("0.1") == 0.1);
	assert_true(number("1e-3") == 0.001);
	assert_true(number("-.5") == -0.5);
	assert_true(number("0x10") == 16);
	assert_true(number("012") == 12);
	assert_true(isinf(number("1e999")));
	assert_true(number("-.Inf") == -INFINITY);
	assert_true(number("+.inf") == INFINITY);
	assert_true(isnan(number(".NaN")));
}

static void test_found(void **state)
{
	struct node list = {.kind = NODE_LIST}, map = {.kind = NODE_MAP};
	static const char *const cases[][2] = {
		{"ten", "the text 'ten'"},
		{"2.5", "the number 2.5"},
		{"true", "true"},
		{"", "nothing"},
	};
	struct node node;
	char text[NODE_FOUND];
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		node = plain(cases[i][0]);
		assert_string_equal(node_found(&node, text), cases[i][1]);
	}
	node = (struct node){.kind = NODE_SCALAR, .text = "5"};
	assert_string_equal(node_found(&node, text), "a text, since '5' is in quotes");
	assert_string_equal(node_found(&list, text), "a list");
	assert_string_equal(node_found(&map, text), "a map");
}

static void test_brief(void **state)
{
	char out[UTF8_BRIEF], wide[400] = "";
	(void)state;

	assert_string_equal(utf8_brief("short", out), "short");
	assert_string_equal(utf8_brief("two\nlines", out), "two lines");
	assert_string_equal(utf8_brief("bad \xff byte", out), "bad ? byte");
	assert_string_equal(utf8_brief("esc \x1b[1m", out), "esc  [1m");
	for (int i = 0; i < 100; i++)
		strcat(wide, "层");
	utf8_brief(wide, out);
	assert_int_equal(strlen(out), 40 * 3 + 3);
	assert_string_equal(out + 120, "...");
}

static void test_lookalikes(void **state)
{
	static const struct {
		const char *text, *at; /* NULL: there is none */
		const char *advice;
	} cases[] = {
		{"中文：1，2", "：1，2", "full-width, YAML needs ':'"},
		{"［1］", "［1］", "full-width, YAML needs '['"},
		{"1０", "０", "full-width, YAML needs '0'"},
		{"层。", "。", "U+3002, an ideographic full stop: write '.'"},
		{"a\u00a0b", "\u00a0b", "U+00A0, a no-break space: write an ordinary one"},
		{"\u22121", "\u22121", "U+2212, a minus sign: write '-'"},
		{"a\u200b", "\u200b", "U+200B, a space without width: delete it"},
		{"“t”", "“t”", "U+201C, a curly quote: write '\"'"},
		{"层 é ~", NULL, NULL},
		{"\xff\xef\xbc", NULL, NULL}, /* not UTF-8 */
		{"", NULL, NULL},
	};
	struct lookalike found;
	char advice[UTF8_ADVICE];
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *text = cases[i].text;
		assert_int_equal(utf8_lookalike(text, strlen(text), &found), cases[i].at != NULL);
		if (!cases[i].at)
			continue;
		assert_string_equal(found.at, cases[i].at);
		assert_string_equal(utf8_lookalike_advice(&found, advice), cases[i].advice);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_whole_numbers),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_brief),
		cmocka_unit_test(test_lookalikes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
