/*
 * moments -- what adam and adamw share: all but where the decay goes and its default.
 *
 * moments_update is inlined into each with its own `decoupled`, so the choice costs nothing. One
 * pass, bound by memory for large networks (28 bytes a weight), by division and root for small
 * ones.
 */
#ifndef LAYERS_OPTIMIZERS_MOMENTS_H
#define LAYERS_OPTIMIZERS_MOMENTS_H

#include <math.h>

#include "layers/core/dmath.h"
#include "layers/optimizers/adam.h"
#include "layers/optimizers/decay.h"

struct moments {
	vf keep1, keep2; /* 1 - b1; b2 */
	vf take2;        /* 1 - b2 */
	vf step;         /* -lr / (1 - b1^t) */
	vf root, eps;    /* 1 / sqrt(1 - b2^t) */
	vf pull, shrink; /* adam's weight decay; adamw's factor of w */
};

static inline struct moments moments_constants(const struct update *u)
{
	const struct adam *options = u->options;
	double b1 = options->betas.at[0], b2 = options->betas.at[1];
	double decay = decay_of(u, options->weight_decay, options->decay_bias);

	return (struct moments){
		.keep1 = vf_set((float)(1 - b1)),
		.keep2 = vf_set((float)b2),
		.take2 = vf_set((float)(1 - b2)),
		.step = vf_set((float)(-u->lr / (1 - dmath_power(b1, u->step)))),
		.root = vf_set((float)(1 / sqrt(1 - dmath_power(b2, u->step)))),
		.eps = vf_set((float)options->eps),
		.pull = vf_set((float)decay),
		.shrink = vf_set((float)(1 - u->lr * decay)),
	};
}

/* The first n weights of a register. */
static inline void moments_part(
	const struct moments *c, const struct update *u, size_t at, size_t n, bool decoupled)
{
	vf w = vf_load_part(u->w + at, n), g = vf_load_part(u->g + at, n);
	vf m = vf_load_part(u->state[0] + at, n), v = vf_load_part(u->state[1] + at, n);

	if (decoupled)
		w *= c->shrink;
	else
		g = vf_fma(c->pull, w, g);
	m = vf_fma(c->keep1, g - m, m);
	v = vf_fma(c->take2 * g, g, c->keep2 * v);
	w = vf_fma(c->step, m / vf_fma(vf_sqrt(v), c->root, c->eps), w);
	vf_store_part(u->state[0] + at, m, n);
	vf_store_part(u->state[1] + at, v, n);
	vf_store_part(u->w + at, w, n);
}

static inline void moments_update(const struct update *u, bool decoupled)
{
	const struct moments constants = moments_constants(u);
	const struct update own = *u; /* not in memory that the stores could change */
	size_t at = 0;

	for (; at + VL <= own.n; at += VL)
		moments_part(&constants, &own, at, VL, decoupled);
	if (at < own.n)
		moments_part(&constants, &own, at, own.n - at, decoupled);
}

static inline int moments_check(const struct spec *spec, struct err *err)
{
	const struct adam *options = spec->options;

	if (options->betas.n != 2)
		return err_at(err, spec_place(spec, "betas"),
			"betas are two numbers, such as [0.9, 0.999], not %d", options->betas.n);
	return 0;
}

/* Rows of both option tables. */
/* clang-format off */
#define MOMENTS_OPTIONS                                                                            \
	{.name = "betas",                                                                          \
		.type = OPTION_NUMBERS,                                                            \
		.offset = offsetof(struct adam, betas),                                            \
		.fallback = "[0.9, 0.999]",                                                        \
		.min = 0,                                                                          \
		.max = 1,                                                                          \
		.below_max = true,                                                                 \
		.help = "shares that the running means of g and g^2 keep"},                          \
	{.name = "eps",                                                                            \
		.type = OPTION_NUMBER,                                                             \
		.offset = offsetof(struct adam, eps),                                              \
		.fallback = "1e-8",                                                                \
		.min = 0,                                                                          \
		.max = 1,                                                                          \
		.help = "added to the root, against division by 0"}
/* clang-format on */

#endif
