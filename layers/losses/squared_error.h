/*
 * squared_error -- the squared distance of outputs and targets, times `scale`.
 *
 * F outputs y and targets t an image, B images in the batch; as torch's MSELoss:
 *     reduction: mean   batch's loss  scale / (B F) sum over images and f of (y - t)^2
 *                       dy            2 scale / (B F) (y - t)
 *     reduction: sum    batch's loss  scale sum over images and f of (y - t)^2
 *                       dy            2 scale (y - t)
 * An image's loss is what makes the mean over the batch's images the batch's loss: scale / F times
 * its own sum for mean, B scale times its own sum for sum. So with `sum`, losses and gradients grow
 * with the size of the batch, as in torch, and are comparable between batches of one size only.
 * Labels without targets are targets of 1 for the label and 0 elsewhere.
 * Checked in tests/unit/test_losses.c.
 */
#ifndef LAYERS_LOSSES_SQUARED_ERROR_H
#define LAYERS_LOSSES_SQUARED_ERROR_H

enum squared_error_reduction { SQUARED_ERROR_MEAN, SQUARED_ERROR_SUM };

struct squared_error {
	int reduction; /* enum squared_error_reduction */
	double scale;
};

#endif
