/*
 * progress -- how a run is coming on, for the person who waits: on stderr, never on stdout.
 *
 * On a terminal it is a live block, redrawn in place at most ten times a second:
 *
 *   lenet_maxpool  epoch 3/10  #########------------------------  24 %  11 s left
 *   batch  94/235  loss 0.947  train acc 0.659  test acc 0.664  41000 examples/s
 *   and d2l's three curves in small: train loss, train accuracy, test accuracy (curves.h)
 *
 * It keeps its shape when the window is resized; in a narrow one numbers that have no room are left
 * out whole, the least important first.
 * Elsewhere it is one line an epoch:
 *
 *   epoch  3/10  loss 0.947  train acc 0.659  test acc 0.664  41000 examples/s  1.5 s
 *
 * PROGRESS_QUIET shows nothing but what progress_say is told; PROGRESS_VERBOSE adds, away from a
 * terminal, five lines an epoch. Training code fills plain structs and knows nothing of the screen;
 * one thread at a time calls. A screen that cannot be written to is no error: it is only shown
 * less.
 */
#ifndef RUNNER_SCREEN_PROGRESS_H
#define RUNNER_SCREEN_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

#include "layers/core/err.h"

struct progress;

enum progress_level { PROGRESS_QUIET, PROGRESS_NORMAL, PROGRESS_VERBOSE };

struct progress_options {
	FILE *file; /* borrowed; stderr */
	enum progress_level level;
	bool no_color;     /* the flag; NO_COLOR is looked at too */
	const char *title; /* the run's name; borrowed for the call */
	int epochs;        /* that the run will have */
};

/* Numbers that are not known are NAN. Losses are means over images, accuracies fractions. */
struct progress_update {
	int epoch;                         /* that is being trained, or has just been: from 1 */
	int batch, batches;                /* done of it, and in it */
	double train_loss, train_accuracy; /* running averages of this epoch */
	double val_loss, val_accuracy, test_loss, test_accuracy; /* at the end of an epoch */
	double examples_per_second;
	double seconds; /* of this epoch so far */
};

/* All NAN and 0: start from it. */
extern const struct progress_update progress_nothing;

/* NULL when memory is out (err says so); every function below accepts NULL and does nothing. */
struct progress *progress_new(const struct progress_options *options, struct err *err);

/* After a batch. Costs one clock_gettime when it is not yet time to draw. */
void progress_batch(struct progress *progress, const struct progress_update *update);

/* After an epoch and its evaluation. */
void progress_epoch(struct progress *progress, const struct progress_update *update);

/* A point of the curves that this process did not train itself: the epochs before an interruption,
 * in order. `position` is in epochs (1.4: 40 % into the second). progress_batch and progress_epoch
 * add their own. */
void progress_history(struct progress *progress, double position, double train_loss,
	double train_accuracy, double test_accuracy);

/* A line of text above the block (a newline is added), at every level. */
void progress_say(struct progress *progress, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Draws the last state, leaves it on the screen and frees. */
void progress_end(struct progress *progress);

#endif
