/*
 * Team: every item of every job is done once, before team_for returns, by a worker of its own; many
 * short jobs one after the other, with pauses in which the threads fall asleep, and jobs that
 * several threads lead at once.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "layers/core/team.h"

enum { MOST = 64, THREADS = 7 };

/* Plain memory besides the counts: what items write the leader must see, and a sanitizer would tell
 * of two threads in one item. */
struct job {
	int n, salt;
	_Atomic int done[MOST];
	int result[MOST];
	_Atomic int *busy; /* by worker */
	_Atomic int *bad;
};

static void work(void *context, int item, int worker)
{
	struct job *job = context;

	if (item < 0 || item >= job->n || worker < 0 || worker >= THREADS ||
		atomic_fetch_add(&job->busy[worker], 1) != 0) {
		atomic_fetch_add(job->bad, 1);
		return;
	}
	job->result[item] = job->salt * 31 + item;
	atomic_fetch_add(&job->done[item], 1);
	atomic_fetch_sub(&job->busy[worker], 1);
}

/* Faults of `jobs` jobs with 0 to MOST items; each is on the stack, so that whoever comes late
 * finds something else there. */
static int lead(struct team *team, int jobs, unsigned seed, _Atomic int *busy)
{
	_Atomic int bad = 0;

	for (int i = 0; i < jobs; i++) {
		struct job job = {.salt = i, .busy = busy, .bad = &bad};

		seed = seed * 1664525 + 1013904223;
		job.n = (int)((seed >> 16) % (i % 16 ? 9 : MOST + 1));
		team_for(team, job.n, work, &job);
		for (int k = 0; k < MOST; k++)
			if (job.done[k] != (k < job.n) ||
				job.result[k] != (k < job.n ? i * 31 + k : 0))
				bad++;
		memset(&job, 0xa5, sizeof job);
		/* now and then longer than a thread spins */
		if (seed >> 22 == 0)
			nanosleep(&(struct timespec){0, 1000000}, NULL);
	}
	return bad;
}

static struct team *team_of(int threads)
{
	struct team *team;
	struct err err = {0};

	assert_int_equal(team_new(&team, threads, &err), 0);
	assert_int_equal(team_size(team), threads);
	return team;
}

static void test_short_jobs(void **unused)
{
	static const struct {
		int threads, jobs;
	} ways[] = {{1, 2000}, {2, 50000}, {3, 20000}, {THREADS, 5000}};

	(void)unused;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		_Atomic int busy[THREADS] = {0};
		struct team *team = team_of(ways[i].threads);

		assert_int_equal(lead(team, ways[i].jobs, 1 + (unsigned)i, busy), 0);
		team_free(team);
	}
}

/* ---- several leaders: the items of one job lead jobs of their own
 *
 * A job must not be led by who leads it already, so the creator's item stays empty. */

struct leaders {
	struct team *team;
	_Atomic int busy[THREADS];
	_Atomic int bad, led, arrived;
	int n;
};

static void lead_one(void *context, int item, int worker)
{
	struct leaders *l = context;

	/* Until each thread has an item: then all but worker 0 lead at the same time. */
	atomic_fetch_add(&l->arrived, 1);
	while (atomic_load(&l->arrived) < l->n)
		nanosleep(&(struct timespec){0, 100000}, NULL);
	if (worker == 0)
		return;
	atomic_fetch_add(&l->led, 1);
	atomic_fetch_add(&l->bad, lead(l->team, 5000, (unsigned)item, l->busy));
}

static void test_several_leaders(void **unused)
{
	struct leaders l = {.team = team_of(4), .n = 4};

	(void)unused;
	team_for(l.team, l.n, lead_one, &l);
	assert_int_equal(l.bad, 0);
	assert_int_equal(l.led, 3);
	team_free(l.team);
}

/* Threads that start and stop with nothing, or next to nothing, to do. */
static void test_start_and_stop(void **unused)
{
	(void)unused;
	for (int i = 0; i < 200; i++) {
		_Atomic int busy[THREADS] = {0};
		struct team *team = team_of(1 + i % THREADS);

		assert_int_equal(lead(team, i % 3, (unsigned)i, busy), 0);
		team_free(team);
	}
	team_free(NULL);
}

static void test_cores(void **unused)
{
	int cores = team_cores();

	(void)unused;
	assert_in_range(cores, 1, INT_MAX);
	setenv("SLURM_CPUS_PER_TASK", "1", 1);
	assert_int_equal(team_cores(), 1);
	setenv("SLURM_CPUS_PER_TASK", "nonsense", 1);
	assert_int_equal(team_cores(), cores);
	unsetenv("SLURM_CPUS_PER_TASK");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_jobs),
		cmocka_unit_test(test_several_leaders),
		cmocka_unit_test(test_start_and_stop),
		cmocka_unit_test(test_cores),
	};

	unsetenv("SLURM_CPUS_PER_TASK");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
