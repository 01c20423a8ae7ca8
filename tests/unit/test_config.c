/*
 * config: whole configs. What is written out resolved means the same when it is read again; and
 * when memory runs out, at whatever place, loading fails cleanly or succeeds, but never does half
 * of it.
 */
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runner/config/canonical.h"
#include "runner/config/diag.h"
#include "runner/config/experiment.h"
#include "runner/config/resolved.h"
#include "tests/support/reading.h"

/* ---- memory that runs out: arenas take theirs from here, jansson from counted_malloc */

static long left = -1; /* allocations that succeed; -1: all */
static bool ran_out;

static bool take_one(void)
{
	if (left == 0) {
		ran_out = true;
		return false;
	}
	if (left > 0)
		left--;
	return true;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	void *memory = NULL;

	return take_one() && !posix_memalign(&memory, alignment, size) ? memory : NULL;
}

static void *counted_malloc(size_t size)
{
	return take_one() ? malloc(size) : NULL;
}

static const char rich[] =
	"dataset: {name: mnist, normalize: {mean: 0.1, std: 1}}\n"
	"params: &p {convs: [{n: 2}, {n: 4}], pool: max_pool2d}\n"
	"description: 汇聚\n"
	"network:\n"
	"  - each: $convs\n    as: c\n    layers:\n"
	"      - conv2d: {out_channels: $c.n, kernel_size: 3, weight: [[1, 2], [3, 4]]}\n"
	"      - $pool: {kernel_size: 2}\n"
	"  - residual: {body: [relu], shortcut: []}\n"
	"  - flatten\n  - linear: {out_features: 10, init: zeros}\n"
	"train: {optimizer: {adam: {eps: 1e-7}}, lr_schedule: cosine}\n";

static const char wrong[] =
	"dataset: mnist\nparams: {a: 1}\nnetwork:\n  - rellu\n  - conv2d: {padding: "
	"x}\ntrain: {epochs: 0, lr: $b}\n";

/* Loads with only `n` allocations to be had. */
static void load_with(const char *text, const char *const *overrides, int n_overrides, long n)
{
	struct experiment *x = NULL;
	struct diags diags = {0};
	char *sink = NULL;
	size_t size;
	FILE *file = open_memstream(&sink, &size);
	int status;

	ran_out = false;
	left = n;
	status = experiment_parse(&x, "x.yaml", text, overrides, n_overrides, &diags);
	left = -1;
	diags_print(&diags, file, true);
	fclose(file);
	free(sink);
	assert_int_equal(status == 0, x != NULL);
	if (status)
		assert_true(diags_failed(&diags));
	else
		assert_non_null(x->canonical);
	experiment_free(x);
	diags_release(&diags);
}

static void test_no_memory(void **state)
{
	static const char *const overrides[] = {
		"train.lr=0.5", "network.1=tanh", "pool=avg_pool2d"};
	long n = 0;
	(void)state;

	json_set_alloc_funcs(counted_malloc, free);
	do
		load_with(rich, overrides, 3, n++);
	while (ran_out);
	assert_true(n > 20);
	n = 0;
	do
		load_with(wrong, NULL, 0, n++);
	while (ran_out);
	json_set_alloc_funcs(malloc, free);
}

/* ---- out and in again */

static json_t *without_params(const struct experiment *x)
{
	json_t *copy = json_copy(x->canonical);

	assert_non_null(copy);
	json_object_del(copy, "params");
	return copy;
}

static void assert_round_trip(const char *path)
{
	struct experiment *x, *again;
	struct diags diags = {0};
	json_t *before, *after;
	char *commented;

	assert_int_equal(experiment_load(&x, path, NULL, 0, &diags), 0);
	commented = resolved_text(x->tree, x->sources);
	for (int i = 0; i < 2; i++) {
		const char *text = i ? commented : x->resolved;
		if (experiment_parse(&again, path, text, NULL, 0, &diags)) {
			diags_print(&diags, stderr, false);
			fail_msg("%s is refused when it comes back:\n%s", path, text);
		}
		before = without_params(x);
		after = without_params(again);
		if (!json_equal(before, after))
			fail_msg("%s comes back as something else:\n%s", path, text);
		json_decref(before);
		json_decref(after);
		experiment_free(again);
	}
	free(commented);
	experiment_free(x);
	diags_release(&diags);
}

static void test_round_trip(void **state)
{
	struct arena arena = {0};
	struct files files = {0};
	(void)state;

	reading_find_configs(&files, &arena);
	for (int i = 0; i < files.n; i++)
		assert_round_trip(files.at[i]);
	arena_release(&arena);
}

static void test_origins(void **state)
{
	static const char *const overrides[] = {"train.lr=0.5"};
	static const char wanted[] = "dataset: mnist                  # x.yaml:1\n"
				     "network:                        # x.yaml:3\n"
				     "  - relu                        # x.yaml:2\n"
				     "  - flatten: {name: f}          # x.yaml:3\n"
				     "train: {epochs: 2, lr: 0.5}     # command line, x.yaml:4\n"
				     "# knobs that were put in:\n"
				     "#   a: relu                     # x.yaml:2\n";
	struct experiment *x;
	struct diags diags = {0};
	char *text;
	(void)state;

	assert_int_equal(experiment_parse(&x, "x.yaml",
				 "dataset: mnist\nparams: {a: relu}\n"
				 "network: [$a, flatten: {name: f}]\ntrain: {epochs: 2}\n",
				 overrides, 1, &diags),
		0);
	text = resolved_text(x->tree, x->sources);
	assert_string_equal(text, wanted);
	free(text);
	experiment_free(x);
	diags_release(&diags);
}

/* Texts that need quotes get them, so that they come back as they were. */
static void test_quoting(void **state)
{
	static const char *const texts[] = {"plain", "\"true\"", "\"12\"", "\"\"", "'it''s'",
		"\"a: b\"", "\"a #b\"", "\"- a\"", "\"[x]\"", "\"two\\nlines\"", "\"$a\"",
		"\"tab\\t\"", "a,b", "a]b", "\"\\\\\"", "汇聚层：最大", "\"\\N\\L\"", "12:30",
		"\"null\"", "'~'", "a'b", "a\"b", "?x", "-x", "\" x \""};
	(void)state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct experiment *x, *again;
		struct diags diags = {0};
		char config[256];

		snprintf(config, sizeof config, "dataset: mnist\nnetwork: [relu]\nanswer: %s\n",
			texts[i]);
		assert_int_equal(experiment_parse(&x, "x", config, NULL, 0, &diags), 0);
		assert_int_equal(experiment_parse(&again, "x", x->resolved, NULL, 0, &diags), 0);
		assert_string_equal(x->answer, again->answer);
		experiment_free(x);
		experiment_free(again);
		diags_release(&diags);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_origins),
		cmocka_unit_test(test_quoting),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
