/*
 * dmath -- logarithm, sine, cosine and whole powers of doubles, with the same bits on every
 * machine.
 *
 * libm promises no particular last bit and picks its code by the CPU; where a number decides what
 * is trained (random draws, learning rates, optimizers) these stand in its place. They are + - * /
 * of doubles without contraction. Checked against libm in tests/unit/test_dmath.c.
 */
#ifndef LAYERS_CORE_DMATH_H
#define LAYERS_CORE_DMATH_H

#include <stdint.h>

/* log(x) for normal x > 0; the error is about 1e-16 max(1, |log x|). */
double dmath_log(double x);

/* The cosine and sine of `turns` whole turns, 0 <= turns <= 1; the error is about 1e-15. */
void dmath_circle(double turns, double *cosine, double *sine);

/* x^n, n >= 0, by squaring; the error is at most n 1e-16 of the result. */
double dmath_power(double x, int64_t n);

#endif
