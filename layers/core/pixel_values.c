/* pixel_values -- see pixel_values.h. */
#include "layers/core/pixel_values.h"

#include <math.h>

/* The mean in units of a byte is split: `centre` has so few bits that b - centre is exact, what is
 * missing goes into `rest`. */
static void find_line(struct pixel_values *v, double mean, double std)
{
	const double slope = 1 / (255 * std), centre = round(255 * mean * 0x1p16) * 0x1p-16;

	v->centre = (float)centre;
	v->slope = (float)slope;
	v->slope_rest = (float)(slope - v->slope);
	v->rest = (float)((centre - 255 * mean) * slope);
	v->straight = true;
	for (int b = 0; b < PIXEL_VALUES; b++) {
		const float x = (float)b - v->centre;

		v->straight &= fmaf(x, v->slope, fmaf(x, v->slope_rest, v->rest)) == v->value[b];
	}
}

void pixel_values_set(struct pixel_values *values, double mean, double std)
{
	for (int b = 0; b < PIXEL_VALUES; b++)
		values->value[b] = (float)((b / 255.0 - mean) / std);
	find_line(values, mean, std);
}
