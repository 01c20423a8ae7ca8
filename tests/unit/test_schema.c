/*
 * schema: accepts whatever the program accepts (all configs and all tests/cases/ok, by a validator
 * written here for the words that the schema uses), refuses the mistakes that an editor should
 * underline, and is what configs/schema.json holds.
 */
#include <locale.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "runner/config/canonical.h"
#include "runner/config/schema.h"
#include "tests/support/reading.h"

/* ---- a validator */

static json_t *whole; /* the schema */

static bool valid(json_t *schema, json_t *value);

static bool matches(const char *pattern, const char *text)
{
	regex_t regex;
	bool found;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	found = !regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return found;
}

static bool has_type(const char *type, const json_t *value)
{
	if (!strcmp(type, "integer"))
		return json_is_integer(value);
	if (!strcmp(type, "number"))
		return json_is_number(value);
	if (!strcmp(type, "string"))
		return json_is_string(value);
	if (!strcmp(type, "boolean"))
		return json_is_boolean(value);
	if (!strcmp(type, "null"))
		return json_is_null(value);
	if (!strcmp(type, "array"))
		return json_is_array(value);
	assert_string_equal(type, "object");
	return json_is_object(value);
}

static bool valid_type(json_t *type, const json_t *value)
{
	size_t i;
	json_t *one;

	if (!json_is_array(type))
		return has_type(json_string_value(type), value);
	json_array_foreach(type, i, one) if (has_type(json_string_value(one), value)) return true;
	return false;
}

static bool valid_number(const char *word, double bound, const json_t *value)
{
	double number = json_number_value(value);

	if (!json_is_number(value))
		return true;
	if (!strcmp(word, "minimum"))
		return number >= bound;
	if (!strcmp(word, "maximum"))
		return number <= bound;
	if (!strcmp(word, "exclusiveMinimum"))
		return number > bound;
	return number < bound;
}

static bool valid_count(const char *word, json_int_t bound, const json_t *value)
{
	json_int_t n = (json_int_t)(json_is_array(value) ? json_array_size(value)
							 : json_object_size(value));
	bool items = strstr(word, "Items");

	if (items ? !json_is_array(value) : !json_is_object(value))
		return true;
	return word[1] == 'i' ? n >= bound : n <= bound;
}

static bool valid_object(json_t *schema, json_t *value)
{
	json_t *properties = json_object_get(schema, "properties");
	json_t *patterns = json_object_get(schema, "patternProperties");
	bool closed = json_is_false(json_object_get(schema, "additionalProperties"));
	const char *key, *pattern;
	json_t *inner, *rule;

	if (!json_is_object(value))
		return true;
	json_object_foreach(value, key, inner)
	{
		bool known = false;
		rule = json_object_get(properties, key);
		if (rule) {
			known = true;
			if (!valid(rule, inner))
				return false;
		}
		json_object_foreach(patterns, pattern, rule)
		{
			if (matches(pattern, key)) {
				known = true;
				if (!valid(rule, inner))
					return false;
			}
		}
		if (!known && closed)
			return false;
	}
	return true;
}

static bool valid_word(const char *word, json_t *rule, json_t *value)
{
	size_t i;
	json_t *one;

	if (!strcmp(word, "$ref"))
		return valid(json_object_get(json_object_get(whole, "definitions"),
				     strrchr(json_string_value(rule), '/') + 1),
			value);
	if (!strcmp(word, "anyOf")) {
		json_array_foreach(rule, i, one) if (valid(one, value)) return true;
		return false;
	}
	if (!strcmp(word, "enum")) {
		json_array_foreach(rule, i, one) if (json_equal(one, value)) return true;
		return false;
	}
	if (!strcmp(word, "required")) {
		json_array_foreach(rule, i,
			one) if (!json_object_get(value,
					 json_string_value(one))) return !json_is_object(value);
		return true;
	}
	if (!strcmp(word, "items")) {
		json_array_foreach(value, i, one) if (!valid(rule, one)) return false;
		return true;
	}
	if (!strcmp(word, "type"))
		return valid_type(rule, value);
	if (!strcmp(word, "pattern"))
		return !json_is_string(value) ||
		       matches(json_string_value(rule), json_string_value(value));
	if (strstr(word, "imum"))
		return valid_number(word, json_number_value(rule), value);
	if (!strncmp(word, "min", 3) || !strncmp(word, "max", 3))
		return valid_count(word, json_integer_value(rule), value);
	/* the rest belongs to valid_object or says nothing */
	if (!strcmp(word, "properties") || !strcmp(word, "patternProperties") ||
		!strcmp(word, "additionalProperties") || !strcmp(word, "description") ||
		!strcmp(word, "definitions") || !strcmp(word, "title") || !strcmp(word, "$schema"))
		return true;
	fail_msg("the validator does not know '%s'", word);
	return false;
}

static bool valid(json_t *schema, json_t *value)
{
	const char *word;
	json_t *rule;

	assert_true(json_is_object(schema));
	json_object_foreach(schema, word, rule) if (!valid_word(word, rule, value)) return false;
	return valid_object(schema, value);
}

/* ---- reading */

static void assert_valid_file(const char *path)
{
	struct reading r = {0};
	json_t *value = canonical_tree(reading_file(&r, path));

	if (!valid(whole, value))
		fail_msg("the schema refuses %s", path);
	json_decref(value);
	reading_release(&r);
}

static bool text_is_valid(const char *text)
{
	struct reading r = {0};
	json_t *value = canonical_tree(reading_text(&r, text));
	bool result = valid(whole, value);

	json_decref(value);
	reading_release(&r);
	return result;
}

/* ---- tests */

static void test_accepts(void **state)
{
	struct arena arena = {0};
	struct files files = {0};
	(void)state;

	reading_find_configs(&files, &arena);
	files_add(&files, "tests/cases/ok/_base.yaml", &arena, NULL);
	files_add(&files, "tests/cases/ok/_short.yaml", &arena, NULL);
	for (int i = 0; i < files.n; i++)
		assert_valid_file(files.at[i]);
	arena_release(&arena);
}

static void test_accepts_knobs(void **state)
{
	static const char *const texts[] = {
		"dataset: {name: $n, train_limit: $a.b, normalize: $x}",
		"network: $net",
		"network: [$a, $a: {kernel_size: 1}, conv2d: {$o: 1, padding: [$a, 1]}, relu: $o]",
		"network: [linear: {out_features: $n, bias: $b, weight: [[$x]], init: $i}]",
		"network: [residual: {body: $b}, concat: {branches: [$b, [$c]]}]",
		"loss: $l",
		"init: {weight: $w, bias: {normal: {std: $s}}}",
		"train: $t",
		"train: {epochs: $e, optimizer: {adam: $o}, early_stopping: $s, shuffle: $f}",
		"seed: $s",
		"extends: [a.yaml, b.yaml]",
		"{}",
	};
	(void)state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!text_is_valid(texts[i]))
			fail_msg("the schema refuses %s", texts[i]);
}

static void test_refuses(void **state)
{
	static const char *const texts[] = {
		"netwrok: []",
		"network: {}",
		"network: [rellu]",
		"network: [conv2: {}]",
		"network: [conv2d: {kernal_size: 1}]",
		"network: [conv2d: {out_channels: six}]",
		"network: [conv2d: {out_channels: 0}]",
		"network: [conv2d: {kernel_size: [1, 2, 3]}]",
		"network: [{relu: , tanh: }]",
		"network: [residual: {body: [rellu]}]",
		"network: [each: [1]]",
		"train: {epochs: 0}",
		"train: {epochs: 1.5}",
		"train: {lr: 0}",
		"train: {shuffle: yes}",
		"train: {optimizer: adamm}",
		"train: {early_stopping: {metric: loss}}",
		"dataset: {trainlimit: 5}",
		"seed: -1",
		"loss: {squared_error: {}, nothing: 1}",
		"params: [1]",
	};
	(void)state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (text_is_valid(texts[i]))
			fail_msg("the schema accepts %s", texts[i]);
}

static void test_is_current(void **state)
{
	json_error_t error;
	json_t *stored = json_load_file("configs/schema.json", 0, &error);
	(void)state;

	if (!stored || !json_equal(stored, whole))
		fail_msg("configs/schema.json is not what `runner schema` prints: write it anew");
	json_decref(stored);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_accepts_knobs),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_is_current),
	};
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	whole = schema_make();
	failed = !whole || cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(whole);
	return failed;
}
