/*
 * init -- how weights and biases start.
 *
 * Formulas as PyTorch's torch.nn.init, drawn from counter-based numbers (core/rng.h), so a tensor's
 * start depends on the seed, its place among the tensors and its shape alone:
 *   xavier_uniform  U(-b, b), b = gain sqrt(6 / (fan_in + fan_out)); xavier_normal likewise
 *   kaiming_*       gain / sqrt(fan), for relu or leaky_relu (nonlinearity, a, mode fan_in|fan_out)
 *   torch_default   U(-1/sqrt(fan_in), 1/sqrt(fan_in)), for weights and biases
 *   normal(mean, std) uniform(low, high) constant(value) zeros inline(value) file(path)
 */
#ifndef LAYERS_NETWORK_INIT_H
#define LAYERS_NETWORK_INIT_H

#include "layers/families.h"
#include "layers/network/network.h"

struct init_work {
	const void *options;
	const struct tensor *tensor;
	uint16_t ordinal; /* of the tensor in the network */
	uint64_t seed;
	const char *config_dir; /* relative paths are meant from here; may be NULL */
};

struct init_kind {
	struct kind kind;
	/* Fills tensor->size floats. */
	int (*fill)(const struct init_work *work, float *out, struct err *err);
};

/*
 * Fills the trained block and the buffers of a network: each tensor by its layer's own init, else by
 * the network's `init`, norms and buffers by their start value. Padding is 0. Fails (with a place)
 * where a file lacks a tensor or an inline value has another shape.
 */
int init_network(const struct network *network, const struct layer_init *init, uint64_t seed,
	const char *config_dir, float *trained, float *buffers, struct err *err);

#endif
