/* session -- see session.h. */
#include "runner/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers/core/blas.h"
#include "layers/network/isa.h"
#include "layers/network/numerics.h"
#include "runner/build.h"
#include "runner/config/canonical.h"
#include "runner/result.h"
#include "runner/signals.h"
#include "runner/train.h"

const char *session_store(const struct session *s)
{
	return s->flags.db ? s->flags.db : store_default_path();
}

int session_begin(struct session *s, struct err *err)
{
	int code = store_open(&s->store, session_store(s), STORE_WRITE, STORE_WAIT_MS, err);

	return code || team_new(&s->team, s->flags.threads, err) ? -1 : 0;
}

void session_end(struct session *s)
{
	dataset_close(s->dataset);
	team_free(s->team);
	store_close(s->store);
}

/* ---- data */

/* Sets that are known by their name alone have the same content wherever they are read from. */
static bool same_data(const struct dataset_spec *a, const struct dataset_spec *b)
{
	struct shape shape;
	int n_classes;

	return !strcmp(a->name, b->name) && !dataset_known(a->name, &shape, &n_classes);
}

static bool is_missing(const struct session *s, const char *name)
{
	for (int i = 0; i < s->n_missing; i++)
		if (!strcmp(s->missing[i], name))
			return true;
	return false;
}

static bool asked_to_stop(void)
{
	return signals_stop() != 0;
}

/* Makes s->dataset be what `x` wants; the one before may be that. */
static int open_data(struct session *s, const struct experiment *x, struct err *err)
{
	const char *name = x->dataset.name;
	char folder[EXPERIMENT_FOLDER];
	struct dataset_search search = {.data_dir = s->flags.data_dir,
		.config_dir = experiment_folder(x, folder),
		.places = x->dataset_places,
		.offline = s->flags.dry,
		.quiet = s->flags.level == PROGRESS_QUIET,
		.stop = asked_to_stop};
	int result;

	if (s->dataset && (s->dataset_of == x || same_data(&s->dataset_of->dataset, &x->dataset)))
		return 0;
	if (is_missing(s, name)) {
		err_set(err, "%s is missing here too: see above", name);
		return DATASET_MISSING;
	}
	dataset_close(s->dataset);
	s->dataset = NULL;
	result = dataset_open(&s->dataset, &x->dataset, &search, err);
	s->dataset_of = x;
	if (result == DATASET_MISSING && s->n_missing < SESSION_MISSING)
		s->missing[s->n_missing++] = name;
	return result;
}

/* ---- which run it is */

/* What the network must fit, and the sum of the data. */
static int learn_data(struct session *s, const struct experiment *x, struct shape *shape,
	int *n_classes, char sum[65], struct err *err)
{
	int result;

	if (!dataset_known(x->dataset.name, shape, n_classes))
		return dataset_known_sum(sum, x->dataset.name, err);
	result = open_data(s, x, err);
	if (result)
		return result;
	*shape = s->dataset->shape;
	*n_classes = s->dataset->n_classes;
	memcpy(sum, s->dataset->sha256, sizeof s->dataset->sha256);
	return 0;
}

int session_identify(
	struct session *s, struct session_run *run, const struct experiment *x, struct err *err)
{
	char folder[EXPERIMENT_FOLDER], start[65], data[65];
	struct shape shape;
	int result;

	*run = (struct session_run){.experiment = x};
	result = learn_data(s, x, &shape, &run->n_classes, data, err);
	if (result)
		return result;
	return -(network_build(&run->network, x, shape, run->n_classes, err) ||
		 identity_start(start, x, run->network, experiment_folder(x, folder), err) ||
		 identity_of(&run->identity, x, data, start, err));
}

void session_run_release(struct session_run *run)
{
	network_free(run->network);
	*run = (struct session_run){0};
}

/* ---- its row in the store */

/* What the store is to keep of the plan; `plan` borrows from the others. */
static int describe_plan(struct store_plan *plan, struct store_dataset *data, struct arena *arena,
	const struct dataset *d, const struct session_run *run, struct err *err)
{
	const struct experiment *x = run->experiment;
	const struct network *network = run->network;
	const struct identity *identity = &run->identity;
	struct store_layer *layers =
		arena_take(arena, (size_t)network->n_rows * sizeof *layers, err);
	char *params = canonical_text(x->params), *overrides = canonical_text(x->overridden);
	char shape[SHAPE_TEXT];

	*data = (struct store_dataset){.name = d->name,
		.sha256 = d->sha256,
		.shape = arena_text(arena, shape_text(shape, d->shape), err),
		.n_classes = d->n_classes,
		.class_names = d->class_names,
		.train_count = d->train.n,
		.test_count = d->test.n,
		.test_labels = d->test.labels};
	*plan = (struct store_plan){.name = x->name,
		.config_path = x->path,
		.config = x->resolved,
		.params = params ? arena_text(arena, params, err) : NULL,
		.overrides = overrides ? arena_text(arena, overrides, err) : NULL,
		.run_hash = identity->run,
		.variant_hash = identity->variant,
		.prefix_hash = identity->prefix[0] ? identity->prefix : NULL,
		.dataset = data,
		.seed = x->seed,
		.epochs = x->train.epochs,
		.parameters = (int64_t)network->parameters,
		.macs = network->macs,
		.layers = layers,
		.n_layers = network->n_rows};
	free(params);
	free(overrides);
	if (!layers || !data->shape || !plan->params || !plan->overrides)
		return err_memory(err, 0, "the plan of a run");
	for (int i = 0; i < network->n_rows; i++) {
		const struct row *row = &network->rows[i];
		const struct layer_common *common = row->spec->common;
		const struct value *out = &network->values[row->out];

		layers[i] = (struct store_layer){.path = row->path,
			.name = common ? common->name : NULL,
			.kind = row->spec->kind->name,
			.output_shape = arena_text(arena, shape_text(shape, out->shape), err),
			.parameters = (int64_t)row->parameters,
			.macs = row->macs,
			.receptive_field = arena_printf(
				arena, err, "%dx%d", out->reach.size.h, out->reach.size.w)};
		if (!layers[i].output_shape || !layers[i].receptive_field)
			return -1;
	}
	return 0;
}

/* Row and claim: *train says whether this process is to train the run. */
static int take_run(struct session *s, const struct experiment *x, const struct network *network,
	const struct store_plan *plan, int64_t *run_id, bool *train, struct err *err)
{
	struct environment environment = {0};
	char folder[EXPERIMENT_FOLDER];
	bool created;

	*train = false;
	s->taken++;
	if (store_run_create(s->store, plan, s->flags.again, run_id, &created, err))
		return -1;
	environment_fill(&environment, isa_kinds()->isa, network->blas, NUMERICS_VERSION,
		experiment_folder(x, folder));
	return store_register(s->store, &environment, err) ||
			       store_run_claim(s->store, *run_id, train, err)
		       ? -1
		       : 0;
}

/* ---- how it stands */

/* `there`: it was in the store before and is not trained by this process. */
static int report(struct session *s, const struct session_run *run, const struct store_run *row,
	bool there, struct err *err)
{
	if (result_print(row, session_store(s), s->flags.db, run->n_classes, err))
		return -1;
	if (there)
		result_print_there(row, run->experiment->name);
	s->elsewhere |= there && !strcmp(row->status, "running");
	s->diverged += !strcmp(row->status, "diverged");
	return 0;
}

static int report_by_id(struct session *s, const struct session_run *run, int64_t run_id,
	bool there, struct err *err)
{
	struct arena arena = {0};
	struct store_run *row;
	char id[24];
	int failed;

	snprintf(id, sizeof id, "%lld", (long long)run_id);
	failed = store_run_get(s->store, id, &arena, &row, err) || report(s, run, row, there, err);
	arena_release(&arena);
	return -failed;
}

/* Reports a run that is in the store and over; *over says whether it is. */
static int report_if_over(
	struct session *s, const struct session_run *run, bool *over, struct err *err)
{
	struct arena arena = {0};
	struct store_run *row = NULL;
	int failed = 0;

	*over = false;
	if (s->flags.again)
		return 0;
	if (store_run_find(s->store, run->identity.run, &arena, &row, err)) {
		failed = -1;
	} else if (row && result_is_final(row)) {
		*over = true;
		s->taken++;
		failed = report(s, run, row, true, err);
	}
	arena_release(&arena);
	return failed;
}

/* ---- training */

static int train_run(struct session *s, const struct session_run *run,
	const struct selection *selection, int64_t run_id, struct err *err)
{
	const struct experiment *x = run->experiment;
	char folder[EXPERIMENT_FOLDER];
	struct progress_options options = {.file = stderr,
		.level = s->flags.level,
		.no_color = s->flags.no_color,
		.title = x->name,
		.epochs = x->train.epochs};
	struct train_job job = {.experiment = x,
		.network = run->network,
		.selection = selection,
		.config_dir = experiment_folder(x, folder),
		.team = s->team,
		.store = s->store,
		.run_id = run_id,
		.progress = s->flags.level == PROGRESS_QUIET ? NULL : progress_new(&options, err)};
	struct train_result result;
	struct err why = {0};
	int failed;

	if (err->set)
		return -1;
	failed = train(&result, &job, &why);
	progress_end(job.progress);
	if (failed) {
		*err = why;
		return -1;
	}
	s->unfinished |= result.status == RUN_INTERRUPTED;
	return report_by_id(s, run, run_id, false, err);
}

/* A run that is not over, as far as can be seen: another process may be at it. */
static int train_on(struct session *s, const struct session_run *run, struct err *err)
{
	const struct experiment *x = run->experiment;
	struct arena arena = {0};
	struct selection selection;
	struct store_plan plan;
	struct store_dataset data;
	int64_t run_id;
	bool train;
	int result = open_data(s, x, err);

	if (result)
		return result;
	result = -1;
	if (dataset_select(
		    &selection, s->dataset, &x->dataset, x->dataset_places, x->seed, &arena, err) ||
		describe_plan(&plan, &data, &arena, s->dataset, run, err) ||
		(run->network->blas && blas_open(err)) ||
		take_run(s, x, run->network, &plan, &run_id, &train, err))
		goto out;
	result = train ? train_run(s, run, &selection, run_id, err)
		       : report_by_id(s, run, run_id, true, err);
out:
	arena_release(&arena);
	return result;
}

int session_train(struct session *s, const struct experiment *x, struct err *err)
{
	struct session_run run;
	bool over;
	int result = session_identify(s, &run, x, err);

	if (!result)
		result = report_if_over(s, &run, &over, err);
	if (!result && !over)
		result = train_on(s, &run, err);
	session_run_release(&run);
	return result;
}
