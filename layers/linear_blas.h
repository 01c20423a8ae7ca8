/*
 * linear_blas -- the fully connected layer by OpenBLAS, for who wants to compare.
 *
 * A whole-batch step (layer.h), as linear_wide.h: images lie side by side as the columns of
 * matrices X (I x N) and Y (O x N), and the meetings are Y = W X + b, dW = dY X^T, dX = W^T dY. Its
 * bits are those of OpenBLAS's kernels.
 *
 * Memory: 2 I + O floats an image of the batch. Checked by tests/unit/test_layers.c.
 */
#ifndef LAYERS_LINEAR_BLAS_H
#define LAYERS_LINEAR_BLAS_H

#include "layers/layer.h"

/* Makes `step`, whose tensors are declared (weight, then bias where there is one), such a step. */
int PER_ISA(linear_blas)(struct plan *plan, struct step *step, int in, int out, struct err *err);

#endif
