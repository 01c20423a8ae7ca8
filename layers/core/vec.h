/*
 * vec -- 16 images side by side, in the widest registers that the instruction set has.
 *
 * Every activation is a vector of GROUP = 16 floats, one an image; a register (`vf`) holds VL of
 * them: 16 with AVX-512, 8 with AVX2, 4 elsewhere. A file that includes this is compiled once for
 * each instruction set (see the Makefile), and as each image keeps its own place, the order of every
 * sum, hence every bit, is the same in all of them. Memory is aligned to 64 bytes.
 *
 * a * b + c is written vf_fma(a, b, c) and rounds once wherever the instruction set can (the
 * baseline of x86-64 cannot: its bits differ, and `doctor` says so).
 */
#ifndef LAYERS_CORE_VEC_H
#define LAYERS_CORE_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { GROUP = 16 };

#if defined __AVX512F__
#include <immintrin.h>
#define VL 16
#elif defined __AVX2__ && defined __FMA__
#include <immintrin.h>
#define VL 8
#elif defined __ARM_NEON
#include <arm_neon.h>
#define VL 4
#else
#define VL 4
#endif

typedef float vf __attribute__((vector_size(4 * VL), may_alias));
typedef float vf_unaligned __attribute__((vector_size(4 * VL), may_alias, aligned(4)));
typedef int32_t vi __attribute__((vector_size(4 * VL), may_alias));

static inline vf vf_load(const float *p)
{
	return *(const vf *)__builtin_assume_aligned(p, 4 * VL);
}

static inline void vf_store(float *p, vf x)
{
	*(vf *)__builtin_assume_aligned(p, 4 * VL) = x;
}

static inline vf vf_load_unaligned(const float *p)
{
	return *(const vf_unaligned *)p;
}

static inline void vf_store_unaligned(float *p, vf x)
{
	*(vf_unaligned *)p = x;
}

/* The first n floats of a register, all of it for n >= VL: for the end of a stretch. Places beyond n
 * are 0 when loaded and left alone when stored. */
static inline vf vf_load_part(const float *p, size_t n)
{
	vf x = {0};

	if (n >= VL)
		return vf_load_unaligned(p);
	memcpy(&x, p, n * sizeof *p);
	return x;
}

static inline void vf_store_part(float *p, vf x, size_t n)
{
	if (n >= VL)
		vf_store_unaligned(p, x);
	else
		memcpy(p, &x, n * sizeof *p);
}

static inline vf vf_set(float x)
{
	return x - (vf){0};
}

static inline vi vi_set(int32_t x)
{
	return x - (vi){0};
}

/* mask ? a : b, for masks as comparisons give them (0 or -1 in each place). */
static inline vf vf_select(vi mask, vf a, vf b)
{
	return (vf)((mask & (vi)a) | (~mask & (vi)b));
}

/* a > b ? a : b and a < b ? a : b, hence b where either is NaN. */
#if VL == 16
static inline vf vf_fma(vf a, vf b, vf c)
{
	return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}

static inline vf vf_max(vf a, vf b)
{
	return (vf)_mm512_max_ps((__m512)a, (__m512)b);
}

static inline vf vf_min(vf a, vf b)
{
	return (vf)_mm512_min_ps((__m512)a, (__m512)b);
}

static inline vf vf_sqrt(vf a)
{
	return (vf)_mm512_sqrt_ps((__m512)a);
}
#elif VL == 8
static inline vf vf_fma(vf a, vf b, vf c)
{
	return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}

static inline vf vf_max(vf a, vf b)
{
	return (vf)_mm256_max_ps((__m256)a, (__m256)b);
}

static inline vf vf_min(vf a, vf b)
{
	return (vf)_mm256_min_ps((__m256)a, (__m256)b);
}

static inline vf vf_sqrt(vf a)
{
	return (vf)_mm256_sqrt_ps((__m256)a);
}
#else
static inline vf vf_fma(vf a, vf b, vf c)
{
#ifdef __ARM_NEON
	return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
	return a * b + c;
#endif
}

static inline vf vf_max(vf a, vf b)
{
	return vf_select(a > b, a, b);
}

static inline vf vf_min(vf a, vf b)
{
	return vf_select(a < b, a, b);
}

static inline vf vf_sqrt(vf a)
{
	vf r;

	for (int i = 0; i < VL; i++)
		r[i] = __builtin_sqrtf(a[i]);
	return r;
}
#endif

/* The sum of the 16 places of a group, always by the same tree: i + (i + 8), then 4, 2, 1. */
static inline float group_sum(const float *p)
{
	float s[8];

	for (int i = 0; i < 8; i++)
		s[i] = p[i] + p[i + 8];
	for (int half = 4; half; half /= 2)
		for (int i = 0; i < half; i++)
			s[i] += s[i + half];
	return s[0];
}

#endif
