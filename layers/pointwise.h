/*
 * pointwise -- what the activations share: everything but the formula.
 *
 * An activation takes each number alone: y = f(x), dx = dy f'(x). A kind brings two kernels, which
 * run along the C * H * W * 16 floats of a group, and at most one option; plan and steps are the
 * same for all. Where f' is cheaper to tell from y than from x, backward is given y.
 *
 * shape   any; kept
 * cost    one pass over x forward; one over dy and x (or y) backward
 * checks  tests/unit/test_layers.c for each kind
 */
#ifndef LAYERS_POINTWISE_H
#define LAYERS_POINTWISE_H

#include "layers/layer.h"

struct pointwise {
	size_t n;     /* floats of a group: C * H * W * 16 */
	float option; /* slope, alpha: the one that the kind has; else 0 */
};

struct pointwise_ops {
	struct step_ops step; /* first; POINTWISE_STEP(name) */
	void (*forward)(float *y, const float *x, const struct pointwise *dims);
	/* `of` is y with of_output, else x */
	void (*backward)(float *dx, const float *dy, const float *of, const struct pointwise *dims);
	bool of_output;
};

void PER_ISA(pointwise_forward)(const struct step *step, const struct work *work);
void PER_ISA(pointwise_backward)(const struct step *step, const struct work *work);

#define POINTWISE_STEP(text)                                         \
	{                                                            \
		.name = text, .forward = PER_ISA(pointwise_forward), \
		.backward = PER_ISA(pointwise_backward),             \
	}

/* The whole of a kind's `plan`, once it has read its option. */
int PER_ISA(pointwise_plan)(struct plan *plan, const struct pointwise_ops *ops, double option,
	int in, int *out, struct err *err);

#endif
