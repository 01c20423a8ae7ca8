/* IDX files: what is right is read, plain or gz; every fault is told with its offset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "datasets/idx.h"
#include "datasets/unpack.h"
#include "tests/support/files.h"

enum { N = 5, H = 3, W = 4, IMAGES = 16 + N * H * W, LABELS = 8 + N };

static const uint32_t image_sizes[] = {N, H, W};
static const uint32_t label_sizes[] = {N};

/* One file, and its bytes for a test to spoil. */
struct sample {
	uint8_t bytes[4096];
	size_t n;
	const char *path;
};

static struct sample images(const char *folder)
{
	struct sample s = {.path = files_path(folder, "images")};

	s.n = files_idx(s.bytes, 3, image_sizes, 1);
	assert_int_equal(s.n, IMAGES);
	return s;
}

static struct sample labels(const char *folder)
{
	struct sample s = {.path = files_path(folder, "labels")};

	s.n = files_idx(s.bytes, 1, label_sizes, 0);
	assert_int_equal(s.n, LABELS);
	return s;
}

static void expect_error(const char *path, enum idx_role role, const char *text)
{
	struct idx idx;
	struct err err = {0};

	assert_int_equal(idx_read(&idx, path, role, &err), -1);
	assert_true(err.set);
	if (!strstr(err.text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, err.text);
	assert_non_null(strstr(err.text, path));
	assert_null(idx.data);
}

/* The fault must be told for the plain file; returns after writing it. */
static void expect_fault(const struct sample *s, enum idx_role role, const char *text)
{
	files_write(s->path, s->bytes, s->n);
	expect_error(s->path, role, text);
}

static void expect_fault_gz(const struct sample *s, enum idx_role role, const char *text)
{
	files_write_gz(s->path, s->bytes, s->n);
	expect_error(s->path, role, text);
}

static void check_images(const char *path, const char *sum)
{
	struct idx idx;
	struct err err = {0};

	if (idx_read(&idx, path, IDX_IMAGES, &err))
		fail_msg("%s", err.text);
	assert_int_equal(idx.n, N);
	assert_true(shape_equal(idx.shape, shape_image(1, H, W)));
	assert_int_equal(idx.size, N * H * W);
	for (size_t i = 0; i < idx.size; i++)
		assert_int_equal(idx.data[i], (uint8_t)(i * 7 + 1));
	for (size_t i = 0; i < IDX_SLACK; i++)
		assert_int_equal(idx.data[idx.size + i], 0);
	assert_string_equal(idx.sha256, sum);
	idx_release(&idx);
}

static void test_reads_plain_and_gz(void **state)
{
	struct sample s = images(*state);
	char sum[SHA256_HEX];

	assert_int_equal(checksum_data(sum, s.bytes + 16, N * H * W, NULL), 0);
	files_write(s.path, s.bytes, s.n);
	check_images(s.path, sum);
	files_write_gz(s.path, s.bytes, s.n);
	check_images(s.path, sum);
}

/* gzip -c a > x; gzip -c b >> x is one file. */
static void test_reads_several_members(void **state)
{
	struct sample s = images(*state);
	const char *a = files_path(*state, "a"), *b = files_path(*state, "b");
	size_t n_a, n_b;
	uint8_t *one, *two, both[4096];
	char sum[SHA256_HEX];

	files_write_gz(a, s.bytes, 30);
	files_write_gz(b, s.bytes + 30, s.n - 30);
	one = files_read(a, &n_a);
	two = files_read(b, &n_b);
	memcpy(both, one, n_a);
	memcpy(both + n_a, two, n_b);
	files_write(s.path, both, n_a + n_b);
	assert_int_equal(checksum_data(sum, s.bytes + 16, N * H * W, NULL), 0);
	check_images(s.path, sum);
	free(one);
	free(two);
}

static void test_reads_labels_and_channels(void **state)
{
	static const uint32_t sizes[] = {2, 3, 4, 5};
	struct sample s = labels(*state), c = images(*state);
	struct idx idx;
	struct err err = {0};

	files_write(s.path, s.bytes, s.n);
	assert_int_equal(idx_read(&idx, s.path, IDX_LABELS, &err), 0);
	assert_int_equal(idx.n, N);
	assert_int_equal(idx.data[2], 14);
	idx_release(&idx);

	c.n = files_idx(c.bytes, 4, sizes, 0);
	files_write(c.path, c.bytes, c.n);
	assert_int_equal(idx_read(&idx, c.path, IDX_IMAGES, &err), 0);
	assert_true(shape_equal(idx.shape, shape_image(3, 4, 5)));
	assert_int_equal(idx.data[119], (uint8_t)(119 * 7));
	idx_release(&idx);
}

/* Larger than what is hashed at once: the follower must come to the same sum. */
static void test_sum_of_large_file(void **state)
{
	static const uint32_t sizes[] = {6000, 28, 28};
	const size_t n = 16 + 6000 * 28 * 28;
	uint8_t *bytes = malloc(n);
	const char *path = files_path(*state, "large");
	char sum[SHA256_HEX];
	struct idx idx;

	assert_non_null(bytes);
	assert_int_equal(files_idx(bytes, 3, sizes, 3), n);
	assert_int_equal(checksum_data(sum, bytes + 16, n - 16, NULL), 0);
	files_write(path, bytes, n);
	assert_int_equal(idx_read(&idx, path, IDX_IMAGES, NULL), 0);
	assert_string_equal(idx.sha256, sum);
	idx_release(&idx);
	files_write_gz(path, bytes, n);
	assert_int_equal(idx_read(&idx, path, IDX_IMAGES, NULL), 0);
	assert_string_equal(idx.sha256, sum);
	idx_release(&idx);
	free(bytes);
}

static void test_not_there(void **state)
{
	expect_error(files_path(*state, "none"), IDX_IMAGES, "No such file");
	expect_error(*state, IDX_IMAGES, "is a folder, not a file");
	assert_int_equal(mkfifo(files_path(*state, "pipe"), 0600), 0);
	expect_error(files_path(*state, "pipe"), IDX_IMAGES, "not a file");
}

static void test_wrong_magic(void **state)
{
	static const char page[] = "<!DOCTYPE html><html>", spaced[] = "\r\n <html>";
	struct sample s = images(*state);

	s.n = 0;
	expect_fault(&s, IDX_IMAGES, "is empty");
	s = images(*state);
	s.n = 3;
	expect_fault(&s, IDX_IMAGES, "ends at offset 3, inside its header");
	s.n = 10;
	expect_fault(&s, IDX_IMAGES, "ends at offset 10, inside its header");
	s = images(*state);
	s.bytes[1] = 'K';
	expect_fault(&s, IDX_IMAGES, "offset 0: found 00 4b 08 03, expected 00 00 08 03");
	expect_fault(&s, IDX_LABELS, "expected 00 00 08 01");
	files_write(s.path, page, sizeof page);
	expect_error(s.path, IDX_IMAGES, "is a web page");
	files_write(s.path, spaced, sizeof spaced);
	expect_error(s.path, IDX_LABELS, "is a web page");
	files_write_gz(s.path, page, sizeof page);
	expect_error(s.path, IDX_IMAGES, "is a web page");
}

static void test_wrong_types(void **state)
{
	static const struct {
		uint8_t type;
		const char *text;
	} cases[] = {
		{0x09, "found type 0x09 (signed bytes), expected 0x08 (unsigned bytes)"},
		{0x0b, "0x0b (16-bit integers)"},
		{0x0c, "0x0c (32-bit integers)"},
		{0x0d, "0x0d (floats)"},
		{0x0e, "0x0e (doubles)"},
		{0x0a, "0x0a (an unknown type)"},
		{0xff, "0xff (an unknown type)"},
	};
	struct sample s = images(*state);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		s.bytes[2] = cases[i].type;
		expect_fault(&s, IDX_IMAGES, cases[i].text);
		expect_error(s.path, IDX_IMAGES, "offset 2:");
	}
}

static void test_swapped(void **state)
{
	struct sample i = images(*state), l = labels(*state);

	expect_fault(&l, IDX_IMAGES, "offset 3: found 1 dimension: this is a label file");
	expect_fault(&i, IDX_LABELS, "offset 3: found 3 dimensions: this is an image file");
	expect_fault_gz(&l, IDX_IMAGES, "offset 3 of the unpacked data");
	i.bytes[3] = 2;
	expect_fault(&i, IDX_IMAGES, "found 2 dimensions, images have 3 or 4");
	i.bytes[3] = 0;
	expect_fault(&i, IDX_LABELS, "found 0 dimensions, labels have 1");
}

static void test_truncated_and_trailing(void **state)
{
	struct sample s = images(*state), l = labels(*state);

	s.n -= 1;
	expect_fault(&s, IDX_IMAGES, "ends at offset 75, but 5 images of 1x3x4 end at 76");
	expect_fault_gz(&s, IDX_IMAGES,
		"ends at offset 75 of the unpacked data, but 5 images of 1x3x4 end at 76");
	s.n += 2;
	expect_fault(&s, IDX_IMAGES, "goes on behind offset 76, where 5 images of 1x3x4 end");
	expect_fault_gz(&s, IDX_IMAGES, "goes on behind offset 76 of the unpacked data");
	l.n -= 2;
	expect_fault(&l, IDX_LABELS, "ends at offset 11, but 5 labels end at 13");
}

static void test_spoilt_gz(void **state)
{
	struct sample s = images(*state);
	const char *path = s.path;
	uint8_t *packed;
	size_t n;

	files_write_gz(path, s.bytes, s.n);
	packed = files_read(path, &n);

	packed[n - 8] ^= 1; /* CRC */
	files_write(path, packed, n);
	expect_error(path, IDX_IMAGES, "a wrong checksum or length at its end");
	packed[n - 8] ^= 1;

	packed[n - 4] ^= 1; /* length */
	files_write(path, packed, n);
	expect_error(path, IDX_IMAGES, "a wrong checksum or length at its end");
	packed[n - 4] ^= 1;

	files_write(path, packed, n - 1);
	expect_error(path, IDX_IMAGES, "breaks off at offset");
	files_write(path, packed, 20);
	expect_error(path, IDX_IMAGES, "breaks off at offset 20");
	files_write(path, packed, 2);
	expect_error(path, IDX_IMAGES, "breaks off at offset 2");

	packed = realloc(packed, n + 3);
	assert_non_null(packed);
	memcpy(packed + n, "abc", 3);
	files_write(path, packed, n + 3);
	expect_error(path, IDX_IMAGES, "what comes here is no gz header");

	packed[10] |= 6; /* block type 3 does not exist */
	files_write(path, packed, n);
	expect_error(path, IDX_IMAGES, "the gz data is corrupt before offset");
	free(packed);
}

/* Wherever a gz file is cut, it is seen, and all of it had been taken. */
static void test_gz_cut_anywhere(void **state)
{
	struct sample s = images(*state);
	uint8_t *packed;
	size_t n;

	files_write_gz(s.path, s.bytes, s.n);
	packed = files_read(s.path, &n);
	for (size_t cut = 2; cut < n; cut++) {
		struct err err = {0};
		struct idx idx;
		char text[64];

		snprintf(text, sizeof text, "breaks off at offset %zu", cut);
		assert_int_equal(idx_read_memory(&idx, "here", packed, cut, IDX_IMAGES, &err), -1);
		if (!strstr(err.text, text))
			fail_msg("cut at %zu: %s", cut, err.text);
	}
	free(packed);
}

/* However few bytes are asked for at a time, and across the members of a file. */
static void test_gz_in_pieces(void **state)
{
	enum { SIZE = 300000 };
	const char *path = files_path(*state, "packed");
	uint8_t *bytes = malloc(SIZE), *got = malloc(SIZE), *packed, *both;
	size_t n;

	assert_true(bytes && got);
	for (unsigned i = 0; i < SIZE; i++) /* runs and noise */
		bytes[i] = (uint8_t)(i / 1000 % 2 ? i * 2654435761u >> 13 : i / 50);
	files_write_gz(path, bytes, SIZE);
	packed = files_read(path, &n);
	both = malloc(2 * n);
	assert_non_null(both);
	memcpy(both, packed, n);
	memcpy(both + n, packed, n);
	for (size_t piece = 1; piece < 100000; piece = 3 * piece + 1) {
		struct unpack unpack;

		assert_int_equal(unpack_memory(&unpack, "here", both, 2 * n, NULL), 0);
		for (int member = 0; member < 2; member++) {
			for (size_t at = 0; at < SIZE; at += piece) {
				size_t left = SIZE - at, want = left < piece ? left : piece;

				assert_int_equal(unpack_read(&unpack, got + at, want, NULL), want);
			}
			assert_memory_equal(got, bytes, SIZE);
		}
		assert_int_equal(unpack_read(&unpack, got, 1, NULL), 0);
		unpack_close(&unpack);
	}
	free(bytes);
	free(got);
	free(packed);
	free(both);
}

/* Sizes that no such file can hold are refused without asking for memory: here there is none. */
static void test_absurd_sizes(void **state)
{
	static const struct {
		uint32_t sizes[3];
		const char *text;
	} cases[] = {
		{{0x7fffffff, 28, 28}, "but 2147483647 images of 1x28x28 end at 1683627179264"},
		{{5, 1 << 12, 1 << 12}, "5 images of 1x4096x4096 end at 83886096"},
		{{0, 28, 28}, "offset 4: found size 0, expected 1 to 2147483647"},
		{{0x80000000, 28, 28}, "offset 4: found size 2147483648, expected 1 to"},
		{{5, 0, 4}, "offset 8: found size 0"},
		{{5, 3, 0xffffffff}, "offset 12: found size 4294967295, expected 1 to"},
		{{5, 1 << 14, 1 << 15}, "offset 12: an image of more than"},
	};
	struct sample s = images(*state);
	uint32_t sizes[3];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		memcpy(sizes, cases[i].sizes, sizeof sizes);
		for (int k = 0; k < 12; k++)
			s.bytes[4 + k] = (uint8_t)(sizes[k / 4] >> (24 - 8 * (k % 4)));
		expect_fault(&s, IDX_IMAGES, cases[i].text);
	}
	memcpy(s.bytes + 4, (uint8_t[]){0x7f, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28}, 12);
	expect_fault_gz(&s, IDX_IMAGES, "images of 1x28x28 cannot come out of a gz file of");
}

static void test_from_memory(void **state)
{
	struct sample s = images(*state);
	struct idx idx;
	struct err err = {0};

	assert_int_equal(idx_read_memory(&idx, "here", s.bytes, s.n, IDX_IMAGES, &err), 0);
	assert_memory_equal(idx.data, s.bytes + 16, idx.size);
	idx_release(&idx);
	assert_int_equal(idx_read_memory(&idx, "here", s.bytes, s.n - 1, IDX_IMAGES, &err), -1);
	assert_non_null(strstr(err.text, "here ends at offset 75"));
	assert_int_equal(idx_read_memory(&idx, "here", NULL, 0, IDX_IMAGES, NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_reads_plain_and_gz, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(
			test_reads_several_members, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(
			test_reads_labels_and_channels, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(
			test_sum_of_large_file, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_not_there, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_wrong_magic, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_wrong_types, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_swapped, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(
			test_truncated_and_trailing, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_spoilt_gz, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_gz_cut_anywhere, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_gz_in_pieces, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_absurd_sizes, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_from_memory, files_setup, files_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
