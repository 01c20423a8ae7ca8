/*
 * timing -- how fast a network trains and infers here, and where its time goes.
 *
 * The images are random bytes of the data set's shape and the labels are made up: the time does not
 * depend on what they show, and no files are needed. There are as many images as a large data set
 * has, in shuffled order, so that they come from memory as they would. The learning rate is 0: the
 * optimizer does its work, but the weights stay what `init` made them, so a training that would
 * diverge takes no other time than one that would not.
 *
 * On one thread, then on all, RUNS times in turn: some batches of training, some of inference. What
 * is told of each clock (a step's forward, the loss, the whole) is its own median over the runs, so
 * a disturbance of one run spoils none of them; the parts then add up to the whole but nearly.
 */
#ifndef RUNNER_TIMING_H
#define RUNNER_TIMING_H

#include "layers/network/engine.h"
#include "runner/config/experiment.h"

enum { TIMING_RUNS = 7 };

struct timing_request {
	const struct experiment *experiment;
	const struct network *network;
	int n_classes;  /* 0: as many as the network has outputs */
	int threads;    /* most; one thread is timed too */
	double seconds; /* that all takes, about: at least one batch is run in each run */
};

/* Seconds of an image, by the clock on the wall. */
struct timing_pace {
	int threads;
	double train, infer;
};

struct timing {
	double peak; /* GFLOP/s of one core's multipliers: the best before, between and after */
	int n_paces; /* 2, or 1 where there is but one thread */
	struct timing_pace paces[2];

	/* Training on one thread: nanoseconds of so many images. */
	int images;
	int64_t wall;
	struct engine_times times; /* steps in the arena */
	struct arena arena;
};

/* -1 when memory is out, or when the weights cannot be made (init from a file). */
int timing_measure(struct timing *timing, const struct timing_request *request, struct err *err);
void timing_release(struct timing *timing);

#endif
