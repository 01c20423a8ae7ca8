/*
 * Fused steps: convolution, activation and pooling as one step against the reference and, bit by
 * bit, against the three steps (trial_check does both), over shapes, strips, kinds of activation
 * and of pooling; and that a step is fused just where nobody else reads what lies between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "layers/avg_pool2d.h"
#include "layers/concat.h"
#include "layers/conv2d.h"
#include "layers/elu.h"
#include "layers/gelu.h"
#include "layers/max_pool2d.h"
#include "layers/residual.h"
#include "tests/support/trial.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))
#define CONV(...) LAYER(conv2d, struct conv2d, __VA_ARGS__)
#define SAME(n) CONV(n, {3, 3}, {1, 1}, {1, 1}, {.same = true}, 1, true)
#define MAX_POOL(...) LAYER(max_pool2d, struct max_pool2d, .window = {__VA_ARGS__})
#define AVG_POOL(...) LAYER(avg_pool2d, struct avg_pool2d, .window = {__VA_ARGS__})

/* Windows that cover the image, leave rows over, hang over, lie apart; the last ones overlap. */
static void test_pools(void **state)
{
	struct spec pools[] = {
		MAX_POOL(.kernel_size = {2, 2}),
		AVG_POOL(.kernel_size = {2, 2}),
		MAX_POOL(.kernel_size = {3, 2}),
		AVG_POOL(.kernel_size = {2, 3}),
		MAX_POOL(.kernel_size = {2, 2}, .stride = {3, 4}),
		AVG_POOL(.kernel_size = {1, 1}, .stride = {2, 3}),
		MAX_POOL(.kernel_size = {2, 2}, .padding = {0, 1, 1, 1, 0}, .ceil_mode = true),
		AVG_POOL(.kernel_size = {3, 3}, .ceil_mode = true),
		MAX_POOL(.kernel_size = {3, 3}, .stride = {2, 2}),
		AVG_POOL(.kernel_size = {2, 2}, .stride = {1, 1}),
	};
	static const struct shape shapes[] = {{3, 1, 6, 8}, {3, 2, 7, 5}};
	char what[64];

	(void)state;
	for (int p = 0; p < COUNT(pools); p++)
		for (int s = 0; s < COUNT(shapes); s++) {
			snprintf(what, sizeof what, "pool %d, shape %d", p, s);
			trial_check(what, LAYERS(SAME(2 + 3 * s), PLAIN(tanh), pools[p]), shapes[s],
				s == 1 ? 35 : 5);
			trial_check(what, LAYERS(SAME(2 + 3 * s), pools[p]), shapes[s], 3);
		}
}

static void test_activations(void **state)
{
	struct spec acts[] = {PLAIN(sigmoid), PLAIN(relu), PLAIN(tanh), LAYER(elu, struct elu, 0.7),
		LAYER(gelu, struct gelu, GELU_NONE), PLAIN(softmax)};
	char what[64];

	(void)state;
	for (int a = 0; a < COUNT(acts); a++) {
		snprintf(what, sizeof what, "conv2d and %s", acts[a].kind->name);
		trial_check(what, LAYERS(SAME(7), acts[a]), shape_image(2, 5, 6), 18);
		trial_check(what, LAYERS(SAME(3), acts[a], MAX_POOL(.kernel_size = {2, 2})),
			shape_image(2, 5, 6), 3);
		trial_check(
			what, LAYERS(SAME(3), acts[a], SAME(4), acts[a]), shape_image(1, 4, 4), 3);
	}
}

/* A strip of an image wider than a strip has room for, strides, groups, no bias. */
static void test_convolutions(void **state)
{
	(void)state;
	trial_check("wide", LAYERS(CONV(2, {3, 3}, {1, 2}, {1, 1}, {0}, 1, false), PLAIN(relu)),
		shape_image(1, 6, 200), 2);
	trial_check("groups",
		LAYERS(CONV(4, {3, 2}, {2, 1}, {1, 2}, {0, 1, 2, 0, 1}, 2, true), PLAIN(tanh),
			AVG_POOL(.kernel_size = {2, 2})),
		shape_image(6, 11, 7), 17);
	trial_check("more channels than a block",
		LAYERS(CONV(13, {1, 3}, {1, 1}, {1, 1}, {0}, 1, true), PLAIN(sigmoid),
			MAX_POOL(.kernel_size = {2, 2})),
		shape_image(9, 4, 8), 4);
}

/* Convolutions whose weight gradient wants all of dy at once (conv2d_few.h), channels of either
 * side in lanes. */
static void test_few_outputs(void **state)
{
	(void)state;
	trial_check("outputs in lanes",
		LAYERS(CONV(33, {3, 2}, {2, 2}, {1, 1}, {0, 1, 0, 1, 0}, 1, true), PLAIN(relu),
			MAX_POOL(.kernel_size = {2, 2})),
		shape_image(3, 7, 8), 35);
	trial_check("outputs in lanes, no pool",
		LAYERS(CONV(32, {2, 2}, {1, 1}, {1, 1}, {0}, 2, false), PLAIN(sigmoid)),
		shape_image(6, 3, 3), 18);
	trial_check("inputs in lanes",
		LAYERS(CONV(5, {3, 3}, {1, 1}, {1, 1}, {.same = true}, 1, true), PLAIN(tanh),
			AVG_POOL(.kernel_size = {2, 2})),
		shape_image(17, 2, 2), 20);
}

/* Values that a block reads again, or that are a slice of another. */
static void test_readers(void **state)
{
	struct residual residual = {
		.body = LAYERS(SAME(2), PLAIN(tanh), SAME(2), PLAIN(sigmoid)), .shortcut = {0}};
	struct concat concat = {.branches = {2, (struct specs[]){LAYERS(SAME(2), PLAIN(tanh)),
							LAYERS(SAME(3), PLAIN(sigmoid), SAME(1))}}};

	(void)state;
	trial_check("residual", LAYERS(SAME(2), trial_spec("residual", &residual)),
		shape_image(1, 4, 5), 3);
	trial_check("concat",
		LAYERS(SAME(2), PLAIN(sigmoid), trial_spec("concat", &concat), PLAIN(tanh),
			AVG_POOL(.kernel_size = {2, 2})),
		shape_image(1, 4, 5), 20);
}

static int count_steps(const struct network *network, const char *name)
{
	int n = 0;

	for (int s = 0; s < network->n_steps; s++)
		n += !strcmp(network->steps[s].ops->name, name);
	return n;
}

static void expect_fused(struct specs layers, int fused, int absorbed)
{
	struct err err = {0};
	struct network *network = trial_plan(&layers, shape_image(1, 8, 8), &err);

	assert_non_null(network);
	assert_int_equal(count_steps(network, "fused"), fused);
	assert_int_equal(count_steps(network, "absorbed"), absorbed);
	network_free(network);
}

static void test_what_is_fused(void **state)
{
	struct residual residual = {.body = LAYERS(PLAIN(relu)), .shortcut = {0}};

	(void)state;
	expect_fused(LAYERS(SAME(2), PLAIN(relu), MAX_POOL(.kernel_size = {2, 2})), 1, 2);
	expect_fused(LAYERS(SAME(2), PLAIN(relu), SAME(2), PLAIN(relu)), 2, 2);
	expect_fused(LAYERS(SAME(2), MAX_POOL(.kernel_size = {2, 2}), PLAIN(relu)), 1, 1);
	expect_fused(
		LAYERS(SAME(2), PLAIN(relu), MAX_POOL(.kernel_size = {3, 3}, .stride = {2, 2})), 1,
		1);
	expect_fused(LAYERS(SAME(2), SAME(2), PLAIN(softmax)), 0, 0);
	expect_fused(LAYERS(SAME(2), trial_spec("residual", &residual)), 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pools),
		cmocka_unit_test(test_activations),
		cmocka_unit_test(test_convolutions),
		cmocka_unit_test(test_few_outputs),
		cmocka_unit_test(test_readers),
		cmocka_unit_test(test_what_is_fused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
