/*
 * published -- makes the files of a set of the catalogue be there: finds them on this machine
 * (search.h), or downloads them (fetch.h).
 */
#ifndef DATASETS_PUBLISHED_H
#define DATASETS_PUBLISHED_H

#include "datasets/search.h"

/* Fills *found. DATASET_MISSING when the files are neither here nor reachable: the error then says
 * where to put them, and its notes where was looked and what was wrong with each address. Texts
 * live in `arena`. */
int published_obtain(struct found *found, const struct catalogue_set *set,
	const struct dataset_search *search, struct arena *arena, struct err *err);

#endif
