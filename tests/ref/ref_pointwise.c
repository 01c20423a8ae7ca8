/* ref_pointwise -- see ref.h: activations, softmax and dropout. */
#include "tests/ref/ref.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double value(const char *kind, double x, double option)
{
	if (!strcmp(kind, "sigmoid"))
		return 1 / (1 + exp(-x));
	if (!strcmp(kind, "relu"))
		return x > 0 ? x : 0;
	if (!strcmp(kind, "tanh"))
		return tanh(x);
	if (!strcmp(kind, "leaky_relu"))
		return x > 0 ? x : option * x;
	if (!strcmp(kind, "elu"))
		return x > 0 ? x : option * expm1(x);
	if (!strcmp(kind, "gelu"))
		return option == 0
			       ? x * erfc(-x / sqrt(2)) / 2
			       : x / 2 * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
	abort();
}

struct ref ref_pointwise(const struct ref *x, const char *kind, double option)
{
	struct ref y = ref_copy(x);

	for (size_t i = 0; i < ref_size(&y); i++)
		y.at[i] = value(kind, x->at[i], option);
	return y;
}

static double largest(const struct ref *x, int n, int h, int w)
{
	double most = -INFINITY;

	for (int c = 0; c < x->c; c++)
		most = fmax(most, *ref_at(x, n, c, h, w));
	return most;
}

struct ref ref_softmax(const struct ref *x)
{
	struct ref y = ref_copy(x);

	for (int n = 0; n < x->n; n++)
		for (int h = 0; h < x->h; h++)
			for (int w = 0; w < x->w; w++) {
				double most = largest(x, n, h, w), sum = 0;

				for (int c = 0; c < x->c; c++)
					sum += exp(*ref_at(x, n, c, h, w) - most);
				for (int c = 0; c < x->c; c++)
					*ref_at(&y, n, c, h, w) =
						exp(*ref_at(x, n, c, h, w) - most) / sum;
			}
	return y;
}

struct ref ref_dropout(const struct ref *x, double p, const bool *keep)
{
	struct ref y = ref_copy(x);

	for (size_t i = 0; i < ref_size(&y); i++)
		y.at[i] = keep[i] ? x->at[i] / (1 - p) : 0;
	return y;
}
