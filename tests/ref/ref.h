/*
 * ref -- a second implementation of every layer and loss, written from the formulas and from
 * nothing else: plain loops over doubles, image by image, row-major [n][c][h][w]. Slow and obvious;
 * tests compare the program with it. Nothing here includes anything of layers/.
 *
 * Each function returns a new array, which the caller gives to ref_free. Without memory they abort.
 */
#ifndef TESTS_REF_REF_H
#define TESTS_REF_REF_H

#include <stdbool.h>
#include <stddef.h>

/* A batch of n images, or of n vectors: those have their features in c, and h = w = 1. */
struct ref {
	int n, c, h, w;
	double *at; /* owned */
};

struct ref ref_new(int n, int c, int h, int w); /* zeros */
void ref_free(struct ref *ref);
size_t ref_size(const struct ref *ref);
struct ref ref_copy(const struct ref *x);

/* The number at image n, channel c, row h, column w; 0 outside of the image. */
double ref_get(const struct ref *x, int n, int c, int h, int w);
double *ref_at(const struct ref *x, int n, int c, int h, int w); /* inside only */

/* A sliding window along one axis. `same` takes the place of before and after. */
struct ref_axis {
	int k, stride, dilation;
	bool same;
	int before, after;
	bool ceil_mode; /* pools */
};

/* How often the window fits, counted one by one; sets before and after for `same`. */
int ref_fit(struct ref_axis *axis, int n);

/* w[o][c / groups][k_h][k_w]; b NULL: none. */
struct ref ref_conv2d(const struct ref *x, const double *w, const double *b, int out_channels,
	struct ref_axis rows, struct ref_axis columns, int groups);

/* w[o][i]. */
struct ref ref_linear(const struct ref *x, const double *w, const double *b, int out_features);

struct ref ref_max_pool2d(const struct ref *x, struct ref_axis rows, struct ref_axis columns);
struct ref ref_avg_pool2d(
	const struct ref *x, struct ref_axis rows, struct ref_axis columns, bool count_include_pad);

/* kind: sigmoid, relu, tanh, leaky_relu (option: slope), elu (alpha), gelu (1: the tanh form). */
struct ref ref_pointwise(const struct ref *x, const char *kind, double option);
struct ref ref_softmax(const struct ref *x);

/* keep[i]: whether number i stays. */
struct ref ref_dropout(const struct ref *x, double p, const bool *keep);

struct ref ref_reshape(const struct ref *x, int c, int h, int w);
struct ref ref_add(const struct ref *a, const struct ref *b);
struct ref ref_concat(const struct ref *parts, int n);

/* The loss of image n, as its batch of x->n images has it; targets[n][f]. */
double ref_cross_entropy(const struct ref *x, int n, int label, double label_smoothing);
double ref_squared_error(const struct ref *x, int n, const float *targets, bool sum, double scale);

#endif
