/* peak -- see peak.h. An fma takes four or five cycles and two start in each: with ten or more
 * chains that do not wait for each other the multipliers never rest. */
#include "layers/peak.h"

#if VL == 16 || defined __ARM_NEON
enum { CHAINS = 24 }; /* of 32 registers */
#else
enum { CHAINS = 12 }; /* of 16 */
#endif

enum { STEPS = 16 }; /* of each chain in a round */

double PER_ISA(peak_work)(int rounds, float *value)
{
	vf chain[CHAINS], factor = vf_set(*value), total = vf_set(0);
	float sum[VL] __attribute__((aligned(64)));

	UNROLL
	for (int c = 0; c < CHAINS; c++)
		chain[c] = vf_set((float)c);
	for (int r = 0; r < rounds * STEPS; r++) {
		UNROLL
		for (int c = 0; c < CHAINS; c++)
			chain[c] = vf_fma(chain[c], factor, factor);
	}
	UNROLL
	for (int c = 0; c < CHAINS; c++)
		total += chain[c];
	vf_store(sum, total);
	*value = sum[0];
	return 2.0 * VL * CHAINS * STEPS * rounds;
}
