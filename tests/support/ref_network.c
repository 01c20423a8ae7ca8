/* ref_network -- see ref_network.h. */
#include "tests/support/ref_network.h"

#include <stdlib.h>
#include <string.h>

#include "layers/avg_pool2d.h"
#include "layers/concat.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/elu.h"
#include "layers/gelu.h"
#include "layers/leaky_relu.h"
#include "layers/linear.h"
#include "layers/max_pool2d.h"
#include "layers/residual.h"

static const struct row *row_of(const struct ref_network *net, const struct spec *spec)
{
	for (int i = 0; i < net->network->n_rows; i++)
		if (net->network->rows[i].spec == spec)
			return &net->network->rows[i];
	abort();
}

/* The numbers of tensor "<the layer's path>.<name>". */
static const double *tensor_of(
	const struct ref_network *net, const struct spec *spec, const char *name)
{
	const char *path = row_of(net, spec)->path;
	size_t length = strlen(path);

	for (int i = 0; i < net->network->n_tensors; i++) {
		const char *tensor = net->network->tensors[i].path;

		if (!strncmp(tensor, path, length) && tensor[length] == '.' &&
			!strcmp(tensor + length + 1, name))
			return net->tensors[i];
	}
	abort();
}

static struct ref conv2d(
	const struct ref_network *net, const struct spec *spec, const struct ref *x)
{
	const struct conv2d *o = spec->options;
	const struct padding *p = &o->padding;
	struct ref_axis rows = {
		o->kernel_size.h, o->stride.h, o->dilation.h, p->same, p->top, p->bottom, false};
	struct ref_axis columns = {
		o->kernel_size.w, o->stride.w, o->dilation.w, p->same, p->left, p->right, false};

	return ref_conv2d(x, tensor_of(net, spec, "weight"),
		o->bias ? tensor_of(net, spec, "bias") : NULL, o->out_channels, rows, columns,
		o->groups);
}

static struct ref linear(
	const struct ref_network *net, const struct spec *spec, const struct ref *x)
{
	const struct linear *o = spec->options;

	return ref_linear(x, tensor_of(net, spec, "weight"),
		o->bias ? tensor_of(net, spec, "bias") : NULL, o->out_features);
}

static struct ref_axis pool_axis(
	int k, int stride, int dilation, int before, int after, const struct pool_window *window)
{
	return (struct ref_axis){k, stride ? stride : k, dilation ? dilation : 1,
		window->padding.same, before, after, window->ceil_mode && !window->padding.same};
}

static struct ref pool(const struct spec *spec, const struct ref *x, bool average)
{
	const struct pool_window *o = spec->options; /* first in both */
	struct ref_axis rows = pool_axis(
		o->kernel_size.h, o->stride.h, o->dilation.h, o->padding.top, o->padding.bottom, o);
	struct ref_axis columns = pool_axis(
		o->kernel_size.w, o->stride.w, o->dilation.w, o->padding.left, o->padding.right, o);

	if (!average)
		return ref_max_pool2d(x, rows, columns);
	return ref_avg_pool2d(
		x, rows, columns, ((const struct avg_pool2d *)spec->options)->count_include_pad);
}

static struct ref dropout(
	const struct ref_network *net, const struct spec *spec, const struct ref *x)
{
	const struct dropout *o = spec->options;
	size_t elements = ref_size(x) / (size_t)x->n;
	struct rng rng = {net->seed, RNG_DROPOUT, (uint16_t)row_of(net, spec)->first_step,
		net->epoch, net->position};
	bool *keep = malloc(ref_size(x));
	struct ref y;

	if (!keep)
		abort();
	for (int n = 0; n < x->n; n++, rng.position++)
		for (size_t e = 0; e < elements; e++)
			keep[(size_t)n * elements + e] =
				rng_bits(&rng, (uint32_t)e) * 0x1p-32 >= o->p;
	y = net->training ? ref_dropout(x, o->p, keep) : ref_copy(x);
	free(keep);
	return y;
}

static struct ref residual(
	const struct ref_network *net, const struct spec *spec, const struct ref *x)
{
	const struct residual *o = spec->options;
	struct ref body = ref_network_forward(net, &o->body, x);
	struct ref shortcut = ref_network_forward(net, &o->shortcut, x);
	struct ref y = ref_add(&body, &shortcut);

	ref_free(&body);
	ref_free(&shortcut);
	return y;
}

static struct ref concat(
	const struct ref_network *net, const struct spec *spec, const struct ref *x)
{
	const struct branches *branches = &((const struct concat *)spec->options)->branches;
	struct ref *parts = malloc((size_t)branches->n * sizeof *parts), y;

	if (!parts)
		abort();
	for (int i = 0; i < branches->n; i++)
		parts[i] = ref_network_forward(net, &branches->at[i], x);
	y = ref_concat(parts, branches->n);
	for (int i = 0; i < branches->n; i++)
		ref_free(&parts[i]);
	free(parts);
	return y;
}

/* Takes its shape from the plan: what the shape should be is for the tests of these kinds to say.
 */
static struct ref reshape(
	const struct ref_network *net, const struct spec *spec, const struct ref *x)
{
	struct shape shape = net->network->values[row_of(net, spec)->out].shape;

	return ref_reshape(x, shape.c, shape.h, shape.w);
}

static double pointwise_option(const struct spec *spec)
{
	const char *kind = spec->kind->name;

	if (!strcmp(kind, "leaky_relu"))
		return ((const struct leaky_relu *)spec->options)->negative_slope;
	if (!strcmp(kind, "elu"))
		return ((const struct elu *)spec->options)->alpha;
	if (!strcmp(kind, "gelu"))
		return ((const struct gelu *)spec->options)->approximate;
	return 0;
}

static struct ref layer(const struct ref_network *net, const struct spec *spec, const struct ref *x)
{
	const char *kind = spec->kind->name;

	if (!strcmp(kind, "conv2d"))
		return conv2d(net, spec, x);
	if (!strcmp(kind, "linear"))
		return linear(net, spec, x);
	if (!strcmp(kind, "flatten") || !strcmp(kind, "reshape"))
		return reshape(net, spec, x);
	if (!strcmp(kind, "softmax"))
		return ref_softmax(x);
	if (!strcmp(kind, "max_pool2d") || !strcmp(kind, "avg_pool2d"))
		return pool(spec, x, kind[0] == 'a');
	if (!strcmp(kind, "dropout"))
		return dropout(net, spec, x);
	if (!strcmp(kind, "residual"))
		return residual(net, spec, x);
	if (!strcmp(kind, "concat"))
		return concat(net, spec, x);
	return ref_pointwise(x, kind, pointwise_option(spec));
}

struct ref ref_network_forward(
	const struct ref_network *net, const struct specs *layers, const struct ref *x)
{
	struct ref y = ref_copy(x);

	for (int i = 0; i < layers->n; i++) {
		struct ref next = layer(net, &layers->at[i], &y);

		ref_free(&y);
		y = next;
	}
	return y;
}
