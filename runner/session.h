/*
 * session -- what the runs of one command share, and the way of one of them: which run it is, its
 * row in the store, its data, its training, and how it stands afterwards, on stdout.
 *
 * A data set that is known by its name is opened only when something is to be trained on it: a run
 * that is done already says so at once, with or without the files.
 */
#ifndef RUNNER_SESSION_H
#define RUNNER_SESSION_H

#include "datasets/dataset.h"
#include "layers/core/team.h"
#include "layers/network/network.h"
#include "runner/config/experiment.h"
#include "runner/identity.h"
#include "runner/screen/progress.h"
#include "runner/store/store.h"

/* What the command line says. */
struct session_flags {
	int threads;
	const char *db, *data_dir; /* NULL: not given */
	bool again, dry, no_color;
	enum progress_level level;
};

/* So many missing data sets are remembered; further ones are looked for each time. */
enum { SESSION_MISSING = 8 };

struct session {
	struct session_flags flags;
	struct team *team;
	struct store *store;
	struct dataset *dataset; /* of the last run that needed one, */
	const struct experiment *dataset_of;
	const char *missing[SESSION_MISSING]; /* names of data sets that could not be had */
	int n_missing;
	int diverged;    /* runs that did, now or when they were trained */
	int taken;       /* runs that came as far as the store */
	bool unfinished; /* some run did not come to its end */
	bool elsewhere;  /* another process is training one of them */
};

/* Which run a config means, and what it takes to train it. */
struct session_run {
	const struct experiment *experiment;
	struct network *network; /* owned */
	int n_classes;           /* of its data; 0: targets */
	struct identity identity;
};

/* The path of the store. */
const char *session_store(const struct session *session);

/* Opens the store for writing and starts the team. `session` has its flags and is otherwise empty;
 * session_end in any case. */
int session_begin(struct session *session, struct err *err);
void session_end(struct session *session);

/* Plans the network and finds out which run it is; opens the data where only the files know. What
 * dataset_open returns when that fails. session_run_release in any case. */
int session_identify(struct session *session, struct session_run *run,
	const struct experiment *experiment, struct err *err);
void session_run_release(struct session_run *run);

/* Brings the run of one config to its end and tells on stdout how it stands. 0 also for a run that
 * diverged or was interrupted, that is done already or is trained elsewhere; DATASET_MISSING when
 * there is no data for it; -1 for everything else that stopped it. */
int session_train(struct session *session, const struct experiment *experiment, struct err *err);

#endif
