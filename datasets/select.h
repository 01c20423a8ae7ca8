/*
 * select -- which images a run takes (dataset_select), and the checks of the counts alone. For the
 * files of datasets/; others include dataset.h.
 */
#ifndef DATASETS_SELECT_H
#define DATASETS_SELECT_H

#include "datasets/dataset.h"

/* The rows of dataset_options. */
enum {
	ROW_NAME,
	ROW_TRAIN_LIMIT,
	ROW_TEST_LIMIT,
	ROW_VALIDATION,
	ROW_NORMALIZE,
	ROW_TRAIN_IMAGES, /* the four in the order of the catalogue's files */
	ROW_TRAIN_LABELS,
	ROW_TEST_IMAGES,
	ROW_TEST_LABELS,
	ROW_PATH,
	ROW_CLASSES,
	ROWS
};

/* Where `row` was given, else where the data set is named. `places` may be NULL. */
struct place select_place(const struct place *places, int row);

/* That files with so many images can give what the spec asks for. */
int select_check(const struct dataset_spec *spec, const struct place *places, int n_train,
	int n_test, struct err *err);

#endif
