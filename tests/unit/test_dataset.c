/* Data sets as a whole: where they are found, what is refused, what a run takes of them. The real
 * files are read where $RUNNER_DATA has them. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "datasets/catalogue.h"
#include "datasets/checksum.h"
#include "datasets/dataset.h"
#include "datasets/glyphs.h"
#include "datasets/select.h"
#include "tests/support/files.h"
#include "tests/support/server.h"

static char real[PATH_MAX]; /* $RUNNER_DATA, or "" */

/* The tests run in their own folder, without a home, and must not reach the network: what is not on
 * loopback goes to a proxy that is not there. */
static int group_setup(void **state)
{
	const char *data = getenv("RUNNER_DATA");

	(void)state;
	if (!data || !realpath(data, real))
		real[0] = 0;
	unsetenv("RUNNER_DATA");
	unsetenv("RUNNER_MIRROR");
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	setenv("no_proxy", "127.0.0.1", 1);
	return 0;
}

static int enter(void **state)
{
	if (files_setup(state))
		return -1;
	setenv("XDG_CACHE_HOME", files_path(*state, "cache"), 1);
	files_make_folder(files_path(*state, "here"));
	return chdir(files_path(*state, "here"));
}

static int leave(void **state)
{
	unsetenv("RUNNER_DATA");
	unsetenv("RUNNER_MIRROR");
	return chdir("/") || files_teardown(state) ? -1 : 0;
}

static void need_real(void)
{
	if (real[0] &&
		!access(files_path(real, "fashion-mnist/train-images-idx3-ubyte.gz"), R_OK) &&
		!access(files_path(real, "mnist/train-images-idx3-ubyte.gz"), R_OK))
		return;
	print_message("skipped: RUNNER_DATA has no mnist and fashion-mnist\n");
	skip();
}

/* Links the four real files of `set` into a folder under other names: `as` lists the files. */
static void link_real(const char *set, const char *folder, const int as[CATALOGUE_FILES])
{
	files_make_folder(folder);
	for (int i = 0; i < CATALOGUE_FILES; i++) {
		char from[64], to[64];

		snprintf(from, sizeof from, "%s/%s.gz", set, catalogue_files[as[i]].name);
		snprintf(to, sizeof to, "%s.gz", catalogue_files[i].name);
		files_link(files_path(real, from), files_path(folder, to));
	}
}

static const int in_order[] = {0, 1, 2, 3};

/* The unpacked bytes of a real file; the caller frees them. */
static uint8_t *unpack_real(const char *path, size_t *n)
{
	char command[PATH_MAX + 32];
	uint8_t *bytes = malloc(50000000);
	FILE *pipe;

	snprintf(command, sizeof command, "gzip -dc '%s'", path);
	pipe = popen(command, "r");
	assert_true(bytes && pipe);
	*n = fread(bytes, 1, 50000000, pipe);
	assert_int_equal(pclose(pipe), 0);
	return bytes;
}

static struct dataset *open_search(const char *name, const struct dataset_search *search)
{
	const struct dataset_spec spec = {.name = name};
	struct dataset *dataset;
	struct err err = {0};

	if (dataset_open(&dataset, &spec, search, &err))
		fail_msg("%s", err.text);
	return dataset;
}

static struct dataset *open_in(const char *name, const char *data_dir)
{
	const struct dataset_search search = {.data_dir = data_dir, .offline = true, .quiet = true};

	return open_search(name, &search);
}

static void expect_text(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static struct err open_fails(
	const struct dataset_spec *spec, const struct dataset_search *search, int answer)
{
	struct dataset *dataset;
	struct err err = {0};

	assert_int_equal(dataset_open(&dataset, spec, search, &err), answer);
	assert_null(dataset);
	assert_true(err.set);
	return err;
}

static void expect_fault(const char *name, const char *data_dir, const char *text)
{
	const struct dataset_spec spec = {.name = name};
	const struct dataset_search search = {.data_dir = data_dir, .offline = true};

	expect_text(open_fails(&spec, &search, -1).text, text);
}

static void expect_moments(const struct dataset *dataset, double mean, double std)
{
	const size_t n = (size_t)dataset->train.n * shape_size(dataset->shape);
	double sum = 0, squares = 0;

	for (size_t i = 0; i < n; i++) {
		const double x = dataset->train.pixels[i] / 255.0;

		sum += x;
		squares += x * x;
	}
	sum /= (double)n;
	assert_true(fabs(sum - mean) < 5e-5);
	assert_true(fabs(sqrt(squares / (double)n - sum * sum) - std) < 5e-5);
}

/* ---- the real sets */

/* The sum that is known by the name alone is that of the data. */
static void expect_known_sum(const struct dataset *d)
{
	char sum[SHA256_HEX];

	assert_int_equal(dataset_known_sum(sum, d->name, NULL), 0);
	assert_string_equal(sum, d->sha256);
}

static void test_fashion(void **state)
{
	static const uint8_t first[] = {9, 2, 1, 1, 6, 1, 4, 6, 5, 7};
	struct dataset *d;

	(void)state;
	need_real();
	d = open_in("fashion-mnist", real);
	assert_true(shape_equal(d->shape, shape_image(1, 28, 28)));
	assert_int_equal(d->train.n, 60000);
	assert_int_equal(d->test.n, 10000);
	assert_int_equal(d->n_classes, 10);
	assert_memory_equal(d->test.labels, first, sizeof first);
	assert_string_equal(d->class_names[d->test.labels[0]], "ankle boot");
	assert_string_equal(d->class_names[d->test.labels[1]], "pullover");
	assert_string_equal(d->class_names[d->test.labels[4]], "shirt");
	assert_string_equal(d->name, "fashion-mnist");
	expect_text(d->source, "/fashion-mnist");
	expect_moments(d, 0.2860, 0.3530);
	expect_known_sum(d);
	for (int i = 0; i < 64; i++)
		assert_int_equal(d->train.pixels[60000 * 784 + i], 0);
	dataset_close(d);
}

static void test_mnist(void **state)
{
	static const uint8_t first[] = {5, 0, 4, 1, 9, 2, 1, 3};
	struct dataset *d;

	(void)state;
	need_real();
	d = open_in("mnist", real);
	assert_int_equal(d->train.n, 60000);
	assert_int_equal(d->test.n, 10000);
	assert_memory_equal(d->train.labels, first, sizeof first);
	assert_string_equal(d->class_names[7], "7");
	expect_moments(d, 0.1307, 0.3081);
	expect_known_sum(d);
	dataset_close(d);
}

/* The sum, put together as dataset.h says it. */
static void test_sum(void **state)
{
	struct dataset *d;
	char text[1024], sums[4][SHA256_HEX], sum[SHA256_HEX];
	int n;

	(void)state;
	need_real();
	d = open_in("mnist", real);
	checksum_data(sums[0], d->train.pixels, 60000 * 784, NULL);
	checksum_data(sums[1], d->train.labels, 60000, NULL);
	checksum_data(sums[2], d->test.pixels, 10000 * 784, NULL);
	checksum_data(sums[3], d->test.labels, 10000, NULL);
	n = snprintf(text, sizeof text, "1x28x28\n60000 %s %s\n10000 %s %s\n", sums[0], sums[1],
		sums[2], sums[3]);
	checksum_data(sum, text, (size_t)n, NULL);
	assert_string_equal(d->sha256, sum);
	dataset_close(d);
}

/* Four layouts, gz and plain: one sum. */
static void test_layouts(void **state)
{
	struct dataset *d;
	char sum[SHA256_HEX];

	need_real();
	d = open_in("fashion-mnist", real);
	strcpy(sum, d->sha256);
	dataset_close(d);

	link_real("fashion-mnist", files_path(*state, "vision/FashionMNIST/raw"), in_order);
	d = open_in("fashion-mnist", files_path(*state, "vision"));
	assert_string_equal(d->sha256, sum);
	expect_text(d->source, "vision/FashionMNIST/raw");
	dataset_close(d);

	link_real("fashion-mnist", files_path(*state, "flat"), in_order);
	d = open_in("fashion-mnist", files_path(*state, "flat"));
	assert_string_equal(d->sha256, sum);
	dataset_close(d);

	files_make_folder(files_path(*state, "plain/fashion-mnist"));
	for (int i = 0; i < CATALOGUE_FILES; i++) {
		char name[64];
		size_t n;
		uint8_t *bytes;

		snprintf(name, sizeof name, "fashion-mnist/%s.gz", catalogue_files[i].name);
		bytes = unpack_real(files_path(real, name), &n);
		name[strlen(name) - 3] = 0;
		files_write(files_path(files_path(*state, "plain"), name), bytes, n);
		free(bytes);
	}
	d = open_in("fashion-mnist", files_path(*state, "plain"));
	assert_string_equal(d->sha256, sum);
	dataset_close(d);
}

/* --data-dir before $RUNNER_DATA before data before ../data before datasets/data before the cache.
 */
static void test_search_order(void **state)
{
	static const char *const places[] = {"cache/runner/datasets", "here/datasets/data", "data",
		"here/data", "variable", "flag"};
	static const char *const sources[] = {"/cache/runner/datasets/mnist", "datasets/data/mnist",
		"../data/mnist", "data/mnist", "/variable/mnist", "/flag/mnist"};

	need_real();
	setenv("RUNNER_DATA", files_path(*state, "variable"), 1);
	for (size_t i = 0; i < 6; i++) {
		const char *folder = files_path(*state, places[i]);
		struct dataset *d;

		link_real("mnist", files_path(folder, "mnist"), in_order);
		d = open_in("mnist", files_path(*state, "flag"));
		expect_text(d->source, sources[i]);
		if (i > 0)
			assert_null(strstr(d->source, sources[i - 1] + (i > 2)));
		dataset_close(d);
	}
}

static void test_mislabelled(void **state)
{
	static const int swapped[] = {0, 3, 2, 1};

	need_real();
	link_real("mnist", files_path(*state, "a/fashion-mnist"), in_order);
	expect_fault("fashion-mnist", files_path(*state, "a"),
		"train-images-idx3-ubyte.gz holds the training images of mnist, not the training "
		"images of fashion-mnist");
	link_real("fashion-mnist", files_path(*state, "b/fashion-mnist"), swapped);
	expect_fault("fashion-mnist", files_path(*state, "b"),
		"train-labels-idx1-ubyte.gz holds the test labels of fashion-mnist, not the "
		"training labels");
}

/* A flat folder with the other set is passed over, and said to be one. */
static void test_flat_other_set(void **state)
{
	const struct dataset_spec spec = {.name = "fashion-mnist"};
	struct dataset_search search = {.offline = true};
	struct dataset *d;
	struct err err;

	need_real();
	link_real("mnist", files_path(*state, "flat"), in_order);
	search.data_dir = files_path(*state, "flat");
	err = open_fails(&spec, &search, DATASET_MISSING);
	expect_text(err.notes[0].text, "flat (which holds another set)");
	link_real("fashion-mnist", files_path(*state, "here/data"), in_order);
	d = open_search("fashion-mnist", &search);
	assert_string_equal(d->source, "data");
	dataset_close(d);
}

/* One pixel off: not the published set, and the sum differs. */
static void test_changed_pixel(void **state)
{
	const char *folder = files_path(*state, "x/mnist");
	const char *images = files_path(folder, "t10k-images-idx3-ubyte");
	uint8_t *bytes;
	size_t n;

	need_real();
	link_real("mnist", folder, in_order);
	unlink(files_path(folder, "t10k-images-idx3-ubyte.gz"));
	bytes = unpack_real(files_path(real, "mnist/t10k-images-idx3-ubyte.gz"), &n);
	files_write(images, bytes, n);
	dataset_close(open_in("mnist", files_path(*state, "x")));
	bytes[5000] ^= 1;
	files_write(images, bytes, n);
	expect_fault("mnist", files_path(*state, "x"),
		"t10k-images-idx3-ubyte is not the published file: the SHA-256 of its data is");
	files_write(images, bytes, n - 1);
	expect_fault("mnist", files_path(*state, "x"),
		"end at 7840016; delete it and type: runner fetch mnist");
	free(bytes);
}

/* ---- downloads */

static void test_missing(void **state)
{
	const struct dataset_spec spec = {.name = "fashion-mnist"};
	const struct dataset_search search = {.quiet = true};
	struct err err;

	setenv("RUNNER_MIRROR", server_closed_url(""), 1);
	err = open_fails(&spec, &search, DATASET_MISSING);
	expect_text(err.text, "fashion-mnist is not on this machine and cannot be downloaded");
	expect_text(err.text, files_path(*state, "cache/runner/datasets/fashion-mnist"));
	expect_text(err.text, "dataset=glyphs");
	assert_int_equal(err.n_notes, 4);
	expect_text(err.notes[0].text, "looked in data, ../data, datasets/data, ");
	expect_text(err.notes[1].text, "/fashion-mnist/train-images-idx3-ubyte.gz: Failed");
	expect_text(err.notes[2].text, "http://fashion-mnist.s3-website");
	assert_int_equal(access(files_path(*state, "cache/runner/datasets/fashion-mnist/"
						   "train-images-idx3-ubyte.gz.part"),
				 F_OK),
		-1);
}

/* The whole of it: four files from a mirror, then opened; then nothing is asked for. */
static void test_download(void **state)
{
	const struct dataset_search search = {
		.data_dir = files_path(*state, "down"), .quiet = true};
	struct server_page pages[CATALOGUE_FILES + 1] = {0};
	char paths[CATALOGUE_FILES][128];
	struct server *server;
	struct dataset *d;
	struct err err = {0};

	need_real();
	for (int i = 0; i < CATALOGUE_FILES; i++) {
		snprintf(paths[i], sizeof paths[i], "/mnist/%s.gz", catalogue_files[i].name);
		pages[i].path = paths[i];
		pages[i].body = files_read(files_path(real, paths[i] + 1), &pages[i].size);
	}
	server = server_start(pages);
	setenv("RUNNER_MIRROR", server_url(server, ""), 1);
	assert_int_equal(dataset_fetch("mnist", &search, &err), 0);
	d = open_search("mnist", &search);
	expect_text(d->source, "down/mnist");
	dataset_close(d);
	assert_int_equal(dataset_fetch("mnist", &search, &err), 0);
	server_stop(server);
	for (int i = 0; i < CATALOGUE_FILES; i++) {
		assert_int_equal(pages[i].requests, 1);
		free((void *)(uintptr_t)pages[i].body);
	}
}

static void test_fetch_names(void **state)
{
	const struct dataset_search search = {.offline = true};
	struct err err = {0};

	(void)state;
	assert_int_equal(dataset_fetch("glyphs", &search, &err), 0);
	assert_int_equal(dataset_fetch("idx", &search, &err), -1);
	expect_text(err.text, "your own files");
	err = (struct err){0};
	assert_int_equal(dataset_fetch("nist", &search, &err), -1);
	expect_text(err.text, "there is no data set 'nist'");
	err = (struct err){0};
	assert_int_equal(dataset_fetch("mnist", &search, &err), DATASET_MISSING);
	expect_text(err.text, "may not be downloaded (offline)");
}

/* Three of four files are not the set; the error says which is absent. */
static void test_incomplete(void **state)
{
	const struct dataset_spec spec = {.name = "mnist"};
	const struct dataset_search search = {.offline = true};
	struct err err;

	files_make_folder(files_path(*state, "here/data/mnist"));
	for (int i = 0; i < CATALOGUE_FILES - 1; i++)
		files_write(files_path("data/mnist", catalogue_files[i].name), "x", 1);
	err = open_fails(&spec, &search, DATASET_MISSING);
	expect_text(err.notes[0].text, "data/mnist (without t10k-labels-idx1-ubyte)");
}

/* ---- a person's own IDX files */

static struct place places[ROWS];

/* Each row's on a line of its own: 1 for name, and so on. */
static void number_places(void)
{
	for (int i = 0; i < ROWS; i++)
		places[i] = (struct place){.line = i + 1, .column = 1, .length = 1};
}

static const char *const idx_names[] = {"a", "b", "c", "d"};

static struct dataset_spec idx_spec(void)
{
	return (struct dataset_spec){.name = "idx",
		.train_images = "a",
		.train_labels = "b",
		.test_images = "c",
		.test_labels = "d"};
}

/* Writes 8 training and 3 test images of 2x3 with labels up to `top`, and spoils one size. */
static void write_idx(void **state, int spoilt, uint32_t size, uint8_t top)
{
	uint32_t sizes[4][3] = {{8, 2, 3}, {8, 0, 0}, {3, 2, 3}, {3, 0, 0}};
	uint8_t bytes[256];

	if (spoilt >= 0)
		sizes[spoilt][spoilt % 2 ? 0 : 2] = size;
	for (int i = 0; i < 4; i++) {
		size_t n = files_idx(bytes, i % 2 ? 1 : 3, sizes[i], (unsigned)i);

		for (size_t k = 8; i % 2 && k < n; k++)
			bytes[k] = (uint8_t)(k % (top + 1u));
		files_write(files_path(*state, idx_names[i]), bytes, n);
	}
}

static struct dataset *open_idx(void **state, const struct dataset_spec *spec)
{
	const struct dataset_search search = {.config_dir = *state};
	struct dataset *dataset;
	struct err err = {0};

	if (dataset_open(&dataset, spec, &search, &err))
		fail_msg("%s", err.text);
	return dataset;
}

static void idx_fails(void **state, const struct dataset_spec *spec, const char *text)
{
	const struct dataset_search search = {.config_dir = *state};

	expect_text(open_fails(spec, &search, -1).text, text);
}

static void test_idx(void **state)
{
	struct dataset_spec spec = idx_spec();
	struct dataset *d;
	char sum[SHA256_HEX];
	uint8_t *bytes;
	size_t n;

	write_idx(state, -1, 0, 3);
	d = open_idx(state, &spec);
	assert_int_equal(d->train.n, 8);
	assert_int_equal(d->test.n, 3);
	assert_true(shape_equal(d->shape, shape_image(1, 2, 3)));
	assert_int_equal(d->n_classes, 4);
	assert_string_equal(d->class_names[3], "3");
	assert_int_equal(d->train.labels[1], 1);
	assert_int_equal(d->test.pixels[0], 2);
	strcpy(sum, d->sha256);
	dataset_close(d);

	bytes = files_read(files_path(*state, "a"), &n);
	files_write_gz(files_path(*state, "a"), bytes, n);
	d = open_idx(state, &spec);
	assert_string_equal(d->sha256, sum);
	dataset_close(d);

	bytes[20] ^= 1;
	files_write(files_path(*state, "a"), bytes, n);
	d = open_idx(state, &spec);
	assert_string_not_equal(d->sha256, sum);
	dataset_close(d);
	free(bytes);
}

static void test_idx_classes(void **state)
{
	const char *names[] = {"x", "y", "z"};
	struct dataset_spec spec = idx_spec();
	struct dataset *d;

	spec.classes = (struct texts){3, names};
	write_idx(state, -1, 0, 2);
	d = open_idx(state, &spec);
	assert_int_equal(d->n_classes, 3);
	assert_string_equal(d->class_names[2], "z");
	dataset_close(d);
	write_idx(state, -1, 0, 3);
	idx_fails(state, &spec,
		"b: offset 11: found label 3 (of image 3, counted from 0), but the 3 classes are "
		"numbered 0 to 2");
}

static void test_idx_mismatch(void **state)
{
	struct dataset_spec spec = idx_spec();

	write_idx(state, 1, 7, 3);
	idx_fails(state, &spec, "a has 8 images, but ");
	idx_fails(state, &spec, "b has 7 labels");
	write_idx(state, 3, 4, 3);
	idx_fails(state, &spec, "d has 4 labels");
	write_idx(state, 2, 4, 3);
	idx_fails(state, &spec, "a has images of 1x2x3, but ");
	idx_fails(state, &spec, "c has images of 1x2x4");
	write_idx(state, -1, 0, 3);
	spec.train_images = "b";
	idx_fails(state, &spec, "b: offset 3: found 1 dimension: this is a label file");
	spec.train_images = "none";
	idx_fails(state, &spec, "none: No such file");
}

/* The error, as dataset_open and as a look at path `i` have it, or "" where the look finds nothing.
 */
static void points_at(
	void **state, const struct dataset_spec *spec, int i, int row, const char *look)
{
	const struct dataset_search search = {.config_dir = *state, .places = places};
	struct err opened, looked = {0};

	number_places();
	opened = open_fails(spec, &search, -1);
	assert_int_equal(opened.place.line, row + 1);
	assert_int_equal(dataset_look(spec, &search, i, &looked), *look ? -1 : 0);
	expect_text(looked.text, look);
	assert_int_equal(looked.place.line, *look ? row + 1 : 0);
}

static void test_places(void **state)
{
	struct dataset_spec spec = idx_spec();

	write_idx(state, 3, 4, 3);
	points_at(state, &spec, 3, ROW_TEST_LABELS, "");
	write_idx(state, -1, 0, 3);
	spec.train_labels = "none";
	points_at(state, &spec, 1, ROW_TRAIN_LABELS, "there is no file '");
	spec.train_labels = ".";
	points_at(state, &spec, 1, ROW_TRAIN_LABELS, "is a folder; a file is needed here");
	spec.train_labels = "a/b";
	points_at(state, &spec, 1, ROW_TRAIN_LABELS, "there is no file '");
	spec = (struct dataset_spec){.name = "folder", .path = "none"};
	points_at(state, &spec, 4, ROW_PATH, "there is no folder '");
	spec.path = "a";
	points_at(state, &spec, 4, ROW_PATH, "is a file; a folder is needed here");
}

/* ---- checks without files */

/* The error of a spec whose options stand each on its own line: 1 for name, and so on. */
static void check_fails(const struct dataset_spec *spec, int row, const char *text)
{
	struct err err = {0};

	number_places();
	assert_int_equal(dataset_check(spec, places, &err), -1);
	expect_text(err.text, text);
	assert_int_equal(err.place.line, row + 1);
}

static void test_check(void **state)
{
	const char *names[300] = {"x"};
	struct dataset_spec spec = {.name = "fashion_mnist"};
	struct err err = {0};

	(void)state;
	check_fails(&spec, ROW_NAME,
		"there is no data set 'fashion_mnist'; did you mean 'fashion-mnist'?");
	spec.name = "cifar10";
	check_fails(
		&spec, ROW_NAME, "there is no data set 'cifar10': expected mnist, fashion-mnist");
	spec = idx_spec();
	assert_int_equal(dataset_check(&spec, NULL, &err), 0);
	spec.test_labels = NULL;
	check_fails(&spec, ROW_NAME, "dataset idx needs test_labels: a path");
	spec.name = "mnist";
	check_fails(&spec, ROW_TRAIN_IMAGES, "train_images belongs to dataset idx, not to mnist");
	spec = (struct dataset_spec){.name = "folder"};
	check_fails(&spec, ROW_NAME, "dataset folder needs path: a path");
	spec = (struct dataset_spec){.name = "glyphs", .path = "x"};
	check_fails(&spec, ROW_PATH, "path belongs to dataset folder, not to glyphs");
	spec = (struct dataset_spec){.name = "mnist", .classes = {1, names}};
	check_fails(&spec, ROW_CLASSES, "classes belongs to dataset idx");
	spec = idx_spec();
	spec.classes = (struct texts){300, names};
	check_fails(&spec, ROW_CLASSES, "300 classes: a label is one byte");
	spec = (struct dataset_spec){.name = "mnist", .validation = 60000};
	check_fails(&spec, ROW_VALIDATION,
		"validation takes 60000 of 60000 training images: none is left to train on");
	spec.validation = 59999;
	assert_int_equal(dataset_check(&spec, NULL, &err), 0);
	spec = (struct dataset_spec){
		.name = "fashion-mnist", .validation = 5000, .train_limit = 55001};
	check_fails(&spec, ROW_TRAIN_LIMIT,
		"train_limit is 55001, but there are 55000 training images besides the 5000");
	spec = (struct dataset_spec){.name = "glyphs", .test_limit = 10001};
	check_fails(&spec, ROW_TEST_LIMIT, "test_limit is 10001, but there are 10000 test images");
}

static void test_known(void **state)
{
	struct shape shape;
	char sum[SHA256_HEX];
	int n;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(dataset_known(dataset_names[i], &shape, &n), 0);
		assert_true(shape_equal(shape, shape_image(1, 28, 28)));
		assert_int_equal(n, 10);
	}
	assert_int_equal(dataset_known("idx", &shape, &n), -1);
	assert_int_equal(dataset_known("folder", &shape, &n), -1);
	assert_int_equal(dataset_known("nist", &shape, &n), -1);
	assert_int_equal(dataset_known_train(&(struct dataset_spec){.name = "mnist"}), 60000);
	assert_int_equal(dataset_known_train(&(struct dataset_spec){
				 .name = "mnist", .validation = 5000, .train_limit = 58000}),
		55000);
	assert_int_equal(
		dataset_known_train(&(struct dataset_spec){.name = "glyphs", .train_limit = 90}),
		90);
	assert_int_equal(dataset_known_train(&(struct dataset_spec){.name = "idx"}), 0);
	assert_int_equal(dataset_known_sum(sum, "idx", NULL), -1);
}

/* The rows that select.h numbers are the rows of the table. */
static void test_rows(void **state)
{
	(void)state;
	assert_string_equal(dataset_options[ROW_NAME].name, "name");
	assert_string_equal(dataset_options[ROW_TEST_LABELS].name, "test_labels");
	assert_string_equal(dataset_options[ROW_CLASSES].name, "classes");
	assert_null(dataset_options[ROWS].name);
}

/* ---- what a run takes */

/* A data set of n_train and n_test images, which nobody looks at. */
static struct dataset blank(int n_train, int n_test)
{
	return (struct dataset){.train.n = n_train, .test.n = n_test};
}

static void expect_ascending(const int32_t *at, int n, int below)
{
	for (int i = 0; i < n; i++) {
		assert_in_range(at[i], 0, below - 1);
		assert_true(i == 0 || at[i] > at[i - 1]);
	}
}

static void test_select_all(void **state)
{
	const struct dataset d = blank(1000, 300);
	const struct dataset_spec spec = {0};
	struct arena arena = {0};
	struct selection s;

	(void)state;
	assert_int_equal(dataset_select(&s, &d, &spec, NULL, 5, &arena, NULL), 0);
	assert_int_equal(s.n_train, 1000);
	assert_int_equal(s.n_validation, 0);
	assert_int_equal(s.n_test, 300);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(s.train[i], i);
	arena_release(&arena);
}

static void test_select_validation(void **state)
{
	const struct dataset d = blank(1000, 300);
	const struct dataset_spec spec = {.validation = 200, .train_limit = 500, .test_limit = 7};
	const struct dataset_spec unlimited = {.validation = 200};
	struct arena arena = {0};
	struct selection s, again, other, all;
	bool seen[1000] = {false};
	int late = 0;

	(void)state;
	assert_int_equal(dataset_select(&s, &d, &spec, NULL, 5, &arena, NULL), 0);
	assert_int_equal(dataset_select(&again, &d, &spec, NULL, 5, &arena, NULL), 0);
	assert_int_equal(dataset_select(&other, &d, &spec, NULL, 6, &arena, NULL), 0);
	assert_int_equal(dataset_select(&all, &d, &unlimited, NULL, 5, &arena, NULL), 0);
	assert_int_equal(s.n_train, 500);
	assert_int_equal(s.n_validation, 200);
	assert_int_equal(s.n_test, 7);
	assert_int_equal(all.n_train, 800);
	expect_ascending(s.train, 500, 1000);
	expect_ascending(s.validation, 200, 1000);
	expect_ascending(all.train, 800, 1000);
	/* together they are all images, each once */
	for (int i = 0; i < 200; i++) {
		seen[all.validation[i]] = true;
		late += all.validation[i] >= 500;
	}
	for (int i = 0; i < 800; i++) {
		assert_false(seen[all.train[i]]);
		seen[all.train[i]] = true;
	}
	for (int i = 0; i < 1000; i++)
		assert_true(seen[i]);
	/* drawn from the whole file: half of them from its second half, give or take */
	assert_in_range(late, 70, 130);
	/* the limit takes the first of the rest and leaves the validation images as they are */
	assert_memory_equal(s.train, all.train, 500 * sizeof *s.train);
	assert_memory_equal(s.validation, all.validation, 200 * sizeof *s.train);
	assert_memory_equal(s.validation, again.validation, 200 * sizeof *s.train);
	assert_memory_not_equal(s.validation, other.validation, 200 * sizeof *s.train);
	arena_release(&arena);
}

static void test_select_too_few(void **state)
{
	const struct dataset d = blank(10, 3);
	const struct place here[ROWS] = {[ROW_NAME] = {.line = 1}, [ROW_TRAIN_LIMIT] = {.line = 4}};
	struct dataset_spec spec = {.train_limit = 11};
	struct arena arena = {0};
	struct selection s;
	struct err err = {0};

	(void)state;
	assert_int_equal(dataset_select(&s, &d, &spec, here, 0, &arena, &err), -1);
	expect_text(err.text, "train_limit is 11, but there are 10 training images");
	assert_int_equal(err.place.line, 4);
	err = (struct err){0};
	spec = (struct dataset_spec){.test_limit = 4};
	assert_int_equal(dataset_select(&s, &d, &spec, here, 0, &arena, &err), -1);
	assert_int_equal(err.place.line, 1);
	spec = (struct dataset_spec){.validation = 9, .train_limit = 1, .test_limit = 3};
	assert_int_equal(dataset_select(&s, &d, &spec, here, 0, &arena, NULL), 0);
	arena_release(&arena);
}

static void test_values(void **state)
{
	const struct dataset d = blank(1, 1);
	struct dataset_spec spec = {0};
	struct arena arena = {0};
	struct selection s;

	(void)state;
	assert_int_equal(dataset_select(&s, &d, &spec, NULL, 0, &arena, NULL), 0);
	for (int v = 0; v < 256; v++) {
		const float exact = (float)v / 255.0f; /* IEEE: correctly rounded */

		assert_memory_equal(&s.values.value[v], &exact, sizeof exact);
	}
	spec.normalize = (struct dataset_normalize){true, 0.286, 0.353};
	assert_int_equal(dataset_select(&s, &d, &spec, NULL, 0, &arena, NULL), 0);
	for (int v = 0; v < 256; v++) {
		const float wanted = (float)((v / 255.0 - 0.286) / 0.353);

		assert_memory_equal(&s.values.value[v], &wanted, sizeof wanted);
	}
	arena_release(&arena);
}

static void test_glyphs(void **state)
{
	struct dataset *d = open_in("glyphs", NULL);

	(void)state;
	assert_int_equal(d->train.n, GLYPHS_TRAIN);
	assert_int_equal(d->test.n, GLYPHS_TEST);
	assert_int_equal(d->n_classes, 10);
	assert_string_equal(d->source, "built in");
	assert_string_equal(d->class_names[4], "4");
	assert_string_equal(
		d->sha256, "341327a034708500f69af5239e9e30d05205950b455c5052a74deb1b0a6e07e8");
	expect_known_sum(d);
	dataset_close(d);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fashion),
		TEST(test_mnist),
		TEST(test_sum),
		TEST(test_layouts),
		TEST(test_search_order),
		TEST(test_mislabelled),
		TEST(test_flat_other_set),
		TEST(test_changed_pixel),
		TEST(test_missing),
		TEST(test_download),
		TEST(test_fetch_names),
		TEST(test_incomplete),
		TEST(test_idx),
		TEST(test_places),
		TEST(test_idx_classes),
		TEST(test_idx_mismatch),
		TEST(test_check),
		TEST(test_known),
		TEST(test_rows),
		TEST(test_select_all),
		TEST(test_select_validation),
		TEST(test_select_too_few),
		TEST(test_values),
		TEST(test_glyphs),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
