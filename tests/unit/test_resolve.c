/*
 * resolve: short forms, extends, overrides, knobs and each, by what becomes of a config: its
 * canonical JSON. And that what a run's hash is made of does not depend on how a config is written.
 */
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
#include "tests/support/files.h"

enum { OVERRIDES = 4 };

static struct experiment *parse(const char *text, const char *const overrides[OVERRIDES])
{
	struct experiment *x;
	struct diags diags = {0};
	int n = 0;

	while (overrides && n < OVERRIDES && overrides[n])
		n++;
	if (experiment_parse(&x, "test.yaml", text, overrides, n, &diags)) {
		diags_print(&diags, stderr, false);
		fail_msg("refused:\n%s", text);
	}
	diags_release(&diags);
	return x;
}

/* The canonical JSON of part `key`; the caller frees it. */
static char *part(const struct experiment *x, const char *key)
{
	json_t *value = json_object_get(x->canonical, key);
	char *text = value ? canonical_text(value) : strdup("none");

	assert_non_null(text);
	return text;
}

static void assert_part(const struct experiment *x, const char *key, const char *wanted)
{
	char *text = part(x, key);

	assert_string_equal(text, wanted);
	free(text);
}

#define HEAD "dataset: mnist\nnetwork: [flatten, linear: {out_features: 10}]\n"

struct writing {
	const char *text;
	const char *overrides[OVERRIDES];
	const char *key, *wanted;
};

static void assert_writings(const struct writing *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct experiment *x = parse(cases[i].text, cases[i].overrides);

		assert_part(x, cases[i].key, cases[i].wanted);
		experiment_free(x);
	}
}

static void test_forms(void **state)
{
	static const struct writing cases[] = {
		{HEAD, {NULL}, "dataset", "{\"name\":\"mnist\"}"},
		{HEAD "train: {}", {NULL}, "train", "{}"},
		{HEAD "train: {optimizer: sgd, lr: 0.1, epochs: 10}", {NULL}, "train", "{}"},
		{HEAD "train: {optimizer: adam}", {NULL}, "train", "{\"optimizer\":\"adam\"}"},
		{HEAD "train: {optimizer: {adam: {eps: 1e-7}}}", {NULL}, "train",
			"{\"optimizer\":{\"adam\":{\"eps\":1e-07}}}"},
		{HEAD "train: {optimizer: {name: adam, eps: 1e-7}}", {NULL}, "train",
			"{\"optimizer\":{\"adam\":{\"eps\":1e-07}}}"},
		{HEAD "train: {optimizer: {adam: }}", {NULL}, "train", "{\"optimizer\":\"adam\"}"},
		{HEAD "train: {optimizer: {momentum: 0.5}}", {NULL}, "train",
			"{\"optimizer\":{\"sgd\":{\"momentum\":0.5}}}"},
		{HEAD "loss: squared_error", {NULL}, "loss", "\"squared_error\""},
		{HEAD "loss: cross_entropy", {NULL}, "loss", "none"},
		{HEAD "init: xavier_uniform", {NULL}, "init", "{\"weight\":\"xavier_uniform\"}"},
		{HEAD "init: torch_default", {NULL}, "init", "none"},
		{HEAD "init: zeros", {NULL}, "init", "{\"bias\":\"zeros\",\"weight\":\"zeros\"}"},
		{HEAD "init: {normal: {std: 0.01}}", {NULL}, "init",
			"{\"weight\":{\"normal\":{\"std\":0.01}}}"},
		{HEAD "init: {weight: {normal: {std: 0.01}}}", {NULL}, "init",
			"{\"weight\":{\"normal\":{\"std\":0.01}}}"},
		{HEAD "init: {bias: zeros}", {NULL}, "init", "{\"bias\":\"zeros\"}"},
		{HEAD "init: {file: w.safetensors}", {NULL}, "init",
			"{\"bias\":{\"file\":{\"path\":\"w.safetensors\"}},"
			"\"weight\":{\"file\":{\"path\":\"w.safetensors\"}}}"},
	};
	(void)state;

	assert_writings(cases, sizeof cases / sizeof *cases);
}

#define NET(layers) "dataset: mnist\nnetwork:\n" layers

static void test_layers(void **state)
{
	static const struct writing cases[] = {
		{NET("  - relu\n  - relu:\n  - relu: {}\n"), {NULL}, "network",
			"[\"relu\",\"relu\",\"relu\"]"},
		{NET("  - max_pool2d: {kernel_size: [2, 2], stride: 2}\n"), {NULL}, "network",
			"[{\"max_pool2d\":{\"kernel_size\":2,\"stride\":2}}]"},
		{NET("  - conv2d: {out_channels: 1, kernel_size: [1, 2], padding: [0, 0, 0, 0]}\n"),
			{NULL}, "network",
			"[{\"conv2d\":{\"kernel_size\":[1,2],\"out_channels\":1}}]"},
		{NET("  - conv2d: {out_channels: 1, kernel_size: 3, padding: [1, 1, 2, 2]}\n"),
			{NULL}, "network",
			"[{\"conv2d\":{\"kernel_size\":3,\"out_channels\":1,\"padding\":[1,2]}}]"},
		{NET("  - conv2d: {out_channels: 1, kernel_size: 3, padding: same}\n"), {NULL},
			"network",
			"[{\"conv2d\":{\"kernel_size\":3,\"out_channels\":1,\"padding\":\"same\"}}"
			"]"},
		{NET("  - conv2d: {out_channels: 1, kernel_size: 3, padding: [1, 1, 1, 2]}\n"),
			{NULL}, "network",
			"[{\"conv2d\":{\"kernel_size\":3,\"out_channels\":1,\"padding\":[1,1,1,2]}}"
			"]"},
		{NET("  - linear: {out_features: 1, weight: [[1, 0.5]], name: a}\n"), {NULL},
			"network",
			"[{\"linear\":{\"name\":\"a\",\"out_features\":1,\"weight\":[[1,0.5]]}}]"},
		{NET("  - residual: {body: [relu], shortcut: []}\n"), {NULL}, "network",
			"[{\"residual\":{\"body\":[\"relu\"]}}]"},
		{NET("  - concat: {branches: [[relu], [tanh, relu]]}\n"), {NULL}, "network",
			"[{\"concat\":{\"branches\":[[\"relu\"],[\"tanh\",\"relu\"]]}}]"},
	};
	(void)state;

	assert_writings(cases, sizeof cases / sizeof *cases);
}

static void test_knobs(void **state)
{
	static const struct writing cases[] = {
		{"dataset: mnist\nparams: {a: relu}\nnetwork: [$a, $a]", {NULL}, "network",
			"[\"relu\",\"relu\"]"},
		{"dataset: mnist\nparams: {k: 3}\nnetwork: [max_pool2d: {kernel_size: $k}]", {NULL},
			"network", "[{\"max_pool2d\":{\"kernel_size\":3}}]"},
		{"dataset: mnist\nparams: {k: [{a: [2, 4]}]}\n"
		 "network: [max_pool2d: {kernel_size: $k.0.a.1}]",
			{NULL}, "network", "[{\"max_pool2d\":{\"kernel_size\":4}}]"},
		{"dataset: mnist\nparams: {p: avg_pool2d, o: stride}\n"
		 "network: [$p: {kernel_size: 2, $o: 1}]",
			{NULL}, "network", "[{\"avg_pool2d\":{\"kernel_size\":2,\"stride\":1}}]"},
		{"dataset: mnist\nparams: {a: $b, b: $c, c: tanh}\nnetwork: [$a]", {NULL}, "params",
			"{\"a\":\"tanh\",\"b\":\"tanh\",\"c\":\"tanh\"}"},
		{"dataset: mnist\nparams: {net: [relu, tanh]}\nnetwork: $net", {NULL}, "network",
			"[\"relu\",\"tanh\"]"},
		{HEAD "params: {o: {adam: {eps: 1e-7}}}\ntrain: {optimizer: $o}", {NULL}, "train",
			"{\"optimizer\":{\"adam\":{\"eps\":1e-07}}}"},
		{HEAD "params: {i: zeros}\ninit: $i", {NULL}, "init",
			"{\"bias\":\"zeros\",\"weight\":\"zeros\"}"},
		{"dataset: mnist\nparams: {b: false}\n"
		 "network: [flatten, linear: {out_features: 3, bias: $b}]",
			{NULL}, "network",
			"[\"flatten\",{\"linear\":{\"bias\":false,\"out_features\":3}}]"},
	};
	(void)state;

	assert_writings(cases, sizeof cases / sizeof *cases);
}

static void test_each(void **state)
{
	static const struct writing cases[] = {
		{NET("  - each: [3, 4]\n    as: n\n    layers: [linear: {out_features: $n}, "
		     "relu]\n"),
			{NULL}, "network",
			"[{\"linear\":{\"out_features\":3}},\"relu\",{\"linear\":{\"out_features\":"
			"4}},"
			"\"relu\"]"},
		{NET("  - each: [[1, 2], [3]]\n    as: block\n    layers:\n"
		     "      - each: $block\n        as: n\n        layers: [linear: {out_features: "
		     "$n}]\n"
		     "      - tanh\n"),
			{NULL}, "network",
			"[{\"linear\":{\"out_features\":1}},{\"linear\":{\"out_features\":2}},"
			"\"tanh\","
			"{\"linear\":{\"out_features\":3}},\"tanh\"]"},
		{NET("  - relu\n  - each: []\n    as: n\n    layers: [tanh]\n"), {NULL}, "network",
			"[\"relu\"]"},
		{NET("  - each: [relu, tanh]\n    as: a\n    layers: [$a]\n"), {NULL}, "network",
			"[\"relu\",\"tanh\"]"},
		{NET("  - residual:\n      body:\n        - each: [relu, tanh]\n          as: a\n"
		     "          layers: [$a]\n"),
			{NULL}, "network", "[{\"residual\":{\"body\":[\"relu\",\"tanh\"]}}]"},
	};
	(void)state;

	assert_writings(cases, sizeof cases / sizeof *cases);
}

#define BASE                                                                                       \
	"dataset: {name: mnist, train_limit: 9}\nparams: {pool: max_pool2d, sizes: [2, {a: 3}]}\n" \
	"network:\n  - $pool: {kernel_size: $sizes.0}\n  - flatten\n  - linear: {out_features: "   \
	"$sizes.1.a}\n  - relu\ntrain: {epochs: 3, optimizer: {sgd: {momentum: 0.9}}}\n"

static void test_overrides(void **state)
{
	static const struct writing cases[] = {
		{BASE, {"train.epochs=5"}, "train",
			"{\"epochs\":5,\"optimizer\":{\"sgd\":{\"momentum\":0.9}}}"},
		{BASE, {"train.epochs=5", "train.epochs=6"}, "train",
			"{\"epochs\":6,\"optimizer\":{\"sgd\":{\"momentum\":0.9}}}"},
		{BASE, {"train.lr=1e-3"}, "train",
			"{\"epochs\":3,\"lr\":0.001,\"optimizer\":{\"sgd\":{\"momentum\":0.9}}}"},
		{BASE, {"train={epochs: 4}"}, "train", /* maps merge */
			"{\"epochs\":4,\"optimizer\":{\"sgd\":{\"momentum\":0.9}}}"},
		{BASE, {"train.optimizer=adam"}, "train", /* and momentum is dropped */
			"{\"epochs\":3,\"optimizer\":\"adam\"}"},
		{BASE, {"train.optimizer.nesterov=true"}, "train",
			"{\"epochs\":3,\"optimizer\":{\"sgd\":{\"momentum\":0.9,\"nesterov\":true}}"
			"}"},
		{BASE, {"train=null"}, "train", "none"},
		{BASE, {"dataset=glyphs"}, "dataset", "{\"name\":\"glyphs\",\"train_limit\":9}"},
		{BASE, {"pool=avg_pool2d"}, "params",
			"{\"pool\":\"avg_pool2d\",\"sizes\":[2,{\"a\":3}]}"},
		{BASE, {"sizes.1.a=7", "params.sizes.0=4"}, "params",
			"{\"pool\":\"max_pool2d\",\"sizes\":[4,{\"a\":7}]}"},
		{BASE, {"network.3=tanh"}, "network",
			"[{\"max_pool2d\":{\"kernel_size\":2}},\"flatten\",{\"linear\":{\"out_"
			"features\":"
			"3}},\"tanh\"]"},
		{BASE, {"network.2.linear.bias=false", "network.1.flatten.name=f"}, "network",
			"[{\"max_pool2d\":{\"kernel_size\":2}},{\"flatten\":{\"name\":\"f\"}},"
			"{\"linear\":{\"bias\":false,\"out_features\":3}},\"relu\"]"},
		{BASE, {"network=[relu]"}, "network", "[\"relu\"]"},
		{BASE, {"seed=12"}, "seed", "12"},
		{BASE, {"init=zeros"}, "init", "{\"bias\":\"zeros\",\"weight\":\"zeros\"}"},
		{BASE, {"init.bias=zeros"}, "init", "{\"bias\":\"zeros\"}"},
	};
	(void)state;

	assert_writings(cases, sizeof cases / sizeof *cases);
}

/* What was overridden is remembered by whole keys, the last value of each. */
static void test_overridden(void **state)
{
	static const char *const overrides[OVERRIDES] = {
		"train.epochs=4", "pool=avg_pool2d", "train.epochs=5", "network.3=tanh"};
	struct experiment *x = parse(BASE, overrides);
	char *text = canonical_text(x->overridden);
	(void)state;

	assert_string_equal(text, "{\"network.3\":\"tanh\",\"train.epochs\":5}");
	free(text);
	experiment_free(x);
}

/* A key of very many parts is refused. */
static void test_long_key(void **state)
{
	(void)state;
	for (int n = 20; n < 30; n++) {
		char key[128] = "pool";
		const char *overrides[] = {key};
		struct experiment *x;
		struct diags diags = {0};

		for (int i = 1; i < n; i++)
			strcat(key, ".a");
		strcat(key, "=1");
		assert_int_equal(experiment_parse(&x, "x", BASE, overrides, 1, &diags), -1);
		diags_release(&diags);
	}
}

/* ---- files */

static void write_text(const char *folder, const char *name, const char *text)
{
	files_write(files_path(folder, name), text, strlen(text));
}

static struct experiment *load(const char *folder, const char *name)
{
	struct experiment *x;
	struct diags diags = {0};

	if (experiment_load(&x, files_path(folder, name), NULL, 0, &diags)) {
		diags_print(&diags, stderr, false);
		fail_msg("refused");
	}
	diags_release(&diags);
	return x;
}

static void test_extends(void **state)
{
	const char *folder = *state;
	struct experiment *x;

	files_make_folder(files_path(folder, "configs"));
	files_make_folder(files_path(folder, "study/deep"));
	write_text(folder, "configs/base.yaml",
		"name: base\nquestion: none\nseed: 3\ndataset: {name: mnist, train_limit: 9}\n"
		"params: {n: 10, unused_there: 1}\nnetwork: [flatten, linear: {out_features: $n}]\n"
		"train: {epochs: 3, optimizer: {sgd: {momentum: 0.9}}}\n");
	write_text(folder, "configs/more.yaml", "extends: base.yaml\ntrain: {epochs: 4, lr: 1}\n");
	write_text(folder, "configs/other.yaml", "train: {lr: 2}\n");
	write_text(folder, "study/deep/_x.yaml", "extends: ../../configs/more.yaml\nseed: 5\n");
	write_text(folder, "study/a.yaml",
		"extends: [deep/_x.yaml, ../configs/other.yaml]\nnetwork: [flatten]\n"
		"train: {optimizer: {momentum: 0.5}}\n");

	x = load(folder, "study/a.yaml");
	assert_string_equal(x->name, "a"); /* names and texts are not inherited */
	assert_null(x->question);
	assert_true(x->seed == 5);
	assert_part(x, "dataset", "{\"name\":\"mnist\",\"train_limit\":9}");
	assert_part(x, "network", "[\"flatten\"]"); /* lists replace */
	assert_part(x, "params", "none");           /* and nothing takes these up any more */
	assert_part(
		x, "train", "{\"epochs\":4,\"lr\":2,\"optimizer\":{\"sgd\":{\"momentum\":0.5}}}");
	/* the place of an inherited value is in the file that says it */
	assert_string_equal(sources_find(x->sources, x->dataset_place)->name + strlen(folder) + 1,
		"configs/base.yaml");
	experiment_free(x);
}

/* The same files reached by two ways are read twice and do no harm to each other. */
static void test_diamond(void **state)
{
	const char *folder = *state;
	struct experiment *x;

	write_text(folder, "top.yaml", HEAD "train: {epochs: 3}\n");
	write_text(folder, "left.yaml", "extends: top.yaml\ntrain: {lr: 1}\n");
	write_text(folder, "right.yaml", "extends: top.yaml\ntrain: {batch_size: 7}\n");
	write_text(folder, "both.yaml", "extends: [left.yaml, right.yaml]\n");
	x = load(folder, "both.yaml");
	assert_part(x, "train", "{\"batch_size\":7,\"epochs\":3,\"lr\":1}");
	experiment_free(x);
}

/* Of several configs each takes the overrides that it has a key for. */
static void test_fitting(void **state)
{
	static const char *const overrides[] = {"knob=tanh", "seed=3", "knop=1", "network.1=relu"};
	const char *folder = *state;
	bool fits[4] = {false};
	struct experiment *x;
	struct diags diags = {0};

	write_text(folder, "without.yaml", HEAD);
	write_text(folder, "with.yaml", "dataset: mnist\nparams: {knob: relu}\nnetwork: [$knob]\n");
	assert_int_equal(experiment_load_fitting(
				 &x, files_path(folder, "with.yaml"), overrides, 4, fits, &diags),
		0);
	assert_part(x, "network", "[\"tanh\"]");
	assert_true(x->seed == 3);
	assert_true(fits[0] && fits[1] && !fits[2] && !fits[3]);
	experiment_free(x);
	assert_int_equal(experiment_load_fitting(&x, files_path(folder, "without.yaml"), overrides,
				 4, fits, &diags),
		0);
	assert_part(x, "network", "[\"flatten\",\"relu\"]");
	assert_true(fits[0] && fits[1] && !fits[2] && fits[3]);
	experiment_free(x);
	diags_release(&diags);
}

/* Dozens of files that extend each other many times over end soon, with an error. */
static void test_fan(void **state)
{
	const char *folder = *state;
	struct experiment *x;
	struct diags diags = {0};

	write_text(folder, "f0.yaml", HEAD);
	for (int i = 1; i < 20; i++) {
		char name[16], text[64];
		snprintf(name, sizeof name, "f%d.yaml", i);
		snprintf(text, sizeof text, "extends: [f%d.yaml, f%d.yaml]\n", i - 1, i - 1);
		write_text(folder, name, text);
	}
	assert_int_equal(experiment_load(&x, files_path(folder, "f19.yaml"), NULL, 0, &diags), -1);
	assert_null(x);
	assert_int_equal(diags.n_errors, 1);
	diags_release(&diags);
}

/* ---- what a config is */

static void test_experiment(void **state)
{
	struct experiment *x =
		parse("name: 12\nseed: 4\ndescription: d\n" BASE "sweep: {}\nclaims: []\n", NULL);
	(void)state;

	assert_string_equal(x->name, "12");
	assert_string_equal(x->description, "d");
	assert_true(x->has_sweep);
	assert_true(x->has_claims);
	assert_false(x->has_expect);
	assert_true(x->train.given);
	assert_int_equal(x->train.epochs, 3);
	assert_int_equal(x->train.batch_size, 256);
	assert_string_equal(x->loss.kind->name, "cross_entropy");
	assert_int_equal(x->loss.place.line, 0);
	assert_string_equal(x->init.weight.kind->name, "torch_default");
	assert_string_equal(x->init.bias.kind->name, "torch_default");
	assert_int_equal(x->network_place.line, 7);
	assert_int_equal(x->train_places[0].line, 11);
	assert_null(json_object_get(x->canonical, "name"));
	assert_null(json_object_get(x->canonical, "sweep"));
	experiment_free(x);
	x = parse(HEAD, NULL);
	assert_string_equal(x->name, "test");
	assert_false(x->train.given);
	assert_int_equal(json_object_size(x->params), 0);
	experiment_free(x);
}

/* Writings of one config with one hash, and others that must differ from it. */
static void test_same(void **state)
{
	static const char *const same[] = {
		HEAD "train: {lr: 0.5, epochs: 10}\n",
		"network:\n  - flatten:\n  - linear:\n      bias: true\n      out_features: 1e1\n"
		"seed: 0\ndataset: {name: mnist, train_limit: 0}\nloss: {cross_entropy: {}}\n"
		"train: {lr: 5e-1, optimizer: {name: sgd, momentum: 0}}\nname: other\n",
		"# comment\n" HEAD
		"init: torch_default\nquestion: why\ntrain: {lr: 0.50}\nexpect: {a: 1}\n",
	};
	static const char *const others[] = {
		HEAD "train: {lr: 0.51, epochs: 10}\n",
		HEAD "train: {lr: 0.5, epochs: 11}\n",
		HEAD "train: {lr: 0.5, early_stopping: {}}\n",
		HEAD "train: {lr: 0.5}\nseed: 1\n",
		HEAD,
	};
	char *first = NULL;
	(void)state;

	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		struct experiment *x = parse(same[i], NULL);
		char *text = canonical_text(x->canonical);

		if (!first)
			first = strdup(text);
		assert_string_equal(text, first);
		free(text);
		experiment_free(x);
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct experiment *x = parse(others[i], NULL);
		char *text = canonical_text(x->canonical);

		assert_string_not_equal(text, first);
		free(text);
		experiment_free(x);
	}
	free(first);
}

static void test_canonical_numbers(void **state)
{
	static const struct {
		double number;
		const char *text;
	} cases[] = {
		{0.1, "[0.1]"},
		{1.0 / 3, "[0.3333333333333333]"},
		{5e-324, "[4.94065645841247e-324]"},
		{1e300, "[1e+300]"},
		{0.30000000000000004, "[0.30000000000000004]"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *list = json_pack("[f]", cases[i].number);
		char *text = canonical_text(list);

		assert_string_equal(text, cases[i].text);
		free(text);
		json_decref(list);
	}
}

static void test_canonical_texts(void **state)
{
	json_t *json = json_pack(
		"{s:s, s:{s:b, s:n}, s:[i,s]}", "b", "q\"\\\n层", "a", "z", 1, "y", "c", 3, "");
	char *text = canonical_text(json);
	(void)state;

	assert_string_equal(
		text, "{\"a\":{\"y\":null,\"z\":true},\"b\":\"q\\\"\\\\\\n层\",\"c\":[3,\"\"]}");
	free(text);
	json_decref(json);
}

/* The same file loaded twice into one list of diags fails twice, though each error is kept once. */
static void test_fails_again(void **state)
{
	struct diags diags = {0};
	struct experiment *x;
	(void)state;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(experiment_parse(&x, "a", "dataset: mnist\nnetwork: [rellu]\n",
					 NULL, 0, &diags),
			-1);
		assert_null(x);
		assert_int_equal(diags.n_errors, 1);
	}
	diags_release(&diags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_knobs),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_overrides),
		cmocka_unit_test(test_overridden),
		cmocka_unit_test(test_long_key),
		cmocka_unit_test_setup_teardown(test_extends, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_diamond, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_fitting, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_fan, files_setup, files_teardown),
		cmocka_unit_test(test_experiment),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_canonical_numbers),
		cmocka_unit_test(test_canonical_texts),
		cmocka_unit_test(test_fails_again),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
