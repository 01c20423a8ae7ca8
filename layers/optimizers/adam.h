/*
 * adam -- adaptive moments (Kingma, Ba: Adam: A Method for Stochastic Optimization; ICLR 2015), as
 * torch.optim.Adam; and adamw, with the decay beside the step (Loshchilov, Hutter: Decoupled Weight
 * Decay Regularization; ICLR 2019), as torch.optim.AdamW.
 *
 * Weight w, gradient g, moments m and v (0 at the start), betas b1 and b2, step t from 1 on:
 *     adam:   g = g + weight_decay w            biases and norms: where decay_bias is set
 *     adamw:  w = w - lr weight_decay w         likewise
 *     m = m + (1 - b1) (g - m)
 *     v = b2 v + (1 - b2) g^2
 *     w = w - lr / (1 - b1^t)  m / (sqrt(v / (1 - b2^t)) + eps)
 * What depends on t alone is computed in double. Two blocks of state. Checked in
 * tests/unit/test_optimizers.c.
 */
#ifndef LAYERS_OPTIMIZERS_ADAM_H
#define LAYERS_OPTIMIZERS_ADAM_H

#include <stdbool.h>

#include "layers/core/option.h"

struct adam {
	struct numbers betas; /* two */
	double eps, weight_decay;
	bool decay_bias;
};

#endif
