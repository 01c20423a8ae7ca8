/*
 * team -- see team.h.
 *
 * DESIGN. The board has one slot for each thread, as each leads at most one job at a time. A slot's
 * `ticket` holds the job's generation in its high and the next unclaimed item in its low half.
 * A thread reads the job's fn, context and n, then claims an item by compare-and-swap of the
 * ticket: success proves that the job it read is still the one on the board, and the leader does
 * not leave it before `done` says that all items are. The job's fields are atomics so that a read
 * that then loses the swap is no data race; n, which alone decides whether there is an item, is
 * read with acquire, so that whoever sees the n of a later job also sees that job's ticket and
 * loses.
 *
 * A sleeper sleeps on `wake` with the mutex; whoever publishes a job, or finishes a job's last
 * item, looks at `sleepers` after that store, and the sleeper looks at the board again after it has
 * raised `sleepers` (both sequentially consistent), so no wake-up is lost.
 */
#include "layers/core/team.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	LINE = 64,
	SPIN_NS = 50000,
	SPINS = 64, /* looks between two at the clock */
};

struct slot {
	_Alignas(LINE) _Atomic uint64_t ticket;
	_Atomic int done;
	_Atomic int n;
	_Atomic(team_fn *) fn;
	_Atomic(void *) context;
};

struct team {
	struct slot *slots;
	int size;
	_Atomic int sleepers;
	_Atomic bool stop;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	pthread_t *threads; /* size - 1 */
	int started;
};

struct start {
	struct team *team;
	int worker;
};

static _Thread_local int my_worker;

/* Lets the other thread of the core, or the memory, go first for a moment: 10 to 50 ns. */
static void relax(void)
{
#if defined __x86_64__
	__builtin_ia32_pause();
#elif defined __aarch64__
	__asm__ volatile("isb" ::: "memory"); /* `yield` does nothing on most cores */
#endif
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void team_wake(struct team *team)
{
	if (!atomic_load(&team->sleepers))
		return;
	pthread_mutex_lock(&team->mutex);
	pthread_cond_broadcast(&team->wake);
	pthread_mutex_unlock(&team->mutex);
}

/* Claims and does one item of the slot's job; false when it has none left. */
static bool slot_help(struct team *team, struct slot *slot)
{
	uint64_t ticket = atomic_load(&slot->ticket);
	team_fn *fn = atomic_load_explicit(&slot->fn, memory_order_relaxed);
	void *context = atomic_load_explicit(&slot->context, memory_order_relaxed);
	int n = atomic_load_explicit(&slot->n, memory_order_acquire);
	int item = (int)(uint32_t)ticket;

	if (item >= n || !atomic_compare_exchange_strong(&slot->ticket, &ticket, ticket + 1))
		return false;
	fn(context, item, my_worker);
	if (atomic_fetch_add(&slot->done, 1) + 1 == n)
		team_wake(team);
	return true;
}

static bool slot_open(struct slot *slot)
{
	return (int)(uint32_t)atomic_load(&slot->ticket) < atomic_load(&slot->n);
}

static bool board_open(struct team *team)
{
	for (int i = 0; i < team->size; i++)
		if (slot_open(&team->slots[i]))
			return true;
	return false;
}

/* True as soon as `ready` holds, false when it does not for SPIN_NS. */
static bool team_spin(struct team *team, bool (*ready)(struct team *team, void *what), void *what)
{
	int64_t end = now_ns() + SPIN_NS;

	do {
		for (int i = 0; i < SPINS; i++) {
			if (ready(team, what))
				return true;
			relax();
		}
	} while (now_ns() < end);
	return false;
}

/* Sleeps until `ready` holds; first spins a little. */
static void team_wait(struct team *team, bool (*ready)(struct team *team, void *what), void *what)
{
	if (team_spin(team, ready, what))
		return;
	pthread_mutex_lock(&team->mutex);
	atomic_fetch_add(&team->sleepers, 1);
	while (!ready(team, what))
		pthread_cond_wait(&team->wake, &team->mutex);
	atomic_fetch_sub(&team->sleepers, 1);
	pthread_mutex_unlock(&team->mutex);
}

static bool work_ready(struct team *team, void *what)
{
	(void)what;
	return atomic_load(&team->stop) || board_open(team);
}

static bool job_done(struct team *team, void *what)
{
	struct slot *slot = what;

	(void)team;
	return atomic_load(&slot->done) == atomic_load(&slot->n);
}

static void *helper(void *arg)
{
	struct start start = *(struct start *)arg;
	struct team *team = start.team;

	free(arg);
	my_worker = start.worker;
	while (!atomic_load(&team->stop)) {
		bool helped = false;

		for (int i = 0; i < team->size; i++)
			helped |= slot_help(team, &team->slots[i]);
		if (!helped)
			team_wait(team, work_ready, NULL);
	}
	return NULL;
}

void team_for(struct team *team, int n, team_fn *fn, void *context)
{
	struct slot *slot = &team->slots[my_worker];
	uint64_t generation = (atomic_load(&slot->ticket) >> 32) + 1;

	if (team->size == 1 || n <= 1) {
		for (int i = 0; i < n; i++)
			fn(context, i, my_worker);
		return;
	}
	assert(job_done(team, slot)); /* else it leads already */
	/* No thread can claim between these stores: the ticket's item is not below any n. */
	atomic_store(&slot->ticket, generation << 32 | INT_MAX);
	atomic_store(&slot->done, 0);
	atomic_store(&slot->fn, fn);
	atomic_store(&slot->context, context);
	atomic_store(&slot->n, n);
	atomic_store(&slot->ticket, generation << 32);
	team_wake(team);
	while (slot_help(team, slot) || slot_open(slot))
		;
	team_wait(team, job_done, slot);
}

static int team_start(struct team *team, struct err *err)
{
	for (int i = 1; i < team->size; i++) {
		struct start *start = malloc(sizeof *start);
		int code;

		if (!start)
			return err_memory(err, sizeof *start, "a thread");
		*start = (struct start){team, i};
		code = pthread_create(&team->threads[i - 1], NULL, helper, start);
		if (code) {
			free(start);
			return err_errno(
				err, code, "cannot start thread %d of %d", i + 1, team->size);
		}
		team->started++;
	}
	return 0;
}

int team_new(struct team **out, int threads, struct err *err)
{
	struct team *team = calloc(1, sizeof *team);

	*out = NULL;
	if (!team)
		return err_memory(err, sizeof *team, "the team");
	pthread_mutex_init(&team->mutex, NULL);
	pthread_cond_init(&team->wake, NULL);
	team->size = threads;
	team->slots = aligned_alloc(LINE, (size_t)threads * sizeof *team->slots);
	team->threads = calloc((size_t)threads, sizeof *team->threads);
	if (!team->slots || !team->threads) {
		team_free(team);
		return err_memory(err, (size_t)threads * sizeof *team->slots, "the team");
	}
	for (int i = 0; i < threads; i++)
		team->slots[i] = (struct slot){0};
	if (team_start(team, err)) {
		team_free(team);
		return -1;
	}
	*out = team;
	return 0;
}

void team_free(struct team *team)
{
	if (!team)
		return;
	atomic_store(&team->stop, true);
	team_wake(team);
	for (int i = 0; i < team->started; i++)
		pthread_join(team->threads[i], NULL);
	pthread_cond_destroy(&team->wake);
	pthread_mutex_destroy(&team->mutex);
	free(team->threads);
	free(team->slots);
	free(team);
}

int team_size(const struct team *team)
{
	return team->size;
}

/* ---- how many cores */

#define CGROUPS "/sys/fs/cgroup"

/* The quota of one cgroup (v2), in cores rounded up; 0 without one. */
static int quota_cores(const char *folder)
{
	char path[512], quota[32];
	long period = 0;
	int cores = 0;
	FILE *file;

	snprintf(path, sizeof path, "%s/cpu.max", folder);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%31s %ld", quota, &period) == 2 && quota[0] != 'm' && period > 0)
		cores = (int)((atol(quota) + period - 1) / period);
	fclose(file);
	return cores;
}

/* The least quota of this process's cgroup and those above it; 0 without one. */
static int cgroup_cores(void)
{
	char folder[480] = CGROUPS, line[400], group[380];
	FILE *file = fopen("/proc/self/cgroup", "r");
	int least = 0;

	if (!file)
		return 0;
	while (fgets(line, sizeof line, file))
		if (sscanf(line, "0::%379s", group) == 1)
			snprintf(folder, sizeof folder, CGROUPS "%s", group);
	fclose(file);
	while (strlen(folder) >= strlen(CGROUPS)) {
		int cores = quota_cores(folder);

		if (cores && (!least || cores < least))
			least = cores;
		*strrchr(folder, '/') = 0;
	}
	return least;
}

int team_granted(struct team_grant *grant)
{
	const char *slurm = getenv("SLURM_CPUS_PER_TASK");
	int cores;
	cpu_set_t set;

	*grant = (struct team_grant){.online = (int)sysconf(_SC_NPROCESSORS_ONLN),
		.quota = cgroup_cores(),
		.slurm = slurm ? atoi(slurm) : 0};
	if (!sched_getaffinity(0, sizeof set, &set))
		grant->affinity = CPU_COUNT(&set);
	else /* more than the set has room for */
		grant->affinity = grant->online;
	cores = grant->affinity;
	if (grant->quota > 0 && grant->quota < cores)
		cores = grant->quota;
	if (grant->slurm > 0 && grant->slurm < cores)
		cores = grant->slurm;
	return cores > 1 ? cores : 1;
}

int team_cores(void)
{
	struct team_grant grant;

	return team_granted(&grant);
}
