/* ref_window -- see ref.h: the layers with a sliding window, and linear. */
#include "tests/ref/ref.h"

#include <math.h>

int ref_fit(struct ref_axis *a, int n)
{
	int length = a->dilation * (a->k - 1) + 1, fits = 0, reached;

	if (a->same) {
		int total = ((n + a->stride - 1) / a->stride - 1) * a->stride + length - n;

		a->before = total > 0 ? total / 2 : 0;
		a->after = total > 0 ? total - a->before : 0;
	}
	if (length > a->before + n + a->after)
		return 0;
	/* window by window, until one would end beyond the padding, or, with ceil_mode, until one
	 * has reached its end or would start beyond the image */
	for (int start = -a->before;; start += a->stride, fits++) {
		reached = start + length - a->stride;
		if (!a->ceil_mode && start + length > n + a->after)
			return fits;
		if (a->ceil_mode && fits && (reached >= n + a->after || start >= n))
			return fits;
	}
}

struct ref ref_conv2d(const struct ref *x, const double *w, const double *b, int out_channels,
	struct ref_axis rows, struct ref_axis columns, int groups)
{
	struct ref y = ref_new(x->n, out_channels, ref_fit(&rows, x->h), ref_fit(&columns, x->w));
	int ins = x->c / groups, outs = out_channels / groups;

	for (int n = 0; n < y.n; n++)
		for (int o = 0; o < y.c; o++)
			for (int p = 0; p < y.h; p++)
				for (int q = 0; q < y.w; q++) {
					double sum = b ? b[o] : 0;
					const double *tap = w + o * ins * rows.k * columns.k;

					for (int i = 0; i < ins; i++)
						for (int u = 0; u < rows.k; u++)
							for (int v = 0; v < columns.k; v++)
								sum += *tap++ *
								       ref_get(x, n,
									       o / outs * ins + i,
									       p * rows.stride -
										       rows.before +
										       u * rows.dilation,
									       q * columns.stride -
										       columns.before +
										       v * columns.dilation);
					*ref_at(&y, n, o, p, q) = sum;
				}
	return y;
}

struct ref ref_linear(const struct ref *x, const double *w, const double *b, int out_features)
{
	struct ref y = ref_new(x->n, out_features, 1, 1);

	for (int n = 0; n < y.n; n++)
		for (int o = 0; o < y.c; o++) {
			double sum = b ? b[o] : 0;

			for (int i = 0; i < x->c; i++)
				sum += w[o * x->c + i] * *ref_at(x, n, i, 0, 0);
			*ref_at(&y, n, o, 0, 0) = sum;
		}
	return y;
}

/* What a pool knows of one window. */
struct seen {
	double sum, max;
	int inside, padded; /* taps in the image; in it or its padding */
};

static struct seen look(const struct ref *x, int n, int c, int p, int q,
	const struct ref_axis *rows, const struct ref_axis *columns)
{
	struct seen seen = {.max = -INFINITY};

	for (int u = 0; u < rows->k; u++)
		for (int v = 0; v < columns->k; v++) {
			int h = p * rows->stride - rows->before + u * rows->dilation;
			int w = q * columns->stride - columns->before + v * columns->dilation;

			if (h < x->h + rows->after && w < x->w + columns->after)
				seen.padded++;
			if (h < 0 || h >= x->h || w < 0 || w >= x->w)
				continue;
			seen.inside++;
			seen.sum += *ref_at(x, n, c, h, w);
			seen.max = fmax(seen.max, *ref_at(x, n, c, h, w));
		}
	return seen;
}

struct ref ref_max_pool2d(const struct ref *x, struct ref_axis rows, struct ref_axis columns)
{
	struct ref y = ref_new(x->n, x->c, ref_fit(&rows, x->h), ref_fit(&columns, x->w));

	for (int n = 0; n < y.n; n++)
		for (int c = 0; c < y.c; c++)
			for (int p = 0; p < y.h; p++)
				for (int q = 0; q < y.w; q++)
					*ref_at(&y, n, c, p, q) =
						look(x, n, c, p, q, &rows, &columns).max;
	return y;
}

struct ref ref_avg_pool2d(
	const struct ref *x, struct ref_axis rows, struct ref_axis columns, bool count_include_pad)
{
	struct ref y = ref_new(x->n, x->c, ref_fit(&rows, x->h), ref_fit(&columns, x->w));

	for (int n = 0; n < y.n; n++)
		for (int c = 0; c < y.c; c++)
			for (int p = 0; p < y.h; p++)
				for (int q = 0; q < y.w; q++) {
					struct seen s = look(x, n, c, p, q, &rows, &columns);

					*ref_at(&y, n, c, p, q) =
						s.sum / (count_include_pad ? s.padded : s.inside);
				}
	return y;
}
