/*
 * reshape -- the same numbers, in the same order, under another shape.
 *
 * shape    any to [channels, height, width] or [features]; one of them may be -1: what is left over
 * options  shape (required)
 * fails    where the sizes differ, or -1 cannot be made a whole number
 * cost     none: no step
 * source   torch.nn.Unflatten; LeNet's first layer in d2l 6.6
 * checks   tests/unit/test_layers.c
 */
#ifndef LAYERS_RESHAPE_H
#define LAYERS_RESHAPE_H

#include "layers/layer.h"

struct reshape {
	struct ints shape;
};

extern const struct layer_kind PER_ISA(reshape_kind);

#endif
