/* measure -- see measure.h. */
#include "runner/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "layers/conv2d.h"
#include "layers/core/blas.h"
#include "layers/network/engine.h"

enum { IMAGES = 256, BLAS_SIZE = 1024, LEAST_TRIES = 3, BUDGET_MS = 150 };

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The best of many goes at fn, which does `flop` operations, in BUDGET_MS. */
static int rate(double *gflops, double flop, int (*fn)(void *), void *context)
{
	double start = seconds_now(), best = 0;

	if (fn(context)) /* the first fills the caches and takes the memory */
		return -1;
	for (int n = 0; n < LEAST_TRIES || seconds_now() - start < 1e-3 * BUDGET_MS; n++) {
		double from = seconds_now(), taken;

		if (fn(context))
			return -1;
		taken = seconds_now() - from;
		if (n == 0 || taken < best)
			best = taken;
	}
	*gflops = 1e-9 * flop / best;
	return 0;
}

bool measure_disturbed(char text[MEASURE_TEXT])
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	double load;

	if (getloadavg(&load, 1) != 1 || load <= 0.5 * (double)cores)
		return false;
	snprintf(text, MEASURE_TEXT,
		"other programs are running, or were a minute ago (load %.1f on %ld cores): these "
		"figures suffer",
		load, cores);
	return true;
}

/* ---- layers */

struct trial {
	struct network *network;
	struct state state;
	struct team *team;
	struct engine *engine;
	float *numbers; /* inputs, then gradients of outputs */
	struct err *err;
};

static int trial_go(void *context)
{
	struct trial *t = context;
	size_t n_in = shape_size(t->network->input);
	const struct examples examples = {.inputs = t->numbers};
	const struct batch batch = {
		.examples = &examples, .n = IMAGES, .output_gradient = t->numbers + IMAGES * n_in};
	struct batch_result result;

	return engine_backward(t->engine, &batch, &result, t->err);
}

static int trial_begin(
	struct trial *t, const struct spec *layer, struct shape input, struct err *err)
{
	static const struct spec no_loss;
	struct spec copy = *layer;
	const struct specs layers = {1, &copy};
	const struct network_request request = {
		.layers = &layers, .input = input, .input_gradient = true};
	size_t n;

	if (network_plan(&t->network, &request, err) ||
		state_new(&t->state, t->network, NULL, err) || team_new(&t->team, 1, err) ||
		engine_new(&t->engine, t->network, &no_loss, &t->state, t->team, err))
		return -1;
	n = IMAGES * (shape_size(input) + shape_size(t->network->output));
	t->numbers = malloc(n * sizeof *t->numbers);
	if (!t->numbers)
		return err_memory(err, n * sizeof *t->numbers, "a measurement");
	for (size_t i = 0; i < n; i++)
		t->numbers[i] = (float)(i % 251) / 251 - 0.5f;
	for (size_t i = 0; i < t->network->n_trained; i++)
		t->state.trained[i] = (float)(i % 241) / 241 - 0.5f;
	t->err = err;
	return 0;
}

static int measure_layer(
	double *gflops, const char *kind, void *options, struct shape input, struct err *err)
{
	const struct spec layer = {.kind = family_find(layer_family(), kind), .options = options};
	struct trial t = {0};
	int failed = trial_begin(&t, &layer, input, err);

	if (!failed)
		failed = rate(gflops,
			2.0 * IMAGES * (double)(t.network->macs + t.network->macs_back), trial_go,
			&t);
	engine_free(t.engine);
	team_free(t.team);
	state_release(&t.state);
	network_free(t.network);
	free(t.numbers);
	return failed;
}

int measure_conv2d(double *gflops, struct err *err)
{
	struct conv2d options = {.out_channels = 32,
		.kernel_size = {3, 3},
		.stride = {1, 1},
		.padding = {.same = true},
		.dilation = {1, 1},
		.groups = 1,
		.bias = true};

	return measure_layer(gflops, "conv2d", &options, shape_image(32, 14, 14), err);
}

int measure_linear(double *gflops, int width, enum linear_compute compute, struct err *err)
{
	struct linear options = {.out_features = width, .bias = true, .compute = (int)compute};

	return measure_layer(gflops, "linear", &options, shape_vector(width), err);
}

/* ---- OpenBLAS */

static int blas_go(void *context)
{
	float *a = context, *b = a + BLAS_SIZE * BLAS_SIZE, *c = b + BLAS_SIZE * BLAS_SIZE;

	blas_multiply(c, BLAS_SIZE, (struct blas_matrix){a, BLAS_SIZE, false},
		(struct blas_matrix){b, BLAS_SIZE, false}, BLAS_SIZE, BLAS_SIZE, BLAS_SIZE);
	return 0;
}

int measure_blas(double *gflops, struct err *err)
{
	size_t size = (size_t)BLAS_SIZE * BLAS_SIZE;
	float *matrices = calloc(3 * size, sizeof *matrices);
	int failed;

	if (!matrices)
		return err_memory(err, 3 * size * sizeof *matrices, "a measurement");
	for (size_t i = 0; i < 2 * size; i++)
		matrices[i] = (float)(i % 251) / 251 - 0.5f;
	failed = rate(gflops, 2.0 * BLAS_SIZE * (double)size, blas_go, matrices);
	free(matrices);
	return failed;
}

static void measure_into(int fd)
{
	struct measure_blas result = {0};

	unsetenv("OPENBLAS_CORETYPE");
	if (blas_open(NULL) || measure_blas(&result.gflops, NULL))
		return;
	memcpy(result.kernels, blas_kernels(), strnlen(blas_kernels(), sizeof result.kernels - 1));
	if (write(fd, &result, sizeof result) != sizeof result)
		return; /* the reader then has less, and takes nothing */
}

bool measure_blas_as_found(struct measure_blas *result)
{
	int ends[2];
	pid_t child;

	memset(result, 0, sizeof *result);
	if (pipe(ends))
		return false;
	child = fork();
	if (child == 0)
		measure_into(ends[1]);
	close(ends[1]);
	if (child > 0) {
		if (read(ends[0], result, sizeof *result) != sizeof *result)
			memset(result, 0, sizeof *result);
		waitpid(child, NULL, 0);
	}
	close(ends[0]);
	return child == 0;
}
