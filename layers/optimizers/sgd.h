/*
 * sgd -- stochastic gradient descent, with momentum and weight decay, as torch.optim.SGD.
 *
 * Weight w, gradient g, velocity v (0 at the start), learning rate lr:
 *     g = g + weight_decay w            biases and norms: where decay_bias is set
 *     v = momentum v + g                only with momentum; so v = g in the first step
 *     g = g + momentum v  (nesterov)    or  g = v
 *     w = w - lr g
 * Every product and sum of a line is one fused multiply-add. One block of state with momentum, none
 * without. Checked in tests/unit/test_optimizers.c.
 */
#ifndef LAYERS_OPTIMIZERS_SGD_H
#define LAYERS_OPTIMIZERS_SGD_H

#include <stdbool.h>

struct sgd {
	double momentum, weight_decay;
	bool nesterov, decay_bias;
};

#endif
