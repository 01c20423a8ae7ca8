/*
 * fill: every type of option from YAML into a struct, by a table of this test's own: values,
 * defaults, places, ranges, and the words of each error.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "runner/config/fill.h"
#include "tests/support/reading.h"

/* ---- two families */

struct tool {
	int size;
	double weight;
};

static int tool_check(const struct spec *spec, struct err *err)
{
	const struct tool *tool = spec->options;

	if (tool->size == 13)
		return err_at(err, spec_place(spec, "size"), "13 is no size");
	return 0;
}

static const struct option tool_options[] = {
	{.name = "size",
		.type = OPTION_INT,
		.offset = offsetof(struct tool, size),
		.min = 1,
		.max = 99},
	{.name = "weight",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct tool, weight),
		.fallback = "0.5",
		.min = 0,
		.max = 1,
		.above_min = true,
		.below_max = true},
	{0},
};

struct tool_common {
	const char *name;
};

static const struct option common_options[] = {
	{.name = "name",
		.type = OPTION_TEXT,
		.offset = offsetof(struct tool_common, name),
		.fallback = "null"},
	{0},
};

struct box {
	struct specs inside;
};

static const struct option box_options[] = {
	{.name = "inside",
		.type = OPTION_SPECS,
		.offset = offsetof(struct box, inside),
		.fallback = "[]"},
	{0},
};

static const struct kind hammer = {.name = "hammer",
	.options = tool_options,
	.size = sizeof(struct tool),
	.check = tool_check};
static const struct kind box = {.name = "box", .options = box_options, .size = sizeof(struct box)};
static const struct kind nail = {.name = "nail"};
static const struct kind *const tool_kinds[] = {&hammer, &box, &nail, NULL};
static const struct family tools = {.noun = "tool",
	.kinds = tool_kinds,
	.common = common_options,
	.common_size = sizeof(struct tool_common)};

static const struct kind *const glue_kinds[] = {&hammer, &nail, NULL};
static const struct family glues = {.noun = "glue", .kinds = glue_kinds};

static const struct family *tools_later(void)
{
	return &tools;
}

/* ---- one option of each type */

struct inner {
	bool given;
	int a, b;
};

struct all {
	bool flag;
	int whole;
	int64_t large;
	double number;
	const char *text;
	int choice;
	struct pair pair;
	struct padding padding;
	struct ints ints;
	struct numbers numbers;
	struct texts texts;
	struct literal tensor;
	struct spec spec;
	struct specs specs;
	struct branches branches;
	struct inner group;
	bool raw;
};

static const struct option inner_options[] = {
	{.name = "a", .type = OPTION_INT, .offset = offsetof(struct inner, a)},
	{.name = "b", .type = OPTION_INT, .offset = offsetof(struct inner, b), .fallback = "7"},
	{0},
};

static const char *const colours[] = {"red", "green", "blue", NULL};

#define ROW(member, kind, text, ...)                                                   \
	{                                                                              \
		.name = #member, .type = kind, .offset = offsetof(struct all, member), \
		.fallback = text, __VA_ARGS__                                          \
	}

static const struct option all_options[] = {
	ROW(flag, OPTION_BOOL, "true"),
	ROW(whole, OPTION_INT, "3", .min = -5, .max = 5),
	ROW(large, OPTION_INT64, "0"),
	ROW(number, OPTION_NUMBER, "1e-3"),
	ROW(text, OPTION_TEXT, "null"),
	ROW(choice, OPTION_CHOICE, "green", .choices = colours),
	ROW(pair, OPTION_PAIR, "null", .min = 1, .max = 9),
	ROW(padding, OPTION_PADDING, "0", .min = 0, .max = 9),
	ROW(ints, OPTION_INTS, "[1, 2]"),
	ROW(numbers, OPTION_NUMBERS, "null"),
	ROW(texts, OPTION_TEXTS, "null"),
	ROW(tensor, OPTION_TENSOR, "null"),
	ROW(spec, OPTION_SPEC, "{hammer: {size: 2}}", .family = &glues),
	ROW(specs, OPTION_SPECS, "[]", .family_of = tools_later),
	ROW(branches, OPTION_BRANCHES, "[]", .family = &tools),
	ROW(group, OPTION_GROUP, "null", .group = inner_options),
	ROW(raw, OPTION_RAW, "null"),
	{0},
};

struct filling {
	struct reading reading;
	struct node *root;
	struct all all;
};

static void fill(struct filling *f, const char *text)
{
	const struct owner owner = {.name = "all", .place = {0, 1, 1, 1}};

	f->root = reading_text(&f->reading, text);
	assert_non_null(f->root);
	fill_options(&f->reading.config, all_options, &f->all, f->root, &owner);
}

static void release(struct filling *f)
{
	reading_release(&f->reading);
}

static void test_defaults(void **state)
{
	struct filling f = {0};
	const struct tool *tool;
	(void)state;

	fill(&f, "{}");
	assert_false(diags_failed(&f.reading.diags));
	assert_true(f.all.flag);
	assert_int_equal(f.all.whole, 3);
	assert_true(f.all.number == 1e-3);
	assert_null(f.all.text);
	assert_int_equal(f.all.choice, 1);
	assert_int_equal(f.all.pair.h, 0);
	assert_int_equal(f.all.ints.n, 2);
	assert_int_equal(f.all.ints.at[1], 2);
	assert_null(f.all.tensor.data);
	assert_ptr_equal(f.all.spec.kind, &hammer);
	assert_int_equal(f.all.spec.place.line, 0);
	tool = f.all.spec.options;
	assert_int_equal(tool->size, 2);
	assert_true(tool->weight == 0.5);
	assert_int_equal(f.all.specs.n, 0);
	assert_false(f.all.group.given);
	assert_int_equal(f.all.group.b, 7); /* what needs no value has its default even so */
	assert_false(f.all.raw);
	release(&f);
}

static void test_values(void **state)
{
	struct filling f = {0};
	(void)state;

	fill(&f, "{flag: false, whole: -5, large: 9007199254740993, number: .5, text: 12:30,"
		 " choice: blue, pair: [3, 4], padding: [1, 2, 3, 4], ints: [], numbers: [1, 2.5],"
		 " texts: [a, 1], tensor: [[1, 2, 3], [4, 5, 6]], group: {a: 1, b: 2}, raw: [x]}");
	assert_false(diags_failed(&f.reading.diags));
	assert_false(f.all.flag);
	assert_int_equal(f.all.whole, -5);
	assert_true(f.all.large == 9007199254740993);
	assert_true(f.all.number == 0.5);
	assert_string_equal(f.all.text, "12:30");
	assert_int_equal(f.all.choice, 2);
	assert_int_equal(f.all.pair.h, 3);
	assert_int_equal(f.all.pair.w, 4);
	assert_false(f.all.padding.same);
	assert_int_equal(f.all.padding.top, 1);
	assert_int_equal(f.all.padding.bottom, 2);
	assert_int_equal(f.all.padding.left, 3);
	assert_int_equal(f.all.padding.right, 4);
	assert_int_equal(f.all.ints.n, 0);
	assert_int_equal(f.all.numbers.n, 2);
	assert_true(f.all.numbers.at[1] == 2.5);
	assert_string_equal(f.all.texts.at[1], "1");
	assert_int_equal(f.all.tensor.rank, 2);
	assert_int_equal(f.all.tensor.dims[0], 2);
	assert_int_equal(f.all.tensor.dims[1], 3);
	assert_true(f.all.tensor.data[4] == 5);
	assert_true(f.all.group.given);
	assert_int_equal(f.all.group.b, 2);
	assert_true(f.all.raw);
	release(&f);
}

static void test_sizes(void **state)
{
	struct filling f = {0};
	(void)state;

	fill(&f, "{pair: 4, padding: [1, 2], numbers: 3, tensor: 7}");
	assert_int_equal(f.all.pair.w, 4);
	assert_int_equal(f.all.padding.top, 1);
	assert_int_equal(f.all.padding.bottom, 1);
	assert_int_equal(f.all.padding.left, 2);
	assert_int_equal(f.all.padding.right, 2);
	assert_int_equal(f.all.numbers.n, 1);
	assert_int_equal(f.all.tensor.rank, 0);
	assert_true(f.all.tensor.data[0] == 7);
	release(&f);
	f = (struct filling){0};
	fill(&f, "{padding: same}");
	assert_true(f.all.padding.same);
	release(&f);
	f = (struct filling){0};
	fill(&f, "{padding: 2}");
	assert_int_equal(f.all.padding.right, 2);
	release(&f);
}

static void test_kinds(void **state)
{
	static const char *const forms[] = {
		"spec: {hammer: {size: 4}}", "spec: {name: hammer, size: 4}",
		"spec: {size: 4}",   /* of the default's kind */
		"spec: {hammer: 4}", /* the one option that it cannot do without */
	};
	struct filling f = {0};
	const struct spec *at;
	(void)state;

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		f = (struct filling){0};
		fill(&f, forms[i]);
		assert_false(diags_failed(&f.reading.diags));
		assert_int_equal(((const struct tool *)f.all.spec.options)->size, 4);
		release(&f);
	}
	f = (struct filling){0};
	fill(&f, "specs:\n"
		 "  - nail\n"
		 "  - hammer: {name: big, weight: 0.25, size: 5}\n"
		 "  - box: {inside: [nail, box: {inside: [nail: ]}]}\n"
		 "branches: [[nail], []]\n");
	assert_false(diags_failed(&f.reading.diags));
	assert_int_equal(f.all.specs.n, 3);
	at = f.all.specs.at;
	assert_ptr_equal(at[0].kind, &nail);
	assert_int_equal(at[0].place.line, 2);
	assert_string_equal(((const struct tool_common *)at[1].common)->name, "big");
	assert_int_equal(spec_place(&at[1], "size").column, 45);
	assert_int_equal(at[1].places[1].column, 33);
	assert_ptr_equal(((const struct box *)at[2].options)->inside.at[1].kind, &box);
	assert_int_equal(f.all.branches.n, 2);
	assert_int_equal(f.all.branches.at[0].n, 1);
	release(&f);
}

static void test_places(void **state)
{
	struct filling f = {0};
	const struct place *places;
	(void)state;

	fill(&f, "whole: 1\ntext: null\nflag: true\n");
	places = fill_places(&f.reading.config, all_options, f.root);
	assert_int_equal(places[0].line, 3);
	assert_int_equal(places[1].line, 1);
	assert_int_equal(places[1].column, 8);
	assert_int_equal(places[4].line, 0); /* null is as if not given */
	release(&f);
}

/* ---- what is wrong */

static void test_errors(void **state)
{
	static const struct {
		const char *text;
		int column;
		const char *words;
	} cases[] = {
		{"flag: yes", 7,
			"'flag' of all expects true or false, found the text 'yes'; write true"},
		{"flag: \"true\"", 7, "found a text, since 'true' is in quotes"},
		{"whole: 6", 8, "expects a whole number from -5 to 5, found the number 6"},
		{"whole: 1.5", 8, "found the number 1.5"},
		{"whole:", 7, "found nothing"},
		{"whole: null", 8, "found nothing"}, /* only what may be absent takes null */
		{"large: 1e30", 8, "it is too large"},
		{"number: .inf", 9, "numbers must be finite"},
		{"number: 1,5", 9, "write a point for the comma"},
		{"number: 0.1，", 9, "the '，' in it is full-width, YAML needs ','"},
		{"text: [a]", 7, "expects a text, found a list"},
		{"choice: gren", 9,
			"expects one of red, green, blue, found the text 'gren'; did you "
			"mean 'green'?"},
		{"pair: [1]", 7, "expects a whole number from 1 to 9, or [h, w], found a list"},
		{"pair: [1, 0]", 11, "found the number 0"},
		{"padding: [1, 2, 3]", 10, "[top, bottom, left, right], or same, found a list"},
		{"ints: 3", 7, "expects a list of whole numbers, found the number 3"},
		{"ints: [1, x]", 11, "found the text 'x'"},
		{"numbers: [[1]]", 11, "expects a number, or a list of them, found a list"},
		{"texts: [{}]", 9, "expects a list of texts, found a map"},
		{"tensor: [[1, 2], [3]]", 18,
			"this list has 1 element where the first one of its kind "
			"has 2"},
		{"tensor: [1, [2]]", 13, "found a list"},
		{"tensor: [[1], 2]", 15, "found the number 2"},
		{"tensor: 1e39", 9, "found the number 1e39"}, /* a float cannot hold it */
		{"tensor: []", 9, "this list of numbers is empty"},
		{"spec: hamer", 7, "unknown glue 'hamer'; did you mean 'hammer'?"},
		{"spec: paste", 7, "unknown glue 'paste'; there are hammer, nail"},
		{"spec: hammer", 7,
			"'size' is missing: hammer needs it (a whole number from 1 to 99)"},
		{"spec: [nail]", 7, "expects the name of a glue, or {NAME: {...}}, found a list"},
		{"spec: {hammer: {size: 4}, nail: {}}", 27, "there can be only one glue"},
		{"spec: {hammer: {size: 13}}", 23, "13 is no size"},
		{"spec: {hammer: {size: 4, sise: 3}}", 26,
			"unknown option 'sise' of hammer; did you "
			"mean 'size'?"},
		{"spec: {hammer: {sise: 3}}", 17,
			"unknown option 'sise'"}, /* and not missing too */
		{"specs: nail", 8, "expects a list of tools, found the text 'nail'"},
		{"specs: {nail: }", 8, "start each with '- '"},
		{"specs: [[nail]]", 9, "expected a tool, found a list"},
		{"specs: [nail, ~]", 15, "expected a tool, found nothing"},
		{"specs: [hammer: 4]", 17, "write {size: 4}?"},
		{"specs: [nail: 4]", 15, "nail has no options"},
		{"specs: [{nail: , hammer: {}}]", 18, "start 'hammer' with '- '"},
		{"specs: [{hammer: , size: 4}]", 20, "indent 'size' further than 'hammer'"},
		{"specs: [{hammer: {}, size: 4}]", 22, "its options belong inside it"},
		{"branches: [nail]", 12, "expects a list of lists of tools, found the text 'nail'"},
		{"group: 5", 8, "expects a map of options, found the number 5"},
		{"group: {}", 8, "'a' is missing: group needs it"},
		{"group: {a: 1, c: 2}", 15, "unknown option 'c' of group; it has a, b"},
		{"b: 3", 1, "unknown option 'b' of all; it belongs inside 'group'"},
		{"weight: 3", 1,
			"unknown option 'weight' of all; it belongs inside spec: {hammer: "
			"{...}}"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct filling f = {0};

		fill(&f, cases[i].text);
		if (f.reading.diags.n_errors != 1 ||
			!strstr(f.reading.diags.at[0]->text, cases[i].words))
			fail_msg("%s: %d errors, %s", cases[i].text, f.reading.diags.n_errors,
				f.reading.diags.n ? f.reading.diags.at[0]->text : "");
		assert_int_equal(f.reading.diags.at[0]->place.column, cases[i].column);
		release(&f);
	}
}

static void test_range_ends(void **state)
{
	static const struct {
		const char *text;
		int errors;
	} cases[] = {
		{"whole: -5", 0},
		{"whole: -6", 1},
		{"whole: 5", 0},
		{"spec: {hammer: {size: 1, weight: 0}}", 1},
		{"spec: {hammer: {size: 1, weight: 1e-300}}", 0},
		{"spec: {hammer: {size: 1, weight: 1}}", 1},
		{"spec: {hammer: {size: 99, weight: 0.999}}", 0},
		{"spec: {hammer: {size: 100}}", 1},
		{"large: 9223372036854775807", 0},
		{"large: 9223372036854775808", 1},
		{"whole: 1e0", 0},
		{"whole: 4.0", 0},
		{"ints: [2147483647]", 0},
		{"ints: [2147483648]", 1},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct filling f = {0};

		fill(&f, cases[i].text);
		if (f.reading.diags.n_errors != cases[i].errors)
			fail_msg("%s: %d errors", cases[i].text, f.reading.diags.n_errors);
		release(&f);
	}
}

/* All errors are found at once, and what is right is filled all the same. */
static void test_many(void **state)
{
	struct filling f = {0};
	(void)state;

	fill(&f, "{flag: 3, whole: 2, large: x, sepc: nail, specs: [nial, nail, hammer: {size: "
		 "0}]}");
	assert_int_equal(f.reading.diags.n_errors, 5);
	assert_int_equal(f.all.whole, 2);
	assert_int_equal(f.all.specs.n, 3);
	assert_ptr_equal(f.all.specs.at[1].kind, &nail);
	assert_null(f.all.specs.at[0].kind);
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_range_ends),
		cmocka_unit_test(test_many),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
