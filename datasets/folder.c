/* folder -- see folder.h. The files are decoded on all cores, about 20 us a small one. */
#include "datasets/folder.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "datasets/idx.h"
#include "datasets/parallel.h"
#include "datasets/png_grey.h"

enum { MOST_CLASSES = 256, PIECE = 64, TEST_SHARE = 6 };

/* One file, and its turn: the how-manieth of its class it is. */
struct picture {
	const char *path;
	int label, turn;
};

struct pictures {
	struct picture *at; /* owned */
	int n, room;
};

struct scan {
	struct arena *arena; /* borrowed: the dataset's */
	const char **classes;
	int n_classes;
	struct pictures train, test;
};

static bool is_folder(const char *path)
{
	struct stat info;

	return !stat(path, &info) && S_ISDIR(info.st_mode);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool ends_in_png(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && !strcasecmp(name + n - 4, ".png");
}

static int visible_png(const struct dirent *entry)
{
	return visible(entry) && ends_in_png(entry->d_name);
}

static int bytewise(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The sorted names in `folder`; their number, or -1. */
static int list(struct dirent ***names, const char *folder, int (*wanted)(const struct dirent *),
	struct err *err)
{
	int n = scandir(folder, names, wanted, bytewise);

	return n >= 0 ? n : err_errno(err, errno, "cannot read the folder %s", folder);
}

static void free_list(struct dirent **names, int n)
{
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static int add_picture(struct pictures *pictures, struct picture picture, struct err *err)
{
	if (pictures->n == pictures->room) {
		int room = pictures->room ? 2 * pictures->room : 1024;
		struct picture *at = realloc(pictures->at, (size_t)room * sizeof *pictures->at);

		if (!at)
			return err_memory(err, (size_t)room * sizeof *at, "a list of images");
		pictures->at = at;
		pictures->room = room;
	}
	pictures->at[pictures->n++] = picture;
	return 0;
}

/* The images of one class. With `split` its last sixth goes to the test images, else all to `into`.
 */
static int scan_class(struct scan *scan, struct pictures *into, bool split, const char *folder,
	int label, struct err *err)
{
	struct dirent **names;
	int n = list(&names, folder, visible_png, err), n_train, rc = 0;

	if (n < 0)
		return -1;
	n_train = split ? n - n / TEST_SHARE : n;
	if (!n)
		rc = err_set(err, "the folder %s holds no .png file", folder);
	for (int i = 0; i < n && !rc; i++) {
		const bool tests = i >= n_train;
		struct picture picture = {.label = label, .turn = tests ? i - n_train : i};

		picture.path = arena_printf(scan->arena, err, "%s/%s", folder, names[i]->d_name);
		rc = picture.path ? add_picture(tests ? &scan->test : into, picture, err) : -1;
	}
	free_list(names, n);
	return rc;
}

/* The sub-folders of `folder` are the classes. */
static int find_classes(struct scan *scan, const char *folder, struct err *err)
{
	struct dirent **names;
	int n = list(&names, folder, visible, err), rc = 0;

	if (n < 0)
		return -1;
	scan->classes = arena_take(scan->arena, MOST_CLASSES * sizeof *scan->classes, err);
	rc = scan->classes ? 0 : -1;
	for (int i = 0; i < n && !rc; i++) {
		char *path = arena_printf(scan->arena, err, "%s/%s", folder, names[i]->d_name);

		if (!path)
			rc = -1;
		else if (is_folder(path) && scan->n_classes == MOST_CLASSES)
			rc = err_set(err,
				"%s holds more than %d folders: so many classes cannot "
				"be told apart",
				folder, MOST_CLASSES);
		else if (is_folder(path))
			scan->classes[scan->n_classes++] = strrchr(path, '/') + 1;
	}
	free_list(names, n);
	if (!rc && !scan->n_classes)
		rc = err_set(
			err, "%s holds no folders: each class needs one, named after it", folder);
	return rc;
}

static int label_of(const struct scan *scan, const char *name)
{
	for (int i = 0; i < scan->n_classes; i++)
		if (!strcmp(scan->classes[i], name))
			return i;
	return -1;
}

static int scan_all(
	struct scan *scan, struct pictures *into, bool split, const char *folder, struct err *err)
{
	for (int i = 0; i < scan->n_classes; i++) {
		char *path = arena_printf(scan->arena, err, "%s/%s", folder, scan->classes[i]);

		if (!path || scan_class(scan, into, split, path, i, err))
			return -1;
	}
	return 0;
}

/* A class to be tested that is never trained is a slip of the pen; the reverse is allowed. */
static int scan_test(struct scan *scan, const char *folder, struct err *err)
{
	struct scan test = {.arena = scan->arena};

	if (!is_folder(folder))
		return err_set(err, "there is no folder %s beside train", folder);
	if (find_classes(&test, folder, err))
		return -1;
	for (int i = 0; i < test.n_classes; i++) {
		const char *name = test.classes[i];
		const int label = label_of(scan, name);
		char *path = arena_printf(scan->arena, err, "%s/%s", folder, name);

		if (!path)
			return -1;
		if (label < 0)
			return err_set(err,
				"%s has no counterpart in train: the class '%s' is "
				"never trained",
				path, name);
		if (scan_class(scan, &scan->test, false, path, label, err))
			return -1;
	}
	return 0;
}

static int by_turn(const void *a, const void *b)
{
	const struct picture *p = a, *q = b;

	return p->turn != q->turn ? p->turn - q->turn : p->label - q->label;
}

static int scan_path(struct scan *scan, const char *path, bool *split, struct err *err)
{
	const char *train = arena_printf(scan->arena, err, "%s/train", path);
	const char *test = arena_printf(scan->arena, err, "%s/test", path);

	if (!train || !test)
		return -1;
	*split = !is_folder(train);
	if (*split)
		train = path;
	if (find_classes(scan, train, err) || scan_all(scan, &scan->train, *split, train, err))
		return -1;
	if (!*split && scan_test(scan, test, err))
		return -1;
	if (!scan->test.n)
		return err_set(err,
			"%s has too few images: of each class the last sixth is for "
			"testing, and no class has six",
			path);
	qsort(scan->train.at, (size_t)scan->train.n, sizeof *scan->train.at, by_turn);
	qsort(scan->test.at, (size_t)scan->test.n, sizeof *scan->test.at, by_turn);
	return 0;
}

/* Images being decoded on several threads. */
struct decoding {
	const struct pictures *pictures;
	struct shape shape;
	uint8_t *pixels;
	pthread_mutex_t lock; /* guards the two below */
	int first_bad;
	struct err err; /* of first_bad */
};

static void decode(struct decoding *d, int i)
{
	struct err err = {0};

	if (!png_grey_read(d->pictures->at[i].path, d->pixels + (size_t)i * shape_size(d->shape),
		    d->shape.w, d->shape.h, &err))
		return;
	pthread_mutex_lock(&d->lock);
	if (i < d->first_bad) {
		d->first_bad = i;
		d->err = err;
	}
	pthread_mutex_unlock(&d->lock);
}

static void decode_piece(void *context, int piece)
{
	struct decoding *d = context;
	const int end = (piece + 1) * PIECE;

	for (int i = piece * PIECE; i < end && i < d->pictures->n; i++)
		decode(d, i);
}

static int decode_all(struct decoding *d, struct err *err)
{
	d->first_bad = d->pictures->n;
	pthread_mutex_init(&d->lock, NULL);
	parallel_for((d->pictures->n + PIECE - 1) / PIECE, 0, decode_piece, d);
	pthread_mutex_destroy(&d->lock);
	if (d->first_bad == d->pictures->n)
		return 0;
	return err_set(err, "%s", d->err.text);
}

/* Reads the images of one split; `block` is where the dataset keeps their memory. */
static int read_split(struct dataset *dataset, struct split *split, void **block,
	const struct pictures *pictures, struct err *err)
{
	const size_t size = (size_t)pictures->n * shape_size(dataset->shape);
	struct decoding decoding = {.pictures = pictures, .shape = dataset->shape};
	uint8_t *labels = arena_take(&dataset->arena, (size_t)pictures->n, err);

	if (!labels)
		return -1;
	*block = malloc(size + IDX_SLACK);
	if (!*block)
		return err_memory(err, size, "images");
	decoding.pixels = *block;
	memset(decoding.pixels + size, 0, IDX_SLACK);
	for (int i = 0; i < pictures->n; i++)
		labels[i] = (uint8_t)pictures->at[i].label;
	*split = (struct split){.n = pictures->n, .pixels = decoding.pixels, .labels = labels};
	return decode_all(&decoding, err);
}

static int read_all(struct dataset *dataset, struct scan *scan, struct err *err)
{
	int w, h;

	if (png_grey_size(scan->train.at[0].path, &w, &h, err))
		return -1;
	dataset->shape = shape_image(1, h, w);
	dataset->n_classes = scan->n_classes;
	dataset->class_names = scan->classes;
	return read_split(dataset, &dataset->train, &dataset->owned[0], &scan->train, err) ||
			       read_split(dataset, &dataset->test, &dataset->owned[1], &scan->test,
				       err)
		       ? -1
		       : 0;
}

int folder_read(struct dataset *dataset, const char *path, struct err *err)
{
	struct scan scan = {.arena = &dataset->arena};
	bool split = false;
	int rc = scan_path(&scan, path, &split, err);

	if (!rc) {
		dataset->source = arena_printf(&dataset->arena, err, "%s%s", path,
			split ? " (of each class the last sixth is for testing)" : "");
		rc = dataset->source ? read_all(dataset, &scan, err) : -1;
	}
	free(scan.train.at);
	free(scan.test.at);
	return rc;
}
