/* decay -- the options of weight decay, which all optimizers have, and which tensors they reach. */
#ifndef LAYERS_OPTIMIZERS_DECAY_H
#define LAYERS_OPTIMIZERS_DECAY_H

#include <float.h>

#include "layers/optimizer.h"

/* Rows of an option table, for a struct with `double weight_decay` and `bool decay_bias`. */
/* clang-format off */
#define DECAY_OPTIONS(owner, default_decay)                                                        \
	{.name = "weight_decay",                                                                   \
		.type = OPTION_NUMBER,                                                             \
		.offset = offsetof(owner, weight_decay),                                           \
		.fallback = default_decay,                                                         \
		.min = 0,                                                                          \
		.max = FLT_MAX,                                                                    \
		.help = "pull of each weight towards 0"},                                          \
	{.name = "decay_bias",                                                                     \
		.type = OPTION_BOOL,                                                               \
		.offset = offsetof(owner, decay_bias),                                             \
		.fallback = "false",                                                               \
		.help = "biases and the scales of norms are decayed too"}
/* clang-format on */

static inline double decay_of(const struct update *u, double weight_decay, bool decay_bias)
{
	return u->bias && !decay_bias ? 0 : weight_decay;
}

#endif
