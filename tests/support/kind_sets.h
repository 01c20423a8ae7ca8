/* kind_sets -- the kinds of all instruction sets that the program holds and this CPU can run, so
 * that a test can go through them all and compare their bits. */
#ifndef TESTS_SUPPORT_KIND_SETS_H
#define TESTS_SUPPORT_KIND_SETS_H

#include <stdbool.h>

#include "layers/layer.h"
#include "layers/loss.h"
#include "layers/optimizer.h"

enum { KIND_SETS = 4 };

struct kind_set {
	const struct kinds *kinds;
	bool fused; /* multiply-add rounds once: all such sets must give the same bits */
};

/* Returns how many there are; the best is the last. */
int kind_sets(struct kind_set sets[KIND_SETS]);

/* The kind called `name`, which must exist. */
const struct layer_kind *kind_set_layer(const struct kind_set *set, const char *name);
const struct loss_kind *kind_set_loss(const struct kind_set *set, const char *name);
const struct optimizer_kind *kind_set_optimizer(const struct kind_set *set, const char *name);

#endif
