/* suggest: distances by hand, and what is near enough to be suggested. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "layers/core/suggest.h"

static void test_distance(void **state)
{
	static const struct {
		const char *a, *b;
		int distance;
	} cases[] = {
		{"", "", 0},
		{"relu", "relu", 0},
		{"relu", "", 4},
		{"relu", "rellu", 1},
		{"relu", "rlu", 1},
		{"relu", "rely", 1},
		{"relu", "rleu", 1}, /* two letters swapped are one slip */
		{"kitten", "sitting", 3},
		{"abc", "ca", 3}, /* no letter takes part in two slips */
		{"kernel_size", "kernal_size", 1},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(edit_distance(cases[i].a, cases[i].b, 9), cases[i].distance);
		assert_int_equal(edit_distance(cases[i].b, cases[i].a, 9), cases[i].distance);
		if (cases[i].distance > 0)
			assert_int_equal(
				edit_distance(cases[i].a, cases[i].b, cases[i].distance - 1),
				cases[i].distance);
	}
}

static void test_long_names(void **state)
{
	char text[200];
	(void)state;

	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = 0;
	assert_int_equal(edit_distance(text, text, 5), 6);
	text[64] = 0;
	assert_int_equal(edit_distance(text, text, 5), 0);
}

static void test_nearest(void **state)
{
	static const char *const names[] = {"conv2d", "linear", "flatten", "relu", "leaky_relu",
		"max_pool2d", "avg_pool2d", "softmax", "out_channels", "kernel_size", "lr", "p"};
	static const struct {
		const char *wrong, *best;
	} cases[] = {
		{"conv2", "conv2d"},
		{"Conv2D", "conv2d"},
		{"conv", "conv2d"},
		{"kernal_size", "kernel_size"},
		{"kernelsize", "kernel_size"},
		{"KernelSize", "kernel_size"},
		{"maxpool2d", "max_pool2d"},
		{"maxpool", "max_pool2d"},
		{"avg-pool", "avg_pool2d"},
		{"dense", "linear"},
		{"filters", "out_channels"},
		{"learning_rate", "lr"},
		{"LearningRate", "lr"}, /* synonyms in any spelling */
		{"nn.Conv2d", "conv2d"},
		{"torch.nn.MaxPool2d", "max_pool2d"},
		{"ls", "lr"},
		{"leakyrelu", "leaky_relu"},
		{"relu", "relu"}, /* the name itself is nearest of all */
		{"attention", NULL},
		{"x", NULL},
		{"", NULL},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct suggestion meant = {.wrong = cases[i].wrong};
		char text[SUGGESTION_TEXT], wanted[SUGGESTION_TEXT] = "";

		for (size_t n = 0; n < sizeof names / sizeof *names; n++)
			suggestion_try(&meant, names[n]);
		if (cases[i].best)
			snprintf(wanted, sizeof wanted, "; did you mean '%s'?", cases[i].best);
		assert_string_equal(suggestion_text(&meant, text), wanted);
	}
}

/* Names that differ in digits alone are told apart. */
static void test_digits(void **state)
{
	struct suggestion meant = {.wrong = "conv2"};
	(void)state;

	suggestion_try(&meant, "conv1");
	suggestion_try(&meant, "conv2");
	suggestion_try(&meant, "conv3");
	assert_string_equal(meant.best, "conv2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
