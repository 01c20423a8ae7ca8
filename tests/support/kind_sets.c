/* kind_sets -- see kind_sets.h. */
#include "tests/support/kind_sets.h"

#include <stdio.h>
#include <stdlib.h>

#include "layers/network/isa.h"

int kind_sets(struct kind_set sets[KIND_SETS])
{
	bool fused;
	int n = 0;

	while (n < KIND_SETS && isa_nth(n, &fused))
		n++;
	for (int i = 0; i < n; i++) {
		sets[n - 1 - i].kinds = isa_nth(i, &fused);
		sets[n - 1 - i].fused = fused;
	}
	return n;
}

static const struct kind *find(const struct kind *const *kinds, const char *name)
{
	const struct kind *kind = family_find(&(struct family){.kinds = kinds}, name);

	if (!kind) {
		fprintf(stderr, "there is no kind '%s'\n", name);
		abort();
	}
	return kind;
}

const struct layer_kind *kind_set_layer(const struct kind_set *set, const char *name)
{
	return (const struct layer_kind *)find(set->kinds->layers, name);
}

const struct loss_kind *kind_set_loss(const struct kind_set *set, const char *name)
{
	return (const struct loss_kind *)find(set->kinds->losses, name);
}

const struct optimizer_kind *kind_set_optimizer(const struct kind_set *set, const char *name)
{
	return (const struct optimizer_kind *)find(set->kinds->optimizers, name);
}
