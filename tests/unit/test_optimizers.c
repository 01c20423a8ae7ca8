/*
 * Optimizers: ten steps against the plain formulas in double for all combinations of options, in
 * every instruction set; values by hand; the same bits however the block is cut.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "layers/core/rng.h"
#include "layers/optimizers/adamw.h"
#include "layers/optimizers/sgd.h"
#include "tests/support/kind_sets.h"

enum { N = 203, STEPS = 10, GUARD = 20 };

/* A block of weights with its gradients and state, in floats and, for the plain formulas, doubles.
 */
struct block {
	float w[N + GUARD], g[N + GUARD], state[2][N + GUARD];
	double plain_w[N], plain_state[2][N];
	double path[N]; /* how far the weight has gone, there and back */
};

static void block_start(struct block *b)
{
	const struct rng rng = {.key = 3, .purpose = RNG_TEST};

	memset(b, 0, sizeof *b);
	for (uint32_t i = 0; i < N; i++) {
		b->w[i] = (float)rng_normal(&rng, i);
		b->plain_w[i] = (double)b->w[i];
	}
}

/* Gradients of very different sizes; some are 0. */
static void block_draw_gradient(struct block *b, int step)
{
	const struct rng rng = {.key = 4, .purpose = RNG_TEST, .epoch = (uint32_t)step};

	for (uint32_t i = 0; i < N; i++)
		b->g[i] = i % 7 ? (float)(rng_normal(&rng, i) * pow(10, i % 9 - 6.0)) : 0;
}

static void block_update(struct block *b, const struct optimizer_kind *kind, const void *options,
	bool bias, double lr, int step, size_t at, size_t n)
{
	struct update update = {
		.options = options,
		.w = b->w + at,
		.g = b->g + at,
		.n = n,
		.lr = lr,
		.step = step,
		.bias = bias,
	};
	struct spec spec = {.kind = &kind->kind, .options = (void *)(uintptr_t)options};

	for (int i = 0; i < optimizer_states(&spec); i++)
		update.state[i] = b->state[i] + at;
	kind->update(&update);
}

/* ---- the plain formulas, one weight and step */

typedef void (*plain_step)(const void *options, bool decayed, double lr, int step, double g,
	double *w, double *s0, double *s1);

static void plain_sgd(const void *options, bool decayed, double lr, int step, double g, double *w,
	double *s0, double *s1)
{
	const struct sgd *o = options;

	(void)s1;
	if (decayed)
		g += o->weight_decay * *w;
	if (o->momentum > 0) {
		*s0 = step == 1 ? g : o->momentum * *s0 + g;
		g = o->nesterov ? g + o->momentum * *s0 : *s0;
	}
	*w -= lr * g;
}

static void plain_moments(
	const struct adam *o, double lr, int step, double g, double *w, double *s0, double *s1)
{
	double b1 = o->betas.at[0], b2 = o->betas.at[1];

	*s0 = b1 * *s0 + (1 - b1) * g;
	*s1 = b2 * *s1 + (1 - b2) * g * g;
	*w -= lr * (*s0 / (1 - pow(b1, step))) / (sqrt(*s1 / (1 - pow(b2, step))) + o->eps);
}

static void plain_adam(const void *options, bool decayed, double lr, int step, double g, double *w,
	double *s0, double *s1)
{
	const struct adam *o = options;

	plain_moments(o, lr, step, g + (decayed ? o->weight_decay * *w : 0), w, s0, s1);
}

static void plain_adamw(const void *options, bool decayed, double lr, int step, double g, double *w,
	double *s0, double *s1)
{
	const struct adam *o = options;

	if (decayed)
		*w -= lr * o->weight_decay * *w;
	plain_moments(o, lr, step, g, w, s0, s1);
}

static void check_steps(const char *name, const void *options, bool decay_bias, plain_step plain)
{
	struct kind_set sets[KIND_SETS];
	int n_sets = kind_sets(sets);

	for (int s = 0; s < 2 * n_sets; s++) {
		const struct optimizer_kind *kind = kind_set_optimizer(&sets[s / 2], name);
		bool bias = s % 2;
		struct block b;

		block_start(&b);
		for (int step = 1; step <= STEPS; step++) {
			double lr = 0.1 / step;

			block_draw_gradient(&b, step);
			block_update(&b, kind, options, bias, lr, step, 0, N);
			for (int i = 0; i < N; i++) {
				double before = b.plain_w[i];

				plain(options, !bias || decay_bias, lr, step, (double)b.g[i],
					&b.plain_w[i], &b.plain_state[0][i], &b.plain_state[1][i]);
				b.path[i] += fabs(b.plain_w[i] - before);
			}
		}
		for (int i = 0; i < N; i++)
			assert_true(fabs((double)b.w[i] - b.plain_w[i]) < 1e-6 * (1 + b.path[i]));
		for (int i = N; i < N + GUARD; i++)
			assert_true(b.w[i] == 0 && b.state[0][i] == 0 && b.state[1][i] == 0);
	}
}

static void sgd_follows_the_formula(void **unused)
{
	static const double momentums[] = {0, 0.5, 0.9}, decays[] = {0, 1e-3, 0.5};

	(void)unused;
	for (int i = 0; i < 3 * 3 * 2 * 2; i++) {
		struct sgd options = {.momentum = momentums[i % 3],
			.weight_decay = decays[i / 3 % 3],
			.nesterov = i / 9 % 2,
			.decay_bias = i / 18 % 2};

		if (!options.nesterov || options.momentum > 0)
			check_steps("sgd", &options, options.decay_bias, plain_sgd);
	}
}

static void adams_follow_the_formula(void **unused)
{
	static double betas[][2] = {{0.9, 0.999}, {0, 0.9}, {0.5, 0.99}};
	static const double decays[] = {0, 0.01, 0.5}, epss[] = {1e-8, 1e-3};

	(void)unused;
	for (int i = 0; i < 3 * 3 * 2 * 2; i++) {
		struct adam options = {.betas = {2, betas[i % 3]},
			.weight_decay = decays[i / 3 % 3],
			.eps = epss[i / 9 % 2],
			.decay_bias = i / 18 % 2};

		check_steps("adam", &options, options.decay_bias, plain_adam);
		check_steps("adamw", &options, options.decay_bias, plain_adamw);
	}
}

/* ---- by hand */

static float after(const char *name, const void *options, float g, double lr, int steps)
{
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets);
	const struct optimizer_kind *kind = kind_set_optimizer(&sets[n - 1], name);
	struct block b = {.w = {1}, .g = {g}};

	for (int step = 1; step <= steps; step++)
		block_update(&b, kind, options, false, lr, step, 0, 1);
	return b.w[0];
}

static void assert_near(float got, double want)
{
	if (fabs((double)got - want) > 3e-7 * fmax(1, fabs(want)))
		fail_msg("%.9g instead of %.9g", (double)got, want);
}

static void sgd_by_hand(void **unused)
{
	(void)unused;
	assert_near(after("sgd", &(struct sgd){0}, 1, 0.1, 1), 0.9);
	assert_near(after("sgd", &(struct sgd){.momentum = 0.9}, 1, 0.1, 1), 0.9);
	assert_near(after("sgd", &(struct sgd){.momentum = 0.9}, 1, 0.1, 2), 0.71);
	assert_near(
		after("sgd", &(struct sgd){.momentum = 0.9, .nesterov = true}, 1, 0.1, 1), 0.81);
	assert_near(after("sgd", &(struct sgd){.weight_decay = 0.5}, 0, 0.1, 2), 0.9025);
}

static void adams_by_hand(void **unused)
{
	double betas[] = {0.9, 0.999};
	struct adam options = {.betas = {2, betas}, .eps = 1e-8};

	(void)unused;
	/* With a constant gradient each step is lr, whatever the gradient's size. */
	assert_near(after("adam", &options, 5, 0.1, 1), 0.9);
	assert_near(after("adam", &options, 0.5f, 0.1, 4), 0.6);
	assert_near(after("adamw", &options, -5, 0.1, 2), 1.2);
	options.weight_decay = 0.5;
	assert_near(after("adamw", &options, 0, 0.1, 2), 0.9025);
	assert_near(after("adam", &options, 0, 0.1, 1), 0.9);
	options.eps = 1;
	options.weight_decay = 0;
	assert_near(after("adam", &options, 1, 0.1, 1), 0.95);
}

/* ---- the same bits */

static void check_cuts(const char *name, const void *options)
{
	static const size_t sizes[] = {1, 2, 3, 16, 17, 5, 31, 64, 1, 63};
	struct kind_set sets[KIND_SETS];
	int n_sets = kind_sets(sets);

	for (int s = 0; s < n_sets; s++) {
		const struct optimizer_kind *kind = kind_set_optimizer(&sets[s], name);
		struct block whole, cut, best;

		block_start(&whole);
		block_start(&cut);
		block_start(&best);
		for (int step = 1; step <= STEPS; step++) {
			block_draw_gradient(&whole, step);
			block_draw_gradient(&cut, step);
			block_draw_gradient(&best, step);
			block_update(&whole, kind, options, false, 0.1, step, 0, N);
			block_update(&best, kind_set_optimizer(&sets[n_sets - 1], name), options,
				false, 0.1, step, 0, N);
			for (size_t at = 0, i = 0, n; at < N; at += n, i++) {
				n = sizes[i % (sizeof sizes / sizeof *sizes)];
				n = n < N - at ? n : N - at;
				block_update(&cut, kind, options, false, 0.1, step, at, n);
			}
		}
		assert_memory_equal(&whole, &cut, sizeof whole);
		if (sets[s].fused)
			assert_memory_equal(&whole, &best, sizeof whole);
	}
}

static void the_same_bits_in_any_cut(void **unused)
{
	double betas[] = {0.9, 0.999};
	struct adam adam = {.betas = {2, betas}, .eps = 1e-8, .weight_decay = 0.01};

	(void)unused;
	check_cuts("sgd", &(struct sgd){0});
	check_cuts("sgd", &(struct sgd){.momentum = 0.9, .weight_decay = 1e-3, .nesterov = true});
	check_cuts("adam", &adam);
	check_cuts("adamw", &adam);
}

/* ---- what does not go together */

static void impossible_options_are_told(void **unused)
{
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets);
	struct sgd sgd = {.nesterov = true};
	struct adam adam = {.betas = {3, (double[]){0.9, 0.99, 0.999}}};
	struct spec spec = {.kind = &kind_set_optimizer(&sets[n - 1], "sgd")->kind,
		.options = &sgd,
		.place = {.line = 5}};
	struct err err = {0};

	(void)unused;
	assert_int_equal(spec_check(&spec, &err), -1);
	assert_non_null(strstr(err.text, "nesterov needs a momentum"));
	assert_int_equal(err.place.line, 5);
	sgd.momentum = 0.5;
	assert_int_equal(spec_check(&spec, &err), 0);
	for (int i = 0; i < 2; i++) {
		spec.kind = &kind_set_optimizer(&sets[n - 1], i ? "adamw" : "adam")->kind;
		spec.options = &adam;
		err = (struct err){0};
		adam.betas.n = 3;
		assert_int_equal(spec_check(&spec, &err), -1);
		assert_non_null(strstr(err.text, "not 3"));
		adam.betas.n = 2;
		assert_int_equal(spec_check(&spec, &err), 0);
	}
}

static void plain_sgd_needs_no_state(void **unused)
{
	struct kind_set sets[KIND_SETS];
	int n = kind_sets(sets);
	struct sgd options = {0};
	struct spec sgd = {
		.kind = &kind_set_optimizer(&sets[n - 1], "sgd")->kind, .options = &options};
	struct spec adam = {.kind = &kind_set_optimizer(&sets[n - 1], "adam")->kind};

	(void)unused;
	assert_int_equal(optimizer_states(&sgd), 0);
	options.momentum = 0.1;
	assert_int_equal(optimizer_states(&sgd), 1);
	assert_int_equal(optimizer_states(&adam), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sgd_follows_the_formula),
		cmocka_unit_test(adams_follow_the_formula),
		cmocka_unit_test(sgd_by_hand),
		cmocka_unit_test(adams_by_hand),
		cmocka_unit_test(the_same_bits_in_any_cut),
		cmocka_unit_test(impossible_options_are_told),
		cmocka_unit_test(plain_sgd_needs_no_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
