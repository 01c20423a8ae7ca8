/* ref_train -- see ref_train.h. */
#include "tests/ref/ref_train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *taken(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		abort();
	return p;
}

static size_t in_size(const struct ref_train_layer *l)
{
	return (size_t)l->c * (size_t)l->h * (size_t)l->w;
}

static size_t out_size(const struct ref_train_layer *l)
{
	return (size_t)l->oc * (size_t)l->oh * (size_t)l->ow;
}

static size_t weight_size(const struct ref_train_layer *l)
{
	if (l->kind == REF_CONV2D)
		return (size_t)l->oc * (size_t)l->c * (size_t)(l->kernel * l->kernel);
	return l->kind == REF_LINEAR ? (size_t)l->oc * in_size(l) : 0;
}

/* ---- making */

void ref_train_begin(struct ref_train *net, int c, int h, int w)
{
	*net = (struct ref_train){.c = c, .h = h, .w = w, .closest = INFINITY};
}

/* The next layer, with the shape that the one before leaves. */
static struct ref_train_layer *next_layer(struct ref_train *net, enum ref_train_kind kind)
{
	struct ref_train_layer *l = &net->layers[net->n];
	const struct ref_train_layer *before = l - 1;

	if (net->n == REF_TRAIN_LAYERS)
		abort();
	*l = (struct ref_train_layer){.kind = kind, .c = net->c, .h = net->h, .w = net->w};
	if (net->n++) {
		l->c = before->oc;
		l->h = before->oh;
		l->w = before->ow;
	}
	return l;
}

static double *copied(const double *from, size_t n)
{
	double *to = taken(n, sizeof *to);

	return memcpy(to, from, n * sizeof *to);
}

static void finish_layer(struct ref_train_layer *l, const double *weight, const double *bias)
{
	l->y = taken(out_size(l), sizeof *l->y);
	l->dx = taken(in_size(l), sizeof *l->dx);
	l->first = taken(out_size(l), sizeof *l->first);
	if (!weight_size(l))
		return;
	l->weight = copied(weight, weight_size(l));
	l->bias = copied(bias, (size_t)l->oc);
	l->weight_sum = taken(weight_size(l), sizeof *l->weight_sum);
	l->bias_sum = taken((size_t)l->oc, sizeof *l->bias_sum);
}

void ref_train_conv2d(struct ref_train *net, int out_channels, int kernel, int padding,
	const double *weight, const double *bias)
{
	struct ref_train_layer *l = next_layer(net, REF_CONV2D);

	l->kernel = kernel;
	l->padding = padding;
	l->oc = out_channels;
	l->oh = l->h + 2 * padding - kernel + 1;
	l->ow = l->w + 2 * padding - kernel + 1;
	finish_layer(l, weight, bias);
}

void ref_train_linear(
	struct ref_train *net, int out_features, const double *weight, const double *bias)
{
	struct ref_train_layer *l = next_layer(net, REF_LINEAR);

	l->oc = out_features;
	l->oh = l->ow = 1;
	finish_layer(l, weight, bias);
}

void ref_train_add(struct ref_train *net, enum ref_train_kind kind)
{
	struct ref_train_layer *l = next_layer(net, kind);
	int by = kind == REF_AVG_POOL || kind == REF_MAX_POOL ? 2 : 1;

	l->oc = l->c;
	l->oh = l->h / by;
	l->ow = l->w / by;
	finish_layer(l, NULL, NULL);
}

void ref_train_end(struct ref_train *net)
{
	for (int i = 0; i < net->n; i++) {
		struct ref_train_layer *l = &net->layers[i];

		free(l->weight);
		free(l->bias);
		free(l->weight_sum);
		free(l->bias_sum);
		free(l->y);
		free(l->dx);
		free(l->first);
	}
	net->n = 0;
}

/* ---- conv2d: y[o][p][q] = b[o] + sum over i, u, v of w[o][i][u][v] x[i][p+u-P][q+v-P] */

/* What one row of outputs has to do with one row of inputs through weight w[v]: the outputs q whose
 * input q+v-P lies in the image. Either y += w x, or (dy given) dw += dy x and dx += dy w. */
static void conv_row(struct ref_train_layer *l, int v, double w, double *y, const double *dy,
	const double *x, double *dw, double *dx)
{
	int shift = v - l->padding;
	int from = shift < 0 ? -shift : 0, to = l->w - shift < l->ow ? l->w - shift : l->ow;

	for (int q = from; q < to && !dy; q++)
		y[q] += w * x[q + shift];
	for (int q = from; q < to && dy; q++) {
		*dw += dy[q] * x[q + shift];
		dx[q + shift] += dy[q] * w;
	}
}

/* One pair of channels. */
static void conv_pair(struct ref_train_layer *l, int o, int i, const double *x, const double *dy)
{
	int k = l->kernel, pair = (o * l->c + i) * k * k;

	for (int p = 0; p < l->oh; p++)
		for (int u = 0; u < k; u++) {
			int row = p + u - l->padding, out = (o * l->oh + p) * l->ow;
			int in = (i * l->h + row) * l->w;

			if (row < 0 || row >= l->h)
				continue;
			for (int v = 0; v < k; v++)
				conv_row(l, v, l->weight[pair + u * k + v], l->y + out,
					dy ? dy + out : NULL, x + in,
					&l->weight_sum[pair + u * k + v], l->dx + in);
		}
}

static void conv_forward(struct ref_train_layer *l, const double *x)
{
	for (int o = 0; o < l->oc; o++) {
		for (int i = 0; i < l->oh * l->ow; i++)
			l->y[o * l->oh * l->ow + i] = l->bias[o];
		for (int i = 0; i < l->c; i++)
			conv_pair(l, o, i, x, NULL);
	}
}

static void conv_backward(struct ref_train_layer *l, const double *x, const double *dy)
{
	for (int o = 0; o < l->oc; o++) {
		for (int i = 0; i < l->oh * l->ow; i++)
			l->bias_sum[o] += dy[o * l->oh * l->ow + i];
		for (int i = 0; i < l->c; i++)
			conv_pair(l, o, i, x, dy);
	}
}

/* ---- linear: y[o] = b[o] + sum over i of w[o][i] x[i] */

static void linear_forward(struct ref_train_layer *l, const double *x)
{
	size_t n = in_size(l);

	for (int o = 0; o < l->oc; o++) {
		l->y[o] = l->bias[o];
		for (size_t i = 0; i < n; i++)
			l->y[o] += l->weight[(size_t)o * n + i] * x[i];
	}
}

static void linear_backward(struct ref_train_layer *l, const double *x, const double *dy)
{
	size_t n = in_size(l);

	for (int o = 0; o < l->oc; o++) {
		l->bias_sum[o] += dy[o];
		for (size_t i = 0; i < n; i++) {
			l->weight_sum[(size_t)o * n + i] += dy[o] * x[i];
			l->dx[i] += dy[o] * l->weight[(size_t)o * n + i];
		}
	}
}

/* ---- windows of 2x2 */

/* Where in x number `part` (0..3, row by row) of window i lies. */
static int window_at(const struct ref_train_layer *l, int i, int part)
{
	int c = i / (l->oh * l->ow), p = i / l->ow % l->oh, q = i % l->ow;

	return (c * l->h + 2 * p + part / 2) * l->w + 2 * q + part % 2;
}

static void pool_forward(struct ref_train_layer *l, const double *x)
{
	int n = (int)out_size(l);

	for (int i = 0; i < n; i++) {
		double sum = 0;

		l->first[i] = window_at(l, i, 0);
		for (int part = 0; part < 4; part++) {
			sum += x[window_at(l, i, part)];
			if (x[window_at(l, i, part)] > x[l->first[i]])
				l->first[i] = window_at(l, i, part);
		}
		l->y[i] = l->kind == REF_AVG_POOL ? sum / 4 : x[l->first[i]];
	}
}

static void pool_backward(struct ref_train_layer *l, const double *dy)
{
	int n = (int)out_size(l);

	for (int i = 0; i < n; i++) {
		if (l->kind == REF_MAX_POOL)
			l->dx[l->first[i]] += dy[i];
		for (int part = 0; part < 4 && l->kind == REF_AVG_POOL; part++)
			l->dx[window_at(l, i, part)] += dy[i] / 4;
	}
}

/* ---- sigmoid, relu */

static void pointwise_forward(struct ref_train_layer *l, const double *x)
{
	for (size_t i = 0; i < in_size(l); i++)
		if (l->kind == REF_SIGMOID)
			l->y[i] = 1 / (1 + exp(-x[i]));
		else
			l->y[i] = x[i] > 0 ? x[i] : 0;
}

static void pointwise_backward(struct ref_train_layer *l, const double *x, const double *dy)
{
	for (size_t i = 0; i < in_size(l); i++)
		if (l->kind == REF_SIGMOID)
			l->dx[i] = dy[i] * l->y[i] * (1 - l->y[i]);
		else
			l->dx[i] = x[i] > 0 ? dy[i] : 0;
}

/* ---- decisions */

/* How far window i's maximum is above what is not equal to it. */
static double max_margin(const struct ref_train_layer *l, const double *x, int i)
{
	double margin = INFINITY;

	for (int part = 0; part < 4; part++) {
		double below = x[l->first[i]] - x[window_at(l, i, part)];

		if (below > 0)
			margin = fmin(margin, below);
	}
	return margin;
}

static double margin_of(const struct ref_train_layer *l, const double *x)
{
	double margin = INFINITY;

	for (size_t i = 0; i < out_size(l); i++)
		if (l->kind == REF_MAX_POOL)
			margin = fmin(margin, max_margin(l, x, (int)i));
		else if (l->kind == REF_RELU && x[i] != 0)
			margin = fmin(margin, fabs(x[i]));
	return margin;
}

/* ---- a batch */

static void layer_forward(struct ref_train_layer *l, const double *x)
{
	switch (l->kind) {
	case REF_CONV2D:
		conv_forward(l, x);
		break;
	case REF_LINEAR:
		linear_forward(l, x);
		break;
	case REF_AVG_POOL:
	case REF_MAX_POOL:
		pool_forward(l, x);
		break;
	case REF_SIGMOID:
	case REF_RELU:
		pointwise_forward(l, x);
	}
}

static void layer_backward(struct ref_train_layer *l, const double *x, const double *dy)
{
	memset(l->dx, 0, in_size(l) * sizeof *l->dx);
	switch (l->kind) {
	case REF_CONV2D:
		conv_backward(l, x, dy);
		break;
	case REF_LINEAR:
		linear_backward(l, x, dy);
		break;
	case REF_AVG_POOL:
	case REF_MAX_POOL:
		pool_backward(l, dy);
		break;
	case REF_SIGMOID:
	case REF_RELU:
		pointwise_backward(l, x, dy);
	}
}

/* The loss of logits z, -log softmax(z)[label]; dz = softmax(z) - (1 at the label). */
static double cross_entropy(double *dz, const double *z, int n, int label)
{
	double largest = z[0], sum = 0;

	for (int i = 1; i < n; i++)
		largest = fmax(largest, z[i]);
	for (int i = 0; i < n; i++)
		sum += exp(z[i] - largest);
	for (int i = 0; i < n; i++)
		dz[i] = exp(z[i] - largest) / sum - (i == label);
	return log(sum) + largest - z[label];
}

/* Adds one image's gradient to the sums. */
static double image_gradient(struct ref_train *net, const double *image, int label)
{
	const struct ref_train_layer *last = &net->layers[net->n - 1];
	double *dz = taken(out_size(last), sizeof *dz), loss;

	for (int i = 0; i < net->n; i++) {
		const double *x = i ? net->layers[i - 1].y : image;

		layer_forward(&net->layers[i], x);
		net->closest = fmin(net->closest, margin_of(&net->layers[i], x));
	}
	loss = cross_entropy(dz, last->y, (int)out_size(last), label);
	for (int i = net->n - 1; i >= 0; i--)
		layer_backward(&net->layers[i], i ? net->layers[i - 1].y : image,
			i == net->n - 1 ? dz : net->layers[i + 1].dx);
	free(dz);
	return loss;
}

static void descend(double *x, double *sum, size_t n, double by)
{
	for (size_t i = 0; i < n; i++) {
		x[i] -= by * sum[i];
		sum[i] = 0;
	}
}

double ref_train_step(
	struct ref_train *net, const double *images, const uint8_t *labels, int n, double lr)
{
	size_t size = in_size(&net->layers[0]);
	double loss = 0;

	for (int i = 0; i < n; i++)
		loss += image_gradient(net, images + (size_t)i * size, labels[i]);
	for (int i = 0; i < net->n; i++) {
		struct ref_train_layer *l = &net->layers[i];

		if (!l->weight)
			continue;
		descend(l->weight, l->weight_sum, weight_size(l), lr / n);
		descend(l->bias, l->bias_sum, (size_t)l->oc, lr / n);
	}
	return loss / n;
}
