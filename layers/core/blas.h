/*
 * blas -- OpenBLAS, for the whole-batch steps of wide layers.
 *
 * The library is opened at run time, and only where it is needed: a start costs milliseconds and
 * starts threads, and most networks have no such step. It picks kernels for the CPU by the CPU's
 * model and, where it does not know that, takes those of a Prescott of 2004, five times too slow:
 * so the choice is made here, by what the CPU has. A user's own OPENBLAS_CORETYPE is respected.
 *
 * Each call runs on the calling thread alone; several threads may call at a time. For the same
 * kernels and version of the library the same call gives the same bits.
 */
#ifndef LAYERS_CORE_BLAS_H
#define LAYERS_CORE_BLAS_H

#include "layers/core/err.h"

/* Sets the environment for the library. First thing in a program, while it has one thread; without
 * it the library decides by itself. */
void blas_choose_kernels(void);

/* Whether the user's own setting made the open library take slower kernels than the CPU's features
 * call for; false when nothing was set, or where features say nothing. */
bool blas_forced_slower(void);

/* The first call opens the library, on any thread; -1, with what to install, when it is not there.
 */
int blas_open(struct err *err);

/* Of the open library; "" before. "OpenBLAS 0.3.21", "SkylakeX", its file. */
const char *blas_version(void);
const char *blas_kernels(void);
const char *blas_path(void);

/* Row-major, rows `stride` floats apart; `transposed`: what is multiplied is the transpose. */
struct blas_matrix {
	const float *at;
	int stride;
	bool transposed;
};

/* c[m][n] = a[m][k] b[k][n], rows of c `stride` floats apart. The library must be open. */
void blas_multiply(
	float *c, int stride, struct blas_matrix a, struct blas_matrix b, int m, int n, int k);

#endif
