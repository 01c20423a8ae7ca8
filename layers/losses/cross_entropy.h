/*
 * cross_entropy -- softmax and the negative logarithm of the label's probability, of logits.
 *
 * F classes, logits y, label c, smoothing s:
 *     p_f    = exp(y_f) / sum_k exp(y_k)
 *     t_f    = (1 - s) [f = c] + s / F
 *     loss   = -sum_f t_f log p_f           an image; the batch's is the mean over its images
 *     dy_f   = (p_f - t_f) / images of the batch
 * as torch's CrossEntropyLoss. Stable for all finite logits: the largest is subtracted first, and
 * log p is never the logarithm of a p. A loss beyond the largest float is inf; gradients never are.
 * Labels must be below F. Checked in tests/unit/test_losses.c.
 */
#ifndef LAYERS_LOSSES_CROSS_ENTROPY_H
#define LAYERS_LOSSES_CROSS_ENTROPY_H

struct cross_entropy {
	double label_smoothing;
};

#endif
