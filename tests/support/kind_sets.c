/* kind_sets -- see kind_sets.h. */
#include "tests/support/kind_sets.h"

#include <stdio.h>
#include <stdlib.h>

#include "layers/kinds.h"

#ifdef __x86_64__
int kind_sets(struct kind_set sets[KIND_SETS])
{
	int n = 0;

	sets[n++] = (struct kind_set){&kinds_baseline, false};
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		sets[n++] = (struct kind_set){&kinds_avx2, true};
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vl"))
		sets[n++] = (struct kind_set){&kinds_avx512, true};
	return n;
}
#else
int kind_sets(struct kind_set sets[KIND_SETS])
{
	sets[0] = (struct kind_set){&kinds_neon, true};
	return 1;
}
#endif

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
