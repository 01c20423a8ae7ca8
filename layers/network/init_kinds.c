/* init_kinds -- see init.h: the kinds, and the tables that name them. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers/core/rng.h"
#include "layers/network/init.h"
#include "layers/network/safetensors.h"

/* ---- draws */

static struct rng rng_of(const struct init_work *work)
{
	return (struct rng){.key = work->seed, .purpose = RNG_INIT, .ordinal = work->ordinal};
}

static int fill_uniform(const struct init_work *work, float *out, double low, double high)
{
	struct rng rng = rng_of(work);

	for (size_t i = 0; i < work->tensor->size; i++)
		out[i] = (float)(low + (high - low) * (double)rng_uniform(&rng, (uint32_t)i));
	return 0;
}

static int fill_normal(const struct init_work *work, float *out, double mean, double std)
{
	struct rng rng = rng_of(work);

	for (size_t i = 0; i < work->tensor->size; i++)
		out[i] = (float)(mean + std * rng_normal(&rng, (uint32_t)i));
	return 0;
}

static int fill_same(const struct init_work *work, float *out, double value)
{
	for (size_t i = 0; i < work->tensor->size; i++)
		out[i] = (float)value;
	return 0;
}

static double xavier_std(const struct init_work *work)
{
	const struct init_xavier *o = work->options;

	return o->gain * sqrt(2.0 / ((double)work->tensor->fan_in + work->tensor->fan_out));
}

static int xavier_uniform_fill(const struct init_work *work, float *out, struct err *err)
{
	double bound = sqrt(3) * xavier_std(work);

	(void)err;
	return fill_uniform(work, out, -bound, bound);
}

static int xavier_normal_fill(const struct init_work *work, float *out, struct err *err)
{
	(void)err;
	return fill_normal(work, out, 0, xavier_std(work));
}

static double gain_of(const struct init_kaiming *o)
{
	switch (o->nonlinearity) {
	case INIT_TANH:
		return 5.0 / 3;
	case INIT_RELU:
		return sqrt(2);
	case INIT_LEAKY_RELU:
		return sqrt(2 / (1 + o->a * o->a));
	default:
		return 1;
	}
}

static double kaiming_std(const struct init_work *work)
{
	const struct init_kaiming *o = work->options;

	return gain_of(o) /
	       sqrt(o->mode == INIT_FAN_IN ? work->tensor->fan_in : work->tensor->fan_out);
}

static int kaiming_uniform_fill(const struct init_work *work, float *out, struct err *err)
{
	double bound = sqrt(3) * kaiming_std(work);

	(void)err;
	return fill_uniform(work, out, -bound, bound);
}

static int kaiming_normal_fill(const struct init_work *work, float *out, struct err *err)
{
	(void)err;
	return fill_normal(work, out, 0, kaiming_std(work));
}

static int torch_default_fill(const struct init_work *work, float *out, struct err *err)
{
	double bound = 1 / sqrt(work->tensor->fan_in);

	(void)err;
	return fill_uniform(work, out, -bound, bound);
}

static int normal_fill(const struct init_work *work, float *out, struct err *err)
{
	const struct init_normal *o = work->options;

	(void)err;
	return fill_normal(work, out, o->mean, o->std);
}

static int uniform_fill(const struct init_work *work, float *out, struct err *err)
{
	const struct init_uniform *o = work->options;

	(void)err;
	return fill_uniform(work, out, o->low, o->high);
}

static int uniform_check(const struct spec *spec, struct err *err)
{
	const struct init_uniform *o = spec->options;

	if (o->high < o->low)
		return err_at(
			err, spec_place(spec, "high"), "high %g is below low %g", o->high, o->low);
	return 0;
}

static int constant_fill(const struct init_work *work, float *out, struct err *err)
{
	(void)err;
	return fill_same(work, out, ((const struct init_constant *)work->options)->value);
}

static int zeros_fill(const struct init_work *work, float *out, struct err *err)
{
	(void)err;
	return fill_same(work, out, 0);
}

/* ---- numbers that are given */

static int inline_fits(const struct init_work *work, struct err *err)
{
	const struct literal *value = &((const struct init_inline *)work->options)->value;
	const struct tensor *tensor = work->tensor;
	char given[SHAPE_TEXT], wanted[SHAPE_TEXT];

	if (value->rank == tensor->rank &&
		!memcmp(value->dims, tensor->dims, (size_t)tensor->rank * sizeof(int)))
		return 0;
	return err_set(err, "the given numbers are %s, but %s is %s",
		shape_dims_text(given, value->rank, value->dims), tensor->path,
		shape_dims_text(wanted, tensor->rank, tensor->dims));
}

static int inline_fill(const struct init_work *work, float *out, struct err *err)
{
	const struct init_inline *o = work->options;

	(void)err;
	memcpy(out, o->value.data, work->tensor->size * sizeof *out);
	return 0;
}

/* `path` as meant from the config's folder; owned by the caller. */
static char *path_from(const char *config_dir, const char *path, struct err *err)
{
	char *whole = NULL;

	if (!config_dir || path[0] == '/')
		config_dir = "";
	if (asprintf(&whole, "%s%s%s", config_dir, *config_dir ? "/" : "", path) >= 0)
		return whole;
	err_memory(err, strlen(path), "a path");
	return NULL;
}

static int file_fill(const struct init_work *work, float *out, struct err *err)
{
	const struct init_file *o = work->options;
	const struct tensor *tensor = work->tensor;
	char *path = path_from(work->config_dir, o->path, err);
	struct safetensors *file = NULL;
	int rc = path ? safetensors_open(&file, path, err) : -1;

	if (!rc)
		rc = safetensors_read(file, tensor->path, tensor->rank, tensor->dims, out, err);
	safetensors_close(file);
	free(path);
	return rc;
}

static int file_fits(const struct init_work *work, struct err *err)
{
	return file_fill(work, NULL, err);
}

/* ---- the tables */

static const struct option xavier_options[] = {
	{.name = "gain",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct init_xavier, gain),
		.fallback = "1",
		.min = 0,
		.max = FLT_MAX,
		.help = "factor of the spread"},
	{0},
};

static const char *const modes[] = {"fan_in", "fan_out", NULL};
static const char *const nonlinearities[] = {
	"linear", "sigmoid", "tanh", "relu", "leaky_relu", NULL};

static const struct option kaiming_options[] = {
	{.name = "a",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct init_kaiming, a),
		.fallback = "0",
		.help = "negative slope of leaky_relu"},
	{.name = "mode",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct init_kaiming, mode),
		.fallback = "fan_in",
		.choices = modes,
		.help = "keeps the variance of outputs (fan_in) or of gradients (fan_out)"},
	{.name = "nonlinearity",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct init_kaiming, nonlinearity),
		.fallback = "leaky_relu",
		.choices = nonlinearities,
		.help = "what follows the layer"},
	{0},
};

static const struct option normal_options[] = {
	{.name = "mean",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct init_normal, mean),
		.fallback = "0",
		.help = "mean"},
	{.name = "std",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct init_normal, std),
		.fallback = "1",
		.min = 0,
		.max = FLT_MAX,
		.help = "standard deviation"},
	{0},
};

static const struct option uniform_options[] = {
	{.name = "low",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct init_uniform, low),
		.fallback = "0",
		.help = "smallest number"},
	{.name = "high",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct init_uniform, high),
		.fallback = "1",
		.help = "largest number"},
	{0},
};

static const struct option constant_options[] = {
	{.name = "value",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct init_constant, value),
		.help = "the number"},
	{0},
};

static const struct option inline_options[] = {
	{.name = "value",
		.type = OPTION_TENSOR,
		.offset = offsetof(struct init_inline, value),
		.help = "the numbers, as lists in lists, in the tensor's shape"},
	{0},
};

static const struct option file_options[] = {
	{.name = "path",
		.type = OPTION_TEXT,
		.offset = offsetof(struct init_file, path),
		.help = "safetensors file, from the config's folder"},
	{0},
};

static const struct init_kind xavier_uniform = {
	.kind = {.name = "xavier_uniform",
		.help = "uniform within sqrt(6 / (fan_in + fan_out)); Glorot and Bengio 2010",
		.options = xavier_options,
		.size = sizeof(struct init_xavier)},
	.fill = xavier_uniform_fill,
};

static const struct init_kind xavier_normal = {
	.kind = {.name = "xavier_normal",
		.help = "normal with variance 2 / (fan_in + fan_out); Glorot and Bengio 2010",
		.options = xavier_options,
		.size = sizeof(struct init_xavier)},
	.fill = xavier_normal_fill,
};

static const struct init_kind kaiming_uniform = {
	.kind = {.name = "kaiming_uniform",
		.help = "uniform within gain sqrt(3 / fan); He and others 2015",
		.options = kaiming_options,
		.size = sizeof(struct init_kaiming)},
	.fill = kaiming_uniform_fill,
};

static const struct init_kind kaiming_normal = {
	.kind = {.name = "kaiming_normal",
		.help = "normal with variance gain^2 / fan; He and others 2015",
		.options = kaiming_options,
		.size = sizeof(struct init_kaiming)},
	.fill = kaiming_normal_fill,
};

static const struct init_kind torch_default = {
	.kind = {.name = "torch_default",
		.help = "uniform within 1 / sqrt(fan_in), as torch's layers start by themselves"},
	.fill = torch_default_fill,
};

static const struct init_kind normal = {
	.kind = {.name = "normal",
		.help = "normal",
		.options = normal_options,
		.size = sizeof(struct init_normal)},
	.fill = normal_fill,
};

static const struct init_kind uniform = {
	.kind = {.name = "uniform",
		.help = "uniform from low to high",
		.options = uniform_options,
		.size = sizeof(struct init_uniform),
		.check = uniform_check},
	.fill = uniform_fill,
};

static const struct init_kind constant = {
	.kind = {.name = "constant",
		.help = "all the same",
		.options = constant_options,
		.size = sizeof(struct init_constant)},
	.fill = constant_fill,
};

static const struct init_kind zeros = {
	.kind = {.name = "zeros", .help = "all 0"},
	.fill = zeros_fill,
};

static const struct init_kind inline_kind = {
	.kind = {.name = "inline",
		.help = "the numbers themselves",
		.options = inline_options,
		.size = sizeof(struct init_inline)},
	.fits = inline_fits,
	.fill = inline_fill,
};

static const struct init_kind file_kind = {
	.kind = {.name = "file",
		.help = "from a safetensors file, under torch's names",
		.options = file_options,
		.size = sizeof(struct init_file)},
	.fits = file_fits,
	.fill = file_fill,
};

static const struct kind *const kinds[] = {
	&xavier_uniform.kind,
	&xavier_normal.kind,
	&kaiming_uniform.kind,
	&kaiming_normal.kind,
	&torch_default.kind,
	&normal.kind,
	&uniform.kind,
	&constant.kind,
	&zeros.kind,
	&inline_kind.kind,
	&file_kind.kind,
	NULL,
};

const struct family init_family = {.noun = "initialisation", .kinds = kinds};

const struct option init_options[] = {
	{.name = "weight",
		.type = OPTION_SPEC,
		.offset = offsetof(struct layer_init, weight),
		.fallback = "null",
		.family = &init_family,
		.help = "how weights start"},
	{.name = "bias",
		.type = OPTION_SPEC,
		.offset = offsetof(struct layer_init, bias),
		.fallback = "null",
		.family = &init_family,
		.help = "how biases start"},
	{0},
};

const struct option layer_common_options[] = {
	{.name = "name",
		.type = OPTION_TEXT,
		.offset = offsetof(struct layer_common, name),
		.fallback = "null",
		.help = "what tables and messages call the layer"},
	{.name = "init",
		.type = OPTION_GROUP,
		.offset = offsetof(struct layer_common, init),
		.fallback = "null",
		.group = init_options,
		.help = "how this layer's weights and biases start"},
	{.name = "weight",
		.type = OPTION_TENSOR,
		.offset = offsetof(struct layer_common, weight),
		.fallback = "null",
		.help = "the weights themselves, as lists in lists; overrides init"},
	{0},
};
