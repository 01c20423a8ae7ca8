/* Identity: which configs are the same run, the same variant, the same but for their length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "layers/network/init.h"
#include "layers/network/safetensors.h"
#include "layers/network/state.h"
#include "runner/build.h"
#include "runner/identity.h"
#include "tests/support/files.h"

/* Of softmax.yaml with a seed and one override. */
static struct identity seeded(const char *seed, const char *override)
{
	const char *const overrides[] = {seed, override};
	struct diags diags = {0};
	struct experiment *x = NULL;
	struct network *network = NULL;
	struct identity id = {0};
	struct err err = {0};
	char start[65];

	if (experiment_load(&x, "configs/softmax.yaml", overrides, 2, &diags) ||
		network_build(&network, x, shape_image(1, 28, 28), 10, &err) ||
		identity_start(start, x, network, ".", &err) ||
		identity_of(&id, x, "data", start, &err))
		fail_msg("%s: %s", override, err.text);
	network_free(network);
	experiment_free(x);
	diags_release(&diags);
	return id;
}

static struct identity identity(const char *override)
{
	return seeded("seed=0", override);
}

static bool same(const char a[65], const char b[65])
{
	assert_int_equal(strlen(a), 64);
	assert_int_equal(strlen(b), 64);
	return !strcmp(a, b);
}

static void test_what_counts(void **unused)
{
	const struct identity plain = identity("train.epochs=10"), named = identity("name=other"),
			      said = identity("train.batch_size=256"),
			      lr = identity("train.lr=0.2");

	(void)unused;
	assert_true(same(plain.run, named.run));
	assert_true(same(plain.run, said.run)); /* the default */
	assert_false(same(plain.run, lr.run));
	assert_false(same(plain.variant, lr.variant));
	assert_false(same(plain.prefix, lr.prefix));
}

static void test_seed(void **unused)
{
	const struct identity a = identity("train.epochs=10"),
			      b = seeded("seed=7", "train.epochs=10");

	(void)unused;
	assert_false(same(a.run, b.run));
	assert_false(same(a.prefix, b.prefix));
	assert_true(same(a.variant, b.variant));
}

/* More epochs are the same run for longer, but not where the learning rate knows its end. */
static void test_epochs(void **unused)
{
	const struct identity a = identity("train.epochs=10"), b = identity("train.epochs=30");

	(void)unused;
	assert_false(same(a.run, b.run));
	assert_false(same(a.variant, b.variant));
	assert_true(same(a.prefix, b.prefix));
	assert_string_equal(identity("train.lr_schedule=cosine").prefix, "");
	assert_string_not_equal(
		identity("train.lr_schedule={exponential: {gamma: 0.9}}").prefix, "");
}

/* Initial weights of softmax.yaml under a seed, as a file. */
static void write_start(const char *path, uint64_t seed)
{
	struct diags diags = {0};
	struct experiment *x = NULL;
	struct network *network = NULL;
	struct state state = {0};
	struct err err = {0};
	uint8_t *bytes = NULL;
	size_t size = 0;

	if (experiment_load(&x, "configs/softmax.yaml", NULL, 0, &diags) ||
		network_build(&network, x, shape_image(1, 28, 28), 10, &err) ||
		state_new(&state, network, NULL, &err) ||
		init_network(network, &x->init, seed, ".", state.trained, state.buffers, &err) ||
		safetensors_encode(&bytes, &size, network, state.trained, state.buffers, &err))
		fail_msg("%s", err.text);
	files_write(path, bytes, size);
	free(bytes);
	state_release(&state);
	network_free(network);
	experiment_free(x);
	diags_release(&diags);
}

/* Weights from a file, biases drawn: what is in the file counts, and seeds share a variant. */
static void test_start_from_a_file(void **state)
{
	struct identity a, b, other;
	char path[200], text[300];

	snprintf(path, sizeof path, "%s", files_path(*state, "w.safetensors"));
	write_start(path, 1);
	snprintf(text, sizeof text, "init={weight: {file: %s}, bias: torch_default}", path);
	a = identity(text);
	b = seeded("seed=7", text);
	write_start(path, 2);
	other = identity(text);
	assert_false(same(a.run, b.run));
	assert_true(same(a.variant, b.variant));
	assert_false(same(a.run, other.run));
	assert_false(same(a.variant, other.variant));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_counts),
		cmocka_unit_test(test_seed),
		cmocka_unit_test(test_epochs),
		TEST(test_start_from_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
