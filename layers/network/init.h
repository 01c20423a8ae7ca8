/*
 * init -- how weights and biases start.
 *
 * Formulas as PyTorch's torch.nn.init, drawn from counter-based numbers (core/rng.h), so a tensor's
 * start depends on the seed, its place among the tensors and its shape alone. Fans are those of the
 * layer's weight, for its bias too: of a convolution, channels times the window.
 *   xavier_uniform(gain)      U(-b, b), b = gain sqrt(6 / (fan_in + fan_out))
 *   xavier_normal(gain)       N(0, s), s = gain sqrt(2 / (fan_in + fan_out))
 *   kaiming_uniform(a, mode, nonlinearity)
 *                             U(-b, b), b = gain sqrt(3 / fan), fan = fan_in or fan_out by mode
 *   kaiming_normal(...)       N(0, s), s = gain / sqrt(fan)
 *                             gain: relu sqrt 2, leaky_relu sqrt(2 / (1 + a^2)), tanh 5/3, else 1
 *   torch_default             U(-b, b), b = 1 / sqrt(fan_in): what torch's layers do by themselves
 *   normal(mean, std)         N(mean, std)
 *   uniform(low, high)        U(low, high)
 *   constant(value), zeros
 *   inline(value)             the numbers themselves, in the tensor's shape
 *   file(path)                the tensor of the same path in a safetensors file
 * A draw is computed in double and rounded once. About 10 ns a number (20 for normal ones).
 * Checked in tests/unit/test_init.c.
 */
#ifndef LAYERS_NETWORK_INIT_H
#define LAYERS_NETWORK_INIT_H

#include "layers/families.h"
#include "layers/network/network.h"

struct init_xavier {
	double gain;
};

enum init_mode { INIT_FAN_IN, INIT_FAN_OUT };
enum init_nonlinearity { INIT_LINEAR, INIT_SIGMOID, INIT_TANH, INIT_RELU, INIT_LEAKY_RELU };

struct init_kaiming {
	double a;
	int mode, nonlinearity;
};

struct init_normal {
	double mean, std;
};

struct init_uniform {
	double low, high;
};

struct init_constant {
	double value;
};

struct init_inline {
	struct literal value;
};

struct init_file {
	const char *path;
};

struct init_work {
	const void *options;
	const struct tensor *tensor;
	uint16_t ordinal; /* of the tensor in the network */
	uint64_t seed;
	const char *config_dir; /* relative paths are meant from here; may be NULL */
};

struct init_kind {
	struct kind kind;

	/* Whether the kind can fill this tensor. NULL: any. */
	int (*fits)(const struct init_work *work, struct err *err);

	/* Fills tensor->size floats. */
	int (*fill)(const struct init_work *work, float *out, struct err *err);
};

/*
 * Fills the trained block and the buffers of a network. A weight starts by its layer's inline
 * weight, else by the layer's own init, else by the network's `init`, else by torch_default; a bias
 * likewise. Norms and buffers have their start value, but where the weights of their layer come
 * from a file, they do too. Padding is 0. Fails as init_check does, and where a file cannot be
 * read.
 */
int init_network(const struct network *network, const struct layer_init *init, uint64_t seed,
	const char *config_dir, float *trained, float *buffers, struct err *err);

/* Whether init_network could: -1, with a place, where a file is not there or lacks a tensor, where
 * an inline value has another shape, or where a layer with an inline weight has none to fill. */
int init_check(const struct network *network, const struct layer_init *init, const char *config_dir,
	struct err *err);

/* True when some tensor starts from a file: the config alone does not say then how it starts. */
bool init_from_file(const struct network *network, const struct layer_init *init);

#endif
