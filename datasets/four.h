/*
 * four -- the four IDX files of a data set, read at the same time and held against each other.
 */
#ifndef DATASETS_FOUR_H
#define DATASETS_FOUR_H

#include "datasets/catalogue.h"
#include "datasets/idx.h"

/* In the order of the catalogue's files. */
struct four {
	const char *paths[CATALOGUE_FILES];   /* borrowed */
	struct place places[CATALOGUE_FILES]; /* where a config names them; line 0: nowhere */
	struct idx idx[CATALOGUE_FILES];
	struct err errs[CATALOGUE_FILES];
};

/* Reads `paths`, one thread a file. Fails with the first error in the order of the files; for a
 * published set (else NULL) it adds what to do about it. four_release in any case. */
int four_read(struct four *four, const struct catalogue_set *set, struct err *err);

/* That there are as many labels as images, that test images measure what training images do, and
 * that labels are below n_classes. */
int four_match(const struct four *four, int n_classes, struct err *err);

/* Fails when a file is known by its content to be another one than `set` has in its place. */
int four_mistaken(const struct four *four, const struct catalogue_set *set, struct err *err);

/* Fails when a file's content is not the published one. */
int four_published(const struct four *four, const struct catalogue_set *set, struct err *err);

int four_highest_label(const struct four *four);
void four_release(struct four *four);

#endif
