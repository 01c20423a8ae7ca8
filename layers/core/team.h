/*
 * team -- the threads of the process; they serve all runs.
 *
 * A thread that leads a run calls team_for for each stretch of parallel work: it puts the job on
 * the board, does items itself, and returns when all are done. Threads that lead nothing take items
 * of whatever is on the board. Items are claimed one by one, so a thread that is held up (a foreign
 * process on its core) holds up one item. Which thread does an item never matters for its result.
 *
 * Each thread of the team may lead one job at a time: the creator from outside, another from within
 * an item that it does. What a thread leads it must not lead again from within (the creator's runs
 * cannot be items of a job that the creator leads), and a leader that waits for its last items
 * helps nobody else meanwhile; many runs side by side will want both. A thread belongs to one team
 * at a time, and no thread from outside may call team_for.
 *
 * Waiting spins for 50 microseconds, then sleeps. A batch of LeNet has four jobs in three
 * milliseconds: sleeping at once costs 5 % of it. Longer spinning takes the core from whom it waits
 * for when a foreign process has the other: with a millisecond, two threads beside such a process
 * are slower than one thread alone (tests/bench/team.sh).
 */
#ifndef LAYERS_CORE_TEAM_H
#define LAYERS_CORE_TEAM_H

#include "layers/core/err.h"

struct team;

/* A team of `threads` >= 1; the calling thread is one of them (worker 0), the others start. */
int team_new(struct team **team, int threads, struct err *err);
void team_free(struct team *team);

int team_size(const struct team *team);

/* fn(context, item, worker) for each item from 0 to n - 1, in any order, on any threads; `worker`
 * is below team_size and no two threads have the same at a time. Returns when all are done. */
typedef void team_fn(void *context, int item, int worker);
void team_for(struct team *team, int n, team_fn *fn, void *context);

/* The cores that this process may use: affinity, cgroup quota (rounded up) and
 * SLURM_CPUS_PER_TASK, whichever is least; at least 1. */
int team_cores(void);

/* The same, and what it comes from. */
struct team_grant {
	int online;   /* cores of the machine */
	int affinity; /* that this process may run on */
	int quota;    /* of its cgroup and those above; 0: none */
	int slurm;    /* SLURM_CPUS_PER_TASK; 0: not said */
};
int team_granted(struct team_grant *grant);

#endif
