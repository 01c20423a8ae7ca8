/* The table of one instruction set (kinds.c), for layers/network/isa.c. */
#ifndef LAYERS_KINDS_H
#define LAYERS_KINDS_H

#include "layers/layer.h"

extern const struct kinds kinds_avx512, kinds_avx2, kinds_baseline, kinds_neon;

/* One line a kind: LAYER_KINDS(X), LOSS_KINDS(X), OPTIMIZER_KINDS(X) list them all; the order is the
 * one that tables and help show. */
#define LAYER_KINDS(X)                                                                             \
	X(conv2d)                                                                                  \
	X(linear)

#define LOSS_KINDS(X)

#define OPTIMIZER_KINDS(X)

#endif
