/*
 * concat -- a block whose branches see the same input and lay their outputs side by side.
 *
 *     y = [branch 0 (x), branch 1 (x), ...] along the channels (or features)
 *     each branch gets its channels of dy; the gradients of x add up in the order of the branches
 *
 * shape    branches may differ in channels only; y has the sum of them
 * options  branches (required): a list of lists of layers; an empty list is the input itself
 * fails    no branch; heights, widths or ranks that differ
 * cost     none: branches write straight into their part of y (the input itself is copied)
 * source   Szegedy et al.: Going Deeper with Convolutions (2015); Huang et al.: Densely Connected
 *          Convolutional Networks (2017); d2l 7.4, 7.7
 * checks   tests/unit/test_layers.c
 */
#ifndef LAYERS_CONCAT_H
#define LAYERS_CONCAT_H

#include "layers/layer.h"

struct concat {
	struct branches branches;
};

extern const struct layer_kind PER_ISA(concat_kind);

#endif
