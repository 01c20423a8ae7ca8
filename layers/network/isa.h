/*
 * isa -- which instruction set runs: the best that the CPU has, or the one that RUNNER_ISA names.
 */
#ifndef LAYERS_NETWORK_ISA_H
#define LAYERS_NETWORK_ISA_H

#include "layers/layer.h"

/* Chosen at the first call, by any thread. A RUNNER_ISA that is unknown, or that this CPU lacks, is
 * ignored here; isa_check says so. */
const struct kinds *isa_kinds(void);

/* The i-th best of those that the CPU has, NULL beyond the last; *fma as isa_has_fma says of it. */
const struct kinds *isa_nth(int i, bool *fma);

/* -1 when RUNNER_ISA asks for what cannot be had; the error lists what can. */
int isa_check(struct err *err);

/* False where a * b + c rounds twice: the bits then differ from those of other machines. */
bool isa_has_fma(void);

/* GFLOP/s that one core's multipliers reach now with the set that runs, an fma counting as two. The
 * best of many short tries; takes a tenth of a second. */
double isa_fma_peak(void);

#endif
