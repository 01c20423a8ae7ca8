/*
 * Layers: every kind through the engine, in every instruction set, against tests/ref: outputs
 * against the plain loops, gradients against their central differences, over odd shapes, windows,
 * strides, paddings, dilations, groups and numbers of images (one lane, a full group, a shard and
 * more). Then what no difference can show: ties, extreme numbers, shapes, formulas and errors.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "layers/avg_pool2d.h"
#include "layers/concat.h"
#include "layers/conv2d.h"
#include "layers/core/blas.h"
#include "layers/dropout.h"
#include "layers/elu.h"
#include "layers/gelu.h"
#include "layers/leaky_relu.h"
#include "layers/linear.h"
#include "layers/losses/cross_entropy.h"
#include "layers/losses/squared_error.h"
#include "layers/max_pool2d.h"
#include "layers/reshape.h"
#include "layers/residual.h"
#include "tests/ref/ref.h"
#include "tests/support/trial.h"

enum { MOST = 4096 };

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

static const int images[] = {1, 3, 16, 17, 40};

#define CONV(...) LAYER(conv2d, struct conv2d, __VA_ARGS__)
#define MAX_POOL(...) LAYER(max_pool2d, struct max_pool2d, .window = {__VA_ARGS__})

/* ---- forward and backward, against the references */

static void test_conv2d(void **state)
{
	static const struct {
		int c, h, w;
		struct conv2d o;
	} cases[] = {
		{1, 5, 5, {1, {1, 1}, {1, 1}, {1, 1}, {0}, 1, true}},
		{2, 7, 5, {3, {3, 3}, {1, 1}, {1, 1}, {0}, 1, true}},
		{2, 7, 5, {3, {3, 2}, {1, 1}, {1, 1}, {0, 1, 1, 1, 1}, 1, false}},
		{3, 6, 9, {7, {2, 5}, {2, 3}, {1, 1}, {0, 0, 2, 1, 3}, 1, true}},
		{1, 8, 8, {6, {5, 5}, {1, 1}, {1, 1}, {true, 0, 0, 0, 0}, 1, true}},
		{2, 9, 7, {5, {4, 3}, {2, 2}, {1, 1}, {true, 0, 0, 0, 0}, 1, true}},
		{2, 9, 9, {4, {3, 3}, {1, 1}, {2, 3}, {0, 2, 1, 0, 3}, 1, true}},
		{4, 6, 5, {8, {3, 3}, {1, 1}, {1, 1}, {0, 1, 1, 1, 1}, 2, true}},
		{6, 5, 5, {6, {3, 3}, {2, 1}, {1, 1}, {0, 1, 1, 1, 1}, 6, false}},
		{3, 4, 4, {13, {4, 4}, {1, 1}, {1, 1}, {0}, 1, true}},
		{2, 3, 3, {2, {5, 5}, {1, 1}, {1, 1}, {0, 3, 3, 3, 3}, 1, true}},
		{1, 1, 17, {2, {1, 7}, {1, 4}, {1, 2}, {0, 0, 0, 5, 6}, 1, true}},
		{9, 3, 3, {2, {1, 1}, {2, 2}, {1, 1}, {0}, 1, true}},
		{2, 6, 6, {2, {2, 2}, {3, 3}, {1, 1}, {0, 0, 0, 0, 0}, 1, true}},
		{1, 4, 5, {3, {2, 2}, {1, 1}, {1, 1}, {0, 4, 0, 0, 4}, 1, true}},
	};
	char what[64];

	(void)state;
	for (int i = 0; i < COUNT(cases); i++) {
		struct conv2d o = cases[i].o;

		snprintf(what, sizeof what, "conv2d, case %d", i);
		trial_check(what, LAYERS(trial_spec("conv2d", &o)),
			shape_image(cases[i].c, cases[i].h, cases[i].w), images[i % 5]);
	}
	for (int i = 0; i < 5; i++)
		trial_check("conv2d, images", LAYERS(CONV(3, {2, 3}, {1, 1}, {1, 1}, {0}, 1, true)),
			shape_image(2, 4, 4), images[i]);
}

static enum conv2d_way way_of(struct specs layers, struct shape input)
{
	struct err err = {0};
	struct network *network = trial_plan(&layers, input, &err);
	enum conv2d_way way;

	assert_non_null(network);
	way = ((const struct conv2d_dims *)network->steps[0].dims)->weight.way;
	network_free(network);
	return way;
}

/* Outputs of few elements: each way to lay channels side by side, up to where it ends. */
static void test_conv2d_few(void **state)
{
	static const struct {
		enum conv2d_way way;
		int c, h, w, images;
		struct conv2d o;
	} cases[] = {
		{CONV2D_OUTPUTS, 5, 3, 3, 40, {16, {3, 3}, {1, 1}, {1, 1}, {0}, 1, true}},
		{CONV2D_OUTPUTS, 7, 1, 1, 16, {33, {1, 1}, {1, 1}, {1, 1}, {0}, 1, true}},
		{CONV2D_OUTPUTS, 2, 5, 6, 17, {24, {2, 4}, {3, 2}, {1, 1}, {0}, 1, false}},
		{CONV2D_OUTPUTS, 1, 7, 7, 2, {30, {5, 6}, {4, 3}, {1, 1}, {.same = true}, 1, true}},
		{CONV2D_OUTPUTS, 13, 3, 5, 1,
			{40, {2, 3}, {1, 1}, {1, 2}, {0, 0, 0, 2, 1}, 1, true}},
		{CONV2D_OUTPUTS, 5, 2, 3, 33,
			{20, {2, 3}, {1, 1}, {2, 1}, {0, 1, 2, 0, 1}, 1, true}},
		{CONV2D_OUTPUTS, 8, 4, 4, 18,
			{48, {3, 2}, {2, 2}, {1, 1}, {0, 1, 1, 1, 1}, 2, true}},
		{CONV2D_OUTPUTS, 6, 2, 2, 2,
			{17, {5, 5}, {1, 1}, {1, 1}, {0, 3, 3, 3, 3}, 1, true}},
		{CONV2D_OUTPUTS, 6, 7, 6, 1, {32, {3, 2}, {1, 1}, {1, 1}, {0}, 1, true}},
		{CONV2D_OUTPUTS, 2, 4, 8, 3, {32, {3, 3}, {1, 3}, {1, 2}, {0}, 1, true}},
		{CONV2D_INPUTS, 17, 2, 2, 40, {5, {3, 3}, {1, 1}, {1, 1}, {.same = true}, 1, true}},
		{CONV2D_INPUTS, 32, 3, 2, 1, {4, {4, 5}, {1, 1}, {1, 1}, {.same = true}, 1, false}},
		{CONV2D_INPUTS, 40, 2, 3, 2, {12, {3, 5}, {1, 1}, {1, 1}, {.same = true}, 2, true}},
		{CONV2D_INPUTS, 24, 3, 3, 3, {4, {4, 4}, {1, 2}, {2, 1}, {0, 4, 3, 1, 3}, 1, true}},
	};
	char what[64];

	(void)state;
	for (int i = 0; i < COUNT(cases); i++) {
		struct conv2d o = cases[i].o;
		struct specs layers = LAYERS(trial_spec("conv2d", &o));
		struct shape input = shape_image(cases[i].c, cases[i].h, cases[i].w);

		snprintf(what, sizeof what, "conv2d of few outputs, case %d", i);
		if (way_of(layers, input) != cases[i].way)
			fail_msg("%s goes another way", what);
		trial_check(what, layers, input, cases[i].images);
	}
}

/* Lanes of more than 256 elements would not stay in the cache. */
static void test_conv2d_ways_end(void **state)
{
	struct conv2d wide = {32, {3, 3}, {1, 1}, {1, 1}, {.same = true}, 1, true};
	struct conv2d slim = {11, {9, 9}, {2, 2}, {1, 1}, {.same = true}, 1, true};

	(void)state;
	for (int w = 15; w < 19; w++) {
		assert_int_equal(
			way_of(LAYERS(trial_spec("conv2d", &wide)), shape_image(32, 16, w)),
			w > 16 ? CONV2D_IMAGES : CONV2D_OUTPUTS);
		assert_int_equal(
			way_of(LAYERS(trial_spec("conv2d", &slim)), shape_image(64, 16, w)),
			w > 16 ? CONV2D_IMAGES : CONV2D_INPUTS);
	}
}

static void test_linear(void **state)
{
	static const int sizes[][2] = {{1, 1}, {7, 5}, {33, 10}, {16, 17}, {50, 13}};
	char what[64];

	(void)state;
	for (int i = 0; i < COUNT(sizes); i++)
		for (int j = 0; j < 5; j++) {
			snprintf(what, sizeof what, "linear %d to %d", sizes[i][0], sizes[i][1]);
			trial_check(what,
				LAYERS(LAYER(linear, struct linear, .out_features = sizes[i][1],
					.bias = (i + j) % 2 == 0)),
				shape_vector(sizes[i][0]), images[j]);
		}
}

/* Whole-batch steps: more shards than one, dead lanes, more images than a window of evaluation
 * holds; gradients that no reader, one reader and two readers of the input want. */
static void test_linear_wide(void **state)
{
	static const int ways[] = {LINEAR_GRADIENT, LINEAR_BATCH, LINEAR_OPENBLAS};
	static const int sizes[][2] = {{1, 1}, {7, 5}, {33, 10}, {16, 17}, {5, 40}};
	static const int many[] = {1, 17, 40, 64, 300};
	struct specs none = {0, NULL};
	struct err err = {0};
	int n_ways = COUNT(ways);
	char what[64];

	(void)state;
	if (blas_open(&err)) {
		print_message("without OpenBLAS: %s\n", err.text);
		n_ways--;
	}
	for (int i = 0; i < COUNT(sizes); i++)
		for (int j = 0; j < 5; j++) {
			snprintf(what, sizeof what, "wide linear %d to %d", sizes[i][0],
				sizes[i][1]);
			for (int k = 0; k < n_ways; k++)
				trial_check(what,
					LAYERS(LAYER(linear, struct linear, sizes[i][1],
						(i + j) % 2 == 0, ways[k])),
					shape_vector(sizes[i][0]), many[j]);
		}
	trial_check("wide linear among others",
		LAYERS(PLAIN(flatten), LAYER(linear, struct linear, 9, true, LINEAR_BATCH),
			PLAIN(tanh),
			LAYER(residual, struct residual,
				LAYERS(LAYER(linear, struct linear, 9, true, LINEAR_GRADIENT),
					PLAIN(sigmoid)),
				none),
			LAYER(linear, struct linear, .out_features = 4, .bias = true)),
		shape_image(2, 3, 4), 70);
}

static void test_pointwise(void **state)
{
	struct spec specs[] = {
		PLAIN(sigmoid),
		PLAIN(relu),
		PLAIN(tanh),
		LAYER(leaky_relu, struct leaky_relu, 0.01),
		LAYER(leaky_relu, struct leaky_relu, -0.5),
		LAYER(elu, struct elu, 1.0),
		LAYER(elu, struct elu, 0.3),
		LAYER(gelu, struct gelu, GELU_NONE),
		LAYER(gelu, struct gelu, GELU_TANH),
		PLAIN(softmax),
	};

	(void)state;
	for (int i = 0; i < COUNT(specs); i++) {
		trial_check(
			specs[i].kind->name, LAYERS(specs[i]), shape_image(3, 5, 2), images[i % 5]);
		trial_check(specs[i].kind->name, LAYERS(specs[i]), shape_vector(7),
			images[(i + 2) % 5]);
	}
}

/* Windows for both kinds of pools. */
static const struct {
	int c, h, w;
	struct pool_window o;
} pools[] = {
	{1, 4, 4, {.kernel_size = {2, 2}}},
	{3, 7, 5, {.kernel_size = {2, 2}}},
	{2, 7, 6, {.kernel_size = {3, 2}, .stride = {1, 1}}},
	{2, 6, 7, {.kernel_size = {3, 3}, .stride = {2, 2}, .padding = {0, 1, 1, 1, 1}}},
	{2, 5, 5, {.kernel_size = {2, 3}, .stride = {3, 2}, .padding = {0, 1, 0, 0, 1}}},
	{2, 7, 5, {.kernel_size = {2, 2}, .ceil_mode = true}},
	{1, 6, 6, {.kernel_size = {3, 3}, .stride = {2, 2}, .ceil_mode = true}},
	{1, 5, 8,
		{.kernel_size = {3, 3},
			.stride = {3, 4},
			.padding = {0, 1, 1, 1, 1},
			.ceil_mode = true}},
	{1, 4, 4,
		{.kernel_size = {2, 2},
			.stride = {5, 3},
			.padding = {0, 1, 1, 1, 1},
			.ceil_mode = true}},
	{2, 6, 5, {.kernel_size = {3, 2}, .stride = {1, 1}, .padding = {.same = true}}},
	{2, 7, 7, {.kernel_size = {4, 3}, .stride = {2, 3}, .padding = {.same = true}}},
	{2, 3, 4, {.kernel_size = {3, 4}}},
	{2, 3, 3, {.kernel_size = {1, 1}, .stride = {2, 2}}},
	{1, 1, 9, {.kernel_size = {1, 4}, .stride = {1, 2}, .padding = {0, 0, 0, 2, 1}}},
	{1, 9, 8, {.kernel_size = {3, 2}, .stride = {2, 1}, .dilation = {2, 3}}},
	{1, 8, 8,
		{.kernel_size = {3, 3},
			.stride = {2, 2},
			.padding = {0, 2, 2, 1, 2},
			.dilation = {2, 2},
			.ceil_mode = true}},
};

static void test_max_pool2d(void **state)
{
	char what[64];

	(void)state;
	for (int i = 0; i < COUNT(pools); i++) {
		struct max_pool2d o = {pools[i].o};

		snprintf(what, sizeof what, "max_pool2d, case %d", i);
		trial_check(what, LAYERS(trial_spec("max_pool2d", &o)),
			shape_image(pools[i].c, pools[i].h, pools[i].w), images[i % 5]);
	}
}

static void test_avg_pool2d(void **state)
{
	char what[64];

	(void)state;
	for (int i = 0; i < 2 * COUNT(pools); i++) {
		int at = i / 2;
		struct avg_pool2d o = {pools[at].o, i % 2};

		if (o.window.dilation.h)
			continue;
		snprintf(what, sizeof what, "avg_pool2d, case %d", at);
		trial_check(what, LAYERS(trial_spec("avg_pool2d", &o)),
			shape_image(pools[at].c, pools[at].h, pools[at].w), images[i % 5]);
	}
}

static void test_dropout(void **state)
{
	static const double p[] = {0, 0.1, 0.5, 0.9, 1e-12};

	(void)state;
	for (int i = 0; i < 5; i++)
		trial_check("dropout",
			LAYERS(PLAIN(tanh), LAYER(dropout, struct dropout, p[i]),
				LAYER(dropout, struct dropout, 0.3)),
			shape_image(3, 3, 3), images[i]);
}

static void test_residual(void **state)
{
	struct conv2d same = {2, {3, 3}, {1, 1}, {1, 1}, {.same = true}, 1, true};
	struct conv2d half = {3, {3, 3}, {2, 2}, {1, 1}, {0, 1, 1, 1, 1}, 1, true};
	struct conv2d skip = {3, {1, 1}, {2, 2}, {1, 1}, {0}, 1, false};
	struct specs none = {0};
	struct residual plain = {LAYERS(trial_spec("conv2d", &same), PLAIN(tanh)), none};
	struct residual down = {
		LAYERS(trial_spec("conv2d", &half)), LAYERS(trial_spec("conv2d", &skip))};
	struct residual twice = {none, none};
	struct residual outer = {
		LAYERS(trial_spec("residual", &plain), PLAIN(sigmoid)), LAYERS(PLAIN(tanh))};

	(void)state;
	trial_check("residual", LAYERS(trial_spec("residual", &plain)), shape_image(2, 5, 4), 17);
	trial_check("residual, projected", LAYERS(trial_spec("residual", &down), PLAIN(relu)),
		shape_image(2, 5, 4), 3);
	trial_check("residual, x + x", LAYERS(PLAIN(tanh), trial_spec("residual", &twice)),
		shape_image(2, 2, 3), 40);
	trial_check("residual, nested",
		LAYERS(trial_spec("conv2d", &same), trial_spec("residual", &outer), PLAIN(tanh)),
		shape_image(2, 4, 3), 16);
}

static void test_concat(void **state)
{
	struct conv2d one = {3, {1, 1}, {1, 1}, {1, 1}, {0}, 1, true};
	struct conv2d three = {2, {3, 3}, {1, 1}, {1, 1}, {.same = true}, 1, true};
	struct conv2d first = three, mix = one, last = three;
	struct max_pool2d pool = {
		.window = {.kernel_size = {3, 3}, .stride = {1, 1}, .padding = {0, 1, 1, 1, 1}}};
	struct specs x = {0}; /* the input itself */
	struct concat inception = {{3, (struct specs[]){LAYERS(trial_spec("conv2d", &one)),
					       LAYERS(trial_spec("conv2d", &three), PLAIN(tanh)),
					       LAYERS(trial_spec("max_pool2d", &pool))}}};
	struct concat dense = {{2, (struct specs[]){x, LAYERS(trial_spec("conv2d", &three))}}};
	struct concat denser = {{2,
		(struct specs[]){LAYERS(trial_spec("concat", &dense)), LAYERS(PLAIN(sigmoid))}}};
	struct concat copies = {{3, (struct specs[]){x, x, x}}};
	struct concat single = {{1, (struct specs[]){x}}};
	struct residual shared = {LAYERS(trial_spec("concat", &single)), x};
	struct concat alone = {{2, (struct specs[]){x, x}}};
	struct residual reread = {LAYERS(trial_spec("concat", &alone)),
		LAYERS(LAYER(conv2d, struct conv2d, 4, {3, 3}, {1, 1}, {1, 1}, {.same = true}, 1,
			true))};

	(void)state;
	trial_check("concat, inception",
		LAYERS(trial_spec("conv2d", &first), trial_spec("concat", &inception), PLAIN(tanh)),
		shape_image(1, 4, 5), 17);
	trial_check("concat, of the input", LAYERS(trial_spec("concat", &dense)),
		shape_image(2, 3, 3), 3);
	trial_check("concat, nested",
		LAYERS(PLAIN(tanh), trial_spec("concat", &denser), trial_spec("conv2d", &mix)),
		shape_image(2, 3, 4), 40);
	trial_check("concat, copies",
		LAYERS(trial_spec("conv2d", &last), trial_spec("concat", &copies), PLAIN(tanh)),
		shape_image(2, 3, 3), 16);
	trial_check("concat, read again",
		LAYERS(PLAIN(tanh), trial_spec("residual", &shared), PLAIN(sigmoid)),
		shape_image(2, 3, 3), 1);
	trial_check("concat, a slice read again",
		LAYERS(PLAIN(tanh), trial_spec("residual", &reread), PLAIN(sigmoid)),
		shape_image(2, 3, 3), 33);
	trial_check("concat, features",
		LAYERS(LAYER(concat, struct concat,
			.branches = {2, (struct specs[]){LAYERS(LAYER(linear, struct linear,
								 .out_features = 3, .bias = true)),
						LAYERS(PLAIN(relu))}})),
		shape_vector(5), 17);
}

static void test_stack(void **state)
{
	(void)state;
	trial_check("a small LeNet",
		LAYERS(CONV(2, {3, 3}, {1, 1}, {1, 1}, {.same = true}, 1, true), PLAIN(sigmoid),
			LAYER(avg_pool2d, struct avg_pool2d, {.kernel_size = {2, 2}}, true),
			CONV(4, {3, 3}, {1, 1}, {1, 1}, {0}, 1, true), PLAIN(tanh),
			MAX_POOL(.kernel_size = {2, 2}), PLAIN(flatten),
			LAYER(linear, struct linear, .out_features = 6, .bias = true),
			PLAIN(sigmoid),
			LAYER(linear, struct linear, .out_features = 5, .bias = true)),
		shape_image(1, 10, 9), 35);
	trial_check("shapes alone",
		LAYERS(PLAIN(flatten),
			LAYER(reshape, struct reshape, .shape = {3, (int[]){3, -1, 2}}),
			CONV(2, {2, 2}, {1, 1}, {1, 1}, {0}, 1, true), PLAIN(flatten)),
		shape_image(2, 6, 1), 17);
}

static void test_losses(void **state)
{
	struct cross_entropy plain = {0}, smooth = {0.1};
	struct squared_error mean = {SQUARED_ERROR_MEAN, 1}, half_sum = {SQUARED_ERROR_SUM, 0.5};
	struct specs layers = LAYERS(CONV(3, {3, 3}, {1, 1}, {1, 1}, {.same = true}, 1, true),
		PLAIN(sigmoid), MAX_POOL(.kernel_size = {2, 2}), PLAIN(flatten),
		LAYER(linear, struct linear, .out_features = 4, .bias = true));
	struct shape in = shape_image(1, 5, 4);

	(void)state;
	trial_check_loss("cross entropy", "cross_entropy", &plain, layers, in, 40);
	trial_check_loss("smooth cross entropy", "cross_entropy", &smooth, layers, in, 17);
	trial_check_loss("mean squared error", "squared_error", &mean, layers, in, 33);
	trial_check_loss("half the squared error", "squared_error", &half_sum, layers, in, 3);
}

/* ---- exact results */

static void expect(const char *what, struct specs layers, struct shape in, const float *x,
	const float *dy, const float *y, size_t n_y, const float *dx, size_t n_x)
{
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets);

	for (int i = 0; i < n; i++) {
		float got_y[MOST] = {0}, got_dx[MOST] = {0};

		trial_run(&sets[i], layers, in, x, dy, got_y, dy ? got_dx : NULL);
		for (size_t j = 0; j < n_y; j++)
			if (!(got_y[j] == y[j] || (isnan(got_y[j]) && isnan(y[j]))))
				fail_msg("%s, %s: y[%zu] is %.9g, should be %.9g", what,
					sets[i].kinds->isa, j, (double)got_y[j], (double)y[j]);
		for (size_t j = 0; dx && j < n_x; j++)
			if (!(got_dx[j] == dx[j]))
				fail_msg("%s, %s: dx[%zu] is %.9g, should be %.9g", what,
					sets[i].kinds->isa, j, (double)got_dx[j], (double)dx[j]);
	}
}

#define EXPECT(what, layers, in, x, dy, y, dx) \
	expect(what, layers, in, x, dy, y, COUNT(y), dx, COUNT(dx))

/* The example of d2l 6.5, and who gets the gradient where numbers are equal. */
static void test_pools_exactly(void **state)
{
	static const float nine[] = {0, 1, 2, 3, 4, 5, 6, 7, 8}, ones[] = {1, 1, 1, 1};
	static const float most[] = {4, 5, 7, 8}, most_dx[] = {0, 0, 0, 0, 1, 1, 0, 1, 1};
	static const float mean[] = {2, 3, 5, 6};
	static const float mean_dx[] = {0.25f, 0.5f, 0.25f, 0.5f, 1, 0.5f, 0.25f, 0.5f, 0.25f};
	static const float flat[9] = {7, 7, 7, 7, 7, 7, 7, 7, 7}, sevens[] = {7, 7, 7, 7};
	static const float dy[] = {1, 10, 100, 1000};
	static const float first_dx[] = {1, 10, 0, 100, 1000, 0, 0, 0, 0};
	static const float below[] = {-1, -2, -3, -4}, below_y[] = {-1, -2, -3, -4};
	struct spec by_two = MAX_POOL(.kernel_size = {2, 2}, .stride = {1, 1});
	struct spec average = LAYER(
		avg_pool2d, struct avg_pool2d, {.kernel_size = {2, 2}, .stride = {1, 1}}, true);
	struct spec padded = MAX_POOL(.kernel_size = {2, 2}, .padding = {0, 1, 1, 1, 1});

	(void)state;
	EXPECT("max", LAYERS(by_two), shape_image(1, 3, 3), nine, ones, most, most_dx);
	EXPECT("average", LAYERS(average), shape_image(1, 3, 3), nine, ones, mean, mean_dx);
	EXPECT("ties", LAYERS(by_two), shape_image(1, 3, 3), flat, dy, sevens, first_dx);
	EXPECT("padding is -inf", LAYERS(padded), shape_image(1, 2, 2), below, dy, below_y, dy);
}

static void test_kinks_exactly(void **state)
{
	const float x[] = {-INFINITY, -2, -0.0f, 0, 3, INFINITY, NAN};
	const float relu[] = {0, 0, 0, 0, 3, INFINITY, NAN}, ones[] = {1, 1, 1, 1, 1, 1, 1};
	const float relu_dx[] = {0, 0, 0, 0, 1, 1, 0};
	const float leaky[] = {-INFINITY, -0.5f, 0, 0, 3, INFINITY, NAN};
	const float leaky_dx[] = {0.25f, 0.25f, 0.25f, 0.25f, 1, 1, 0.25f};
	const float elu[] = {-2, -2, 0, 0, 3, INFINITY, NAN};
	const float sigmoid[] = {0, 0, 0.5f, 1, 1, 1, NAN},
		    sigmoid_x[] = {-INFINITY, -1e4f, 0, 1e4f, INFINITY, 3e38f, NAN};
	const float tanh_y[] = {-1, -1, 0, 1, 1, 1, NAN};
	const float elu_x[] = {-INFINITY, -200, -0.0f, 0, 3, INFINITY, NAN};

	(void)state;
	EXPECT("relu", LAYERS(PLAIN(relu)), shape_vector(7), x, ones, relu, relu_dx);
	EXPECT("leaky_relu", LAYERS(LAYER(leaky_relu, struct leaky_relu, 0.25)), shape_vector(7), x,
		ones, leaky, leaky_dx);
	expect("elu", LAYERS(LAYER(elu, struct elu, 2)), shape_vector(7), elu_x, NULL, elu, 7, NULL,
		0);
	expect("sigmoid", LAYERS(PLAIN(sigmoid)), shape_vector(7), sigmoid_x, NULL, sigmoid, 7,
		NULL, 0);
	expect("tanh", LAYERS(PLAIN(tanh)), shape_vector(7), sigmoid_x, NULL, tanh_y, 7, NULL, 0);
}

/* Probabilities of huge numbers: no overflow, and they sum to 1. */
static void test_softmax_extremes(void **state)
{
	static const float x[] = {1000, 999, -1e30f, 3e38f}, y[] = {0, 0, 0, 1};
	static const float same[] = {-3e38f, -3e38f, -3e38f, -3e38f},
			   quarter[] = {.25, .25, .25, .25};

	(void)state;
	expect("softmax", LAYERS(PLAIN(softmax)), shape_vector(4), x, NULL, y, 4, NULL, 0);
	expect("softmax", LAYERS(PLAIN(softmax)), shape_vector(4), same, NULL, quarter, 4, NULL, 0);
}

/* The activations over a wide range: the accuracy of core/vmath.h in each instruction set. */
static void test_pointwise_range(void **state)
{
	static const struct {
		const char *kind;
		double option, ends;
	} cases[] = {{"sigmoid", 0, 100}, {"tanh", 0, 12}, {"elu", 1, 100}, {"gelu", 0, 8},
		{"gelu", 1, 8}};
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets);

	(void)state;
	for (int i = 0; i < COUNT(cases); i++) {
		struct elu elu = {cases[i].option};
		struct gelu gelu = {(int)cases[i].option};
		struct spec spec = trial_spec(
			cases[i].kind, cases[i].kind[0] == 'e' ? (void *)&elu : (void *)&gelu);
		struct ref x = ref_new(1, MOST, 1, 1), y;
		float from[MOST], to[MOST];

		for (int j = 0; j < MOST; j++) {
			from[j] = (float)((2.0 * j / (MOST - 1) - 1) * cases[i].ends);
			x.at[j] = (double)from[j];
		}
		y = ref_pointwise(&x, cases[i].kind, cases[i].option);
		for (int s = 0; s < n; s++) {
			trial_run(&sets[s], LAYERS(spec), shape_vector(MOST), from, NULL, to, NULL);
			for (int j = 0; j < MOST; j++) {
				double error = fabs(to[j] - y.at[j]);
				/* x F(x): the error of F counts |x| times */
				double size = fmax(fabs(y.at[j]),
					cases[i].kind[0] == 'g' ? fmax(1, fabs(x.at[j])) : 1);

				if (!(error <= 2.5e-7 * size))
					fail_msg("%s(%.9g) is %.9g, should be %.9g", cases[i].kind,
						(double)from[j], (double)to[j], y.at[j]);
			}
		}
		ref_free(&x);
		ref_free(&y);
	}
}

/* ---- shapes and formulas */

static void test_shapes(void **state)
{
	struct concat wide = {{2, (struct specs[]){LAYERS(PLAIN(relu)),
					  LAYERS(CONV(16, {1, 1}, {1, 1}, {1, 1}, {0}, 1, true))}}};
	const struct {
		struct specs layers;
		struct shape in, out;
		const char *formula; /* of the last layer */
	} cases[] = {
		{LAYERS(PLAIN(flatten)), shape_image(16, 5, 5), shape_vector(400), "16*5*5 = 400"},
		{LAYERS(PLAIN(flatten)), shape_vector(9), shape_vector(9), ""},
		{LAYERS(LAYER(reshape, struct reshape, .shape = {3, (int[]){1, 28, -1}})),
			shape_vector(784), shape_image(1, 28, 28), ""},
		{LAYERS(LAYER(reshape, struct reshape, .shape = {1, (int[]){-1}})),
			shape_image(2, 3, 4), shape_vector(24), ""},
		{LAYERS(PLAIN(softmax)), shape_image(2, 3, 4), shape_image(2, 3, 4), ""},
		{LAYERS(MAX_POOL(.kernel_size = {2, 2})), shape_image(6, 28, 28),
			shape_image(6, 14, 14), "floor((28-2)/2)+1 = 14"},
		{LAYERS(MAX_POOL(.kernel_size = {3, 3}, .stride = {2, 2}, .ceil_mode = true)),
			shape_image(6, 28, 28), shape_image(6, 14, 14), "ceil((28-3)/2)+1 = 14"},
		{LAYERS(LAYER(dropout, struct dropout, 0.5)), shape_vector(9), shape_vector(9), ""},
		{LAYERS(trial_spec("concat", &wide)), shape_image(8, 4, 4), shape_image(24, 4, 4),
			"8+16 = 24"},
	};

	(void)state;
	for (int i = 0; i < COUNT(cases); i++) {
		struct err err = {0};
		struct network *network = trial_plan(&cases[i].layers, cases[i].in, &err);
		char text[SHAPE_TEXT];

		if (!network)
			fail_msg("case %d: %s", i, err.text);
		if (!shape_equal(network->output, cases[i].out))
			fail_msg("case %d: the output is %s", i, shape_text(text, network->output));
		assert_string_equal(network->rows[0].formula, cases[i].formula);
		network_free(network);
	}
}

/* How far each layer of a LeNet sees; `linear` sees all that was an image before it was flattened.
 */
static void test_reach(void **state)
{
	struct specs layers = LAYERS(CONV(6, {5, 5}, {1, 1}, {1, 1}, {.same = true}, 1, true),
		PLAIN(relu), MAX_POOL(.kernel_size = {2, 2}),
		CONV(16, {5, 3}, {1, 1}, {1, 1}, {0}, 1, true), MAX_POOL(.kernel_size = {2, 2}),
		PLAIN(flatten), LAYER(dropout, struct dropout, 0.5),
		LAYER(linear, struct linear, .out_features = 480, .bias = true), PLAIN(relu),
		LAYER(linear, struct linear, .out_features = 480, .bias = true));
	static const int h[] = {5, 5, 6, 14, 16, 16, 16, 32, 32, 32};
	static const int w[] = {5, 5, 6, 10, 12, 12, 12, 32, 32, 32};
	struct err err = {0};
	struct network *network = trial_plan(&layers, shape_image(1, 28, 28), &err);

	(void)state;
	assert_non_null(network);
	for (int i = 0; i < COUNT(h); i++) {
		const struct reach *reach = &network->values[network->rows[i].out].reach;

		assert_int_equal(reach->size.h, h[i]);
		assert_int_equal(reach->size.w, w[i]);
	}
	network_free(network);
}

/* Each mistake, the option that a person would change (0: the layer itself) and words of the text.
 */
static void test_errors(void **state)
{
	enum { KIND = 1, OPTION = TRIAL_LINE };
	struct specs none = {0};
	struct residual apart = {
		LAYERS(CONV(16, {3, 3}, {2, 2}, {1, 1}, {0, 1, 1, 1, 1}, 1, true)), none};
	struct residual ranks = {LAYERS(PLAIN(flatten)), none};
	struct concat empty = {{0, NULL}};
	struct concat uneven = {
		{2, (struct specs[]){none, LAYERS(MAX_POOL(.kernel_size = {2, 2}))}}};
	const struct {
		struct spec spec;
		struct shape in;
		int line;
		const char *words;
	} cases[] = {
		{LAYER(linear, struct linear, .out_features = 10, .bias = true),
			shape_image(16, 5, 5), KIND, "flatten"},
		{CONV(6, {5, 5}, {1, 1}, {1, 1}, {0}, 1, true), shape_vector(784), KIND, "image"},
		{CONV(6, {5, 5}, {1, 1}, {1, 1}, {0}, 1, true), shape_image(1, 4, 4), OPTION + 1,
			"5x5"},
		{CONV(6, {1, 1}, {1, 1}, {1, 1}, {0}, 4, true), shape_image(2, 4, 4), OPTION + 5,
			"groups 4"},
		{CONV(1, {512, 512}, {1, 1}, {1, 1}, {0, 512, 512, 512, 512}, 1, true),
			shape_image(1, 28, 28), KIND, "less padding"},
		{MAX_POOL(.kernel_size = {2, 2}), shape_vector(9), KIND,
			"max_pool2d needs an image"},
		{MAX_POOL(.kernel_size = {5, 5}), shape_image(1, 4, 4), OPTION, "5x5"},
		{MAX_POOL(.kernel_size = {3, 3}, .padding = {0, 2, 2, 2, 2}), shape_image(1, 9, 9),
			OPTION + 2, "more than half"},
		{MAX_POOL(.kernel_size = {2, 2}, .padding = {0, 0, 0, 1, 1}, .dilation = {1, 2}),
			shape_image(1, 9, 1), OPTION + 4, "nothing but padding"},
		{LAYER(reshape, struct reshape, .shape = {3, (int[]){1, 28, 27}}),
			shape_vector(784), OPTION, "784 has 784 numbers"},
		{LAYER(reshape, struct reshape, .shape = {3, (int[]){-1, 28, 27}}),
			shape_vector(784), OPTION, "1x28x27"},
		{LAYER(reshape, struct reshape, .shape = {3, (int[]){-1, 28, -1}}),
			shape_vector(784), OPTION, "only one"},
		{LAYER(reshape, struct reshape, .shape = {3, (int[]){0, 28, -1}}),
			shape_vector(784), OPTION, "is 0"},
		{LAYER(reshape, struct reshape, .shape = {2, (int[]){28, 28}}), shape_vector(784),
			OPTION, "2 numbers"},
		{LAYER(reshape, struct reshape,
			 .shape = {3, (int[]){SHAPE_MAX_SIZE, SHAPE_MAX_SIZE, SHAPE_MAX_SIZE}}),
			shape_vector(784), OPTION, "do not make"},
		{trial_spec("residual", &apart), shape_image(6, 28, 28), OPTION + 1,
			"the body makes 16x14x14 but the shortcut 6x28x28, and only equal shapes "
			"can be "
			"added; the shortcut could be `conv2d: {out_channels: 16, kernel_size: 1, "
			"stride: [2, 2]}`"},
		{trial_spec("residual", &ranks), shape_image(6, 2, 2), OPTION + 1, "24 but"},
		{trial_spec("concat", &empty), shape_image(6, 2, 2), OPTION, "at least one branch"},
		{trial_spec("concat", &uneven), shape_image(6, 4, 4), OPTION,
			"branch 1 makes 6x2x2, but branches 0 to 0 make 6x4x4"},
	};

	(void)state;
	for (int i = 0; i < COUNT(cases); i++) {
		struct spec spec = cases[i].spec;
		struct specs layers = {1, &spec};
		struct err err = {0};

		assert_null(trial_plan(&layers, cases[i].in, &err));
		if (!strstr(err.text, cases[i].words))
			fail_msg("case %d: '%s' does not say '%s'", i, err.text, cases[i].words);
		if (err.place.line != cases[i].line)
			fail_msg("case %d: the place is line %d, should be %d (%s)", i,
				err.place.line, cases[i].line, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conv2d),
		cmocka_unit_test(test_conv2d_few),
		cmocka_unit_test(test_conv2d_ways_end),
		cmocka_unit_test(test_linear),
		cmocka_unit_test(test_linear_wide),
		cmocka_unit_test(test_pointwise),
		cmocka_unit_test(test_max_pool2d),
		cmocka_unit_test(test_avg_pool2d),
		cmocka_unit_test(test_dropout),
		cmocka_unit_test(test_residual),
		cmocka_unit_test(test_concat),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_pools_exactly),
		cmocka_unit_test(test_kinks_exactly),
		cmocka_unit_test(test_softmax_extremes),
		cmocka_unit_test(test_pointwise_range),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
