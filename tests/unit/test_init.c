/*
 * Initialisation: bounds, means and variances against theory, seeds, who decides about which
 * tensor, weights from files and from the config, what is refused, and LeNet's start as a golden
 * hash.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "layers/network/init.h"
#include "layers/network/safetensors.h"
#include "tests/support/files.h"

enum { LARGE = 20000, FAN_IN = 150, FAN_OUT = 400 };

static const char *folder; /* of this program's files */

static int make_folder(void **state)
{
	int rc = files_setup(state);

	folder = *state;
	return rc;
}

static struct spec spec_of(const char *name, void *options)
{
	struct spec spec = {
		.kind = family_find(&init_family, name), .options = options, .place = {.line = 3}};

	assert_non_null(spec.kind);
	return spec;
}

/* A network of tensors that need no steps; rows only for layers with a spec. */
static struct network network_of(const struct tensor *tensors, int n)
{
	struct network network = {.n_tensors = n, .tensors = tensors};

	for (int i = 0; i < n; i++) {
		size_t end = tensors[i].at + (tensors[i].size + 15) / 16 * 16;

		if (tensors[i].role == TENSOR_BUFFER)
			network.n_buffers = end;
		else
			network.n_trained = end;
	}
	return network;
}

static void init(const struct network *network, const struct layer_init *how, uint64_t seed,
	float *trained, float *buffers)
{
	struct err err = {0};

	if (init_check(network, how, folder, &err) ||
		init_network(network, how, seed, folder, trained, buffers, &err))
		fail_msg("%s", err.text);
}

/* ---- distributions */

struct moments {
	double least, most, mean, variance;
};

static struct moments moments_of(const float *x, size_t n)
{
	struct moments m = {INFINITY, -INFINITY, 0, 0};

	for (size_t i = 0; i < n; i++) {
		m.least = fmin(m.least, (double)x[i]);
		m.most = fmax(m.most, (double)x[i]);
		m.mean += (double)x[i] / (double)n;
	}
	for (size_t i = 0; i < n; i++)
		m.variance += pow((double)x[i] - m.mean, 2) / (double)n;
	return m;
}

static struct moments moments_of_kind(const char *name, void *options)
{
	static const struct tensor tensor = {.path = "0.weight",
		.rank = 1,
		.dims = {LARGE},
		.size = LARGE,
		.fan_in = FAN_IN,
		.fan_out = FAN_OUT};
	static float x[LARGE];
	struct network network = network_of(&tensor, 1);
	struct layer_init how = {.weight = spec_of(name, options)};

	init(&network, &how, 1, x, NULL);
	return moments_of(x, LARGE);
}

/* Mean and variance within five of their standard errors, and the ends nearly reached. */
static void assert_uniform(const char *name, void *options, double low, double high)
{
	struct moments m = moments_of_kind(name, options);
	double width = high - low, variance = width * width / 12;

	assert_true(m.least >= low && m.least < low + 0.001 * width);
	assert_true(m.most <= high && m.most > high - 0.001 * width);
	assert_true(fabs(m.mean - (low + high) / 2) < 5 * sqrt(variance / LARGE));
	assert_true(fabs(m.variance / variance - 1) < 5 * sqrt(0.8 / LARGE));
}

static void assert_normal(const char *name, void *options, double mean, double std)
{
	struct moments m = moments_of_kind(name, options);

	assert_true(m.most > mean + 3.2 * std && m.most < mean + 6 * std);
	assert_true(m.least < mean - 3.2 * std && m.least > mean - 6 * std);
	assert_true(fabs(m.mean - mean) < 5 * std / sqrt(LARGE));
	assert_true(fabs(m.variance / (std * std) - 1) < 5 * sqrt(2.0 / LARGE));
}

/* The bounds of LeNet's second convolution, as the book's recipe has them. */
static void xavier(void **unused)
{
	(void)unused;
	assert_uniform("xavier_uniform", &(struct init_xavier){1}, -0.104447, 0.104447);
	assert_uniform("xavier_uniform", &(struct init_xavier){2}, -0.208893, 0.208893);
	assert_normal("xavier_normal", &(struct init_xavier){1}, 0, 0.0603023);
}

static void kaiming(void **unused)
{
	static const double gains[] = {1, 1, 5.0 / 3, 1.4142135624, 1.4142135624 / 1.1180339887};

	(void)unused;
	for (int nonlinearity = INIT_LINEAR; nonlinearity <= INIT_LEAKY_RELU; nonlinearity++) {
		struct init_kaiming options = {0.5, INIT_FAN_IN, nonlinearity};
		double gain = gains[nonlinearity];
		double bound = gain * sqrt(3.0 / FAN_IN);

		assert_uniform("kaiming_uniform", &options, -bound, bound);
		assert_normal("kaiming_normal", &options, 0, gain / sqrt(FAN_IN));
		options.mode = INIT_FAN_OUT;
		bound = gain * sqrt(3.0 / FAN_OUT);
		assert_uniform("kaiming_uniform", &options, -bound, bound);
		assert_normal("kaiming_normal", &options, 0, gain / sqrt(FAN_OUT));
	}
}

static void plain_kinds(void **unused)
{
	struct moments m;

	(void)unused;
	assert_uniform("torch_default", NULL, -0.0816497, 0.0816497);
	assert_uniform("uniform", &(struct init_uniform){-1, 3}, -1, 3);
	assert_normal("normal", &(struct init_normal){0, 0.01}, 0, 0.01);
	assert_normal("normal", &(struct init_normal){5, 2}, 5, 2);
	m = moments_of_kind("constant", &(struct init_constant){0.25});
	assert_true(m.least == 0.25 && m.most == 0.25);
	m = moments_of_kind("zeros", NULL);
	assert_true(m.least == 0 && m.most == 0);
}

/* ---- seeds */

static const struct tensor twins[] = {
	{.path = "0.weight",
		.rank = 1,
		.dims = {100},
		.size = 100,
		.at = 0,
		.fan_in = 9,
		.fan_out = 9},
	{.path = "1.weight",
		.rank = 1,
		.dims = {100},
		.size = 100,
		.at = 112,
		.fan_in = 9,
		.fan_out = 9},
};
enum { TWINS = 224 };

static int differences(const float *a, const float *b, int n)
{
	int count = 0;

	for (int i = 0; i < n; i++)
		count += a[i] != b[i];
	return count;
}

static void seeds_and_tensors_differ(void **unused)
{
	static const char *const names[] = {"torch_default", "normal"};
	struct network network = network_of(twins, 2);
	float a[TWINS], b[TWINS];

	(void)unused;
	for (int i = 0; i < 2; i++) {
		struct layer_init how = {.weight = spec_of(names[i], &(struct init_normal){0, 1})};

		memset(a, 0xff, sizeof a);
		memset(b, 0x77, sizeof b);
		init(&network, &how, 7, a, NULL);
		init(&network, &how, 7, b, NULL);
		assert_memory_equal(a, b, sizeof a);
		for (int k = 100; k < 112; k++)
			assert_true(a[k] == 0); /* padding */
		assert_true(differences(a, a + 112, 100) == 100);
		init(&network, &how, 8, b, NULL);
		assert_true(differences(a, b, 100) == 100);
		init(&network, &how, UINT64_C(7) << 32, b, NULL);
		assert_true(differences(a, b, 100) == 100);
	}
}

/* A tensor's numbers depend on its place and shape, not on what stands around it. */
static void a_tensor_stands_for_itself(void **unused)
{
	struct network network = network_of(twins, 2);
	struct layer_init how = {.weight = spec_of("torch_default", NULL)};
	struct tensor changed[2];
	float a[TWINS], b[TWINS];

	(void)unused;
	memcpy(changed, twins, sizeof changed);
	init(&network, &how, 7, a, NULL);
	changed[0].size = 90;
	network.tensors = changed;
	init(&network, &how, 7, b, NULL);
	assert_memory_equal(a + 112, b + 112, 100 * sizeof *a);
	assert_memory_equal(a, b, 90 * sizeof *a);
}

/* ---- who decides */

static const struct tensor mixed[] = {
	{.path = "0.weight",
		.rank = 2,
		.dims = {2, 3},
		.size = 6,
		.at = 0,
		.fan_in = 3,
		.fan_out = 2},
	{.path = "0.bias",
		.role = TENSOR_BIAS,
		.rank = 1,
		.dims = {2},
		.size = 2,
		.at = 16,
		.fan_in = 3,
		.fan_out = 2},
	{.path = "1.weight",
		.role = TENSOR_NORM,
		.rank = 1,
		.dims = {2},
		.size = 2,
		.at = 32,
		.start = 1},
	{.path = "1.running_var",
		.role = TENSOR_BUFFER,
		.rank = 1,
		.dims = {2},
		.size = 2,
		.at = 0,
		.start = 4},
};
enum { MIXED = 4 };

struct blocks {
	float trained[48], buffers[16];
};

static void assert_all(const float *x, size_t n, double want)
{
	for (size_t i = 0; i < n; i++)
		if (!isnan(want))
			assert_true((double)x[i] == want);
		else
			assert_true(x[i] != 0 && fabs((double)x[i]) < 0.5774); /* torch_default */
}

/* With each tensor all of one number; NAN for drawn by torch_default. */
static void assert_start(
	const struct tensor *tensors, const struct layer_init *how, double weight, double bias)
{
	struct network network = network_of(tensors, MIXED);
	struct blocks b;

	init(&network, how, 1, b.trained, b.buffers);
	assert_all(b.trained, 6, weight);
	assert_all(b.trained + 16, 2, bias);
	assert_all(b.trained + 32, 2, 1);
	assert_all(b.buffers, 2, 4);
}

static void layers_override_the_network(void **unused)
{
	struct layer_init nothing = {0},
			  both = {.weight = spec_of("constant", &(struct init_constant){2}),
				  .bias = spec_of("constant", &(struct init_constant){3})};
	struct layer_common common = {0};
	struct spec layer = {.common = &common};
	struct tensor tensors[MIXED];

	(void)unused;
	memcpy(tensors, mixed, sizeof tensors);
	assert_start(tensors, &nothing, (double)NAN, (double)NAN);
	assert_start(tensors, &both, 2, 3);
	for (int i = 0; i < MIXED; i++)
		tensors[i].spec = &layer;
	assert_start(tensors, &both, 2, 3);
	common.init.weight = spec_of("zeros", NULL);
	assert_start(tensors, &both, 0, 3);
	assert_start(tensors, &nothing, 0, (double)NAN);
	common.init.bias = spec_of("constant", &(struct init_constant){5});
	assert_start(tensors, &both, 0, 5);
	common.weight = (struct literal){2, {2, 3}, (float[]){9, 9, 9, 9, 9, 9}};
	assert_start(tensors, &both, 9, 5);
}

static void inline_numbers_are_taken(void **unused)
{
	float numbers[6] = {1, 2, 3, 4, 5, 6};
	struct init_inline value = {{2, {2, 3}, numbers}};
	struct layer_init how = {
		.weight = spec_of("inline", &value), .bias = spec_of("zeros", NULL)};
	struct network network = network_of(mixed, MIXED);
	struct blocks b;

	(void)unused;
	init(&network, &how, 1, b.trained, b.buffers);
	assert_memory_equal(b.trained, numbers, sizeof numbers);
	assert_all(b.trained + 16, 2, 0);
}

/* ---- files */

static void write_weights(const char *name, const struct network *network, const struct blocks *b)
{
	struct err err = {0};
	uint8_t *bytes;
	size_t size;

	assert_int_equal(
		safetensors_encode(&bytes, &size, network, b->trained, b->buffers, &err), 0);
	files_write(files_path(folder, name), bytes, size);
	free(bytes);
}

/* Norms and buffers come from the file with the weights; biases only where theirs do too. */
static void weights_come_from_a_file(void **unused)
{
	struct network network = network_of(mixed, MIXED);
	struct spec file = spec_of("file", &(struct init_file){"w.safetensors"});
	struct layer_init all = {.weight = file, .bias = file}, weights = {.weight = file};
	struct blocks want = {{0}, {0}}, got;

	(void)unused;
	for (int i = 0; i < 6; i++)
		want.trained[i] = (float)i - 0.3f;
	want.trained[16] = 7;
	want.trained[17] = 8;
	want.trained[32] = 0.5f;
	want.buffers[1] = 12;
	write_weights("w.safetensors", &network, &want);
	init(&network, &all, 1, got.trained, got.buffers);
	assert_memory_equal(&got, &want, sizeof want);
	init(&network, &weights, 1, got.trained, got.buffers);
	assert_all(got.trained + 16, 2, (double)NAN);
	assert_memory_equal(got.trained, want.trained, 6 * sizeof(float));
}

/* A path that starts with / is meant as it is. */
static void paths_may_be_whole(void **unused)
{
	struct network network = network_of(mixed, MIXED);
	struct spec file = spec_of("file", &(struct init_file){files_path(folder, "whole")});
	struct layer_init how = {.weight = file, .bias = file};
	struct blocks want = {{1}, {0}}, got;

	(void)unused;
	write_weights("whole", &network, &want);
	init(&network, &how, 1, got.trained, got.buffers);
	assert_memory_equal(&got, &want, sizeof want);
}

/* ---- what is refused */

static void assert_refused(
	const struct network *network, const struct layer_init *how, int line, const char *said)
{
	struct blocks b;

	for (int i = 0; i < 2; i++) {
		struct err err = {0};
		int rc = i ? init_check(network, how, folder, &err)
			   : init_network(network, how, 1, folder, b.trained, b.buffers, &err);

		assert_int_equal(rc, -1);
		if (!strstr(err.text, said))
			fail_msg("says: %s", err.text);
		assert_int_equal(err.place.line, line);
	}
}

static void what_does_not_fit_is_refused(void **unused)
{
	struct network network = network_of(mixed, MIXED), other = network_of(mixed, 2);
	struct spec file = spec_of("file", &(struct init_file){"lacks"});
	struct layer_init how = {.weight = file, .bias = file};
	struct init_inline value = {{2, {3, 2}, (float[]){1, 2, 3, 4, 5, 6}}};
	struct blocks b = {{0}, {0}};

	(void)unused;
	write_weights("lacks", &other, &b);
	assert_refused(&network, &how, 3,
		"/lacks has no tensor '1.weight'; it has 2: '0.weight', '0.bias'");
	how.weight = spec_of("file", &(struct init_file){"absent"});
	assert_refused(&network, &how, 3, "/absent: No such file");
	how.weight = spec_of("inline", &value);
	assert_refused(&network, &how, 3, "the given numbers are 3x2, but 0.weight is 2x3");
	value.value = (struct literal){0, {0}, (float[]){1}};
	assert_refused(&network, &how, 3, "are a single number, but 0.weight is 2x3");
}

static void inline_weights_need_a_place(void **unused)
{
	const struct kind relu = {.name = "relu"};
	struct layer_common common = {.weight = {2, {2, 2}, (float[]){1, 2, 3, 4}}};
	struct spec layer = {.kind = &relu, .common = &common, .place = {.line = 8}};
	struct row row = {.spec = &layer};
	struct network network = network_of(mixed, MIXED);
	struct layer_init how = {0};
	struct tensor tensors[MIXED];

	(void)unused;
	network.n_rows = 1;
	network.rows = &row;
	assert_refused(&network, &how, 8, "relu has no weight that could be given");
	memcpy(tensors, mixed, sizeof tensors);
	tensors[0].spec = &layer;
	network.tensors = tensors;
	assert_refused(&network, &how, 8, "the given numbers are 2x2, but 0.weight is 2x3");
}

static void low_above_high_is_refused(void **unused)
{
	struct init_uniform options = {1, 0.5};
	struct spec spec = spec_of("uniform", &options);
	struct err err = {0};

	(void)unused;
	assert_int_equal(spec_check(&spec, &err), -1);
	assert_non_null(strstr(err.text, "high 0.5 is below low 1"));
	options.high = 1;
	assert_int_equal(spec_check(&spec, &err), 0);
}

/* ---- the golden start */

/* LeNet as the book has it. The hash changes only with the numerics version. */
static void lenets_start(void **unused)
{
	static const int dims[5][5] = {
		/* rank, dims */
		{4, 6, 1, 5, 5},
		{4, 16, 6, 5, 5},
		{2, 120, 400},
		{2, 84, 120},
		{2, 10, 84},
	};
	static const char *const paths[10] = {"0.weight", "0.bias", "3.weight", "3.bias",
		"7.weight", "7.bias", "9.weight", "9.bias", "11.weight", "11.bias"};
	struct tensor tensors[10];
	struct network network;
	struct layer_init how = {.weight = spec_of("xavier_uniform", &(struct init_xavier){1}),
		.bias = spec_of("torch_default", NULL)};
	struct err err = {0};
	char hex[SHA256_HEX];
	float *trained;
	size_t at = 0;

	(void)unused;
	for (int i = 0; i < 10; i++) {
		const int *d = dims[i / 2];
		int window = d[0] == 4 ? d[3] * d[4] : 1;

		tensors[i] = (struct tensor){.path = paths[i],
			.role = i % 2 ? TENSOR_BIAS : TENSOR_WEIGHT,
			.rank = i % 2 ? 1 : d[0],
			.dims = {d[1], d[2], d[3], d[4]},
			.size = (size_t)(i % 2 ? d[1] : d[1] * d[2] * window),
			.at = at,
			.fan_in = d[2] * window,
			.fan_out = d[1] * window};
		at += (tensors[i].size + 15) / 16 * 16;
	}
	network = network_of(tensors, 10);
	trained = malloc(network.n_trained * sizeof *trained);
	assert_non_null(trained);
	init(&network, &how, 0, trained, NULL);
	assert_int_equal(safetensors_hash(hex, &network, trained, NULL, &err), 0);
	assert_string_equal(
		hex, "66d3c399c155cef77ca0a5109d5891526e319f39277842e8a1bb61e750add05b");
	free(trained);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xavier),
		cmocka_unit_test(kaiming),
		cmocka_unit_test(plain_kinds),
		cmocka_unit_test(seeds_and_tensors_differ),
		cmocka_unit_test(a_tensor_stands_for_itself),
		cmocka_unit_test(layers_override_the_network),
		cmocka_unit_test(inline_numbers_are_taken),
		cmocka_unit_test(weights_come_from_a_file),
		cmocka_unit_test(paths_may_be_whole),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(inline_weights_need_a_place),
		cmocka_unit_test(low_above_high_is_refused),
		cmocka_unit_test(lenets_start),
	};

	return cmocka_run_group_tests(tests, make_folder, files_teardown);
}
