/*
 * trained -- real runs of real configs: the program's own loading, planning, training and store,
 * without its command line, so that a test pays for drawing the data set only once.
 */
#ifndef TESTS_SUPPORT_TRAINED_H
#define TESTS_SUPPORT_TRAINED_H

#include "layers/network/state.h"
#include "runner/train.h"

/* A config made ready. Borrows the data set, which stays until the process ends. */
struct trained {
	struct experiment *experiment;
	struct dataset *dataset;
	struct network *network;
	struct selection selection;
	struct arena arena;
};

/* Loads the config at `path` (from the repository's root) with the overrides in `changes`, texts
 * KEY=VALUE with | between them, or NULL. Fails the test when something is wrong with it. */
void trained_load(struct trained *t, const char *path, const char *changes);
void trained_release(struct trained *t);

/* The weights that it starts from; freed by state_release. */
void trained_start(const struct trained *t, struct state *state);

/* Finds or makes its run in the store at `path`, claims and trains it, as `runner run -j THREADS`
 * does, and closes the store. *run_id is 0 when it could not be claimed: it is done already. Tells
 * of failures by -1 and `err`, so that a forked process can use it. */
int trained_run(const struct trained *t, const char *path, int threads, int64_t *run_id,
	struct train_result *result, struct err *err);

/* The same in a process of its own, which heeds signals; its number. Its exit status is 0 for a run
 * that is done, 1 for one that failed, else 2 + enum run_status. */
pid_t trained_fork(const struct trained *t, const char *path, int threads);

#endif
