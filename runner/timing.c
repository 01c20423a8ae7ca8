/* timing -- see timing.h. */
#include "runner/timing.h"

#include <math.h>
#include <stddef.h>
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
	MOST_TRAIN = 1 << 30,  /* of a run */
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

/* The images of each run. */
struct load {
	int train, infer;
};

/* One run: clocks, of which each has its median. */
struct sample {
	int64_t wall, infer; /* nanoseconds: of all its training, of all its inference */
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

static int batch_size(const struct bench *bench)
{
	return bench->material->request->experiment->train.batch_size;
}

static int run_train(struct bench *bench, int n, struct sample *sample, struct err *err)
{
	int64_t start = clock_ns();

	for (int done = 0; done < n; done += batch_size(bench))
		if (train_batch(bench, err))
			return -1;
	sample->wall = clock_ns() - start;
	engine_times(bench->engine, &sample->times);
	return 0;
}

/* `n` at once, as a test set is evaluated. */
static int run_infer(struct bench *bench, int n, struct sample *sample, struct err *err)
{
	struct batch batch = {.examples = &bench->material->examples, .n = n};
	struct engine_times unwanted = {0};
	struct batch_result result;
	int64_t start = clock_ns();

	if (engine_evaluate(bench->engine, &batch, &result, err))
		return -1;
	sample->infer = clock_ns() - start;
	engine_times(bench->engine, &unwanted);
	return 0;
}

/* As many images as fit in so many seconds when a batch takes `batch_ns`; one batch at least. */
static int fit(const struct bench *bench, double seconds, int64_t batch_ns, int most)
{
	double batches = 1e9 * seconds / (double)(batch_ns > 0 ? batch_ns : 1);

	if (batches <= 1)
		return batch_size(bench);
	return batches * batch_size(bench) >= most ? most : (int)batches * batch_size(bench);
}

/* The first batches, in which memory is taken, are of no run; the second ones tell how many fit. */
static int choose_load(struct bench *bench, double seconds, struct load *load, struct err *err)
{
	int n = batch_size(bench), n_images = bench->material->n;
	struct sample trial = {0};

	for (int i = 0; i < 2; i++)
		if (run_train(bench, n, &trial, err) || run_infer(bench, n, &trial, err))
			return -1;
	load->train = fit(bench, seconds * TRAIN_SHARE, trial.wall, MOST_TRAIN / n * n);
	load->infer = fit(bench, seconds * (1 - TRAIN_SHARE), trial.infer,
		n_images < MOST_INFER ? n_images : MOST_INFER);
	if (load->infer < n)
		load->infer = n;
	return 0;
}

/* Fills samples[TIMING_RUNS]. */
static int run_all(struct bench *bench, double seconds, struct load *load, struct sample *samples,
	struct err *err)
{
	if (choose_load(bench, seconds / TIMING_RUNS, load, err))
		return -1;
	for (int i = 0; i < TIMING_RUNS; i++)
		if (run_train(bench, load->train, &samples[i], err) ||
			run_infer(bench, load->infer, &samples[i], err))
			return -1;
	return 0;
}

/* ---- medians */

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Of the clocks that stand `offset` bytes behind each of `at`. */
static int64_t median(const void *const at[TIMING_RUNS], size_t offset)
{
	int64_t values[TIMING_RUNS];

	for (int i = 0; i < TIMING_RUNS; i++)
		values[i] = *(const int64_t *)((const char *)at[i] + offset);
	qsort(values, TIMING_RUNS, sizeof *values, compare);
	return values[TIMING_RUNS / 2];
}

static struct step_times median_step(const struct sample *samples, int step)
{
	const void *at[TIMING_RUNS];

	for (int i = 0; i < TIMING_RUNS; i++)
		at[i] = &samples[i].times.steps[step];
	return (struct step_times){.prepare = median(at, offsetof(struct step_times, prepare)),
		.forward = median(at, offsetof(struct step_times, forward)),
		.backward = median(at, offsetof(struct step_times, backward))};
}

/* Its steps take the place of the first run's. */
static struct sample median_sample(const struct sample *samples, int n_steps)
{
	struct step_times *steps = samples[0].times.steps;
	const void *at[TIMING_RUNS];

	for (int i = 0; i < TIMING_RUNS; i++)
		at[i] = &samples[i];
	for (int s = 0; s < n_steps; s++)
		steps[s] = median_step(samples, s);
	return (struct sample){.wall = median(at, offsetof(struct sample, wall)),
		.infer = median(at, offsetof(struct sample, infer)),
		.times = {.load = median(at, offsetof(struct sample, times.load)),
			.loss = median(at, offsetof(struct sample, times.loss)),
			.add = median(at, offsetof(struct sample, times.add)),
			.fold = median(at, offsetof(struct sample, times.fold)),
			.update = median(at, offsetof(struct sample, times.update)),
			.steps = steps}};
}

static void keep_medians(struct timing *timing, const struct sample *samples,
	const struct load *load, int n_steps, int threads)
{
	const struct sample medians = median_sample(samples, n_steps);

	timing->paces[timing->n_paces++] = (struct timing_pace){.threads = threads,
		.train = 1e-9 * (double)medians.wall / load->train,
		.infer = 1e-9 * (double)medians.infer / load->infer};
	if (threads > 1)
		return;
	timing->images = load->train;
	timing->wall = medians.wall;
	timing->times = medians.times;
}

static int measure_on(struct timing *timing, const struct material *m, int threads, double seconds,
	struct err *err)
{
	size_t steps = (size_t)m->request->network->n_steps;
	struct sample samples[TIMING_RUNS];
	struct bench bench;
	struct load load;
	int failed;

	for (int i = 0; i < TIMING_RUNS; i++) {
		samples[i].times.steps =
			arena_take(&timing->arena, steps * sizeof *samples[i].times.steps, err);
		if (!samples[i].times.steps)
			return -1;
	}
	failed = bench_begin(&bench, m, threads, err) ||
		 run_all(&bench, seconds, &load, samples, err);
	bench_end(&bench);
	if (!failed)
		keep_medians(timing, samples, &load, m->request->network->n_steps, threads);
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
