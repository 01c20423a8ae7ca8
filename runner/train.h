/*
 * train -- one run: from its initial weights, or its last checkpoint, to its last epoch.
 *
 * The recipe is d2l's train_ch6 where a config says nothing else: the training images in a new
 * order each epoch, the last batch as small as it comes out; train loss and accuracy are running
 * averages over the epoch, taken before each update; the test set is evaluated after each epoch,
 * and once before the first update. Everything goes into the store: an epoch in one transaction
 * with its points, norms, weights hash and, when the last one is older than a second, a checkpoint;
 * in long epochs a checkpoint each minute. A run that goes on from a checkpoint ends with the bits
 * that it would have had.
 */
#ifndef RUNNER_TRAIN_H
#define RUNNER_TRAIN_H

#include "datasets/dataset.h"
#include "layers/core/team.h"
#include "layers/network/network.h"
#include "runner/config/experiment.h"
#include "runner/screen/progress.h"
#include "runner/store/store.h"

struct train_job {
	const struct experiment *experiment;
	const struct network *network;
	const struct selection *selection;
	const char *config_dir; /* for init from files */
	struct team *team;
	struct store *store;
	int64_t run_id;            /* claimed by this process */
	struct progress *progress; /* may be NULL */
};

struct train_result {
	enum run_status status;
	int epochs_done;
	bool stopped_early;
	double untrained_accuracy;
	struct store_metrics last;  /* of the last complete epoch */
	double examples_per_second; /* over all epochs, whichever process trained them */
};

/* Trains and finishes the run in the store. 0 when the run came to an end that is recorded (look at
 * status: done, diverged or interrupted; the reason is in `err` for a diverged one), -1 when
 * something failed: the run is then recorded as failed, if the store can still be written. */
int train(struct train_result *result, const struct train_job *job, struct err *err);

/* No better than guessing: at most half as good again as 1 in `classes`, nor 5 % above it. False
 * for NAN, and without classes. */
bool at_chance(double accuracy, int classes);

#endif
