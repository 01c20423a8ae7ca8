/* schedule -- see schedule.h. Powers and the cosine are dmath's: a learning rate has the same bits
 * on every machine. */
#include "layers/network/schedule.h"

#include <float.h>
#include <stddef.h>

#include "layers/core/dmath.h"

static double constant_factor(const void *options, int epoch, int epochs)
{
	(void)options;
	(void)epoch;
	(void)epochs;
	return 1;
}

static double step_factor(const void *options, int epoch, int epochs)
{
	const struct schedule_step *o = options;

	(void)epochs;
	return dmath_power(o->gamma, epoch / o->step_size);
}

static double multistep_factor(const void *options, int epoch, int epochs)
{
	const struct schedule_multistep *o = options;
	int passed = 0;

	(void)epochs;
	for (int i = 0; i < o->milestones.n; i++)
		passed += o->milestones.at[i] <= epoch;
	return dmath_power(o->gamma, passed);
}

static double exponential_factor(const void *options, int epoch, int epochs)
{
	(void)epochs;
	return dmath_power(((const struct schedule_exponential *)options)->gamma, epoch);
}

static double cosine_factor(const void *options, int epoch, int epochs)
{
	double min = ((const struct schedule_cosine *)options)->min, cosine, sine;

	dmath_circle(0.5 * epoch / epochs, &cosine, &sine);
	return min + (1 - min) * (1 + cosine) / 2;
}

double schedule_lr(const struct spec *schedule, double lr, int warmup_epochs, int epoch, int epochs,
	int batch, int batches)
{
	const struct schedule_kind *kind = (const struct schedule_kind *)schedule->kind;

	lr *= kind->factor(schedule->options, epoch, epochs);
	if (epoch < warmup_epochs)
		lr *= ((double)epoch * batches + batch + 1) / ((double)warmup_epochs * batches);
	return lr;
}

/* Rows of option tables that several kinds have. */
/* clang-format off */
#define GAMMA(owner, default_gamma)                                                                \
	{.name = "gamma",                                                                          \
		.type = OPTION_NUMBER,                                                             \
		.offset = offsetof(owner, gamma),                                                  \
		.fallback = default_gamma,                                                         \
		.min = 0,                                                                          \
		.max = FLT_MAX,                                                                    \
		.above_min = true,                                                                 \
		.help = "factor of the learning rate each time"}
/* clang-format on */

static const struct option step_options[] = {
	{.name = "step_size",
		.type = OPTION_INT,
		.offset = offsetof(struct schedule_step, step_size),
		.min = 1,
		.max = INT32_MAX,
		.help = "epochs from one change to the next"},
	GAMMA(struct schedule_step, "0.1"),
	{0},
};

static const struct option multistep_options[] = {
	{.name = "milestones",
		.type = OPTION_INTS,
		.offset = offsetof(struct schedule_multistep, milestones),
		.min = 1,
		.max = INT32_MAX,
		.help = "epochs done when the learning rate changes"},
	GAMMA(struct schedule_multistep, "0.1"),
	{0},
};

static const struct option exponential_options[] = {
	GAMMA(struct schedule_exponential, NULL),
	{0},
};

static const struct option cosine_options[] = {
	{.name = "min",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct schedule_cosine, min),
		.fallback = "0",
		.min = 0,
		.max = 1,
		.help = "share of the learning rate that it falls towards"},
	{0},
};

static const struct schedule_kind constant = {
	.kind = {.name = "constant", .help = "the same learning rate in all epochs"},
	.factor = constant_factor,
};

static const struct schedule_kind step = {
	.kind = {.name = "step",
		.help = "times gamma every step_size epochs",
		.options = step_options,
		.size = sizeof(struct schedule_step)},
	.factor = step_factor,
};

static const struct schedule_kind multistep = {
	.kind = {.name = "multistep",
		.help = "times gamma at each milestone",
		.options = multistep_options,
		.size = sizeof(struct schedule_multistep)},
	.factor = multistep_factor,
};

static const struct schedule_kind exponential = {
	.kind = {.name = "exponential",
		.help = "times gamma every epoch",
		.options = exponential_options,
		.size = sizeof(struct schedule_exponential)},
	.factor = exponential_factor,
};

static const struct schedule_kind cosine = {
	.kind = {.name = "cosine",
		.help = "half a cosine, from 1 in the first epoch towards min after the last",
		.options = cosine_options,
		.size = sizeof(struct schedule_cosine)},
	.needs_total = true,
	.factor = cosine_factor,
};

static const struct kind *const kinds[] = {
	&constant.kind,
	&step.kind,
	&multistep.kind,
	&exponential.kind,
	&cosine.kind,
	NULL,
};

const struct family schedule_family = {.noun = "learning rate schedule", .kinds = kinds};
