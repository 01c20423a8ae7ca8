/* timing -- see timing.h. */
#include "runner/timing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layers/core/clock.h"
#include "layers/core/rng.h"
#include "layers/network/init.h"
#include "layers/network/isa.h"
#include "runner/build.h"

enum {
	MOST_IMAGES = 60000,   /* of a training set, */
	MOST_BYTES = 48 << 20, /*   which takes no more than that */
	MOST_INFER = 10000,    /* of a test set */
	CLASSES = 256
};

static const double TRAIN_SHARE = 0.75; /* of the time; the rest is inference */

/* What is trained on: the same for all runs. */
struct material {
	const struct timing_request *request;
	struct examples examples;
	uint8_t *pixels, *labels;
	struct pixel_values values;
	int n;
	int32_t *order;
};

/* A network in training, on so many threads. */
struct bench {
	const struct material *material;
	struct team *team;
	struct state state;
	struct engine *engine;
	int at; /* the place in the order where the next batch begins */
};

/* One run. */
struct sample {
	int images;
	double wall, infer; /* seconds: of `images`, of one */
	struct engine_times times;
};

/* ---- material */

static int material_take(struct material *m, struct arena *arena, struct err *err)
{
	const struct network *network = m->request->network;
	size_t pixels = shape_size(network->input);
	int batch = m->request->experiment->train.batch_size;

	m->n = MOST_BYTES / pixels < MOST_IMAGES ? (int)(MOST_BYTES / pixels) : MOST_IMAGES;
	if (m->n < batch)
		m->n = batch;
	m->pixels = arena_take(arena, (size_t)m->n * pixels + 64, err);
	m->labels = arena_take(arena, (size_t)m->n, err);
	m->order = arena_take(arena, (size_t)m->n * sizeof *m->order, err);
	return m->pixels && m->labels && m->order ? 0 : -1;
}

static int material_make(struct material *m, struct arena *arena, struct err *err)
{
	const struct network *network = m->request->network;
	struct rng rng = {.key = 1, .purpose = RNG_TEST};
	int classes = m->request->n_classes ? m->request->n_classes : network->output.c;
	size_t bytes;

	if (material_take(m, arena, err))
		return -1;
	bytes = (size_t)m->n * shape_size(network->input);
	for (size_t i = 0; i < bytes; i += 4 * sizeof(uint32_t)) {
		uint32_t words[4];
		size_t left = bytes - i;

		rng_block(&rng, (uint32_t)(i / sizeof words), words);
		memcpy(m->pixels + i, words, left < sizeof words ? left : sizeof words);
	}
	for (int i = 0; i < m->n; i++)
		m->labels[i] = (uint8_t)(i % (classes < CLASSES ? classes : CLASSES));
	pixel_values_set(&m->values, 0, 1);
	rng_permute(&rng, m->order, m->n);
	m->examples =
		(struct examples){.pixels = m->pixels, .values = &m->values, .labels = m->labels};
	return 0;
}

/* ---- running */

static int bench_begin(struct bench *bench, const struct material *m, int threads, struct err *err)
{
	const struct experiment *x = m->request->experiment;
	const struct network *network = m->request->network;
	char folder[EXPERIMENT_FOLDER];

	*bench = (struct bench){.material = m};
	if (state_new(&bench->state, network, &x->train.optimizer, err) ||
		init_network(network, &x->init, (uint64_t)x->seed, experiment_folder(x, folder),
			bench->state.trained, bench->state.buffers, err) ||
		team_new(&bench->team, threads, err) ||
		engine_new(&bench->engine, network, &x->loss, &bench->state, bench->team, err))
		return -1;
	return engine_time(bench->engine, err);
}

static void bench_end(struct bench *bench)
{
	engine_free(bench->engine);
	team_free(bench->team);
	state_release(&bench->state);
}

/* The update comes first, with the gradient of the batch before: so the weights are packed anew for
 * each batch, as in training, and not for the inference behind the last one. */
static int train_batch(struct bench *bench, struct err *err)
{
	const struct material *m = bench->material;
	const struct train_spec *train = &m->request->experiment->train;
	struct batch batch = {.examples = &m->examples, .n = train->batch_size};
	struct batch_result result;

	if (bench->at + batch.n > m->n)
		bench->at = 0;
	batch.index = m->order + bench->at;
	batch.position = (uint32_t)bench->at;
	bench->at += batch.n;
	engine_update(bench->engine, &train->optimizer, 0);
	return engine_backward(bench->engine, &batch, &result, err);
}

static int run_train(struct bench *bench, double seconds, struct sample *sample, struct err *err)
{
	double start = clock_seconds();

	sample->images = 0;
	do {
		if (train_batch(bench, err))
			return -1;
		sample->images += bench->material->request->experiment->train.batch_size;
		sample->wall = clock_seconds() - start;
	} while (sample->wall < seconds);
	engine_times(bench->engine, &sample->times);
	return 0;
}

/* Seconds of an image, of `n` at once, as a test set is evaluated. */
static int run_infer(struct bench *bench, int n, double *seconds, struct err *err)
{
	struct batch batch = {.examples = &bench->material->examples, .n = n};
	struct engine_times unwanted = {0};
	struct batch_result result;
	double start = clock_seconds();

	if (engine_evaluate(bench->engine, &batch, &result, err))
		return -1;
	*seconds = (clock_seconds() - start) / n;
	engine_times(bench->engine, &unwanted);
	return 0;
}

/* As many images as can be inferred in so many seconds, but one batch at least. */
static int choose_infer(struct bench *bench, double seconds, int *n, struct err *err)
{
	const struct material *m = bench->material;
	int least = m->request->experiment->train.batch_size;
	int most = m->n < MOST_INFER ? m->n : MOST_INFER;
	double each, fit;

	if (run_infer(bench, least, &each, err) || run_infer(bench, least, &each, err))
		return -1;
	fit = seconds / each;
	*n = fit >= most ? most : (int)fit;
	if (*n < least)
		*n = least;
	return 0;
}

/* Fills samples[TIMING_RUNS]; the first batches, in which memory is taken, are of none of them. */
static int run_all(struct bench *bench, double seconds, struct sample *samples, struct err *err)
{
	double infer = seconds * (1 - TRAIN_SHARE) / TIMING_RUNS;
	struct sample first = {0};
	int n;

	if (run_train(bench, 0, &first, err) || choose_infer(bench, infer, &n, err))
		return -1;
	for (int i = 0; i < TIMING_RUNS; i++)
		if (run_train(bench, seconds * TRAIN_SHARE / TIMING_RUNS, &samples[i], err) ||
			run_infer(bench, n, &samples[i].infer, err))
			return -1;
	return 0;
}

/* ---- medians */

static int compare(double a, double b)
{
	return a < b ? -1 : a > b;
}

static int by_infer(const void *a, const void *b)
{
	return compare(((const struct sample *)a)->infer, ((const struct sample *)b)->infer);
}

static int by_train(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return compare(x->wall / x->images, y->wall / y->images);
}

static void keep_medians(struct timing *timing, struct sample *samples, int threads)
{
	const struct sample *median = &samples[TIMING_RUNS / 2];
	struct timing_pace *pace = &timing->paces[timing->n_paces++];

	pace->threads = threads;
	qsort(samples, TIMING_RUNS, sizeof *samples, by_infer);
	pace->infer = median->infer;
	qsort(samples, TIMING_RUNS, sizeof *samples, by_train);
	pace->train = median->wall / median->images;
	if (threads > 1)
		return;
	timing->images = median->images;
	timing->wall = 1e9 * median->wall;
	timing->times = median->times;
}

static int measure_on(struct timing *timing, const struct material *m, int threads, double seconds,
	struct err *err)
{
	size_t steps = (size_t)m->request->network->n_steps;
	struct sample samples[TIMING_RUNS];
	struct bench bench;
	int failed;

	for (int i = 0; i < TIMING_RUNS; i++) {
		samples[i].times.steps =
			arena_take(&timing->arena, steps * sizeof *samples[i].times.steps, err);
		if (!samples[i].times.steps)
			return -1;
	}
	failed = bench_begin(&bench, m, threads, err) || run_all(&bench, seconds, samples, err);
	bench_end(&bench);
	if (!failed)
		keep_medians(timing, samples, threads);
	return failed ? -1 : 0;
}

int timing_measure(struct timing *timing, const struct timing_request *request, struct err *err)
{
	struct material material = {.request = request};
	bool both = request->threads > 1;
	double seconds = request->seconds / (both ? 2 : 1);

	*timing = (struct timing){.peak = isa_fma_peak()};
	if (material_make(&material, &timing->arena, err) ||
		measure_on(timing, &material, 1, seconds, err))
		return -1;
	timing->peak = fmax(timing->peak, isa_fma_peak());
	if (!both)
		return 0;
	if (measure_on(timing, &material, request->threads, seconds, err))
		return -1;
	timing->peak = fmax(timing->peak, isa_fma_peak());
	return 0;
}

void timing_release(struct timing *timing)
{
	arena_release(&timing->arena);
}
