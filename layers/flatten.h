/*
 * flatten -- lays an image out as a vector of features: channel by channel, row by row.
 *
 * shape    C x H x W to C H W features; a vector is kept
 * options  none
 * fails    never
 * cost     none: the same numbers under another shape, no step
 * source   d2l 6.6; torch.nn.Flatten
 * checks   tests/unit/test_layers.c
 */
#ifndef LAYERS_FLATTEN_H
#define LAYERS_FLATTEN_H

#include "layers/layer.h"

extern const struct layer_kind PER_ISA(flatten_kind);

#endif
