/*
 * peak -- what the multipliers can do at most: fused multiply-adds that never leave the registers.
 *
 * The share of this that a kernel reaches is what `runner doctor`, `runner time` and the benchmarks
 * show. Timed by isa_fma_peak (layers/network/isa.h).
 */
#ifndef LAYERS_PEAK_H
#define LAYERS_PEAK_H

#include "layers/layer.h"

/* Works for `rounds` rounds and returns how many floating-point operations that were, an fma
 * counting as two. *value is taken up and a number that depends on all of them is left there, so
 * that no compiler can do without any; it should be between 0 and 1. */
double PER_ISA(peak_work)(int rounds, float *value);

#endif
