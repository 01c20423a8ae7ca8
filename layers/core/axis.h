/*
 * axis -- which elements a sliding window meets, along one axis.
 *
 * A window of k taps, `dilation` apart, starts `before` elements ahead of the input and moves by
 * `stride`: output o meets input o * stride - before + tap * dilation, for the taps where that lies
 * inside. Seen from the input (as the gradient is), input i meets the outputs for which the same
 * equation holds. In both directions many elements see the same taps at the same distances: all of
 * the inside, one pattern at each end. Such elements form a class; kernels run class by class and
 * need neither padding nor tests.
 */
#ifndef LAYERS_CORE_AXIS_H
#define LAYERS_CORE_AXIS_H

#include "layers/core/arena.h"

struct window {
	int n;   /* length of the input */
	int out; /* length of the output */
	int k, stride, before, dilation;
};

struct axis_class {
	int n_taps;      /* 0: these elements see nothing */
	const int *tap;  /* their numbers, ascending */
	const int *step; /* the source element of each, counted from the first tap's */
	int n;           /* elements of the class */
	const int *at;   /* which they are, ascending */
	const int *from; /* the source element of each one's first tap; 0 without taps */
};

struct axis {
	int n;
	const struct axis_class *classes;
};

/* Elements are outputs, sources are inputs. */
int axis_forward(
	struct axis *axis, const struct window *window, struct arena *arena, struct err *err);

/* Elements are inputs, sources are outputs. */
int axis_backward(
	struct axis *axis, const struct window *window, struct arena *arena, struct err *err);

/* The outputs whose tap `tap` lies inside the input: first .. end - 1 (first == end: none). */
void axis_range(const struct window *window, int tap, int *first, int *end);

#endif
