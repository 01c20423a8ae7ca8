/*
 * vmath -- exp, log, tanh, erf and the logistic function on registers of floats.
 *
 * One algorithm for all instruction sets, from + - * / and fma only, so that results have the same
 * bits everywhere. Error: at most 4 units in the last place or 2e-7, whichever is larger (checked
 * in tests/unit/test_vmath.c against libm in double). NaN stays NaN; infinities and overflow give
 * what the function tends to. Coefficients: exp and log are Taylor series, tanh and erf Chebyshev
 * fits.
 */
#ifndef LAYERS_CORE_VMATH_H
#define LAYERS_CORE_VMATH_H

#include "layers/core/vec.h"

/* x rounded to the nearest whole number, for |x| < 2^22, as a float and as an int. */
static inline vf vf_round(vf x, vi *whole)
{
	const vf magic = vf_set(12582912.0f); /* 1.5 * 2^23: pushes the fraction out */
	vf shifted = x + magic;

	*whole = (vi)shifted - vi_set(0x4b400000);
	return shifted - magic;
}

/* e^x: x = n ln 2 + r with |r| <= ln(2) / 2, e^r by its series, then 2^n in two halves, so that the
 * ends of the range overflow to inf and fade to 0 as they should. */
static inline vf vf_exp(vf x)
{
	vi n, half;
	vf r, p, whole;

	x = vf_min(vf_set(89.0f), vf_max(vf_set(-104.0f), x));
	whole = vf_round(x * 1.44269504f, &n);
	r = vf_fma(whole, vf_set(-0.693359375f), x);
	r = vf_fma(whole, vf_set(2.12194440e-4f), r);
	p = vf_set(1.0f / 5040);
	p = vf_fma(p, r, vf_set(1.0f / 720));
	p = vf_fma(p, r, vf_set(1.0f / 120));
	p = vf_fma(p, r, vf_set(1.0f / 24));
	p = vf_fma(p, r, vf_set(1.0f / 6));
	p = vf_fma(p, r, vf_set(0.5f));
	p = vf_fma(p, r, vf_set(1.0f));
	p = vf_fma(p, r, vf_set(1.0f));
	half = n >> 1;
	p *= (vf)((half + 127) << 23);
	return p * (vf)((n - half + 127) << 23);
}

/* log(x) for x > 0 (normal): x = m 2^e, m in [sqrt(1/2), sqrt(2)), log m = 2 atanh((m-1)/(m+1)).
 * log(0) = -inf, log(inf) = inf; NaN for x < 0 and for NaN. */
static inline vf vf_log(vf x)
{
	vi bits = (vi)x & vi_set(0x7fffffff);
	vi e = (bits - vi_set(0x3f3504f3)) >> 23;
	vf m = (vf)(bits - (e << 23));
	vf s = (m - 1.0f) / (m + 1.0f), z = s * s, p;
	vf exponent = (vf)(e + vi_set(0x4b400000)) - vf_set(12582912.0f);
	vf out;

	p = vf_set(2.0f / 9);
	p = vf_fma(p, z, vf_set(2.0f / 7));
	p = vf_fma(p, z, vf_set(2.0f / 5));
	p = vf_fma(p, z, vf_set(2.0f / 3));
	p = vf_fma(p * z, s, s + s);
	out = vf_fma(exponent, vf_set(0.693359375f), vf_fma(exponent, vf_set(-2.12194440e-4f), p));
	out = vf_select(x == __builtin_inff(), x, out);
	out = vf_select(x == 0.0f, vf_set(-__builtin_inff()), out);
	return vf_select(x >= 0.0f, out, vf_set(__builtin_nanf("")));
}

/* 1 / (1 + e^-x). */
static inline vf vf_logistic(vf x)
{
	return 1.0f / (1.0f + vf_exp(-x));
}

/* Small x by a polynomial, the others by 1 - 2 / (e^2x + 1). */
static inline vf vf_tanh(vf x)
{
	vf z = x * x, p = vf_set(-0.0061043476f), large;
	vf size = vf_max(x, -x);

	p = vf_fma(p, z, vf_set(0.0210031135f));
	p = vf_fma(p, z, vf_set(-0.0538523428f));
	p = vf_fma(p, z, vf_set(0.1333278059f));
	p = vf_fma(p, z, vf_set(-0.3333332905f));
	p = vf_fma(p * z, x, x);
	large = 1.0f - 2.0f / (vf_exp(x + x) + 1.0f);
	return vf_select(size < 0.625f, p, large);
}

/* |x| < 1 by an odd polynomial, beyond by 1 - e^(-x^2) q(t), t = 1 / (1 + |x| / 2), 1 from 4 on. */
static inline vf vf_erf(vf x)
{
	vf z = x * x, p = vf_set(7.8824971e-5f), q, t, tail, size;

	p = vf_fma(p, z, vf_set(-8.0188550e-4f));
	p = vf_fma(p, z, vf_set(5.1893119e-3f));
	p = vf_fma(p, z, vf_set(-2.68543288e-2f));
	p = vf_fma(p, z, vf_set(1.128359746e-1f));
	p = vf_fma(p, z, vf_set(-3.761262690e-1f));
	p = vf_fma(p, z, vf_set(1.1283791659f));
	p *= x;
	size = vf_min(vf_set(4.0f), vf_max(x, -x));
	t = 1.0f / vf_fma(size, vf_set(0.5f), vf_set(1.0f));
	q = vf_set(-5.354061615e-2f);
	q = vf_fma(q, t, vf_set(-5.733873522e-2f));
	q = vf_fma(q, t, vf_set(4.0383836253e-1f));
	q = vf_fma(q, t, vf_set(1.0126824487e-1f));
	q = vf_fma(q, t, vf_set(3.3084068043e-1f));
	q = vf_fma(q, t, vf_set(2.7361815348e-1f));
	q = vf_fma(q, t, vf_set(6.0640874e-4f));
	tail = 1.0f - vf_exp(-(size * size)) * q;
	tail = vf_select(x < 0.0f, -tail, tail);
	tail = vf_select(x == x, tail, x);
	return vf_select(size < 1.0f, p, tail);
}

#endif
