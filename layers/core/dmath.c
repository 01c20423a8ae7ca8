/* dmath -- see dmath.h. Series whose last term is below the rounding of a double; tens of ns. */
#include "layers/core/dmath.h"

#include <math.h>

/* x = m 2^e with m in [sqrt(1/2), sqrt(2)), and log m = 2 atanh(s) with s = (m - 1) / (m + 1),
 * |s| < 0.1716, by its series. */
double dmath_log(double x)
{
	int e;
	double m = frexp(x, &e), s, z, sum = 0;

	if (m < 0.70710678118654752) {
		m *= 2;
		e--;
	}
	s = (m - 1) / (m + 1);
	z = s * s;
	for (int k = 21; k >= 1; k -= 2)
		sum = sum * z + 1.0 / k;
	return 2 * s * sum + e * 0.69314718055994531;
}

/* Folded to |angle| <= pi/4, then the Taylor series. */
void dmath_circle(double turns, double *cosine, double *sine)
{
	int quarter = (int)(turns * 4 + 0.5);
	double a = (turns - quarter * 0.25) * 6.283185307179586;
	double z = a * a, c = 0, s = 0;

	for (int k = 16; k >= 2; k -= 2)
		c = (1 + c) * -z / (k * (k - 1));
	c = 1 + c;
	for (int k = 17; k >= 3; k -= 2)
		s = (1 + s) * -z / (k * (k - 1));
	s = a + a * s;
	switch (quarter % 4) {
	case 0:
		*cosine = c, *sine = s;
		break;
	case 1:
		*cosine = -s, *sine = c;
		break;
	case 2:
		*cosine = -c, *sine = -s;
		break;
	default:
		*cosine = s, *sine = -c;
	}
}

double dmath_power(double x, int64_t n)
{
	double power = 1;

	for (; n; n /= 2, x *= x)
		if (n % 2)
			power *= x;
	return power;
}
