/*
 * parts -- what bench.sh cannot ask the program itself: each NAME on the command line gives a line
 * "NAME VALUE", or "NAME - WHY".
 *
 *     fma      GFLOP/s of one core's multipliers
 *     sgemm    GFLOP/s of OpenBLAS on one core, on matrices of 2048 x 2048
 *     blas     which OpenBLAS with which kernels
 *     load     milliseconds to find, read and check Fashion-MNIST
 *     commit   milliseconds to save an epoch of LeNet with a checkpoint, in /tmp
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "datasets/dataset.h"
#include "layers/core/blas.h"
#include "layers/core/clock.h"
#include "layers/network/isa.h"
#include "tests/support/planted.h"

enum { SIZE = 2048, TIMES = 5, COMMITS = 101, LENET = 61706 };

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *x, int n)
{
	qsort(x, (size_t)n, sizeof *x, ascending);
	return x[n / 2];
}

static void tell(const char *name, double value)
{
	printf("%s %.3f\n", name, value);
}

static void fma_peak(const char *name)
{
	tell(name, isa_fma_peak());
}

/* ---- OpenBLAS */

static int blas_here(const char *name)
{
	struct err err = {0};

	if (!blas_open(&err))
		return 0;
	printf("%s - %s\n", name, err.text);
	return -1;
}

static void which_blas(const char *name)
{
	if (!blas_here(name))
		printf("%s %s, %s kernels\n", name, blas_version(), blas_kernels());
}

static void sgemm_peak(const char *name)
{
	float *numbers = calloc(3 * (size_t)SIZE * SIZE, sizeof *numbers);
	float *a = numbers, *b = a + (size_t)SIZE * SIZE, *c = b + (size_t)SIZE * SIZE;
	double best = INFINITY;

	if (!numbers)
		abort();
	for (size_t i = 0; i < 2 * (size_t)SIZE * SIZE; i++)
		numbers[i] = (float)(i % 1000) / 1000;
	for (int i = 0; !blas_here(name) && i < TIMES; i++) {
		double start = clock_seconds();

		blas_multiply(c, SIZE, (struct blas_matrix){a, SIZE, false},
			(struct blas_matrix){b, SIZE, false}, SIZE, SIZE, SIZE);
		best = fmin(best, clock_seconds() - start);
	}
	if (isfinite(best))
		tell(name, 2e-9 * SIZE * SIZE * SIZE / best);
	free(numbers);
}

/* ---- around training */

static void load(const char *name)
{
	const struct dataset_spec spec = {.given = true, .name = "fashion-mnist"};
	const struct dataset_search search = {.offline = true, .quiet = true};
	double seconds[TIMES];

	for (int i = 0; i < TIMES; i++) {
		struct dataset *dataset;
		struct err err = {0};
		double start = clock_seconds();

		if (dataset_open(&dataset, &spec, &search, &err)) {
			printf("%s - %s\n", name, err.text);
			return;
		}
		seconds[i] = clock_seconds() - start;
		dataset_close(dataset);
	}
	tell(name, 1e3 * median(seconds, TIMES));
}

static void commit(const char *name)
{
	static float content[LENET];
	struct store_point points[5] = {{0}};
	struct planted_plan plan;
	struct store_checkpoint checkpoint = {
		.kind = "last", .content = content, .size = sizeof content};
	struct store_epoch epoch = {
		.lr = 0.9, .points = points, .n_points = 5, .checkpoint = &checkpoint};
	double seconds[COMMITS];
	char hash[65];
	void *state;
	int64_t run_id;

	if (planted_setup(&state))
		abort();
	planted_plan(&plan, "lenet", 1, 0, "{}");
	run_id = planted_claim(state, &plan);
	epoch.weights_hash = planted_hash(hash, 1);
	for (int i = 0; i < COMMITS; i++) {
		struct err err = {0};
		double start = clock_seconds();

		epoch.epoch = checkpoint.epoch = i + 1;
		for (int p = 0; p < 5; p++)
			points[p] = (struct store_point){
				.step = 5 * i + p + 1, .position = i + 0.2 * p};
		if (store_epoch_save(((struct planted *)state)->store, run_id, &epoch, &err)) {
			printf("%s - %s\n", name, err.text);
			return;
		}
		seconds[i] = clock_seconds() - start;
	}
	planted_teardown(&state);
	tell(name, 1e3 * median(seconds, COMMITS));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*measure)(const char *name);
	} parts[] = {{"fma", fma_peak}, {"sgemm", sgemm_peak}, {"blas", which_blas}, {"load", load},
		{"commit", commit}};

	blas_choose_kernels();
	for (int i = 1; i < argc; i++)
		for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
			if (!strcmp(argv[i], parts[p].name))
				parts[p].measure(parts[p].name);
	return 0;
}
