/*
 * search -- where the files of a published data set lie on this machine.
 *
 * Folders are looked through in this order: --data-dir, $RUNNER_DATA, data, ../data, datasets/data,
 * and the cache, $XDG_CACHE_HOME/runner/datasets (~/.cache/runner/datasets). In each, the four
 * files may lie, gz or plain, in NAME/ (fashion-mnist/), in torchvision's layout
 * (FashionMNIST/raw/), or right there. A folder that has them right there does not say which set
 * they are; its test labels do, and when they are another known set's the search goes on.
 */
#ifndef DATASETS_SEARCH_H
#define DATASETS_SEARCH_H

#include "datasets/catalogue.h"
#include "datasets/dataset.h"

enum { SEARCH_TRIED = 512 };

struct found {
	const char *folder; /* NULL: nowhere */
	const char *paths[CATALOGUE_FILES];
	char tried[SEARCH_TRIED]; /* the folders looked through, for messages */
};

/* Texts live in `arena`. Fails only when memory is out. */
int search_find(struct found *found, const struct catalogue_set *set,
	const struct dataset_search *search, struct arena *arena, struct err *err);

/* The folder that downloads of the set go to: NAME in --data-dir, or else in the cache. Fails when
 * neither is known. */
const char *search_target(const struct catalogue_set *set, const struct dataset_search *search,
	struct arena *arena, struct err *err);

#endif
