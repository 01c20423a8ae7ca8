/*
 * option: what stands in the tables of options, for everything that a config can name: that names
 * are unique, members lie inside their structs, defaults are of their type and in range, and helps
 * are written as they should be. And that all instruction sets have the same tables.
 */
#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "layers/families.h"
#include "tests/support/kind_sets.h"

typedef void visit_fn(const struct kind *kind);

static void each_kind(visit_fn *visit)
{
	const struct family *families[] = {
		layer_family(), loss_family(), optimizer_family(), &init_family, &schedule_family};

	for (size_t f = 0; f < sizeof families / sizeof *families; f++)
		for (const struct kind *const *k = families[f]->kinds; *k; k++)
			visit(*k);
}

static size_t type_size(enum option_type type)
{
	switch (type) {
	case OPTION_BOOL:
	case OPTION_RAW:
	case OPTION_GROUP: /* at least */
		return sizeof(bool);
	case OPTION_INT:
	case OPTION_CHOICE:
		return sizeof(int);
	case OPTION_INT64:
		return sizeof(int64_t);
	case OPTION_NUMBER:
		return sizeof(double);
	case OPTION_TEXT:
		return sizeof(const char *);
	case OPTION_PAIR:
		return sizeof(struct pair);
	case OPTION_PADDING:
		return sizeof(struct padding);
	case OPTION_INTS:
		return sizeof(struct ints);
	case OPTION_NUMBERS:
		return sizeof(struct numbers);
	case OPTION_TEXTS:
		return sizeof(struct texts);
	case OPTION_TENSOR:
		return sizeof(struct literal);
	case OPTION_SPEC:
		return sizeof(struct spec);
	case OPTION_SPECS:
		return sizeof(struct specs);
	case OPTION_BRANCHES:
		return sizeof(struct branches);
	}
	return SIZE_MAX;
}

/* "short, lowercase, without a full stop" */
static void check_help(const char *name, const char *help)
{
	if (!help || !*help)
		fail_msg("%s has no help", name);
	if (isupper((unsigned char)help[0]) && islower((unsigned char)help[1]))
		fail_msg("the help of %s starts with a capital: %s", name, help);
	if (help[strlen(help) - 1] == '.')
		fail_msg("the help of %s ends in a full stop: %s", name, help);
	if (strlen(help) > 100)
		fail_msg("the help of %s is long: %s", name, help);
}

static bool in_choices(const struct option *o, const char *text)
{
	for (const char *const *c = o->choices; *c; c++)
		if (!strcmp(*c, text))
			return true;
	return false;
}

static bool in_range(const struct option *o, double x)
{
	if (o->min == 0 && o->max == 0)
		return isfinite(x);
	return (o->above_min ? x > o->min : x >= o->min) &&
	       (o->below_max ? x < o->max : x <= o->max);
}

static bool default_fits(const struct option *o)
{
	const char *text = o->fallback;
	char *end;
	double x;

	switch (o->type) {
	case OPTION_BOOL:
		return !strcmp(text, "true") || !strcmp(text, "false");
	case OPTION_CHOICE:
		return in_choices(o, text);
	case OPTION_INT:
	case OPTION_INT64:
	case OPTION_NUMBER:
	case OPTION_PAIR:
	case OPTION_PADDING:
		if (text[0] == '[' || !strcmp(text, "same"))
			return true;
		x = strtod(text, &end);
		return end != text && !*end && in_range(o, x) &&
		       (o->type == OPTION_NUMBER || x == floor(x));
	default:
		return true;
	}
}

static void check_options(const struct kind *kind)
{
	check_help(kind->name, kind->help);
	for (const struct option *o = kind->options; o && o->name; o++) {
		check_help(o->name, o->help);
		if (o->offset + type_size(o->type) > kind->size)
			fail_msg("%s.%s lies outside of its struct", kind->name, o->name);
		if (o->min > o->max)
			fail_msg("the range of %s.%s is empty", kind->name, o->name);
		if (o->type == OPTION_CHOICE && (!o->choices || !o->choices[0]))
			fail_msg("%s.%s has no choices", kind->name, o->name);
		if (o->fallback && strcmp(o->fallback, "null") != 0 && !default_fits(o))
			fail_msg("the default of %s.%s does not fit: %s", kind->name, o->name,
				o->fallback);
		for (const struct option *p = kind->options; p < o; p++) {
			assert_string_not_equal(p->name, o->name);
			if (p->offset == o->offset)
				fail_msg("%s.%s and %s share a member", kind->name, o->name,
					p->name);
		}
	}
}

static void test_tables(void **state)
{
	(void)state;
	each_kind(check_options);
}

static void compare_kinds(const struct kind *const *a, const struct kind *const *b)
{
	for (; *a && *b; a++, b++) {
		const struct option *o = (*a)->options, *p = (*b)->options;

		assert_string_equal((*a)->name, (*b)->name);
		assert_string_equal((*a)->help, (*b)->help);
		assert_int_equal((*a)->size, (*b)->size);
		assert_int_equal(!o, !p);
		for (; o && o->name; o++, p++) {
			assert_string_equal(o->name, p->name);
			assert_int_equal(o->type, p->type);
			assert_int_equal(o->offset, p->offset);
		}
		assert_true(!p || !p->name);
	}
	assert_true(!*a && !*b);
}

static void test_same_in_all_instruction_sets(void **state)
{
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets);

	(void)state;
	for (int i = 1; i < n; i++) {
		compare_kinds(sets[0].kinds->layers, sets[i].kinds->layers);
		compare_kinds(sets[0].kinds->losses, sets[i].kinds->losses);
		compare_kinds(sets[0].kinds->optimizers, sets[i].kinds->optimizers);
	}
}

static void test_find(void **state)
{
	(void)state;
	assert_string_equal(family_find(layer_family(), "max_pool2d")->name, "max_pool2d");
	assert_null(family_find(layer_family(), "max_pool"));
	assert_null(family_find(layer_family(), ""));
}

/* A spec's place stands in for options that the user did not write. */
static void test_place(void **state)
{
	const struct kind *kind = family_find(layer_family(), "avg_pool2d");
	struct place places[8] = {{0}};
	struct spec spec = {.kind = kind, .place = {.line = 3}, .places = places};
	int i = 0;

	(void)state;
	while (strcmp(kind->options[i].name, "padding") != 0)
		i++;
	places[i].line = 7;
	assert_int_equal(spec_place(&spec, "padding").line, 7);
	assert_int_equal(spec_place(&spec, "stride").line, 3);
	assert_int_equal(spec_place(&spec, "no such option").line, 3);
	spec.places = NULL;
	assert_int_equal(spec_place(&spec, "padding").line, 3);
	spec.kind = NULL;
	assert_int_equal(spec_place(&spec, "padding").line, 3);
}

static void test_check(void **state)
{
	struct place places[1] = {{.line = 7}};
	int sizes[] = {-1, 4, -1};
	struct ints shape = {3, sizes};
	struct spec spec = {.kind = family_find(layer_family(), "reshape"),
		.options = &shape,
		.place = {.line = 3},
		.places = places};
	struct err err = {0};

	(void)state;
	assert_int_equal(spec_check(&spec, &err), -1);
	assert_int_equal(err.place.line, 7);
	sizes[2] = 2;
	assert_int_equal(spec_check(&spec, NULL), 0);
	spec.kind = family_find(layer_family(), "relu");
	assert_int_equal(spec_check(&spec, NULL), 0);
	spec.kind = NULL;
	assert_int_equal(spec_check(&spec, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_same_in_all_instruction_sets),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
