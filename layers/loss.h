/*
 * loss -- the contract of the losses: what the network's output is worth, and its gradient.
 *
 * A loss sees one shard's outputs [F][16] and, for each image, a class number or F targets. It
 * writes each live image's loss and, if asked, the gradient of the *batch's* loss: divided by
 * batch_live where the loss is a mean. Dead lanes get gradient 0, set, not multiplied (their
 * numbers may be anything). The batch's loss is the mean of the images' losses.
 */
#ifndef LAYERS_LOSS_H
#define LAYERS_LOSS_H

#include "layers/layer.h"

struct loss_work {
	const void *options; /* of the loss's spec */
	int features;        /* F */
	int groups, live, batch_live;
	struct view y;         /* the network's output */
	struct view dy;        /* at NULL: no gradient wanted */
	const uint8_t *labels; /* live class numbers, or NULL */
	const float *targets;  /* live * F, or NULL: then the labels are the targets, one-hot */
	float *loss;           /* out: groups * 16; dead lanes are not read */
	uint8_t *
		predicted; /* out: live class numbers, the first largest output; NULL: not wanted */
};

struct loss_kind {
	struct kind kind;
	bool wants_labels; /* class numbers are needed, targets do not do */
	void (*run)(const struct loss_work *work);
};

/* predicted[i] for each live image: shared by the losses (layers/losses/predict.c). */
void PER_ISA(loss_predict)(const struct loss_work *work);

#endif
