/* PNG folders: both layouts, order, grey, and what is wrong named. */
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "datasets/dataset.h"
#include "datasets/png_grey.h"
#include "tests/support/files.h"

enum { W = 4, H = 3 };

/* Writes w x h pixels of `bytes` as they are; palette images take the palette red, green, blue. */
static void write_png(
	const char *path, int w, int h, int colour_type, int depth, const uint8_t *bytes)
{
	png_color palette[] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}};
	FILE *file = fopen(path, "wb");
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	size_t stride;

	assert_non_null(file);
	png_init_io(png, file);
	png_set_IHDR(png, info, (png_uint_32)w, (png_uint_32)h, depth, colour_type,
		PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	if (colour_type == PNG_COLOR_TYPE_PALETTE)
		png_set_PLTE(png, info, palette, 3);
	png_write_info(png, info);
	stride = png_get_rowbytes(png, info);
	for (int y = 0; y < h; y++)
		png_write_row(png, bytes + (size_t)y * stride);
	png_write_end(png, info);
	png_destroy_write_struct(&png, &info);
	assert_int_equal(fclose(file), 0);
}

/* An image all of one grey, in FOLDER/NAME; folders are made. */
static void write_grey(void **state, const char *name, uint8_t value, int w, int h)
{
	uint8_t bytes[64];
	char folder[512];

	memset(bytes, value, sizeof bytes);
	snprintf(folder, sizeof folder, "%s", files_path(*state, name));
	*strrchr(folder, '/') = 0;
	files_make_folder(folder);
	write_png(files_path(*state, name), w, h, PNG_COLOR_TYPE_GRAY, 8, bytes);
}

static int open_path(void **state, const char *path, struct dataset **dataset, struct err *err)
{
	const struct dataset_spec spec = {.name = "folder", .path = path};
	const struct dataset_search search = {.config_dir = *state};

	*err = (struct err){0};
	return dataset_open(dataset, &spec, &search, err);
}

static struct dataset *open_good(void **state, const char *path)
{
	struct dataset *dataset;
	struct err err;

	if (open_path(state, path, &dataset, &err))
		fail_msg("%s", err.text);
	return dataset;
}

static void open_fails(void **state, const char *path, const char *text)
{
	struct dataset *dataset;
	struct err err;

	assert_int_equal(open_path(state, path, &dataset, &err), -1);
	if (!strstr(err.text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, err.text);
}

/* Image i of the split is all of this grey and has this label. */
static void expect_image(const struct split *split, int i, uint8_t value, int label)
{
	for (int k = 0; k < W * H; k++)
		assert_int_equal(split->pixels[i * W * H + k], value);
	assert_int_equal(split->labels[i], label);
}

/* Classes by name, images in turns; other files do not count. */
static void test_train_and_test(void **state)
{
	struct dataset *d;

	write_grey(state, "p/train/dog/2.png", 12, W, H);
	write_grey(state, "p/train/dog/10.png", 11, W, H);
	write_grey(state, "p/train/dog/3.PNG", 13, W, H);
	write_grey(state, "p/train/cat/x.png", 21, W, H);
	write_grey(state, "p/test/dog/1.png", 31, W, H);
	write_grey(state, "p/test/cat/1.png", 41, W, H);
	files_write(files_path(*state, "p/train/dog/note.txt"), "x", 1);
	files_write(files_path(*state, "p/train/dog/.hidden.png"), "x", 1);
	files_write(files_path(*state, "p/train/readme"), "x", 1);
	d = open_good(state, "p");
	assert_true(shape_equal(d->shape, shape_image(1, H, W)));
	assert_int_equal(d->n_classes, 2);
	assert_string_equal(d->class_names[0], "cat");
	assert_string_equal(d->class_names[1], "dog");
	assert_int_equal(d->train.n, 4);
	expect_image(&d->train, 0, 21, 0);
	expect_image(&d->train, 1, 11, 1); /* "10" sorts before "2" */
	expect_image(&d->train, 2, 12, 1);
	expect_image(&d->train, 3, 13, 1);
	assert_int_equal(d->test.n, 2);
	expect_image(&d->test, 0, 41, 0);
	expect_image(&d->test, 1, 31, 1);
	assert_int_equal(strlen(d->sha256), 64);
	dataset_close(d);
}

/* 13 and 6 images: the last 2 and the last 1 test. */
static void test_last_sixth(void **state)
{
	struct dataset *d;
	char name[64];

	for (int i = 0; i < 13; i++) {
		snprintf(name, sizeof name, "q/a/%02d.png", i);
		write_grey(state, name, (uint8_t)i, W, H);
		snprintf(name, sizeof name, "q/b/%02d.png", i);
		if (i < 6)
			write_grey(state, name, (uint8_t)(100 + i), W, H);
	}
	d = open_good(state, "q");
	assert_int_equal(d->train.n, 16);
	assert_int_equal(d->test.n, 3);
	expect_image(&d->train, 0, 0, 0);
	expect_image(&d->train, 1, 100, 1);
	expect_image(&d->train, 9, 104, 1);
	expect_image(&d->train, 10, 5, 0);
	expect_image(&d->train, 15, 10, 0);
	expect_image(&d->test, 0, 11, 0);
	expect_image(&d->test, 1, 105, 1);
	expect_image(&d->test, 2, 12, 0);
	assert_non_null(strstr(d->source, "/q (of each class the last sixth is for testing)"));
	dataset_close(d);
}

/* Far more than one thread's piece, one of them small: the first by order is named, always. */
static void test_sizes_differ(void **state)
{
	char name[64];

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "s/train/a/%03d.png", i);
		write_grey(state, name, (uint8_t)i, i == 123 || i == 250 ? 5 : W, H);
	}
	write_grey(state, "s/test/a/0.png", 0, W, H);
	for (int i = 0; i < 5; i++)
		open_fails(state, "s",
			"s/train/a/123.png is 5x3 pixels (width x height), but the first image is "
			"4x3");
}

static void test_faults(void **state)
{
	uint8_t *bytes;
	size_t n;

	open_fails(state, "none", "none: No such file");
	files_make_folder(files_path(*state, "empty"));
	open_fails(state, "empty", "empty holds no folders");
	files_make_folder(files_path(*state, "bare/x"));
	files_write(files_path(*state, "bare/x/1.jpg"), "x", 1);
	open_fails(state, "bare", "bare/x holds no .png file");
	write_grey(state, "few/x/1.png", 0, W, H);
	open_fails(state, "few", "few has too few images");
	write_grey(state, "half/train/x/1.png", 0, W, H);
	open_fails(state, "half", "there is no folder");
	write_grey(state, "half/test/y/1.png", 0, W, H);
	open_fails(state, "half", "half/test/y has no counterpart in train: the class 'y'");

	write_grey(state, "bad/train/x/1.png", 0, W, H);
	write_grey(state, "bad/train/x/2.png", 0, W, H);
	write_grey(state, "bad/test/x/1.png", 0, W, H);
	bytes = files_read(files_path(*state, "bad/train/x/2.png"), &n);
	files_write(files_path(*state, "bad/train/x/2.png"), bytes, n - 20);
	open_fails(state, "bad", "bad/train/x/2.png cannot be read as PNG");
	bytes[n / 2 + 8] ^= 1;
	files_write(files_path(*state, "bad/train/x/2.png"), bytes, n);
	open_fails(state, "bad", "bad/train/x/2.png cannot be read as PNG");
	files_write(files_path(*state, "bad/train/x/2.png"), "GIF89a, not PNG", 15);
	open_fails(state, "bad", "cannot be read as PNG: Not a PNG file");
	free(bytes);
}

static void expect_grey(void **state, int colour_type, int depth, const uint8_t *bytes, int w,
	const uint8_t *wanted)
{
	const char *path = files_path(*state, "x.png");
	uint8_t pixels[16];
	struct err err = {0};

	write_png(path, w, 1, colour_type, depth, bytes);
	if (png_grey_read(path, pixels, w, 1, &err))
		fail_msg("%s", err.text);
	assert_memory_equal(pixels, wanted, (size_t)w);
}

static void test_grey(void **state)
{
	expect_grey(state, PNG_COLOR_TYPE_GRAY, 8, (uint8_t[]){0, 1, 254, 255}, 4,
		(uint8_t[]){0, 1, 254, 255});
	expect_grey(
		state, PNG_COLOR_TYPE_GRAY, 1, (uint8_t[]){0x50}, 4, (uint8_t[]){0, 255, 0, 255});
	expect_grey(state, PNG_COLOR_TYPE_GRAY, 16, (uint8_t[]){0x80, 0x80, 0x01, 0x00, 0xff, 0xff},
		3, (uint8_t[]){128, 1, 255});
	expect_grey(state, PNG_COLOR_TYPE_RGB, 8,
		(uint8_t[]){255, 0, 0, 0, 255, 0, 0, 0, 255, 90, 90, 90}, 4,
		(uint8_t[]){76, 150, 29, 90});
	expect_grey(state, PNG_COLOR_TYPE_PALETTE, 8, (uint8_t[]){2, 0, 1}, 3,
		(uint8_t[]){29, 76, 150});
	expect_grey(state, PNG_COLOR_TYPE_GRAY_ALPHA, 8, (uint8_t[]){0, 0, 0, 255, 100, 51}, 3,
		(uint8_t[]){255, 0, 224});
	expect_grey(state, PNG_COLOR_TYPE_RGB_ALPHA, 8, (uint8_t[]){255, 0, 0, 255, 255, 0, 0, 0},
		2, (uint8_t[]){76, 255});
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, files_setup, files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_train_and_test),
		TEST(test_last_sixth),
		TEST(test_sizes_differ),
		TEST(test_faults),
		TEST(test_grey),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
