/*
 * result -- how a run stands in the store, for the person who has just asked for it.
 */
#ifndef RUNNER_RESULT_H
#define RUNNER_RESULT_H

#include <stdbool.h>

#include "runner/store/store.h"

/* On stdout: what was run, its result, what a beginner cannot know, and what can be typed next.
 * `path` of the store; `db` as it was given by --db, or NULL; n_classes of the data. */
int result_print(const struct store_run *run, const char *path, const char *db, int n_classes,
	struct err *err);

/* Why a run that is there already was not trained. `name`: of the config that asked for it. */
void result_print_there(const struct store_run *run, const char *name);

/* Done or diverged: nothing is left to train. */
bool result_is_final(const struct store_run *run);

#endif
