/*
 * load -- see load.h.
 *
 * Images lie one after the other, a group wants them side by side: blocks of 16 images by 16
 * numbers are transposed in registers. The last block of an image that is no multiple of 16
 * overlaps the one before.
 */
#include "layers/load.h"

typedef uint8_t bytes16 __attribute__((vector_size(16), may_alias));

#define BYTES_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define BYTES_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31

/* As vf_transpose. */
static inline void transpose_bytes(bytes16 rows[16])
{
	UNROLL
	for (int round = 0; round < 4; round++) {
		bytes16 dealt[16];

		UNROLL
		for (int i = 0; i < 8; i++) {
			dealt[2 * i] = __builtin_shufflevector(rows[i], rows[i + 8], BYTES_LOW);
			dealt[2 * i + 1] =
				__builtin_shufflevector(rows[i], rows[i + 8], BYTES_HIGH);
		}
		memcpy(rows, dealt, sizeof dealt);
	}
}

/* Bytes part .. part + VL - 1 as whole numbers. */
static inline vi widen(bytes16 bytes, int part)
{
#if VL == 16
	(void)part;
	return (vi)_mm512_cvtepu8_epi32((__m128i)bytes);
#elif VL == 8
	return (vi)_mm256_cvtepu8_epi32(part ? _mm_srli_si128((__m128i)bytes, 8) : (__m128i)bytes);
#else
	return (vi){bytes[part], bytes[part + 1], bytes[part + 2], bytes[part + 3]};
#endif
}

/* Elements `at` .. at + 15 of all images, by the line. */
static inline void load_block(
	float *out, const uint8_t *const image[GROUP], size_t at, const struct pixel_values *values)
{
	bytes16 rows[GROUP];

	UNROLL
	for (int l = 0; l < GROUP; l++)
		memcpy(&rows[l], image[l] + at, sizeof rows[l]);
	transpose_bytes(rows);
	UNROLL
	for (size_t i = 0; i < 16; i++)
		for (int part = 0; part < GROUP; part += VL) {
			vf x = __builtin_convertvector(widen(rows[i], part), vf) - values->centre;
			vf y = vf_fma(x, vf_set(values->slope_rest), vf_set(values->rest));

			vf_store(
				out + (at + i) * GROUP + part, vf_fma(x, vf_set(values->slope), y));
		}
}

void PER_ISA(load_bytes)(
	float *out, const uint8_t *const image[GROUP], size_t n, const struct pixel_values *values)
{
	if (VF_FUSED && values->straight && n >= 16) {
		for (size_t i = 0; i + 16 <= n; i += 16)
			load_block(out, image, i, values);
		if (n % 16)
			load_block(out, image, n - 16, values);
		return;
	}
	for (size_t i = 0; i < n; i++)
		for (int l = 0; l < GROUP; l++)
			out[i * GROUP + (size_t)l] = values->value[image[l][i]];
}

void PER_ISA(load_floats)(float *out, const float *const image[GROUP], size_t n)
{
	for (size_t i = 0; i < n; i += VL)
		for (int part = 0; part < GROUP; part += VL) {
			vf rows[VL];

			UNROLL
			for (int l = 0; l < VL; l++)
				rows[l] = vf_load_part(image[part + l] + i, n - i);
			vf_transpose(rows);
			for (size_t k = 0; k < VL && i + k < n; k++)
				vf_store(out + (i + k) * GROUP + part, rows[k]);
		}
}

void PER_ISA(accumulate)(float *sum, const float *add, size_t n)
{
	size_t i = 0;

	for (; i + VL <= n; i += VL)
		vf_store_unaligned(
			sum + i, vf_load_unaligned(sum + i) + vf_load_unaligned(add + i));
	for (; i < n; i++)
		sum[i] += add[i];
}
