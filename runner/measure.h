/*
 * measure -- how fast this machine multiplies, for `runner doctor`: small samples of what training
 * does, on one thread, each for a fraction of a second. Figures are GFLOP/s, a multiplication and
 * an addition counting as two, of the best of many goes, as the peak is (isa_fma_peak).
 */
#ifndef RUNNER_MEASURE_H
#define RUNNER_MEASURE_H

#include "layers/core/err.h"
#include "layers/linear.h"

/* Forward and backward through one layer, a batch of 256 images at a time. */
int measure_conv2d(double *gflops, struct err *err); /* 3x3, 32 -> 32 at 14x14 */
int measure_linear(double *gflops, int width, enum linear_compute, struct err *err); /* w -> w */

/* Square matrices of 1024 by OpenBLAS, which must be open. */
int measure_blas(double *gflops, struct err *err);

/* Whether the load of the last minute is above half of the machine's cores; `text` then says so. To
 * be asked before measuring, which is a load too. */
enum { MEASURE_TEXT = 128 };
bool measure_disturbed(char text[MEASURE_TEXT]);

/* OpenBLAS as it is without blas_choose_kernels: in a process of its own, so before this one has
 * threads. Empty kernels: it could not be had. Returns true in that process, which has then only to
 * end: `runner doctor` returns, so that main remains the one place that exits. */
struct measure_blas {
	char kernels[64];
	double gflops;
};
bool measure_blas_as_found(struct measure_blas *result);

#endif
