/*
 * yaml: the shape of trees, places of their nodes, aliases and their limits. What is refused, and
 * with which words, is in tests/cases/bad.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runner/config/yaml.h"
#include "tests/support/reading.h"

/* The tree in a few letters: [a "b"] for lists, {k=v} for maps, quoted texts in quotes. */
static void write_tree(FILE *file, const struct node *node)
{
	if (node->kind == NODE_SCALAR)
		fprintf(file, node->plain ? "%s" : "\"%s\"", node->text);
	if (node->kind == NODE_BAD)
		fputc('!', file);
	if (node->kind != NODE_LIST && node->kind != NODE_MAP)
		return;
	fputc(node->kind == NODE_LIST ? '[' : '{', file);
	for (int i = 0; i < node->n; i++) {
		fputs(i ? " " : "", file);
		if (node->kind == NODE_MAP) {
			fprintf(file, "%s=", node->entries[i].key->text);
			write_tree(file, node->entries[i].value);
		} else {
			write_tree(file, node->items[i]);
		}
	}
	fputc(node->kind == NODE_LIST ? ']' : '}', file);
}

static void test_shapes(void **state)
{
	static const char *const cases[][2] = {
		{"a: 1", "{a=1}"},
		{"a: \"1\"", "{a=\"1\"}"},
		{"a: '1'", "{a=\"1\"}"},
		{"a:\nb: ~", "{a= b=~}"},
		{"- 1\n- [2, 3]\n- {x: 4}", "[1 [2 3] {x=4}]"},
		{"[]", "[]"},
		{"{}", "{}"},
		{"[relu, linear: {n: 5}]", "[relu {linear={n=5}}]"},
		{"{a, b: 2}", "{a= b=2}"},
		{"a: >\n  one\n  two\n", "{a=\"one two\n\"}"},
		{"a: one\n   two", "{a=one two}"},
		{"a: &x [1, 2]\nb: *x\nc: [*x, *x]", "{a=[1 2] b=[1 2] c=[[1 2] [1 2]]}"},
		{"a: &x 1\nb: &x 2\nc: *x", "{a=1 b=2 c=2}"}, /* the later anchor holds */
		{"? a\n: 1", "{a=1}"},
		{"# only\na: 1 # and", "{a=1}"},
		{"%YAML 1.2\n---\na: 1\n...\n", "{a=1}"},
		{"\xef\xbb\xbf"
		 "a: 1",
			"{a=1}"},
		{"a: 1\r\nb: 2\r\n", "{a=1 b=2}"},
		{"名: 层", "{名=层}"},
		{"$a: $b.c", "{$a=$b.c}"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct reading r = {0};
		struct node *root = reading_text(&r, cases[i][0]);
		char *text = NULL;
		size_t size;
		FILE *file = open_memstream(&text, &size);

		assert_non_null(root);
		assert_false(diags_failed(&r.diags));
		write_tree(file, root);
		fclose(file);
		assert_string_equal(text, cases[i][1]);
		free(text);
		reading_release(&r);
	}
}

static void assert_place(struct place place, int line, int column, int length)
{
	assert_int_equal(place.line, line);
	assert_int_equal(place.column, column);
	assert_int_equal(place.length, length);
}

static void test_places(void **state)
{
	struct reading r = {0};
	struct node *root = reading_text(&r, "a: 12\nlist:\n  - x\n  - {层: \"二二\"}\n");
	struct node *list = node_get(root, "list");
	(void)state;

	assert_place(root->entries[0].key->place, 1, 1, 1);
	assert_place(root->entries[0].value->place, 1, 4, 2);
	assert_place(list->place, 3, 3, 1);
	assert_place(list->items[0]->place, 3, 5, 1);
	assert_place(list->items[1]->place, 4, 5, 1);
	assert_place(list->items[1]->entries[0].key->place, 4, 6, 1);
	assert_place(list->items[1]->entries[0].value->place, 4, 9, 4);
	reading_release(&r);
}

/* An alias keeps the place where its value was written, and where it was used. */
static void test_alias_places(void **state)
{
	struct reading r = {0};
	struct node *root = reading_text(&r, "a: &x 12\nb: *x\n");
	struct node *b = node_get(root, "b");
	(void)state;

	assert_place(b->place, 1, 4, 5);
	assert_place(b->used, 2, 4, 2);
	assert_ptr_not_equal(b, node_get(root, "a"));
	reading_release(&r);
}

/* An override's places count from the start of the argument. */
static void test_offset(void **state)
{
	struct reading r = {0};
	struct node *root;
	int file;
	(void)state;

	r.config = (struct config){.arena = &r.arena, .sources = &r.sources, .diags = &r.diags};
	file = sources_add_argument(&r.sources, "层.a=[1, x]", NULL);
	root = yaml_read(&r.config, file, strlen("层.a="));
	assert_place(root->items[1]->place, 1, 9, 1);
	reading_release(&r);
}

static char *nested(int depth)
{
	char *text = calloc(1, 2 * (size_t)depth + 1);

	assert_non_null(text);
	memset(text, '[', (size_t)depth);
	memset(text + depth, ']', (size_t)depth);
	return text;
}

static void test_depth(void **state)
{
	(void)state;
	for (int depth = TREE_DEPTH - 1; depth <= TREE_DEPTH + 3; depth++) {
		struct reading r = {0};
		char *text = nested(depth);
		struct node *root = reading_text(&r, text);

		assert_int_equal(root != NULL, depth <= TREE_DEPTH + 1);
		assert_int_equal(diags_failed(&r.diags), root == NULL);
		free(text);
		reading_release(&r);
	}
}

/* Depth is bounded across aliases as well. */
static void test_depth_by_aliases(void **state)
{
	struct reading r = {0};
	(void)state;

	assert_null(reading_text(&r,
		"a: &a [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n"
		"b: &b [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n"
		"c: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[*b]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n"));
	assert_int_equal(r.diags.n_errors, 1);
	assert_non_null(strstr(r.diags.at[0]->text, "deep"));
	reading_release(&r);
}

static void test_laughs(void **state)
{
	struct reading r = {0};
	char text[1024] = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
	(void)state;

	for (int i = 1; i < 9; i++) {
		char line[128];
		snprintf(line, sizeof line,
			"a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1,
			i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
		strcat(text, line);
	}
	assert_null(reading_text(&r, text));
	assert_int_equal(r.diags.n_errors, 1);
	assert_true(r.config.stop);
	reading_release(&r);
}

/* What a bad key spoils is passed over, not told again by later steps. */
static void test_bad_keys(void **state)
{
	struct reading r = {0};
	struct node *root = reading_text(&r, "a: {[x]: 1}\nb: {1: 2, 1: 3}\nc: *nowhere\n");
	(void)state;

	assert_int_equal(r.diags.n_errors, 3);
	assert_int_equal(node_get(root, "a")->kind, NODE_BAD);
	assert_true(node_is(node_get(node_get(root, "b"), "1"), "2"));
	assert_int_equal(node_get(root, "c")->kind, NODE_BAD);
	reading_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_alias_places),
		cmocka_unit_test(test_offset),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_depth_by_aliases),
		cmocka_unit_test(test_laughs),
		cmocka_unit_test(test_bad_keys),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
