/* trained -- see trained.h. */
#include "tests/support/trained.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "layers/network/init.h"
#include "layers/network/isa.h"
#include "layers/network/numerics.h"
#include "runner/build.h"
#include "runner/config/diag.h"
#include "runner/identity.h"
#include "runner/signals.h"

enum { SETS = 4, CHANGES = 32 };

/* The data set, opened at most once. */
static struct dataset *data_of(const struct experiment *x)
{
	static struct dataset *known[SETS];
	struct dataset_search search = {.data_dir = getenv("RUNNER_DATA"), .offline = true};
	struct err err = {0};
	int i = 0;

	while (i < SETS && known[i] && strcmp(known[i]->name, x->dataset.name) != 0)
		i++;
	assert_in_range(i, 0, SETS - 1);
	if (!known[i] && dataset_open(&known[i], &x->dataset, &search, &err))
		fail_msg("%s", err.text);
	return known[i];
}

static struct experiment *load(const char *path, char *changes)
{
	const char *overrides[CHANGES];
	struct experiment *x;
	struct diags diags = {0};
	char *rest = changes;
	int n = 0;

	while ((overrides[n] = strtok_r(rest, "|", &rest)))
		assert_in_range(++n, 1, CHANGES - 1);
	if (experiment_load(&x, path, overrides, n, &diags)) {
		diags_print(&diags, stderr, false);
		fail_msg("%s does not load", path);
	}
	diags_release(&diags);
	return x;
}

void trained_load(struct trained *t, const char *path, const char *changes)
{
	char *copy = strdup(changes ? changes : "");
	struct err err = {0};

	assert_non_null(copy);
	*t = (struct trained){.experiment = load(path, copy)};
	free(copy);
	t->dataset = data_of(t->experiment);
	if (network_build(
		    &t->network, t->experiment, t->dataset->shape, t->dataset->n_classes, &err) ||
		dataset_select(&t->selection, t->dataset, &t->experiment->dataset,
			t->experiment->dataset_places, t->experiment->seed, &t->arena, &err))
		fail_msg("%s", err.text);
}

void trained_release(struct trained *t)
{
	network_free(t->network);
	arena_release(&t->arena);
	experiment_free(t->experiment);
}

void trained_start(const struct trained *t, struct state *state)
{
	const struct experiment *x = t->experiment;
	struct err err = {0};

	if (state_new(state, t->network, NULL, &err) ||
		init_network(t->network, &x->init, (uint64_t)x->seed, ".", state->trained,
			state->buffers, &err))
		fail_msg("%s", err.text);
}

/* ---- the run */

static int create(const struct trained *t, struct store *store, int64_t *run_id, struct err *err)
{
	const struct dataset *d = t->dataset;
	struct store_dataset data = {.name = d->name,
		.sha256 = d->sha256,
		.shape = "",
		.n_classes = d->n_classes,
		.class_names = d->class_names,
		.train_count = d->train.n,
		.test_count = d->test.n,
		.test_labels = d->test.labels};
	struct identity identity;
	struct store_plan plan = {.name = t->experiment->name,
		.config = t->experiment->resolved,
		.params = "{}",
		.run_hash = identity.run,
		.variant_hash = identity.variant,
		.dataset = &data,
		.seed = t->experiment->seed,
		.epochs = t->experiment->train.epochs};
	bool created;

	return identity_of(&identity, t->experiment, d->sha256, NULL, err) ||
			       store_run_create(store, &plan, false, run_id, &created, err)
		       ? -1
		       : 0;
}

static int claim(struct store *store, int64_t *run_id, struct err *err)
{
	struct environment environment = {0};
	bool claimed;

	environment_fill(&environment, isa_kinds()->isa, false, NUMERICS_VERSION, NULL);
	if (store_register(store, &environment, err) ||
		store_run_claim(store, *run_id, &claimed, err))
		return -1;
	if (!claimed)
		*run_id = 0;
	return 0;
}

int trained_run(const struct trained *t, const char *path, int threads, int64_t *run_id,
	struct train_result *result, struct err *err)
{
	struct train_job job = {.experiment = t->experiment,
		.network = t->network,
		.selection = &t->selection,
		.config_dir = "."};
	int failed;

	*result = (struct train_result){.status = RUN_DONE};
	failed = team_new(&job.team, threads, err) ||
		 store_open(&job.store, path, STORE_WRITE, STORE_WAIT_MS, err) ||
		 create(t, job.store, run_id, err) || claim(job.store, run_id, err);
	job.run_id = *run_id;
	if (!failed && *run_id)
		failed = train(result, &job, err);
	store_close(job.store);
	team_free(job.team);
	return failed ? -1 : 0;
}

pid_t trained_fork(const struct trained *t, const char *path, int threads)
{
	struct train_result result;
	struct err err = {0};
	int64_t run_id;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child)
		return child;
	signals_watch();
	if (trained_run(t, path, threads, &run_id, &result, &err)) {
		fprintf(stderr, "%s\n", err.text);
		_exit(1);
	}
	_exit(result.status == RUN_DONE ? 0 : 2 + (int)result.status);
}
