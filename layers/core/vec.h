/*
 * vec -- 16 images side by side, in the widest registers that the instruction set has.
 *
 * Every activation is a vector of GROUP = 16 floats, one an image; a register (`vf`) holds VL of
 * them: 16 with AVX-512, 8 with AVX2, 4 elsewhere. A file that includes this is compiled once for
 * each instruction set (see the Makefile), and as each image keeps its own place, the order of
 * every sum, hence every bit, is the same in all of them. Memory is aligned to 64 bytes.
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

/* Before a loop over an array of registers, with a constant number of turns: unrolled so early that
 * the array never is in memory. Clang does not know GCC's word for it. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

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

/* The first n floats of a register, all of it for n >= VL: for the end of a stretch. Places beyond
 * n are 0 when loaded and left alone when stored. */
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

/* x in a register: a compiler would rather load it again for each of a few uses. */
static inline vf vf_keep(vf x)
{
#if defined __AVX512F__
	__asm__("" : "+v"(x));
#elif defined __x86_64__
	__asm__("" : "+x"(x));
#elif defined __ARM_NEON
	__asm__("" : "+w"(x));
#endif
	return x;
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

/* Whether vf_fma rounds once. */
#if VL > 4 || defined __ARM_NEON
enum { VF_FUSED = 1 };
#else
enum { VF_FUSED = 0 };
#endif

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

/* The first (the last) halves of two registers, taken in turn: a0 b0 a1 b1 ... */
#if VL == 16
#define VF_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define VF_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif VL == 8
#define VF_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define VF_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define VF_LOW 0, 4, 1, 5
#define VF_HIGH 2, 6, 3, 7
#endif

static inline vf vf_zip_low(vf a, vf b)
{
	return __builtin_shufflevector(a, b, VF_LOW);
}

static inline vf vf_zip_high(vf a, vf b)
{
	return __builtin_shufflevector(a, b, VF_HIGH);
}

/* Place i of register j to place j of register i. Each round deals the rows out like cards. */
static inline void vf_transpose(vf rows[VL])
{
	UNROLL
	for (int round = 1; round < VL; round *= 2) {
		vf dealt[VL];

		UNROLL
		for (int i = 0; i < VL / 2; i++) {
			dealt[2 * i] = vf_zip_low(rows[i], rows[i + VL / 2]);
			dealt[2 * i + 1] = vf_zip_high(rows[i], rows[i + VL / 2]);
		}
		memcpy(rows, dealt, sizeof dealt);
	}
}

/* Both registers added up by half: place i of a to place i + VL / 2 of a, likewise b; the sums of a
 * end in the even places, those of b in the odd ones. */
static inline vf vf_fold(vf a, vf b)
{
	return vf_zip_low(a, b) + vf_zip_high(a, b);
}

/* The sum of the 16 places of a group, always by the same tree: i + (i + 8), then 4, 2, 1. The
 * first of its steps are those that need no shuffle: they leave one register. */
static inline vf group_register(const float *p)
{
#if VL == 16
	return vf_load(p);
#elif VL == 8
	return vf_load(p) + vf_load(p + 8);
#else
	return (vf_load(p) + vf_load(p + 8)) + (vf_load(p + 4) + vf_load(p + 12));
#endif
}

static inline float group_sum(const float *p)
{
	vf sum = group_register(p);

	UNROLL
	for (int places = VL; places > 1; places /= 2)
		sum = vf_fold(sum, sum);
	return sum[0];
}

/* out[i] = group_sum(groups[i]) for i < n, VL at once: two shuffles and an addition a sum. Folding
 * i with i + half brings them into order. */
static inline void group_sums(float *out, const float (*groups)[GROUP], size_t n)
{
	for (size_t at = 0; at < n; at += VL) {
		vf sum[VL];

		UNROLL
		for (size_t i = 0; i < VL; i++)
			sum[i] = group_register(groups[at + i < n ? at + i : n - 1]);
		UNROLL
		for (int half = VL / 2; half; half /= 2)
			UNROLL
		for (int i = 0; i < half; i++)
			sum[i] = vf_fold(sum[i], sum[i + half]);
		vf_store_part(out + at, sum[0], n - at);
	}
}

#endif
