/*
 * Nothing is allocated once every thread has seen a batch. This program's own malloc and its kin
 * count every call, of whatever thread and library. Sanitizers have theirs, so under them there is
 * nothing to see.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "layers/network/engine.h"
#include "tests/support/files.h"
#include "tests/support/trained.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS 0
#elif defined(__has_feature)
#define COUNTS (!__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer))
#else
#define COUNTS 1
#endif

static atomic_long calls;

#if COUNTS
/* glibc's own names, under which its functions stay when a program brings others. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);

void *malloc(size_t size)
{
	calls++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	calls++;
	return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	calls++;
	return __libc_realloc(old, size);
}

void *aligned_alloc(size_t align, size_t size)
{
	calls++;
	return __libc_memalign(align, size);
}

int posix_memalign(void **out, size_t align, size_t size)
{
	calls++;
	*out = __libc_memalign(align, size);
	return *out ? 0 : ENOMEM;
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	calls++;
	return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}
#endif

/* The counting itself, else the rest would prove nothing. */
static void test_counts(void **unused)
{
	long before = calls;
	struct arena arena = {0};

	(void)unused;
	if (!COUNTS)
		skip();
	assert_non_null(arena_take(&arena, 100000, NULL));
	assert_true(calls > before);
	arena_release(&arena);
}

static void run(struct engine *engine, const struct trained *t, int n)
{
	const struct split *split = &t->dataset->train;
	const struct examples examples = {
		.pixels = split->pixels, .values = &t->selection.values, .labels = split->labels};
	const struct batch batch = {.examples = &examples, .n = n};
	struct batch_result result;

	assert_int_equal(engine_backward(engine, &batch, &result, NULL), 0);
	engine_update(engine, &t->experiment->train.optimizer, 0.1);
	assert_int_equal(engine_evaluate(engine, &batch, &result, NULL), 0);
}

static void expect_none(const char *config)
{
	enum { FULL = 1000 };
	struct trained t;
	struct state state;
	struct team *team;
	struct engine *engine;
	long before;

	trained_load(&t, config, "dataset=glyphs|train.optimizer=adam");
	assert_int_equal(state_new(&state, t.network, &t.experiment->train.optimizer, NULL), 0);
	assert_int_equal(team_new(&team, 3, NULL), 0);
	assert_int_equal(
		engine_new(&engine, t.network, &t.experiment->loss, &state, team, NULL), 0);
	run(engine, &t, FULL);
	before = calls;
	for (int n = FULL; n > 0; n -= 83)
		run(engine, &t, n);
	assert_int_equal(calls, before);
	engine_free(engine);
	team_free(team);
	state_release(&state);
	trained_release(&t);
}

static void test_engine(void **unused)
{
	(void)unused;
	if (!COUNTS)
		skip();
	expect_none("configs/lenet.yaml");
	expect_none("configs/mlp_dropout.yaml");
	expect_none("tests/golden/blocks.yaml");
}

/* Calls that a whole run makes whose one epoch has so many images, the store's included. */
static long calls_of(const char *folder, const char *name, const char *changes)
{
	struct train_result result;
	struct trained t;
	struct err err = {0};
	int64_t run_id;
	long before;

	trained_load(&t, "configs/lenet.yaml", changes);
	before = calls;
	if (trained_run(&t, files_path(folder, name), 2, &run_id, &result, &err))
		fail_msg("%s", err.text);
	before = calls - before;
	trained_release(&t);
	return before;
}

/* Fifty batches more: the lists of images are longer, but there are not more of them. */
static void test_training(void **state)
{
	long few, many;

	if (!COUNTS)
		skip();
	few = calls_of(*state, "few.db",
		"dataset=glyphs|train.epochs=1|train.batch_size=64|dataset.train_limit=3200");
	many = calls_of(*state, "many.db",
		"dataset=glyphs|train.epochs=1|train.batch_size=64|dataset.train_limit=6400");
	assert_true(few > 0);
	assert_in_range(labs(many - few), 0, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_engine),
		cmocka_unit_test_setup_teardown(test_training, files_setup, files_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
