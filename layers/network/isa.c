/* isa -- see isa.h. */
#include "layers/network/isa.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers/kinds.h"

#if defined __x86_64__
/* NEEDS_avx512 and NEEDS_avx2 come from the Makefile: what the compiler was told that it may use,
 * as HAS("avx2") HAS("fma") ... */
#define HAS(feature) __builtin_cpu_supports(feature) &&

static bool has_avx512(void)
{
	return NEEDS_avx512 true;
}

static bool has_avx2(void)
{
	return NEEDS_avx2 true;
}
#endif

static bool has_any(void)
{
	return true;
}

/* Best first. */
static const struct {
	const struct kinds *kinds;
	bool (*here)(void);
	bool fma;
} sets[] = {
#if defined __x86_64__
	{&kinds_avx512, has_avx512, true},
	{&kinds_avx2, has_avx2, true},
	{&kinds_baseline, has_any, false},
#else
	{&kinds_neon, has_any, true},
#endif
};

enum { SETS = sizeof sets / sizeof *sets };

/* The set that runs; *found tells whether RUNNER_ISA, if set, could be had. */
static int choose(bool *found)
{
	const char *want = getenv("RUNNER_ISA");
	int best = SETS - 1;

	for (int i = SETS - 1; i >= 0; i--)
		if (sets[i].here())
			best = i;
	*found = true;
	if (!want || !*want)
		return best;
	for (int i = 0; i < SETS; i++)
		if (!strcmp(sets[i].kinds->isa, want) && sets[i].here())
			return i;
	*found = false;
	return best;
}

static int chosen(void)
{
	static _Atomic int known; /* index + 1; every thread finds the same */
	bool found;

	if (!known)
		known = choose(&found) + 1;
	return known - 1;
}

const struct kinds *isa_kinds(void)
{
	return sets[chosen()].kinds;
}

const struct kinds *isa_nth(int i, bool *fma)
{
	for (int s = 0; s < SETS; s++) {
		if (sets[s].here() && i-- == 0) {
			*fma = sets[s].fma;
			return sets[s].kinds;
		}
	}
	return NULL;
}

bool isa_has_fma(void)
{
	return sets[chosen()].fma;
}

int isa_check(struct err *err)
{
	char list[64] = "";
	size_t used = 0;
	bool found;

	choose(&found);
	if (found)
		return 0;
	for (int i = 0; i < SETS; i++)
		if (sets[i].here())
			used += (size_t)snprintf(list + used, sizeof list - used, "%s%s",
				used ? ", " : "", sets[i].kinds->isa);
	return err_set(err, "RUNNER_ISA=%s: this machine has %s", getenv("RUNNER_ISA"), list);
}

/* ---- families (families.h) */

static struct family families[3] = {
	{.noun = "layer",
		.common = layer_common_options,
		.common_size = sizeof(struct layer_common)},
	{.noun = "loss"},
	{.noun = "optimizer"},
};

static void families_fill(void)
{
	families[0].kinds = isa_kinds()->layers;
	families[1].kinds = isa_kinds()->losses;
	families[2].kinds = isa_kinds()->optimizers;
}

static const struct family *family_at(int i)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, families_fill);
	return &families[i];
}

const struct family *layer_family(void)
{
	return family_at(0);
}

const struct family *loss_family(void)
{
	return family_at(1);
}

const struct family *optimizer_family(void)
{
	return family_at(2);
}
