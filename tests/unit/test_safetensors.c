/*
 * safetensors: files written and read back, a file made by hand, every half and bfloat16, planted
 * faults, cut and broken files, and the hash.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "layers/network/safetensors.h"
#include "tests/support/files.h"

enum { TRAINED = 48, BUFFERS = 16 };

static const char *folder; /* of this program's files */

static int make_folder(void **state)
{
	int rc = files_setup(state);

	folder = *state;
	return rc;
}

static const char *write_file(const char *name, const void *bytes, size_t size)
{
	const char *path = files_path(folder, name);

	files_write(path, bytes, size);
	return path;
}

/* A network of three trained tensors and a buffer, padded as plan.c does; padding is NaN. */
static const struct tensor tensors[] = {
	{.path = "0.weight", .rank = 4, .dims = {2, 1, 1, 3}, .size = 6, .at = 0},
	{.path = "0.bias", .role = TENSOR_BIAS, .rank = 1, .dims = {2}, .size = 2, .at = 16},
	{.path = "2.running_mean",
		.role = TENSOR_BUFFER,
		.rank = 1,
		.dims = {2},
		.size = 2,
		.at = 0},
	{.path = "4.weight", .rank = 2, .dims = {1, 5}, .size = 5, .at = 32},
};
static const struct network network = {
	.n_tensors = 4, .tensors = tensors, .n_trained = TRAINED, .n_buffers = BUFFERS};

static const float *numbers_of(const struct tensor *t, const float *trained, const float *buffers)
{
	return (t->role == TENSOR_BUFFER ? buffers : trained) + t->at;
}

static void fill(float *trained, float *buffers)
{
	for (int i = 0; i < TRAINED; i++)
		trained[i] = NAN;
	for (int i = 0; i < BUFFERS; i++)
		buffers[i] = NAN;
	for (int k = 0; k < 4; k++)
		for (size_t i = 0; i < tensors[k].size; i++)
			((float *)(uintptr_t)numbers_of(&tensors[k], trained, buffers))[i] =
				(float)(k * 10) + (float)i * 0.1f;
}

/* The network's file; the caller frees it. */
static uint8_t *encoded(size_t *size, float *trained, float *buffers)
{
	struct err err = {0};
	uint8_t *bytes;

	fill(trained, buffers);
	assert_int_equal(safetensors_encode(&bytes, size, &network, trained, buffers, &err), 0);
	return bytes;
}

static struct safetensors *open_file(const char *path)
{
	struct safetensors *file;
	struct err err = {0};

	if (safetensors_open(&file, path, &err))
		fail_msg("%s", err.text);
	return file;
}

/* ---- whole files */

static void what_is_written_is_read(void **unused)
{
	float trained[TRAINED], buffers[BUFFERS], back[8];
	struct safetensors *file;
	struct err err = {0};
	size_t size;
	uint8_t *bytes = encoded(&size, trained, buffers);

	(void)unused;
	assert_int_equal(size % 4, 0);
	file = open_file(write_file("round", bytes, size));
	for (int k = 0; k < 4; k++) {
		const struct tensor *t = &tensors[k];

		assert_int_equal(safetensors_read(file, t->path, t->rank, t->dims, NULL, &err), 0);
		assert_int_equal(safetensors_read(file, t->path, t->rank, t->dims, back, &err), 0);
		assert_memory_equal(back, numbers_of(t, trained, buffers), t->size * sizeof(float));
	}
	safetensors_close(file);
	free(bytes);
}

/* The bytes that the format's own library writes for the same tensors, but for the order of keys.
 */
static void the_bytes_are_the_formats(void **unused)
{
	static const char header[] =
		"{\"__metadata__\":{\"format\":\"pt\"},\"w\":{\"dtype\":\"F32\",\"shape\":[1,2],"
		"\"data_offsets\":[0,8]}} ";
	static const struct tensor one = {.path = "w", .rank = 2, .dims = {1, 2}, .size = 2};
	static const struct network small = {.n_tensors = 1, .tensors = &one, .n_trained = 16};
	static const uint8_t numbers[8] = {0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0};
	float trained[16] = {1, -2};
	struct err err = {0};
	uint8_t *bytes;
	size_t size;

	(void)unused;
	assert_int_equal((sizeof header - 1) % 8, 0);
	assert_int_equal(safetensors_encode(&bytes, &size, &small, trained, NULL, &err), 0);
	assert_int_equal(size, 8 + sizeof header - 1 + 8);
	assert_int_equal(bytes[0], sizeof header - 1);
	for (int i = 1; i < 8; i++)
		assert_int_equal(bytes[i], 0);
	assert_memory_equal(bytes + 8, header, sizeof header - 1);
	assert_memory_equal(bytes + 8 + sizeof header - 1, numbers, 8);
	free(bytes);
}

static void a_network_without_tensors(void **unused)
{
	static const struct network none = {0};
	struct err err = {0};
	uint8_t *bytes;
	size_t size;

	(void)unused;
	assert_int_equal(safetensors_encode(&bytes, &size, &none, NULL, NULL, &err), 0);
	safetensors_close(open_file(write_file("none", bytes, size)));
	free(bytes);
}

/* A header and numbers as a file. */
static const char *make(const char *name, const char *header, const void *data, size_t size)
{
	uint64_t length = strlen(header);
	char *bytes = malloc(8 + length + size);
	const char *path;

	assert_non_null(bytes);
	memcpy(bytes, &length, 8);
	memcpy(bytes + 8, header, length);
	memcpy(bytes + 8 + length, data, size);
	path = write_file(name, bytes, 8 + length + size);
	free(bytes);
	return path;
}

static void assert_numbers(const struct safetensors *file, const char *name, const float *want)
{
	struct err err = {0};
	float got[2];

	if (safetensors_read(file, name, 1, (int[]){2}, got, &err))
		fail_msg("%s", err.text);
	assert_true(got[0] == want[0] && got[1] == want[1]);
}

/* As torch might write it: several dtypes, keys in another order than the numbers. */
static void dtypes_become_floats(void **unused)
{
	static const uint8_t data[] = {
		0,
		0,
		0,
		0,
		0,
		0,
		0xf8,
		0x3f,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0xc0, /* 1.5, -2 */
		0,
		0,
		0xc0,
		0x3f,
		0,
		0,
		0,
		0xc0,
		0x00,
		0x3e,
		0x00,
		0xc0,
		0xc0,
		0x3f,
		0x00,
		0xc0,
		7,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
	};
	static const char header[] =
		"{\"h\":{\"shape\":[2],\"dtype\":\"F16\",\"data_offsets\":[24,28]},"
		"\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[32,40]},"
		"\"d\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
		"\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[28,32]},"
		"\"empty\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[24,24]},"
		"\"f\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[16,24]},"
		"\"__metadata__\":{\"format\":\"pt\",\"by\":\"hand\"}}   ";
	static const float want[2] = {1.5f, -2};
	struct safetensors *file = open_file(make("dtypes", header, data, sizeof data));
	struct err err = {0};
	float number;

	(void)unused;
	assert_numbers(file, "d", want);
	assert_numbers(file, "f", want);
	assert_numbers(file, "h", want);
	assert_numbers(file, "b", want);
	assert_int_equal(safetensors_read(file, "empty", 2, (int[]){0, 3}, NULL, &err), 0);
	assert_int_equal(safetensors_read(file, "n", 0, NULL, &number, &err), -1);
	assert_non_null(strstr(err.text, "tensor 'n' has dtype I64; F32, F64, F16 and BF16"));
	safetensors_close(file);
}

static double half_value(int half)
{
	int exponent = half >> 10 & 31, fraction = half & 1023;
	double size = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);

	if (exponent == 31)
		size = fraction ? (double)NAN : INFINITY;
	return half & 0x8000 ? -size : size;
}

static void every_half_and_bfloat16(void **unused)
{
	enum { ALL = 1 << 16 };
	static const char header[] =
		"{\"h\":{\"dtype\":\"F16\",\"shape\":[65536],\"data_offsets\":[0,131072]},"
		"\"b\":{\"dtype\":\"BF16\",\"shape\":[65536],\"data_offsets\":[131072,262144]}}";
	uint16_t *data = malloc(2 * ALL * sizeof *data);
	float *got = malloc(ALL * sizeof *got);
	struct safetensors *file;
	struct err err = {0};

	(void)unused;
	assert_true(data && got);
	for (int i = 0; i < ALL; i++)
		data[i] = data[ALL + i] = (uint16_t)i;
	file = open_file(make("halves", header, data, 2 * ALL * sizeof *data));
	assert_int_equal(safetensors_read(file, "h", 1, (int[]){ALL}, got, &err), 0);
	for (int i = 0; i < ALL; i++) {
		double want = half_value(i);

		assert_true((double)got[i] == want || (isnan(got[i]) && isnan(want)));
		assert_true(!signbit(got[i]) == !signbit(want) || isnan(want));
	}
	assert_int_equal(safetensors_read(file, "b", 1, (int[]){ALL}, got, &err), 0);
	for (int i = 0; i < ALL; i++) {
		uint32_t want = (uint32_t)i << 16;

		assert_memory_equal(&got[i], &want, sizeof want);
	}
	safetensors_close(file);
	free(data);
	free(got);
}

/* ---- faults */

struct fault {
	const char *header;
	size_t size; /* of the numbers */
	const char *said;
};

#define ENTRY(dtype, shape, offsets) \
	"{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void faults_are_told(void **unused)
{
	static const struct fault faults[] = {
		{"{\"w\":" ENTRY("F32", "[2]", "[0,8]") "", 8, "not JSON"},
		{"[]", 0, "not a JSON object"},
		{"{\"w\":" ENTRY("F32", "[2]", "[0,8]") ",\"w\":" ENTRY("F32", "[2]", "[0,8]") "}",
			8, "duplicate"},
		{"{\"w\":7}", 0, "tensor 'w' has dtype (none)"},
		{"{\"w\":" ENTRY("F31", "[2]", "[0,8]") "}", 8, "tensor 'w' has dtype F31"},
		{"{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "'w' has no shape"},
		{"{\"w\":" ENTRY("F32", "[-2]", "[0,8]") "}", 8, "'w' has no shape"},
		{"{\"w\":" ENTRY("F32", "[2.0]", "[0,8]") "}", 8, "'w' has no shape"},
		{"{\"w\":" ENTRY("F32", "[4294967296,4294967296]", "[0,8]") "}", 8,
			"'w' has no shape"},
		{"{\"w\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "'w' has no pair"},
		{"{\"w\":" ENTRY("F32", "[2]", "[0]") "}", 8, "'w' has no pair"},
		{"{\"w\":" ENTRY("F32", "[2]", "[0,8,8]") "}", 8, "'w' has no pair"},
		{"{\"w\":" ENTRY("F32", "[2]", "[0,\"8\"]") "}", 8, "'w' has no pair"},
		{"{\"w\":" ENTRY("F32", "[2]", "[-8,0]") "}", 8,
			"'w' is said to be bytes -8 to 0 of 8"},
		{"{\"w\":" ENTRY("F32", "[2]", "[8,0]") "}", 8, "'w' is said to be bytes 8 to 0"},
		{"{\"w\":" ENTRY("F32", "[2]", "[0,8]") "}", 7,
			"'w' is said to be bytes 0 to 8 of 7"},
		{"{\"w\":" ENTRY("F32", "[3]", "[0,8]") "}", 8,
			"'w' has 8 bytes, but its shape and dtype F32 make 12"},
		{"{\"w\":" ENTRY("F16", "[2]", "[0,8]") "}", 8, "F16 make 4"},
		{"{\"w\":" ENTRY("F32", "[2]", "[0,8]") ",\"v\":" ENTRY("F32", "[1]", "[4,8]") "}",
			8, "tensors 'w' and 'v' overlap"},
		{"{\"w\":" ENTRY("F32", "[2]", "[0,8]") ",\"v\":" ENTRY("F32", "[2]", "[0,8]") "}",
			8, "overlap"},
		{"{\"w\":" ENTRY("F32", "[2]", "[4,12]") "}", 12,
			"the 4 bytes before tensor 'w' belong to none"},
		{"{\"w\":" ENTRY("F32", "[2]", "[0,8]") "}", 9, "the last 1 bytes"},
		{"", 0, "not JSON"},
	};
	static const uint8_t data[16];

	(void)unused;
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		const char *path = make("fault", faults[i].header, data, faults[i].size);
		struct safetensors *file = NULL;
		struct err err = {0};

		assert_int_equal(safetensors_open(&file, path, &err), -1);
		assert_null(file);
		if (!strstr(err.text, faults[i].said) || !strstr(err.text, "/fault"))
			fail_msg("%s\nsays: %s", faults[i].header, err.text);
	}
}

static void assert_refused(const char *path, const char *said)
{
	struct safetensors *file;
	struct err err = {0};

	assert_int_equal(safetensors_open(&file, path, &err), -1);
	if (!strstr(err.text, said) || !strstr(err.text, path))
		fail_msg("says: %s", err.text);
}

static void what_is_no_such_file_is_refused(void **unused)
{
	(void)unused;
	assert_refused(files_path(folder, "absent"), "No such file");
	assert_refused(folder, "is not a file");
	assert_refused(write_file("short", "1234567", 7), "it has 7 bytes");
	assert_refused(write_file("text", "this is a text\n", 15), "announce a header of");
	assert_refused(write_file("cut", "\x10\0\0\0\0\0\0\0{}", 10), "header of 16 bytes, and 2");
}

static void what_does_not_fit_is_refused(void **unused)
{
	static const char header[] = "{\"w\":" ENTRY("F32", "[2]", "[0,8]") "}";
	struct safetensors *file = open_file(make("fits", header, (float[]){1, 2}, 8));
	struct err err = {0};
	float out[4];

	(void)unused;
	assert_int_equal(safetensors_read(file, "x", 1, (int[]){2}, out, &err), -1);
	assert_non_null(strstr(err.text, "/fits has no tensor 'x'; it has 1: 'w'"));
	err.set = false;
	assert_int_equal(safetensors_read(file, "w", 1, (int[]){3}, out, &err), -1);
	assert_non_null(strstr(err.text, "tensor 'w' is 2, where the network has 3"));
	err.set = false;
	assert_int_equal(safetensors_read(file, "w", 2, (int[]){1, 2}, NULL, &err), -1);
	assert_non_null(strstr(err.text, "tensor 'w' is 2, where the network has 1x2"));
	err.set = false;
	assert_int_equal(safetensors_read(file, "w", 0, NULL, out, &err), -1);
	assert_non_null(strstr(err.text, "the network has a single number"));
	safetensors_close(file);
}

static void a_file_that_shrinks_is_told(void **unused)
{
	static const char header[] = "{\"w\":" ENTRY("F32", "[2]", "[0,8]") "}";
	struct safetensors *file = open_file(make("shrinks", header, (float[]){1, 2}, 8));
	struct err err = {0};
	float out[2];

	(void)unused;
	make("shrinks", header, (float[]){1}, 4);
	assert_int_equal(safetensors_read(file, "w", 1, (int[]){2}, out, &err), -1);
	assert_non_null(strstr(err.text, "ended while it was read"));
	safetensors_close(file);
}

/* Cut at every byte: refused. With any byte changed to any of a few: refused or read, no more. */
static void broken_files_do_no_harm(void **unused)
{
	static const uint8_t changes[] = {0, 0xff, '"', '9', '-', '{', ' '};
	float trained[TRAINED], buffers[BUFFERS], out[8];
	struct safetensors *file;
	size_t size;
	uint8_t *bytes = encoded(&size, trained, buffers);

	(void)unused;
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(
			safetensors_open(&file, write_file("broken", bytes, cut), NULL), -1);
	for (size_t i = 0; i < (size - 60) * sizeof changes; i++) {
		uint8_t kept = bytes[i / sizeof changes];

		bytes[i / sizeof changes] = changes[i % sizeof changes];
		if (!safetensors_open(&file, write_file("broken", bytes, size), NULL))
			for (int k = 0; k < 4; k++)
				safetensors_read(file, tensors[k].path, tensors[k].rank,
					tensors[k].dims, out, NULL);
		safetensors_close(file);
		bytes[i / sizeof changes] = kept;
	}
	free(bytes);
}

/* ---- the hash */

/* SHA-256 of the fifteen floats, little-endian, without padding, computed apart. */
static void the_hash_is_of_the_numbers(void **unused)
{
	float trained[TRAINED], buffers[BUFFERS];
	char hex[SHA256_HEX], other[SHA256_HEX];
	struct err err = {0};

	(void)unused;
	fill(trained, buffers);
	assert_int_equal(safetensors_hash(hex, &network, trained, buffers, &err), 0);
	assert_string_equal(
		hex, "121ec50480f6de711e439c80d1d8b8e7ec19f3eeac9a6facd209b5d263191590");
	trained[7] = 5; /* padding */
	assert_int_equal(safetensors_hash(other, &network, trained, buffers, &err), 0);
	assert_string_equal(other, hex);
	buffers[1] = 5;
	assert_int_equal(safetensors_hash(other, &network, trained, buffers, &err), 0);
	assert_string_not_equal(other, hex);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(the_bytes_are_the_formats),
		cmocka_unit_test(a_network_without_tensors),
		cmocka_unit_test(dtypes_become_floats),
		cmocka_unit_test(every_half_and_bfloat16),
		cmocka_unit_test(faults_are_told),
		cmocka_unit_test(what_is_no_such_file_is_refused),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(a_file_that_shrinks_is_told),
		cmocka_unit_test(broken_files_do_no_harm),
		cmocka_unit_test(the_hash_is_of_the_numbers),
	};

	return cmocka_run_group_tests(tests, make_folder, files_teardown);
}
