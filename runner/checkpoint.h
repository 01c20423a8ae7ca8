/*
 * checkpoint -- the whole state of a run at a batch boundary, as one piece of bytes.
 *
 * The head below, then the floats of struct state (layers/network/state.h): weights, buffers, the
 * optimizer's memory. Everything that the next batch depends on is in it or follows from it: random
 * numbers are counted, not drawn in sequence, and the order of an epoch follows from the seed and
 * the epoch's number.
 */
#ifndef RUNNER_CHECKPOINT_H
#define RUNNER_CHECKPOINT_H

#include "layers/network/state.h"
#include "runner/store/store.h"

/* Running sums over images. */
struct sums {
	double loss;
	int64_t correct, seen;
};

/* What training took, in all processes that trained; without evaluation. */
struct effort {
	double seconds;
	int64_t examples;
};

struct checkpoint {
	char magic[8];
	int32_t version, numerics;
	int64_t floats, step;
	int32_t epoch, batch;       /* complete epochs, and batches of the next one */
	struct sums epoch_sums;     /* of the epoch so far */
	struct sums point_sums;     /* since the last point */
	struct effort epoch_effort; /* of the epoch so far */
	struct effort run_effort;   /* of the complete epochs */
	double epoch_seconds;       /* everything that the epoch so far took */
	double best;                /* value of the metric that judges epochs, in the best one */
	int32_t best_epoch;         /* 0: none yet */
	int32_t waited;             /* epochs since then */
	double untrained;           /* accuracy of the initial weights on the test images, or NAN */
};

/* Bytes of a checkpoint with this state. */
size_t checkpoint_size(const struct state *state);

/* Writes checkpoint_size bytes; fills in magic, version, numerics, floats and step. */
void checkpoint_write(struct checkpoint *head, const struct state *state, uint8_t *content);

/*
 * Reads the run's checkpoint of a kind ("last") into head and state. *found false, and nothing
 * touched, when there is none, or one of another network, optimizer or numerics version.
 */
int checkpoint_read(struct checkpoint *head, struct state *state, struct store *store,
	int64_t run_id, const char *kind, bool *found, struct err *err);

#endif
