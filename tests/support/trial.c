/* trial -- see trial.h. */
#include "tests/support/trial.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "layers/concat.h"
#include "layers/core/rng.h"
#include "layers/losses/cross_entropy.h"
#include "layers/losses/squared_error.h"
#include "layers/network/engine.h"
#include "layers/residual.h"
#include "tests/support/ref_network.h"

enum { SEED = 5, EPOCH = 3, POSITION = 1000, OPTIONS = 16 };

static const double STEP = 1e-5; /* of a central difference */
static const double NEAR = 2e-5; /* relative to the largest number of an array, or to FLOOR */
static const double FLOOR = 0.05;

/* ---- specs */

struct spec trial_spec(const char *kind, void *options)
{
	static struct place places[OPTIONS];
	struct kind_set sets[KIND_SETS];

	for (int i = 0; i < OPTIONS; i++)
		places[i] = (struct place){.line = TRIAL_LINE + i, .column = 1, .length = 1};
	kind_sets(sets);
	return (struct spec){.kind = &kind_set_layer(&sets[0], kind)->kind,
		.options = options,
		.place = {.line = 1, .column = 1, .length = 1},
		.places = places};
}

/* The same layers, of another instruction set. */
static void rebind(const struct specs *layers, const struct kind_set *set)
{
	for (int i = 0; i < layers->n; i++) {
		struct spec *spec = &layers->at[i];

		spec->kind = &kind_set_layer(set, spec->kind->name)->kind;
		if (!strcmp(spec->kind->name, "residual")) {
			rebind(&((struct residual *)spec->options)->body, set);
			rebind(&((struct residual *)spec->options)->shortcut, set);
		} else if (!strcmp(spec->kind->name, "concat")) {
			struct branches *branches = &((struct concat *)spec->options)->branches;

			for (int b = 0; b < branches->n; b++)
				rebind(&branches->at[b], set);
		}
	}
}

static struct network *plan(
	const struct specs *layers, struct shape input, bool unfused, struct err *err)
{
	struct network *network;
	struct network_request request = {
		.layers = layers, .input = input, .input_gradient = true, .unfused = unfused};

	return network_plan(&network, &request, err) ? NULL : network;
}

struct network *trial_plan(const struct specs *layers, struct shape input, struct err *err)
{
	return plan(layers, input, false, err);
}

/* ---- numbers */

/* What one trial gives the network: by image, and the trained block. Without a loss (kind NULL) dy
 * takes its place: as if it were the sum of dy y. */
struct sample {
	int images;
	size_t n_in, n_out, n_trained;
	float *inputs, *dy, *trained;
	struct spec loss;
	uint8_t *labels; /* for cross_entropy */
	float *targets;  /* for squared_error */
};

/* What it wants back, from the engine or the reference. */
struct answers {
	size_t n_outputs, n_dx, n_dw; /* n_outputs, n_dx: of all images */
	double *outputs, *evaluated, *dx, *dw;
	double loss; /* sum over the images; 0 without a loss */
};

static void *take(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p)
		abort();
	return p;
}

static float *take_floats(size_t n)
{
	return take(n, sizeof(float));
}

static double *take_doubles(size_t n)
{
	return take(n, sizeof(double));
}

static struct rng draws(uint32_t what)
{
	return (struct rng){.key = 1, .purpose = RNG_TEST, .epoch = what};
}

static void draw(float *to, size_t n, double scale, uint32_t what)
{
	struct rng rng = draws(what);

	for (size_t i = 0; i < n; i++)
		to[i] = (float)(scale * (2.0 * rng_uniform(&rng, (uint32_t)i) - 1));
}

/* A random order of n numbers that lie evenly in (-2, 2), none of them near 0. */
static void draw_apart(float *to, size_t n, uint32_t image)
{
	struct rng rng = draws(100 + image);
	int32_t *order = take(n, sizeof *order);

	rng_permute(&rng, order, (int32_t)n);
	for (size_t i = 0; i < n; i++)
		to[i] = (float)((order[i] + 0.3) * 4 / (double)n - 2);
	free(order);
}

static void sample_draw(struct sample *sample, const struct network *network, int images)
{
	size_t n = (size_t)images;

	sample->images = images;
	sample->n_in = shape_size(network->input);
	sample->n_out = shape_size(network->output);
	sample->n_trained = network->n_trained;
	sample->inputs = take_floats(n * sample->n_in);
	sample->dy = take_floats(n * sample->n_out);
	sample->trained = take_floats(sample->n_trained);
	for (size_t i = 0; i < n; i++)
		draw_apart(sample->inputs + i * sample->n_in, sample->n_in, (uint32_t)i);
	draw(sample->dy, n * sample->n_out, 1, 1);
	draw(sample->trained, sample->n_trained, 0.7, 2);
	sample->labels = take(n, sizeof *sample->labels);
	for (size_t i = 0; i < n; i++)
		sample->labels[i] = (uint8_t)(i % sample->n_out);
	sample->targets = take_floats(n * sample->n_out);
	draw(sample->targets, n * sample->n_out, 1, 5);
}

static void sample_free(struct sample *sample)
{
	free(sample->inputs);
	free(sample->dy);
	free(sample->trained);
	free(sample->labels);
	free(sample->targets);
}

static void answers_new(struct answers *a, const struct sample *sample)
{
	a->n_outputs = (size_t)sample->images * sample->n_out;
	a->n_dx = (size_t)sample->images * sample->n_in;
	a->n_dw = sample->n_trained;
	a->outputs = take_doubles(a->n_outputs);
	a->evaluated = take_doubles(a->n_outputs);
	a->dx = take_doubles(a->n_dx);
	a->dw = take_doubles(a->n_dw);
}

static void answers_free(struct answers *a)
{
	free(a->outputs);
	free(a->evaluated);
	free(a->dx);
	free(a->dw);
}

/* ---- the reference */

struct reference {
	struct ref_network net;
	const struct specs *layers;
	const struct sample *sample;
	struct ref x;
	double **tensors; /* by tensor: into block */
	double *block;
};

static void reference_new(struct reference *r, const struct network *network,
	const struct specs *layers, const struct sample *sample)
{
	struct shape in = network->input;

	r->layers = layers;
	r->sample = sample;
	r->x = ref_new(sample->images, in.c, in.h, in.w);
	r->tensors = take((size_t)network->n_tensors, sizeof *r->tensors);
	r->block = take_doubles(sample->n_trained);
	for (size_t i = 0; i < ref_size(&r->x); i++)
		r->x.at[i] = sample->inputs[i];
	for (size_t i = 0; i < sample->n_trained; i++)
		r->block[i] = sample->trained[i];
	for (int i = 0; i < network->n_tensors; i++)
		r->tensors[i] = r->block + network->tensors[i].at;
	r->net = (struct ref_network){.network = network,
		.tensors = r->tensors,
		.training = true,
		.seed = SEED,
		.epoch = EPOCH,
		.position = POSITION};
}

static void reference_free(struct reference *r)
{
	ref_free(&r->x);
	free(r->tensors);
	free(r->block);
}

static void reference_outputs(struct reference *r, bool training, double *to)
{
	struct ref y;

	r->net.training = training;
	y = ref_network_forward(&r->net, r->layers, &r->x);
	assert_int_equal(ref_size(&y), (size_t)r->sample->images * r->sample->n_out);
	memcpy(to, y.at, ref_size(&y) * sizeof *to);
	ref_free(&y);
}

/* What image n, of those that y is for, adds to the batch's loss. */
static double image_loss(const struct sample *sample, const struct ref *y, int n)
{
	const struct spec *loss = &sample->loss;
	const double *own = ref_at(y, n, 0, 0, 0);
	const struct squared_error *squared = loss->options;
	double sum = 0;

	if (loss->kind && !strcmp(loss->kind->name, "cross_entropy"))
		return ref_cross_entropy(y, n, sample->labels[n],
			       ((const struct cross_entropy *)loss->options)->label_smoothing) /
		       y->n;
	if (loss->kind)
		return ref_squared_error(y, n, sample->targets,
			       squared->reduction == SQUARED_ERROR_SUM, squared->scale) /
		       y->n;
	for (size_t i = 0; i < sample->n_out; i++)
		sum += (double)sample->dy[(size_t)n * sample->n_out + i] * own[i];
	return sum;
}

/* loss[image] += factor * image_loss */
static void reference_losses(struct reference *r, double factor, double *loss)
{
	struct ref y;

	r->net.training = true;
	y = ref_network_forward(&r->net, r->layers, &r->x);
	for (int n = 0; n < y.n; n++)
		loss[n] += factor * image_loss(r->sample, &y, n);
	ref_free(&y);
}

/* Element i of all images at once: no layer here couples images. */
static void reference_dx(struct reference *r, size_t i, double *dx)
{
	size_t images = (size_t)r->sample->images, step = r->sample->n_in;
	double *slope = take_doubles(images);

	for (int sign = 1; sign >= -1; sign -= 2) {
		for (size_t n = 0; n < images; n++)
			r->x.at[n * step + i] = r->sample->inputs[n * step + i] + sign * STEP;
		reference_losses(r, sign / (2 * STEP), slope);
	}
	for (size_t n = 0; n < images; n++) {
		r->x.at[n * step + i] = r->sample->inputs[n * step + i];
		dx[n * step + i] = slope[n];
	}
	free(slope);
}

static double reference_dw(struct reference *r, size_t i)
{
	size_t images = (size_t)r->sample->images;
	double *slope = take_doubles(images), sum = 0;

	for (int sign = 1; sign >= -1; sign -= 2) {
		r->block[i] = r->sample->trained[i] + sign * STEP;
		reference_losses(r, sign / (2 * STEP), slope);
	}
	r->block[i] = r->sample->trained[i];
	for (size_t n = 0; n < images; n++)
		sum += slope[n];
	free(slope);
	return sum;
}

static double reference_loss(struct reference *r)
{
	size_t images = (size_t)r->sample->images;
	double *loss = take_doubles(images), sum = 0;

	reference_losses(r, r->sample->loss.kind ? r->sample->images : 0, loss);
	for (size_t n = 0; n < images; n++)
		sum += loss[n];
	free(loss);
	return sum;
}

static void reference_answers(const struct network *network, const struct specs *layers,
	const struct sample *sample, struct answers *a)
{
	struct reference r;

	reference_new(&r, network, layers, sample);
	a->loss = reference_loss(&r);
	reference_outputs(&r, true, a->outputs);
	reference_outputs(&r, false, a->evaluated);
	for (size_t i = 0; i < sample->n_in; i++)
		reference_dx(&r, i, a->dx);
	for (int t = 0; t < network->n_tensors; t++)
		for (size_t i = 0; i < network->tensors[t].size; i++)
			a->dw[network->tensors[t].at + i] =
				reference_dw(&r, network->tensors[t].at + i);
	reference_free(&r);
}

/* ---- the engine */

static struct team *team(void)
{
	static struct team *one; /* for all trials of the program */
	struct err err = {0};

	if (!one)
		assert_int_equal(team_new(&one, 2, &err), 0);
	return one;
}

/* A training batch on top of another one's remains, then evaluation. */
static void engine_answers(
	const struct network *network, const struct sample *sample, struct answers *a)
{
	size_t n_inputs = a->n_dx, n_outputs = a->n_outputs;
	float *buffer = take_floats(2 * n_inputs + 3 * n_outputs);
	float *other = buffer, *dx = other + n_inputs, *other_dy = dx + n_inputs;
	float *outputs = other_dy + n_outputs, *evaluated = outputs + n_outputs;
	struct examples examples = {.inputs = other};
	struct batch batch = {.examples = &examples,
		.n = sample->images,
		.seed = SEED,
		.epoch = EPOCH,
		.position = POSITION,
		.output_gradient = other_dy};
	struct batch_result result;
	struct engine *engine;
	struct state state;
	struct err err = {0};

	assert_int_equal(state_new(&state, network, NULL, &err), 0);
	memcpy(state.trained, sample->trained, sample->n_trained * sizeof(float));
	assert_int_equal(engine_new(&engine, network, &sample->loss, &state, team(), &err), 0);
	draw(other, n_inputs, 9, 3);
	draw(other_dy, n_outputs, 9, 4);
	assert_int_equal(engine_backward(engine, &batch, &result, &err), 0);
	examples.inputs = sample->inputs;
	batch.output_gradient = sample->loss.kind ? NULL : sample->dy;
	if (sample->loss.kind && !strcmp(sample->loss.kind->name, "cross_entropy"))
		examples.labels = sample->labels;
	else if (sample->loss.kind)
		examples.targets = sample->targets;
	batch.outputs = outputs;
	batch.input_gradient = dx;
	assert_int_equal(engine_backward(engine, &batch, &result, &err), 0);
	a->loss = sample->loss.kind ? result.loss : 0;
	batch.outputs = evaluated;
	batch.input_gradient = NULL;
	batch.output_gradient = NULL;
	assert_int_equal(engine_evaluate(engine, &batch, &result, &err), 0);
	for (size_t i = 0; i < n_outputs; i++) {
		a->outputs[i] = outputs[i];
		a->evaluated[i] = evaluated[i];
	}
	for (size_t i = 0; i < n_inputs; i++)
		a->dx[i] = dx[i];
	for (int t = 0; t < network->n_tensors; t++)
		for (size_t i = 0; i < network->tensors[t].size; i++)
			a->dw[network->tensors[t].at + i] =
				engine_gradient(engine)[network->tensors[t].at + i];
	engine_free(engine);
	state_release(&state);
	free(buffer);
}

/* ---- comparing */

static void compare(const char *what, const char *isa, const char *name, const double *got,
	const double *want, size_t n)
{
	double scale = FLOOR;

	for (size_t i = 0; i < n; i++)
		scale = fmax(scale, fabs(want[i]));
	for (size_t i = 0; i < n; i++)
		if (!(fabs(got[i] - want[i]) <= NEAR * scale))
			fail_msg("%s, %s: %s[%zu] is %.9g, should be %.9g", what, isa, name, i,
				got[i], want[i]);
}

static void compare_all(
	const char *what, const char *isa, const struct answers *got, const struct answers *want)
{
	compare(what, isa, "loss", &got->loss, &want->loss, 1);
	compare(what, isa, "output", got->outputs, want->outputs, want->n_outputs);
	compare(what, isa, "evaluated output", got->evaluated, want->evaluated, want->n_outputs);
	compare(what, isa, "dx", got->dx, want->dx, want->n_dx);
	compare(what, isa, "dw", got->dw, want->dw, want->n_dw);
}

static void compare_bits(
	const char *what, const char *name, const double *a, const double *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(&a[i], &b[i], sizeof *a))
			fail_msg("%s: %s[%zu] is %a or %a", what, name, i, a[i], b[i]);
}

/* `which`: what tells a from b. */
static void compare_all_bits(
	const char *what, const char *which, const struct answers *a, const struct answers *b)
{
	char text[128];

	snprintf(text, sizeof text, "%s, %s", what, which);
	compare_bits(text, "loss", &a->loss, &b->loss, 1);
	compare_bits(text, "output", a->outputs, b->outputs, a->n_outputs);
	compare_bits(text, "evaluated output", a->evaluated, b->evaluated, a->n_outputs);
	compare_bits(text, "dx", a->dx, b->dx, a->n_dx);
	compare_bits(text, "dw", a->dw, b->dw, a->n_dw);
}

static struct network *plan_or_fail(
	const char *what, const struct specs *layers, struct shape input, bool unfused)
{
	struct err err = {0};
	struct network *network = plan(layers, input, unfused, &err);

	if (!network)
		fail_msg("%s cannot be planned: %s", what, err.text);
	return network;
}

/* Steps that do the work of several must not show in the bits. */
static void check_unfused(const char *what, const struct specs *layers, struct shape input,
	const struct sample *sample, const struct answers *fused)
{
	struct network *network = plan_or_fail(what, layers, input, true);
	struct answers unfused;

	answers_new(&unfused, sample);
	engine_answers(network, sample, &unfused);
	compare_all_bits(what, "fused and unfused", fused, &unfused);
	answers_free(&unfused);
	network_free(network);
}

void trial_check(const char *what, struct specs layers, struct shape input, int images)
{
	trial_check_loss(what, NULL, NULL, layers, input, images);
}

void trial_check_loss(const char *what, const char *loss, void *options, struct specs layers,
	struct shape input, int images)
{
	struct kind_set sets[KIND_SETS];
	struct sample sample = {.loss = {.options = options}};
	struct answers want, got[KIND_SETS];
	struct network *network = plan_or_fail(what, &layers, input, true);
	int n = kind_sets(sets), fused = -1;

	if (loss)
		sample.loss.kind = &kind_set_loss(&sets[0], loss)->kind;
	sample_draw(&sample, network, images);
	answers_new(&want, &sample);
	reference_answers(network, &layers, &sample, &want);
	network_free(network);
	for (int i = 0; i < n; i++) {
		answers_new(&got[i], &sample);
		rebind(&layers, &sets[i]);
		if (loss)
			sample.loss.kind = &kind_set_loss(&sets[i], loss)->kind;
		network = plan_or_fail(what, &layers, input, false);
		engine_answers(network, &sample, &got[i]);
		network_free(network);
		compare_all(what, sets[i].kinds->isa, &got[i], &want);
		if (sets[i].fused && fused >= 0)
			compare_all_bits(what, "by instruction set", &got[fused], &got[i]);
		check_unfused(what, &layers, input, &sample, &got[i]);
		if (sets[i].fused)
			fused = i;
	}
	for (int i = 0; i < n; i++)
		answers_free(&got[i]);
	answers_free(&want);
	sample_free(&sample);
}

void trial_run(const struct kind_set *set, struct specs layers, struct shape input, const float *x,
	const float *dy, float *y, float *dx)
{
	struct examples examples = {.inputs = x};
	struct batch batch = {.examples = &examples,
		.n = 1,
		.output_gradient = dy,
		.outputs = y,
		.input_gradient = dx};
	struct batch_result result;
	const struct spec no_loss = {0};
	struct network *network;
	struct engine *engine;
	struct state state;
	struct err err = {0};

	rebind(&layers, set);
	network = plan_or_fail("a network", &layers, input, false);
	assert_int_equal(state_new(&state, network, NULL, &err), 0);
	assert_int_equal(engine_new(&engine, network, &no_loss, &state, team(), &err), 0);
	if (dy)
		assert_int_equal(engine_backward(engine, &batch, &result, &err), 0);
	else
		assert_int_equal(engine_evaluate(engine, &batch, &result, &err), 0);
	engine_free(engine);
	state_release(&state);
	network_free(network);
}
