/* isa_peak -- the multipliers' peak, measured (isa.h). */
#include "layers/core/clock.h"
#include "layers/network/isa.h"

enum { TRIES = 100, TRY_US = 1000 }; /* a tenth of a second in all */

static double seconds_of(const struct kinds *kinds, int rounds, double *flop)
{
	double start = clock_seconds();
	float value = 0.5f;

	*flop = kinds->peak_work(rounds, &value);
	return clock_seconds() - start;
}

/* Each try is short, so that on a busy machine some go undisturbed. */
double isa_fma_peak(void)
{
	const struct kinds *kinds = isa_kinds();
	double best = 0, flop;
	int rounds = 1;

	while (seconds_of(kinds, rounds, &flop) < TRY_US * 1e-6 / 2)
		rounds *= 2;
	for (int i = 0; i < TRIES; i++) {
		double seconds = seconds_of(kinds, rounds, &flop);

		if (1e-9 * flop / seconds > best)
			best = 1e-9 * flop / seconds;
	}
	return best;
}
