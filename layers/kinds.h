/* The table of one instruction set (kinds.c), for layers/network/isa.c. */
#ifndef LAYERS_KINDS_H
#define LAYERS_KINDS_H

#include "layers/layer.h"

extern const struct kinds kinds_avx512, kinds_avx2, kinds_baseline, kinds_neon;

/* One line a kind: LAYER_KINDS(X), LOSS_KINDS(X), OPTIMIZER_KINDS(X) list them all; the order is
 * the one that tables and help show. */
#define LAYER_KINDS(X) \
	X(conv2d)      \
	X(linear)      \
	X(flatten)     \
	X(reshape)     \
	X(sigmoid)     \
	X(relu)        \
	X(tanh)        \
	X(leaky_relu)  \
	X(elu)         \
	X(gelu)        \
	X(softmax)     \
	X(max_pool2d)  \
	X(avg_pool2d)  \
	X(dropout)     \
	X(residual)    \
	X(concat)

#define LOSS_KINDS(X)    \
	X(cross_entropy) \
	X(squared_error)

#define OPTIMIZER_KINDS(X) \
	X(sgd)             \
	X(adam)            \
	X(adamw)

#endif
