/* blas -- see blas.h. */
#include "layers/core/blas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KERNELS "OPENBLAS_CORETYPE"

/* As cblas.h has them; that header is not needed to build. */
enum { ROW_MAJOR = 101, AS_IS = 111, TRANSPOSED = 112 };
typedef void sgemm_fn(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
	const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

static struct {
	sgemm_fn *sgemm;
	char version[64], kernels[64], path[256];
	char trouble[256]; /* why it could not be opened */
} library;

/* ---- which kernels */

static struct {
	bool forced;        /* by the user */
	const char *wanted; /* by the CPU's features; NULL: they say nothing */
} choice;

static const char *by_features(void)
{
#if defined __x86_64__
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vl"))
		return "SkylakeX";
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return "Haswell";
#endif
	return NULL;
}

void blas_choose_kernels(void)
{
	choice.forced = getenv(KERNELS) != NULL;
	choice.wanted = by_features();
	if (choice.wanted)
		setenv(KERNELS, choice.wanted, 0);
	setenv("OPENBLAS_NUM_THREADS", "1", 1);
}

/* The faster, the more; 0: those of CPUs before AVX2. */
static int rank_of(const char *name)
{
	static const struct {
		const char *name;
		int rank;
	} known[] = {{"Haswell", 1}, {"Zen", 1}, {"SkylakeX", 2}, {"Cooperlake", 2},
		{"SapphireRapids", 2}};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcasecmp(known[i].name, name))
			return known[i].rank;
	return 0;
}

bool blas_forced_slower(void)
{
	return choice.forced && choice.wanted && rank_of(library.kernels) < rank_of(choice.wanted);
}

/* ---- opening */

/* Its file "libopenblas.so.0" with the folder that it was found in. */
static void library_path(const void *function)
{
	Dl_info info;

	if (dladdr(function, &info) && info.dli_fname)
		snprintf(library.path, sizeof library.path, "%s", info.dli_fname);
}

/* openblas_get_config begins "OpenBLAS 0.3.21 ...". */
static int library_functions(void *handle)
{
	void (*set_threads)(int) = (void (*)(int))dlsym(handle, "openblas_set_num_threads");
	char *(*config)(void) = (char *(*)(void))dlsym(handle, "openblas_get_config");
	char *(*kernels)(void) = (char *(*)(void))dlsym(handle, "openblas_get_corename");
	const char *words;
	int length;

	library.sgemm = (sgemm_fn *)dlsym(handle, "cblas_sgemm");
	if (!library.sgemm || !set_threads || !config || !kernels)
		return -1;
	set_threads(1);
	words = config();
	length = (int)strcspn(words, " ");
	if (words[length])
		length += 1 + (int)strcspn(words + length + 1, " ");
	snprintf(library.version, sizeof library.version, "%.*s", length, words);
	snprintf(library.kernels, sizeof library.kernels, "%s", kernels());
	library_path((const void *)set_threads);
	return 0;
}

static void library_open(void)
{
	static const char *const names[] = {"libopenblas.so.0", "libopenblas.so"};
	void *handle = NULL;

	for (size_t i = 0; !handle && i < sizeof names / sizeof *names; i++)
		handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		snprintf(library.trouble, sizeof library.trouble, "%s", dlerror());
		return;
	}
	if (library_functions(handle)) {
		snprintf(library.trouble, sizeof library.trouble, "it is no OpenBLAS");
		library.sgemm = NULL;
		dlclose(handle);
	}
}

int blas_open(struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, library_open);
	if (library.sgemm)
		return 0;
	return err_set(err,
		"OpenBLAS cannot be opened (%s); install the package libopenblas0-pthread, or run "
		"`make deps`",
		library.trouble);
}

const char *blas_version(void)
{
	return library.version;
}

const char *blas_kernels(void)
{
	return library.kernels;
}

const char *blas_path(void)
{
	return library.path;
}

void blas_multiply(
	float *c, int stride, struct blas_matrix a, struct blas_matrix b, int m, int n, int k)
{
	library.sgemm(ROW_MAJOR, a.transposed ? TRANSPOSED : AS_IS,
		b.transposed ? TRANSPOSED : AS_IS, m, n, k, 1, a.at, a.stride, b.at, b.stride, 0, c,
		stride);
}
