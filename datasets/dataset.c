/* dataset -- see dataset.h. Here are the options, the checks of a spec and the four ways to come by
 * the data: published files (search, fetch, idx), a person's own IDX files, PNG folders, and the
 * built-in drawing. What is taken from the data is in select.c. */
#include "datasets/dataset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datasets/catalogue.h"
#include "datasets/checksum.h"
#include "datasets/folder.h"
#include "datasets/four.h"
#include "datasets/glyphs.h"
#include "datasets/parallel.h"
#include "datasets/published.h"
#include "datasets/select.h"
#include "layers/core/suggest.h"

enum { MOST_CLASSES = 256 };

static const struct option normalize_options[] = {
	{.name = "mean",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct dataset_normalize, mean),
		.help = "subtracted from each pixel, which is in [0, 1]"},
	{.name = "std",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct dataset_normalize, std),
		.min = 0,
		.max = 1e9,
		.above_min = true,
		.help = "what the difference is then divided by"},
	{0},
};

#define TEXT_OPTION(member, words)                                                                 \
	{                                                                                          \
		.name = #member, .type = OPTION_TEXT,                                              \
		.offset = offsetof(struct dataset_spec, member), .fallback = "null", .help = words \
	}

#define COUNT_OPTION(member, words)                                                           \
	{                                                                                     \
		.name = #member, .type = OPTION_INT,                                          \
		.offset = offsetof(struct dataset_spec, member), .fallback = "0", .max = 1e9, \
		.help = words                                                                 \
	}

const struct option dataset_options[] = {
	[ROW_NAME] = {.name = "name",
		.type = OPTION_TEXT,
		.offset = offsetof(struct dataset_spec, name),
		.help = "mnist, fashion-mnist, glyphs (built in), idx or folder"},
	[ROW_TRAIN_LIMIT] = COUNT_OPTION(train_limit, "train on so many images at most; 0: all"),
	[ROW_TEST_LIMIT] = COUNT_OPTION(test_limit, "test on so many images at most; 0: all"),
	[ROW_VALIDATION] =
		COUNT_OPTION(validation, "training images kept apart, drawn by the seed"),
	[ROW_NORMALIZE] = {.name = "normalize",
		.type = OPTION_GROUP,
		.offset = offsetof(struct dataset_spec, normalize),
		.fallback = "null",
		.group = normalize_options,
		.help = "shifts and scales the pixels"},
	[ROW_TRAIN_IMAGES] = TEXT_OPTION(train_images, "idx: path of the training images"),
	[ROW_TRAIN_LABELS] = TEXT_OPTION(train_labels, "idx: path of the training labels"),
	[ROW_TEST_IMAGES] = TEXT_OPTION(test_images, "idx: path of the test images"),
	[ROW_TEST_LABELS] = TEXT_OPTION(test_labels, "idx: path of the test labels"),
	[ROW_PATH] = TEXT_OPTION(path,
		"folder: path of the folder with train/CLASS and test/CLASS, or with CLASS alone"),
	[ROW_CLASSES] = {.name = "classes",
		.type = OPTION_TEXTS,
		.offset = offsetof(struct dataset_spec, classes),
		.fallback = "null",
		.help = "idx: names of the classes, in the order of the labels"},
	[ROWS] = {0},
};

const char *const dataset_names[] = {"mnist", "fashion-mnist", "glyphs", "idx", "folder", NULL};

/* ---- checks without files */

static int refuse_name(const char *name, const struct place *places, struct err *err)
{
	struct suggestion meant = {.wrong = name};
	char text[SUGGESTION_TEXT];

	for (int i = 0; dataset_names[i]; i++)
		suggestion_try(&meant, dataset_names[i]);
	return err_at(err, select_place(places, ROW_NAME), "there is no data set '%s'%s", name,
		meant.best ? suggestion_text(&meant, text)
			   : ": expected mnist, fashion-mnist, glyphs (built in), idx (your own "
			     "files) or folder (your own PNG files)");
}

static bool is_name(const char *name)
{
	for (int i = 0; dataset_names[i]; i++)
		if (!strcmp(dataset_names[i], name))
			return true;
	return false;
}

int dataset_known(const char *name, struct shape *shape, int *n_classes)
{
	const struct catalogue_set *set = catalogue_find(name);

	if (set) {
		*shape = set->shape;
		*n_classes = CATALOGUE_CLASSES;
		return 0;
	}
	if (strcmp(name, "glyphs"))
		return -1;
	*shape = shape_image(1, GLYPHS_SIDE, GLYPHS_SIDE);
	*n_classes = GLYPHS_CLASSES;
	return 0;
}

int dataset_known_train(const struct dataset_spec *spec)
{
	const struct catalogue_set *set = catalogue_find(spec->name);
	int n = set ? set->n_train : strcmp(spec->name, "glyphs") ? 0 : GLYPHS_TRAIN;
	int left = n - spec->validation;

	if (!n)
		return spec->train_limit;
	return spec->train_limit && spec->train_limit < left ? spec->train_limit : left;
}

static const char *idx_path(const struct dataset_spec *spec, int file)
{
	const char *const paths[CATALOGUE_FILES] = {[TRAIN_IMAGES] = spec->train_images,
		[TRAIN_LABELS] = spec->train_labels,
		[TEST_IMAGES] = spec->test_images,
		[TEST_LABELS] = spec->test_labels};

	return paths[file];
}

/* An option that only one kind of data set has: must be there for it, and only for it. */
static int check_option(const struct dataset_spec *spec, const struct place *places, int row,
	bool given, const char *owner, struct err *err)
{
	const bool wanted = !strcmp(spec->name, owner);
	const char *name = dataset_options[row].name;

	if (wanted && !given && row != ROW_CLASSES)
		return err_at(err, select_place(places, ROW_NAME), "dataset %s needs %s: a path",
			owner, name);
	if (!wanted && given)
		return err_at(err, select_place(places, row), "%s belongs to dataset %s, not to %s",
			name, owner, spec->name);
	return 0;
}

static int check_counts(
	const struct dataset_spec *spec, const struct place *places, struct err *err)
{
	const struct catalogue_set *set = catalogue_find(spec->name);

	if (set)
		return select_check(spec, places, set->n_train, set->n_test, err);
	if (!strcmp(spec->name, "glyphs"))
		return select_check(spec, places, GLYPHS_TRAIN, GLYPHS_TEST, err);
	return 0;
}

int dataset_check(const struct dataset_spec *spec, const struct place *places, struct err *err)
{
	if (!is_name(spec->name))
		return refuse_name(spec->name, places, err);
	for (int i = 0; i < CATALOGUE_FILES; i++)
		if (check_option(spec, places, ROW_TRAIN_IMAGES + i, idx_path(spec, i), "idx", err))
			return -1;
	if (check_option(spec, places, ROW_PATH, spec->path, "folder", err) ||
		check_option(spec, places, ROW_CLASSES, spec->classes.n > 0, "idx", err))
		return -1;
	if (spec->classes.n > MOST_CLASSES)
		return err_at(err, select_place(places, ROW_CLASSES),
			"%d classes: a label is one byte, which tells %d apart", spec->classes.n,
			MOST_CLASSES);
	return check_counts(spec, places, err);
}

/* ---- a person's own files */

/* A path in a config is meant from the config's folder. */
static const char *resolve(
	const char *path, const struct dataset_search *search, struct arena *arena, struct err *err)
{
	if (path[0] == '/' || !search->config_dir || !strcmp(search->config_dir, "."))
		return arena_text(arena, path, err);
	return arena_printf(arena, err, "%s/%s", search->config_dir, path);
}

static int look_at(const char *path, bool folder, struct place place, struct err *err)
{
	struct stat info;

	if (stat(path, &info)) {
		if (errno == ENOENT || errno == ENOTDIR)
			return err_at(err, place, "there is no %s '%s'", folder ? "folder" : "file",
				path);
		return err_at(err, place, "cannot look at '%s': %s", path, strerror(errno));
	}
	if (S_ISDIR(info.st_mode) != folder)
		return err_at(err, place, "'%s' is a %s; a %s is needed here", path,
			folder ? "file" : "folder", folder ? "folder" : "file");
	if (access(path, folder ? R_OK | X_OK : R_OK))
		return err_at(err, place, "cannot read '%s': %s", path, strerror(errno));
	return 0;
}

int dataset_look(const struct dataset_spec *spec, const struct dataset_search *search, int i,
	struct err *err)
{
	const bool folder = i == CATALOGUE_FILES;
	const char *path = folder ? spec->path : idx_path(spec, i), *full;
	struct arena arena = {0};
	int status;

	if (!path)
		return 0;
	full = resolve(path, search, &arena, err);
	status = full ? look_at(full, folder,
				select_place(
					search->places, folder ? ROW_PATH : ROW_TRAIN_IMAGES + i),
				err)
		      : -1;
	arena_release(&arena);
	return status;
}

int dataset_fetch(const char *name, const struct dataset_search *search, struct err *err)
{
	const struct catalogue_set *set = catalogue_find(name);
	struct arena arena = {0};
	struct found found;
	int rc;

	if (!strcmp(name, "glyphs"))
		return 0;
	if (!set)
		return err_set(err,
			is_name(name) ? "dataset %s is your own files: there is nothing "
					"to download"
				      : "there is no data set '%s' to download",
			name);
	rc = published_obtain(&found, set, search, &arena, err);
	arena_release(&arena);
	return rc;
}

/* ---- sums and names */

/* Of the sums of the four arrays, in the order of the catalogue; see dataset.h. */
static int sum_up(char hex[SHA256_HEX], struct shape image, int n_train, int n_test,
	const char *const sums[CATALOGUE_FILES], struct err *err)
{
	char shape[SHAPE_TEXT], text[512];
	int n = snprintf(text, sizeof text, "%s\n%d %s %s\n%d %s %s\n", shape_text(shape, image),
		n_train, sums[TRAIN_IMAGES], sums[TRAIN_LABELS], n_test, sums[TEST_IMAGES],
		sums[TEST_LABELS]);

	return checksum_data(hex, text, (size_t)n, err);
}

static int sum_dataset(
	struct dataset *dataset, const char *const sums[CATALOGUE_FILES], struct err *err)
{
	return sum_up(
		dataset->sha256, dataset->shape, dataset->train.n, dataset->test.n, sums, err);
}

int dataset_known_sum(char hex[SHA256_HEX], const char *name, struct err *err)
{
	const struct catalogue_set *set = catalogue_find(name);
	const char *sums[CATALOGUE_FILES];

	if (!set && strcmp(name, "glyphs"))
		return err_set(err, "only its files know what '%s' holds", name);
	if (!set)
		return sum_up(hex, shape_image(1, GLYPHS_SIDE, GLYPHS_SIDE), GLYPHS_TRAIN,
			GLYPHS_TEST, glyphs_sums, err);
	for (int i = 0; i < CATALOGUE_FILES; i++)
		sums[i] = set->sums[i].data_sha256;
	return sum_up(hex, set->shape, set->n_train, set->n_test, sums, err);
}

/* The four arrays of a data set that does not come from IDX files, being summed on all cores. */
struct summing {
	const struct dataset *dataset;
	char sums[CATALOGUE_FILES][SHA256_HEX];
	int failed[CATALOGUE_FILES];
};

static void sum_one(void *context, int i)
{
	struct summing *s = context;
	const struct split *split = i < TEST_IMAGES ? &s->dataset->train : &s->dataset->test;
	const size_t n = (size_t)split->n;

	if (i == TRAIN_IMAGES || i == TEST_IMAGES)
		s->failed[i] = checksum_data(
			s->sums[i], split->pixels, n * shape_size(s->dataset->shape), NULL);
	else
		s->failed[i] = checksum_data(s->sums[i], split->labels, n, NULL);
}

/* `known`: what the sums must be, or NULL. */
static int sum_arrays(struct dataset *dataset, const char *const *known, struct err *err)
{
	struct summing s = {.dataset = dataset};
	const char *sums[CATALOGUE_FILES];

	parallel_for(CATALOGUE_FILES, 0, sum_one, &s);
	for (int i = 0; i < CATALOGUE_FILES; i++) {
		if (s.failed[i])
			return err_set(err, "libcrypto cannot compute a SHA-256");
		sums[i] = s.sums[i];
		if (known && strcmp(sums[i], known[i]))
			return err_set(err,
				"the %s that this machine draws are not those of others: their "
				"SHA-256 is %s, not %s",
				catalogue_files[i].what, sums[i], known[i]);
	}
	return sum_dataset(dataset, sums, err);
}

/* Texts "0", "1" ... */
static const char *const *number_names(int n, struct arena *arena, struct err *err)
{
	const char **names = arena_take(arena, (size_t)n * sizeof *names, err);

	for (int i = 0; names && i < n; i++) {
		names[i] = arena_printf(arena, err, "%d", i);
		if (!names[i])
			return NULL;
	}
	return names;
}

/* ---- the four ways to open */

/* Moves the arrays into the dataset. */
static int take_four(struct dataset *dataset, struct four *four, struct err *err)
{
	const struct idx *idx = four->idx;
	const char *sums[CATALOGUE_FILES];

	dataset->shape = idx[TRAIN_IMAGES].shape;
	dataset->train = (struct split){.n = idx[TRAIN_IMAGES].n,
		.pixels = idx[TRAIN_IMAGES].data,
		.labels = idx[TRAIN_LABELS].data};
	dataset->test = (struct split){.n = idx[TEST_IMAGES].n,
		.pixels = idx[TEST_IMAGES].data,
		.labels = idx[TEST_LABELS].data};
	for (int i = 0; i < CATALOGUE_FILES; i++) {
		dataset->owned[i] = four->idx[i].data;
		four->idx[i].data = NULL;
		sums[i] = four->idx[i].sha256;
	}
	return sum_dataset(dataset, sums, err);
}

static int open_set(struct dataset *dataset, const struct catalogue_set *set,
	const struct dataset_search *search, struct err *err)
{
	struct four four = {0};
	struct found found;
	int rc = published_obtain(&found, set, search, &dataset->arena, err);

	if (rc)
		return rc;
	dataset->source = found.folder;
	dataset->n_classes = CATALOGUE_CLASSES;
	dataset->class_names = set->classes;
	memcpy(four.paths, found.paths, sizeof four.paths);
	rc = four_read(&four, set, err) || four_mistaken(&four, set, err) ||
			     four_match(&four, CATALOGUE_CLASSES, err) ||
			     four_published(&four, set, err) || take_four(dataset, &four, err)
		     ? -1
		     : 0;
	four_release(&four);
	return rc;
}

static int name_classes(struct dataset *dataset, const struct dataset_spec *spec,
	const struct four *four, struct err *err)
{
	const int n = spec->classes.n;
	const char **names;

	dataset->n_classes = n ? n : four_highest_label(four) + 1;
	if (!n) {
		dataset->class_names = number_names(dataset->n_classes, &dataset->arena, err);
		return dataset->class_names ? 0 : -1;
	}
	names = arena_take(&dataset->arena, (size_t)n * sizeof *names, err);
	for (int i = 0; names && i < n; i++) {
		names[i] = arena_text(&dataset->arena, spec->classes.at[i], err);
		if (!names[i])
			return -1;
	}
	dataset->class_names = names;
	return names ? 0 : -1;
}

static int open_idx(struct dataset *dataset, const struct dataset_spec *spec,
	const struct dataset_search *search, struct err *err)
{
	struct four four = {0};
	int rc;

	for (int i = 0; i < CATALOGUE_FILES; i++) {
		four.places[i] = select_place(search->places, ROW_TRAIN_IMAGES + i);
		four.paths[i] = resolve(idx_path(spec, i), search, &dataset->arena, err);
		if (!four.paths[i])
			return -1;
	}
	dataset->source = four.paths[TRAIN_IMAGES];
	rc = four_read(&four, NULL, err) || name_classes(dataset, spec, &four, err) ||
			     four_match(&four, dataset->n_classes, err) ||
			     take_four(dataset, &four, err)
		     ? -1
		     : 0;
	four_release(&four);
	return rc;
}

static int open_folder(struct dataset *dataset, const struct dataset_spec *spec,
	const struct dataset_search *search, struct err *err)
{
	const char *path = resolve(spec->path, search, &dataset->arena, err);

	if (!path)
		return -1;
	if (folder_read(dataset, path, err)) {
		if (err && !err->place.line)
			err->place = select_place(search->places, ROW_PATH);
		return -1;
	}
	return sum_arrays(dataset, NULL, err);
}

static int draw_split(struct dataset *dataset, struct split *split, int which, int n,
	bool (*stop)(void), struct err *err)
{
	const size_t size = (size_t)n * shape_size(dataset->shape);
	uint8_t *pixels = malloc(size + IDX_SLACK);
	uint8_t *labels = arena_take(&dataset->arena, (size_t)n, err);

	dataset->owned[which] = pixels;
	if (!pixels)
		return err_memory(err, size, "images");
	if (!labels)
		return -1;
	memset(pixels + size, 0, IDX_SLACK);
	if (glyphs_draw(pixels, labels, (enum glyphs_split)which, n, 0, stop))
		return err_set(err, "drawing the glyphs was stopped");
	*split = (struct split){.n = n, .pixels = pixels, .labels = labels};
	return 0;
}

static int open_glyphs(
	struct dataset *dataset, const struct dataset_search *search, struct err *err)
{
	bool (*stop)(void) = search ? search->stop : NULL;

	if (search && !search->quiet)
		fprintf(stderr, "drawing glyphs ...\n");
	dataset->shape = shape_image(1, GLYPHS_SIDE, GLYPHS_SIDE);
	dataset->n_classes = GLYPHS_CLASSES;
	dataset->class_names = number_names(GLYPHS_CLASSES, &dataset->arena, err);
	dataset->source = "built in";
	if (!dataset->class_names ||
		draw_split(dataset, &dataset->train, GLYPHS_SPLIT_TRAIN, GLYPHS_TRAIN, stop, err) ||
		draw_split(dataset, &dataset->test, GLYPHS_SPLIT_TEST, GLYPHS_TEST, stop, err))
		return -1;
	return sum_arrays(dataset, glyphs_sums, err);
}

static int open_any(struct dataset *dataset, const struct dataset_spec *spec,
	const struct dataset_search *search, struct err *err)
{
	const struct catalogue_set *set = catalogue_find(spec->name);

	if (dataset_check(spec, NULL, err))
		return -1;
	dataset->name = arena_text(&dataset->arena, spec->name, err);
	if (!dataset->name)
		return -1;
	if (set)
		return open_set(dataset, set, search, err);
	if (!strcmp(spec->name, "idx"))
		return open_idx(dataset, spec, search, err);
	if (!strcmp(spec->name, "folder"))
		return open_folder(dataset, spec, search, err);
	return open_glyphs(dataset, search, err);
}

int dataset_open(struct dataset **out, const struct dataset_spec *spec,
	const struct dataset_search *search, struct err *err)
{
	struct dataset *dataset = calloc(1, sizeof *dataset);
	int rc;

	*out = NULL;
	if (!dataset)
		return err_memory(err, sizeof *dataset, "a data set");
	rc = open_any(dataset, spec, search, err);
	if (rc)
		dataset_close(dataset);
	else
		*out = dataset;
	return rc;
}

void dataset_close(struct dataset *dataset)
{
	if (!dataset)
		return;
	for (size_t i = 0; i < sizeof dataset->owned / sizeof *dataset->owned; i++)
		free(dataset->owned[i]);
	arena_release(&dataset->arena);
	free(dataset);
}
