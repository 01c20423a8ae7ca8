/* load -- see load.h. A byte becomes a float by a table of 256, so that any normalisation costs the
 * same and rounds once. */
#include "layers/load.h"

void PER_ISA(load_bytes)(
	float *out, const uint8_t *const image[GROUP], size_t n, const float value[256])
{
	for (size_t i = 0; i < n; i++)
		for (int l = 0; l < GROUP; l++)
			out[i * GROUP + (size_t)l] = value[image[l][i]];
}

void PER_ISA(load_floats)(float *out, const float *const image[GROUP], size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (int l = 0; l < GROUP; l++)
			out[i * GROUP + (size_t)l] = image[l][i];
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
