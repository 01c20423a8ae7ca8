/*
 * catalogue -- the published data sets that the program knows by name.
 *
 * Each consists of four IDX files. The sums decide whether a file is the published one: `sha256`
 * that of the file as it is offered for download (.gz), `data_sha256` that of what is inside, the
 * header left out, so that a file which somebody has unpacked or packed anew is recognised too.
 */
#ifndef DATASETS_CATALOGUE_H
#define DATASETS_CATALOGUE_H

#include <stdint.h>

#include "layers/core/shape.h"

/* The order of the files of a set, everywhere in datasets/. */
enum { TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS, CATALOGUE_FILES };

enum { CATALOGUE_MIRRORS = 2, CATALOGUE_CLASSES = 10 };

struct catalogue_file {
	const char *name; /* without .gz */
	const char *what; /* "training images": for messages */
};

extern const struct catalogue_file catalogue_files[CATALOGUE_FILES];

struct catalogue_sums {
	int64_t size; /* bytes of the .gz */
	const char *sha256, *data_sha256;
};

struct catalogue_set {
	const char *name, *title;
	const char *torchvision; /* the folder that torchvision makes for it */
	const char *terms;       /* whose it is, and under which licence */
	struct shape shape;
	int n_train, n_test;
	double mean, std;                       /* of the training pixels in [0, 1] */
	const char *mirrors[CATALOGUE_MIRRORS]; /* end in '/' */
	struct catalogue_sums sums[CATALOGUE_FILES];
	const char *classes[CATALOGUE_CLASSES];
};

extern const struct catalogue_set catalogue[]; /* ends in {0} */

/* The set called `name`, or NULL. */
const struct catalogue_set *catalogue_find(const char *name);

/* Whose data has this sum, and which of its files: the set, or NULL. */
const struct catalogue_set *catalogue_of_data(const char *data_sha256, int *file);

#endif
