/*
 * trial -- a small network, run by the engine and by the reference, and compared.
 *
 * Specs are written by hand:
 *
 *     struct specs layers = LAYERS(
 *         LAYER(max_pool2d, struct max_pool2d, .window = {.kernel_size = {2, 2}}), PLAIN(relu));
 *
 * Options that are not named are 0: defaults are the business of runner/config. Option i of a spec
 * is said to stand in line TRIAL_LINE + i, the kind's name in line 1.
 */
#ifndef TESTS_SUPPORT_TRIAL_H
#define TESTS_SUPPORT_TRIAL_H

#include "layers/network/network.h"
#include "tests/support/kind_sets.h"

#define LAYER(kind, type, ...) trial_spec(#kind, &(type){__VA_ARGS__})
#define PLAIN(kind) trial_spec(#kind, NULL)
#define LAYERS(...)                                                                        \
	((struct specs){(int)(sizeof((struct spec[]){__VA_ARGS__}) / sizeof(struct spec)), \
		(struct spec[]){__VA_ARGS__}})

enum { TRIAL_LINE = 10 };

/* A spec of the baseline's kinds; options borrowed. */
struct spec trial_spec(const char *kind, void *options);

/*
 * Plans the layers for each instruction set and runs `images` random images through the engine,
 * forward and backward, after another batch has left its traces in the memory. Fails the test
 * unless the outputs, while training and not, are those of the reference, the gradients of the
 * input and of each tensor are its central differences, and all of these have the same bits in all
 * instruction sets that fuse multiply and add, and whether steps are fused or not. Inputs are far apart from each other and from 0, so
 * no kink lies within a difference.
 */
void trial_check(const char *what, struct specs layers, struct shape input, int images);

/* The same through a loss, whose value must be the reference's too: cross_entropy of labels or
 * squared_error of targets; options as its header says. */
void trial_check_loss(const char *what, const char *loss, void *options, struct specs layers,
	struct shape input, int images);

/* Plans the layers; on failure err has the place and the text. Freed by network_free. */
struct network *trial_plan(const struct specs *layers, struct shape input, struct err *err);

/* One image x through layers whose tensors are 0: y, and with dy the gradient dx too; without (dy
 * and dx NULL) in evaluation mode. */
void trial_run(const struct kind_set *set, struct specs layers, struct shape input, const float *x,
	const float *dy, float *y, float *dx);

#endif
