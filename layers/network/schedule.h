/*
 * schedule -- the learning rate of each step, as a factor of `train.lr`.
 *
 * With e the epoch from 0, E the number of epochs; as PyTorch's schedulers, stepped once an epoch:
 *   constant                      1
 *   step(step_size, gamma)        gamma^floor(e / step_size)
 *   multistep(milestones, gamma)  gamma^(how many milestones are <= e)
 *   exponential(gamma)            gamma^e
 *   cosine(min)                   min + (1 - min) (1 + cos(pi e / E)) / 2, so E is torch's T_max,
 * and min is a share of lr where torch's eta_min is a rate A warm-up over the first W epochs of B
 * batches multiplies on top of it: (e B + b + 1) / (W B) in batch b from 0, hence 1 in the last
 * batch of epoch W - 1 and from then on.
 */
#ifndef LAYERS_NETWORK_SCHEDULE_H
#define LAYERS_NETWORK_SCHEDULE_H

#include "layers/families.h"

struct schedule_step {
	int step_size;
	double gamma;
};

struct schedule_multistep {
	struct ints milestones;
	double gamma;
};

struct schedule_exponential {
	double gamma;
};

struct schedule_cosine {
	double min;
};

struct schedule_kind {
	struct kind kind;
	bool needs_total; /* the factor depends on the total number of epochs */
	double (*factor)(const void *options, int epoch, int epochs); /* epoch from 0 */
};

/* The learning rate of batch `batch` (from 0, of `batches`) of epoch `epoch` (from 0). */
double schedule_lr(const struct spec *schedule, double lr, int warmup_epochs, int epoch, int epochs,
	int batch, int batches);

#endif
