/* sgd -- see sgd.h. One pass, bound by memory: 12 bytes a weight, 20 with momentum. */
#include "layers/optimizers/sgd.h"

#include "layers/optimizer.h"
#include "layers/optimizers/decay.h"

static int states(const void *options)
{
	return ((const struct sgd *)options)->momentum > 0;
}

struct terms {
	vf momentum, lr, decay;
	bool moves, nesterov, decays;
};

/* The first n weights of a register; w and v step. */
static inline void step_part(const struct terms *t, float *w, const float *g, float *v, size_t n)
{
	vf weight = vf_load_part(w, n), by = vf_load_part(g, n);

	if (t->decays)
		by = vf_fma(t->decay, weight, by);
	if (t->moves) {
		vf velocity = vf_fma(t->momentum, vf_load_part(v, n), by);

		vf_store_part(v, velocity, n);
		by = t->nesterov ? vf_fma(t->momentum, velocity, by) : velocity;
	}
	vf_store_part(w, vf_fma(t->lr, by, weight), n);
}

static void update(const struct update *u)
{
	const struct sgd *options = u->options;
	const double decay = decay_of(u, options->weight_decay, options->decay_bias);
	const struct terms terms = {.momentum = vf_set((float)options->momentum),
		.lr = vf_set((float)-u->lr),
		.decay = vf_set((float)decay),
		.moves = options->momentum > 0,
		.nesterov = options->nesterov,
		.decays = (float)decay > 0};
	const float *g = u->g;
	float *w = u->w, *v = u->state[0]; /* v is NULL where nothing moves */
	size_t i = 0, n = u->n;

	for (; i + VL <= n; i += VL)
		step_part(&terms, w + i, g + i, terms.moves ? v + i : NULL, VL);
	if (i < n)
		step_part(&terms, w + i, g + i, terms.moves ? v + i : NULL, n - i);
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
