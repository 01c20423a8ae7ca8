/*
 * run -- trains the networks that configs declare and leaves everything in the store.
 *
 * All configs are read and checked before anything is opened or trained. Then, one by one: the data
 * set (kept while the next config wants the same), the network, the run's identity, its row in the
 * store, training, result.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers/network/isa.h"
#include "layers/network/numerics.h"
#include "runner/arguments.h"
#include "runner/build.h"
#include "runner/commands.h"
#include "runner/config/canonical.h"
#include "runner/identity.h"
#include "runner/screen/table.h"
#include "runner/screen/term.h"
#include "runner/signals.h"
#include "runner/train.h"

struct flags {
	int threads;
	const char *db, *data_dir;
	bool again, dry, no_color;
	enum progress_level level;
};

struct session {
	struct flags flags;
	struct arguments arguments;
	int n;
	struct experiment **experiments;
	struct team *team;
	struct store *store;
	struct dataset *dataset; /* of the config before */
	const struct experiment *dataset_of;
	int failures, wrong; /* of these, a place in a config is to blame for */
	int taken;           /* runs that came as far as the store */
	bool unfinished;     /* some run did not come to its end */
	bool elsewhere;      /* another process is training one of them */
	int exit;            /* once it is not EXIT_DONE nothing more is trained */
};

/* ---- telling */

static void tell(const struct session *s, const struct experiment *x, struct err *err)
{
	struct diags diags = {0};

	diags_add_err(&diags, DIAG_ERROR, x ? x->sources : NULL, err);
	diags_print(&diags, stderr, term_look(stderr, s->flags.no_color).colour);
	diags_release(&diags);
}

static const struct table_column result_columns[] = {
	{.name = "epochs", .kind = TABLE_INT},
	{.name = "train_loss", .kind = TABLE_REAL, .digits = 4, .rank = 2},
	{.name = "train_accuracy", .kind = TABLE_REAL, .digits = 4, .rank = 1, .head = "train acc"},
	{.name = "val_accuracy", .kind = TABLE_REAL, .digits = 4, .rank = 1, .head = "val acc"},
	{.name = "test_loss", .kind = TABLE_REAL, .digits = 4, .rank = 3},
	{.name = "test_accuracy", .kind = TABLE_REAL, .digits = 4, .head = "test acc"},
	{.name = "examples_per_second", .kind = TABLE_INT, .rank = 5, .head = "examples/s"},
	{.name = "seconds", .kind = TABLE_REAL, .digits = 1, .rank = 6},
};

/* The line that a result is, and what can be typed next. */
static int print_result(const struct session *s, const struct store_run *run, struct err *err)
{
	const struct store_metrics *m = &run->metrics;
	struct table *table = table_new(result_columns, 8, err);
	int failed;

	if (!table)
		return -1;
	table_optional(table, "val_accuracy");
	table_int(table, run->epochs_done);
	table_real(table, m->train_loss);
	table_real(table, m->train_accuracy);
	table_real(table, m->val_accuracy);
	table_real(table, m->test_loss);
	table_real(table, m->test_accuracy);
	if (isfinite(run->examples_per_second))
		table_int(table, (int64_t)run->examples_per_second);
	else
		table_none(table);
	table_real(table, run->seconds);
	failed = table_print(table, stdout, TABLE_PLAIN, term_columns(stdout), err);
	table_free(table);
	printf("\nnext: runner show %lld%s%s\n", (long long)run->run_id,
		s->flags.db ? " --db " : "", s->flags.db ? s->flags.db : "");
	return failed;
}

static const char *store_path(const struct session *s)
{
	return s->flags.db ? s->flags.db : store_default_path();
}

/* Why a run that is in the store already was not trained. */
static void tell_there(struct session *s, const struct experiment *x, const struct store_run *run)
{
	if (!strcmp(run->status, "running")) {
		printf("Another process is training it now.\n");
		s->elsewhere = true;
		return;
	}
	if (!strcmp(run->status, "diverged"))
		s->failures++;
	printf("This run is there already");
	if (strcmp(run->name, x->name))
		printf(", under the name '%s'", run->name);
	printf("; -f trains it anew.\n");
}

/* How the run stands in the store, on stdout. `there`: it was there before and was not trained. */
static int report(
	struct session *s, const struct experiment *x, int64_t run_id, bool there, struct err *err)
{
	struct arena arena = {0};
	struct store_run *run;
	char id[24];
	int failed = -1, classes = s->dataset->n_classes;

	snprintf(id, sizeof id, "%lld", (long long)run_id);
	if (store_run_get(s->store, id, &arena, &run, err))
		goto out;
	printf("%s on %s, seed %lld: %s (run %lld in %s)\n", run->name, run->dataset,
		(long long)run->seed, run->status, (long long)run_id, store_path(s));
	if (run->error)
		printf("%s\n", run->error);
	if (!strcmp(run->status, "interrupted"))
		printf("The same command goes on from here.\n");
	if (!strcmp(run->status, "done") && at_chance(run->metrics.test_accuracy, classes))
		term_say(stdout,
			"This network is still at chance: %.1f %% right with %d classes. Try "
			"another train.lr or init, or more epochs.",
			100 * run->metrics.test_accuracy, classes);
	if (run->epochs_done && run->epochs_done < run->epochs && !strcmp(run->status, "done"))
		printf("Stopped early, after epoch %lld of %lld.\n", (long long)run->epochs_done,
			(long long)run->epochs);
	failed = run->epochs_done ? print_result(s, run, err) : 0;
	if (there)
		tell_there(s, x, run);
out:
	arena_release(&arena);
	return failed;
}

/* ---- one run */

/* Sets that are known by their name alone have the same content wherever they are read from. */
static bool same_data(const struct dataset_spec *a, const struct dataset_spec *b)
{
	struct shape shape;
	int n_classes;

	return !strcmp(a->name, b->name) && !dataset_known(a->name, &shape, &n_classes);
}

static bool asked_to_stop(void)
{
	return signals_stop() != 0;
}

static int open_data(struct session *s, const struct experiment *x, struct err *err)
{
	char folder[EXPERIMENT_FOLDER];
	struct dataset_search search = {.data_dir = s->flags.data_dir,
		.config_dir = experiment_folder(x, folder),
		.places = x->dataset_places,
		.offline = s->flags.dry,
		.quiet = s->flags.level == PROGRESS_QUIET,
		.stop = asked_to_stop};
	int result;

	if (s->dataset && same_data(&s->dataset_of->dataset, &x->dataset))
		return 0;
	dataset_close(s->dataset);
	s->dataset = NULL;
	result = dataset_open(&s->dataset, &x->dataset, &search, err);
	if (result == DATASET_MISSING && !s->flags.dry)
		s->exit = EXIT_NO_DATA;
	s->dataset_of = x;
	return result;
}

/* What the store is to keep of the plan; `plan` borrows from the others. */
static int describe_plan(struct store_plan *plan, struct store_dataset *data, struct arena *arena,
	const struct session *s, const struct experiment *x, const struct network *network,
	const struct identity *identity, struct err *err)
{
	const struct dataset *d = s->dataset;
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

static int train_run(struct session *s, const struct experiment *x, const struct network *network,
	const struct selection *selection, int64_t run_id, struct err *err)
{
	char folder[EXPERIMENT_FOLDER];
	struct progress_options options = {.file = stderr,
		.level = s->flags.level,
		.no_color = s->flags.no_color,
		.title = x->name,
		.epochs = x->train.epochs};
	struct train_job job = {.experiment = x,
		.network = network,
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
	if (result.status == RUN_INTERRUPTED)
		s->unfinished = true;
	if (result.status == RUN_DIVERGED)
		s->failures++;
	return report(s, x, run_id, false, err);
}

/* Row and claim: *train says whether this process is to train the run. */
static int take_run(struct session *s, const struct experiment *x, const struct store_plan *plan,
	int64_t *run_id, bool *train, struct err *err)
{
	struct environment environment = {0};
	bool created;
	char folder[EXPERIMENT_FOLDER];

	*train = false;
	s->taken++;
	if (store_run_create(s->store, plan, s->flags.again, run_id, &created, err))
		return -1;
	environment_fill(
		&environment, isa_kinds()->isa, NUMERICS_VERSION, experiment_folder(x, folder));
	if (store_register(s->store, &environment, err) ||
		store_run_claim(s->store, *run_id, train, err))
		return -1;
	if (*train)
		return 0;
	return report(s, x, *run_id, true, err);
}

/* Opens the data and plans the network: together with the config they say which run it is. */
static int identify(struct session *s, const struct experiment *x, struct network **network,
	struct identity *identity, struct err *err)
{
	char folder[EXPERIMENT_FOLDER], start[65];

	return -(open_data(s, x, err) ||
		 network_build(network, x, s->dataset->shape, s->dataset->n_classes, err) ||
		 identity_start(start, x, *network, experiment_folder(x, folder), err) ||
		 identity_of(identity, x, s->dataset->sha256, start, err));
}

static int run_one(struct session *s, const struct experiment *x, struct err *err)
{
	struct arena arena = {0};
	struct network *network = NULL;
	struct selection selection;
	struct identity identity;
	struct store_plan plan;
	struct store_dataset data;
	int64_t run_id;
	bool train;
	int failed = -1;

	if (identify(s, x, &network, &identity, err) ||
		dataset_select(&selection, s->dataset, &x->dataset, x->dataset_places, x->seed,
			&arena, err) ||
		describe_plan(&plan, &data, &arena, s, x, network, &identity, err) ||
		take_run(s, x, &plan, &run_id, &train, err))
		goto out;
	failed = train ? train_run(s, x, network, &selection, run_id, err) : 0;
out:
	network_free(network);
	arena_release(&arena);
	return failed;
}

/* ---- the command */

/* Reads and checks every config; nothing is trained when one of them is wrong. */
static int load_all(struct session *s, struct diags *diags)
{
	struct arguments *a = &s->arguments;
	struct err err = {0};
	bool bad = false;

	if (arguments_check_fit(a, diags))
		return -1;
	s->experiments = calloc((size_t)a->files.n + 1, sizeof *s->experiments);
	if (!s->experiments) {
		err_memory(&err, 0, "configs");
		diags_add_err(diags, DIAG_ERROR, NULL, &err);
		return -1;
	}
	for (; s->n < a->files.n; s->n++) {
		struct experiment **x = &s->experiments[s->n];

		if (arguments_load(a, s->n, x, diags)) {
			bad = true;
			continue;
		}
		if (network_check(*x, diags))
			bad = true;
		if (!(*x)->train.given)
			diags_add(diags, DIAG_ERROR, (*x)->sources, (*x)->network_place,
				"there is no `train:` here, so there is nothing to run; `runner "
				"describe %s` shows the network",
				(*x)->path);
	}
	return bad || diags_failed(diags) ? -1 : 0;
}

static int session_begin(struct session *s, struct err *err)
{
	int code;

	if (isa_check(err)) {
		s->exit = EXIT_USAGE;
		return -1;
	}
	code = store_open(&s->store, store_path(s), STORE_WRITE, STORE_WAIT_MS, err);
	return code || team_new(&s->team, s->flags.threads, err) ? -1 : 0;
}

static void session_end(struct session *s)
{
	for (int i = 0; i < s->n; i++)
		experiment_free(s->experiments[i]);
	free(s->experiments);
	dataset_close(s->dataset);
	team_free(s->team);
	store_close(s->store);
	arguments_release(&s->arguments);
}

/* What would become of a run that is in the store. */
static void print_known(const struct session *s, const struct store_run *run)
{
	bool over = !strcmp(run->status, "done") || !strcmp(run->status, "diverged");
	const char *status = over ? run->status : "goes on";

	printf("%s", s->flags.again ? "again" : status);
	if (!over && !s->flags.again)
		printf(" after epoch %lld", (long long)run->epochs_done);
	printf(" (run %lld)\n", (long long)run->run_id);
}

/* The end of a plan's line: whether the run is in the store. Data that is not here is not fetched:
 * then it cannot be told. */
static void print_state(struct session *s, const struct experiment *x)
{
	struct arena arena = {0};
	struct network *network = NULL;
	struct identity identity;
	struct store_run *run = NULL;
	struct err err = {0};

	if (!s->store ||
		(!identify(s, x, &network, &identity, &err) &&
			!store_run_find(s->store, identity.run, &arena, &run, &err) && !run))
		printf("new\n");
	else if (run)
		print_known(s, run);
	else
		printf("whether it is done depends on data that cannot be read here\n");
	network_free(network);
	arena_release(&arena);
}

static int print_plan(struct session *s)
{
	struct err err = {0};
	int failed = store_open(&s->store, store_path(s), STORE_READ, STORE_WAIT_MS, &err);

	if (failed && failed != STORE_MISSING)
		return command_failed(&err, EXIT_RUN_FAILED);
	for (int i = 0; i < s->n; i++) {
		const struct experiment *x = s->experiments[i];

		printf("%s: %s on %s, seed %lld, %d epoch%s: ", x->path, x->name, x->dataset.name,
			(long long)x->seed, x->train.epochs, x->train.epochs == 1 ? "" : "s");
		fflush(stdout); /* looking at the data may take a second */
		print_state(s, x);
	}
	return EXIT_DONE;
}

static int run_all(struct session *s)
{
	struct err err = {0};

	if (session_begin(s, &err)) {
		tell(s, NULL, &err);
		return s->exit ? s->exit : EXIT_RUN_FAILED;
	}
	signals_watch();
	for (int i = 0; i < s->n && !s->exit; i++) {
		if (signals_stop()) {
			s->unfinished = true;
			break;
		}
		if (i)
			putchar('\n');
		if (run_one(s, s->experiments[i], &err)) {
			tell(s, s->experiments[i], &err);
			s->failures++;
			s->wrong += err.place.line > 0;
			err = (struct err){0};
			s->unfinished = true;
		}
		fflush(stdout);
	}
	if (signals_stop() && s->unfinished)
		return signals_stop() == SIGTERM ? EXIT_TERMINATED : EXIT_INTERRUPTED;
	if (s->exit)
		return s->exit;
	if (s->failures && s->wrong == s->failures && !s->taken)
		return EXIT_USAGE; /* mistakes that only the data's files could show */
	if (s->failures)
		return EXIT_RUN_FAILED;
	return s->elsewhere ? EXIT_STOPPED : EXIT_DONE;
}

static int flag_set_run(void *context, const struct flag *flag, const char *value)
{
	struct flags *flags = context;

	if (!strcmp(flag->name, "db"))
		flags->db = value;
	else if (!strcmp(flag->name, "data-dir"))
		flags->data_dir = value;
	else if (!strcmp(flag->name, "no-color"))
		flags->no_color = true;
	else if (flag->letter == 'j')
		return flag_threads(value, &flags->threads);
	else if (flag->letter == 'f')
		flags->again = true;
	else if (flag->letter == 'n')
		flags->dry = true;
	else
		flags->level = flag->letter == 'q' ? PROGRESS_QUIET : PROGRESS_VERBOSE;
	return 0;
}

static int cmd_run(int argc, char **argv)
{
	struct session s = {.flags = {.threads = team_cores(), .level = PROGRESS_NORMAL}};
	struct diags diags = {0};
	struct err err = {0};
	int n = flags_parse(&run_command, argc, argv, flag_set_run, &s.flags), code;

	if (n < 0)
		return n == FLAGS_HELP ? EXIT_DONE : EXIT_USAGE;
	if (arguments_split(&s.arguments, argv + 1, n - 1, &err)) {
		tell(&s, NULL, &err);
		arguments_release(&s.arguments);
		return EXIT_USAGE;
	}
	code = load_all(&s, &diags) ? EXIT_USAGE : EXIT_DONE;
	diags_print(&diags, stderr, term_look(stderr, s.flags.no_color).colour);
	diags_release(&diags);
	if (code == EXIT_DONE && s.flags.dry)
		code = print_plan(&s);
	else if (code == EXIT_DONE)
		code = run_all(&s);
	session_end(&s);
	return code;
}

static const struct flag run_flags[] = {
	{"dry-run", 'n', NULL,
		"check everything; show what would be run, and what is done already"},
	{"force", 'f', NULL, "train again what is done already; the old run is set aside"},
	{"jobs", 'j', "N", "cores to use (default: all that this process may use)"},
	{"db", 0, "FILE", "the store (default: $RUNNER_DB, else runner.db)"},
	{"data-dir", 0, "DIR", "where data sets are, and where downloads go"},
	{"quiet", 'q', NULL, "no progress"},
	{"verbose", 'v', NULL, "more of it"},
	{"no-color", 0, NULL, "no colours (as NO_COLOR=1 does)"},
	{0},
};

const struct command run_command = {
	.name = "run",
	.synopsis = "CONFIG|DIR ... [KEY=VALUE ...]",
	.help = "train what configs declare; everything goes into the store",
	.run = cmd_run,
	.flags = run_flags,
	.notes =
		"KEY=VALUE changes a config: train.lr=0.1, pooling=max_pool2d (a knob of params).\n"
		"A path without a command means run.\n",
};
