/*
 * schedule -- the learning rate of each step, as a factor of `train.lr`.
 *
 * constant; step(step_size, gamma); multistep(milestones, gamma); exponential(gamma); cosine(min):
 * PyTorch's, by epoch. Linear warm-up over the first epochs multiplies on top of it, by batch.
 */
#ifndef LAYERS_NETWORK_SCHEDULE_H
#define LAYERS_NETWORK_SCHEDULE_H

#include "layers/families.h"

struct schedule_kind {
	struct kind kind;
	bool needs_total; /* the factor depends on the total number of epochs */
	double (*factor)(const void *options, int epoch, int epochs); /* epoch from 0 */
};

/* The learning rate of batch `batch` (from 0, of `batches`) of epoch `epoch` (from 0). */
double schedule_lr(const struct spec *schedule, double lr, int warmup_epochs, int epoch, int epochs,
	int batch, int batches);

#endif
