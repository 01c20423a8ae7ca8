/* sgd -- see sgd.h. One pass, bound by memory: 12 bytes a weight, 20 with momentum. */
#include "layers/optimizers/sgd.h"

#include "layers/optimizer.h"
#include "layers/optimizers/decay.h"

static int states(const void *options)
{
	return ((const struct sgd *)options)->momentum > 0;
}

static void update(const struct update *u)
{
	const struct sgd *options = u->options;
	vf momentum = vf_set((float)options->momentum), lr = vf_set((float)-u->lr);
	float decay = (float)decay_of(u, options->weight_decay, options->decay_bias);

	for (size_t i = 0; i < u->n; i += VL) {
		size_t n = u->n - i;
		vf w = vf_load_part(u->w + i, n), g = vf_load_part(u->g + i, n);

		if (decay > 0)
			g = vf_fma(vf_set(decay), w, g);
		if (options->momentum > 0) {
			vf v = vf_fma(momentum, vf_load_part(u->state[0] + i, n), g);

			vf_store_part(u->state[0] + i, v, n);
			g = options->nesterov ? vf_fma(momentum, v, g) : v;
		}
		vf_store_part(u->w + i, vf_fma(lr, g, w), n);
	}
}

static int check(const struct spec *spec, struct err *err)
{
	const struct sgd *options = spec->options;

	if (options->nesterov && options->momentum <= 0)
		return err_at(err, spec_place(spec, "nesterov"),
			"nesterov needs a momentum above 0, such as momentum: 0.9");
	return 0;
}

static const struct option option_table[] = {
	{.name = "momentum",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct sgd, momentum),
		.fallback = "0",
		.min = 0,
		.max = 1,
		.help = "share of the last step's velocity that is kept"},
	{.name = "nesterov",
		.type = OPTION_BOOL,
		.offset = offsetof(struct sgd, nesterov),
		.fallback = "false",
		.help = "look ahead along the velocity"},
	DECAY_OPTIONS(struct sgd, "0"),
	{0},
};

const struct optimizer_kind PER_ISA(sgd_kind) = {
	.kind = {.name = "sgd",
		.help = "stochastic gradient descent, with momentum",
		.options = option_table,
		.size = sizeof(struct sgd),
		.check = check},
	.n_state = 1,
	.states = states,
	.update = update,
};
