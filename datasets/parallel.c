/* parallel -- see parallel.h. */
#include "datasets/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { MOST_THREADS = 64 };

struct loop {
	void (*work)(void *context, int i);
	void *context;
	int n;
	atomic_int next;
};

static void *run(void *argument)
{
	struct loop *loop = argument;
	int i;

	while ((i = atomic_fetch_add(&loop->next, 1)) < loop->n)
		loop->work(loop->context, i);
	return NULL;
}

static int cores(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
}

void parallel_for(int n, int threads, void (*work)(void *context, int i), void *context)
{
	struct loop loop = {.work = work, .context = context, .n = n};
	pthread_t others[MOST_THREADS];
	int started = 0;

	if (!threads)
		threads = cores();
	while (started < threads - 1 && started < n - 1 && started < MOST_THREADS &&
		!pthread_create(&others[started], NULL, run, &loop))
		started++;
	run(&loop);
	for (int i = 0; i < started; i++)
		pthread_join(others[i], NULL);
}
