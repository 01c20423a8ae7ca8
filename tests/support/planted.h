/*
 * planted -- a store in a new folder, with runs whose every number the test has
 * chosen.
 */
#ifndef TESTS_SUPPORT_PLANTED_H
#define TESTS_SUPPORT_PLANTED_H

#include <stdint.h>

#include "runner/store/store.h"

struct planted {
	char *folder;  /* owned */
	char path[96]; /* of the store */
	struct store *store;
};

/* cmocka's setup and teardown: *state is a struct planted with an open store, registered as a
 * worker; afterwards the folder is removed. */
int planted_setup(void **state);
int planted_teardown(void **state);

/* Closes the store and opens it again. */
void planted_reopen(struct planted *planted, enum store_mode mode);

/* What a plan points to; `plan` is ready for store_run_create. */
struct planted_plan {
	struct store_plan plan;
	struct store_dataset dataset;
	char run_hash[65], variant_hash[65];
};

/* 64 digits that end in `n`. */
char *planted_hash(char hash[65], int n);

/* A run of variant number `variant` (a run's hash is that number and the seed) on a data set of
 * five test images with labels 0, 1, 2, 1, 255. */
void planted_plan(
	struct planted_plan *plan, const char *name, int variant, int64_t seed, const char *params);

/* Makes and claims it; returns its number. */
int64_t planted_claim(struct planted *planted, const struct planted_plan *plan);

/* Makes it, trains one epoch that ends in `metrics`, and ends it with `status`. */
int64_t planted_run(struct planted *planted, const struct planted_plan *plan,
	const struct store_metrics *metrics, enum run_status status);

/* The first column of the first row of a query, which must succeed and give a row. */
int64_t planted_int(struct store *store, const char *sql);
double planted_real(struct store *store, const char *sql); /* NULL: NAN */
const char *planted_text(
	struct store *store, const char *sql); /* until the next call; NULL: "NULL" */

/* What SQLite says to a statement that must fail; fails the test when it does not. */
const char *planted_refused(struct store *store, const char *sql);

extern const struct store_metrics planted_no_metrics; /* all NAN */

#endif
