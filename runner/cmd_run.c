/*
 * run -- trains the networks that configs declare and leaves everything in the store.
 *
 * All configs are read and checked before anything is opened or trained. Then they are trained one
 * by one (session.h); one that cannot be does not keep the others from it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/search.h"
#include "layers/network/isa.h"
#include "runner/arguments.h"
#include "runner/build.h"
#include "runner/commands.h"
#include "runner/result.h"
#include "runner/screen/term.h"
#include "runner/session.h"
#include "runner/signals.h"

/* One command. */
struct job {
	struct session session;
	struct arguments arguments;
	int n;
	struct experiment **experiments;
	int failures, wrong; /* configs whose run failed; of these, a place in them is to blame */
	bool missing;        /* a data set could not be had */
	bool shown;          /* the last one printed its result */
};

static void tell(const struct job *job, const struct experiment *x, struct err *err)
{
	struct diags diags = {0};

	diags_add_err(&diags, DIAG_ERROR, x ? x->sources : NULL, err);
	diags_print(&diags, stderr, term_look(stderr, job->session.flags.no_color).colour);
	diags_release(&diags);
}

/* Reads and checks every config; nothing is trained when one of them is wrong. */
static int load_all(struct job *job, struct diags *diags)
{
	struct arguments *a = &job->arguments;
	struct err err = {0};
	bool bad = false;

	if (arguments_check_fit(a, diags))
		return -1;
	job->experiments = calloc((size_t)a->files.n + 1, sizeof *job->experiments);
	if (!job->experiments) {
		err_memory(&err, 0, "configs");
		diags_add_err(diags, DIAG_ERROR, NULL, &err);
		return -1;
	}
	for (; job->n < a->files.n; job->n++) {
		struct experiment **x = &job->experiments[job->n];

		if (arguments_load(a, job->n, x, diags)) {
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

/* ---- -n */

/* What would become of a run that is in the store. */
static void print_known(const struct session *s, const struct store_run *run)
{
	bool over = result_is_final(run);
	const char *status = over ? run->status : "goes on";

	printf("%s", s->flags.again ? "again" : status);
	if (!over && !s->flags.again)
		printf(" after epoch %lld", (long long)run->epochs_done);
	printf(" (run %lld)\n", (long long)run->run_id);
}

/* Of a published set; what a person's own files hold is looked at to tell which run it is. */
static bool lacks_data(const struct session *s, const struct experiment *x, struct arena *arena)
{
	const struct dataset_search search = {.data_dir = s->flags.data_dir};
	const struct catalogue_set *set = catalogue_find(x->dataset.name);
	struct found found;
	struct err err = {0};

	return set && !search_find(&found, set, &search, arena, &err) && !found.folder;
}

/* The end of a plan's line: whether the run is in the store. Data that is not here is not fetched:
 * where only the files know which run it is, it cannot be told. */
static void print_state(struct session *s, const struct experiment *x)
{
	struct arena arena = {0};
	struct session_run run = {0};
	struct store_run *row = NULL;
	struct err err = {0};

	if (!s->store ||
		(!session_identify(s, &run, x, &err) &&
			!store_run_find(s->store, run.identity.run, &arena, &row, &err) && !row))
		printf("new%s\n", lacks_data(s, x, &arena) ? ", data missing" : "");
	else if (row)
		print_known(s, row);
	else
		printf("whether it is done depends on data that cannot be read here\n");
	session_run_release(&run);
	arena_release(&arena);
}

static int print_plan(struct job *job)
{
	struct session *s = &job->session;
	struct err err = {0};
	int failed = store_open(&s->store, session_store(s), STORE_READ, STORE_WAIT_MS, &err);

	if (failed && failed != STORE_MISSING)
		return command_failed(&err, EXIT_RUN_FAILED);
	for (int i = 0; i < job->n; i++) {
		const struct experiment *x = job->experiments[i];

		printf("%s: %s on %s, seed %lld, %d epoch%s: ", x->path, x->name, x->dataset.name,
			(long long)x->seed, x->train.epochs, x->train.epochs == 1 ? "" : "s");
		fflush(stdout); /* looking at the data may take a second */
		print_state(s, x);
	}
	return EXIT_DONE;
}

/* ---- training */

static void run_config(struct job *job, const struct experiment *x)
{
	struct err err = {0};
	int result = session_train(&job->session, x, &err);

	fflush(stdout);
	job->shown = !result;
	if (!result)
		return;
	tell(job, x, &err);
	job->session.unfinished = true;
	if (result == DATASET_MISSING) {
		job->missing = true;
		return;
	}
	job->failures++;
	job->wrong += err.place.line > 0;
}

static int exit_code(const struct job *job)
{
	const struct session *s = &job->session;

	if (signals_stop() && s->unfinished)
		return signals_stop() == SIGTERM ? EXIT_TERMINATED : EXIT_INTERRUPTED;
	if (job->failures && job->wrong == job->failures && !s->taken && !job->missing)
		return EXIT_USAGE; /* mistakes that only the data's files could show */
	if (job->failures || s->diverged)
		return EXIT_RUN_FAILED;
	if (job->missing)
		return EXIT_NO_DATA;
	return s->elsewhere ? EXIT_STOPPED : EXIT_DONE;
}

static int run_all(struct job *job)
{
	struct err err = {0};
	const int code = isa_check(&err) ? EXIT_USAGE : EXIT_RUN_FAILED;

	if (err.set || session_begin(&job->session, &err)) {
		tell(job, NULL, &err);
		return code;
	}
	signals_watch();
	for (int i = 0; i < job->n; i++) {
		if (signals_stop()) {
			job->session.unfinished = true;
			break;
		}
		if (job->shown)
			putchar('\n');
		run_config(job, job->experiments[i]);
	}
	return exit_code(job);
}

/* ---- the command */

static int flag_set_run(void *context, const struct flag *flag, const char *value)
{
	struct session_flags *flags = context;

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

static void job_release(struct job *job)
{
	session_end(&job->session);
	for (int i = 0; i < job->n; i++)
		experiment_free(job->experiments[i]);
	free(job->experiments);
	arguments_release(&job->arguments);
}

static int cmd_run(int argc, char **argv)
{
	struct job job = {.session.flags = {.threads = team_cores(), .level = PROGRESS_NORMAL}};
	struct session_flags *flags = &job.session.flags;
	struct diags diags = {0};
	struct err err = {0};
	int n = flags_parse(&run_command, argc, argv, flag_set_run, flags), code;

	if (n < 0)
		return n == FLAGS_HELP ? EXIT_DONE : EXIT_USAGE;
	if (arguments_split(&job.arguments, argv + 1, n - 1, &err)) {
		tell(&job, NULL, &err);
		arguments_release(&job.arguments);
		return EXIT_USAGE;
	}
	code = load_all(&job, &diags) ? EXIT_USAGE : EXIT_DONE;
	diags_print(&diags, stderr, term_look(stderr, flags->no_color).colour);
	diags_release(&diags);
	if (code == EXIT_DONE)
		code = flags->dry ? print_plan(&job) : run_all(&job);
	job_release(&job);
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
