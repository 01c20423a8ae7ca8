/* ref_loss -- see ref.h: the losses. */
#include "tests/ref/ref.h"

#include <math.h>

double ref_cross_entropy(const struct ref *x, int n, int label, double label_smoothing)
{
	const double *y = ref_at(x, n, 0, 0, 0);
	double most = -INFINITY, sum = 0, loss = 0;

	for (int f = 0; f < x->c; f++)
		most = fmax(most, y[f]);
	for (int f = 0; f < x->c; f++)
		sum += exp(y[f] - most);
	for (int f = 0; f < x->c; f++) {
		double target = (1 - label_smoothing) * (f == label) + label_smoothing / x->c;

		loss -= target * (y[f] - most - log(sum));
	}
	return loss;
}

double ref_squared_error(const struct ref *x, int n, const float *targets, bool sum, double scale)
{
	const double *y = ref_at(x, n, 0, 0, 0);
	double total = 0;

	for (int f = 0; f < x->c; f++) {
		double apart = y[f] - (double)targets[n * x->c + f];

		total += apart * apart;
	}
	return sum ? scale * total * x->n : scale * total / x->c;
}
