/*
 * export -- the weights of a trained network for other programs, as safetensors under torch's
 * names.
 *
 * They are taken from the run's last checkpoint: the network is planned again from the resolved
 * config that the store has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers/network/safetensors.h"
#include "runner/build.h"
#include "runner/checkpoint.h"
#include "runner/commands.h"
#include "runner/output.h"
#include "runner/screen/term.h"

struct flags {
	const char *db, *out;
};

/* The experiment and the network of a run, from what the store has of it. */
static int rebuild(struct experiment **x, struct network **network, const struct store_run *run,
	struct err *err)
{
	struct diags diags = {0};
	struct shape shape;

	*network = NULL;
	if (experiment_parse(x, run->name, run->config, NULL, 0, &diags)) {
		diags_print(&diags, stderr, term_look(stderr, false).colour);
		diags_release(&diags);
		return err_set(err, "the config of run %lld cannot be read any more",
			(long long)run->run_id);
	}
	diags_release(&diags);
	if (!run->image_shape || shape_parse(&shape, run->image_shape))
		return err_set(err, "the store does not say what images run %lld took",
			(long long)run->run_id);
	return network_build(network, *x, shape, 0, err);
}

static int export_weights(const struct store_run *run, const struct experiment *x,
	const struct network *network, struct store *store, const char *path, struct err *err)
{
	struct checkpoint head;
	struct state state;
	uint8_t *bytes = NULL;
	size_t size;
	bool found;
	int failed = -1;

	if (state_new(&state, network, &x->train.optimizer, err))
		return -1;
	if (checkpoint_read(&head, &state, store, run->run_id, "last", &found, err))
		goto out;
	if (!found) {
		err_set(err, "run %lld has no weights that this version can read",
			(long long)run->run_id);
		goto out;
	}
	if (safetensors_encode(&bytes, &size, network, state.trained, state.buffers, err) ||
		output_write(path, bytes, size, err))
		goto out;
	printf("%s: %zu parameters of run %lld (%s), after epoch %d\n", path, network->parameters,
		(long long)run->run_id, run->name, head.epoch);
	failed = 0;
out:
	free(bytes);
	state_release(&state);
	return failed;
}

/* The exit code. */
static int export_run(const char *which, const struct flags *flags, struct err *err)
{
	const char *db = flags->db ? flags->db : store_default_path();
	struct arena arena = {0};
	struct store *store;
	struct store_run *run;
	struct experiment *x = NULL;
	struct network *network = NULL;
	char path[4096];
	int code = EXIT_USAGE, failed = store_open(&store, db, STORE_READ, STORE_WAIT_MS, err);

	if (failed)
		return failed == STORE_MISSING ? EXIT_USAGE : EXIT_RUN_FAILED;
	if (store_run_get(store, which, &arena, &run, err))
		goto out;
	snprintf(path, sizeof path, "%s.safetensors", run->name);
	failed = rebuild(&x, &network, run, err) ||
		 export_weights(run, x, network, store, flags->out ? flags->out : path, err);
	code = failed ? EXIT_RUN_FAILED : EXIT_DONE;
out:
	network_free(network);
	experiment_free(x);
	arena_release(&arena);
	store_close(store);
	return code;
}

static int flag_set_export(void *context, const struct flag *flag, const char *value)
{
	struct flags *flags = context;

	if (flag->letter == 'o')
		flags->out = value;
	else
		flags->db = value;
	return 0;
}

static int cmd_export(int argc, char **argv)
{
	struct flags flags = {0};
	struct err err = {0};
	int n = flags_parse(&export_command, argc, argv, flag_set_export, &flags), code;

	if (n < 0)
		return n == FLAGS_HELP ? EXIT_DONE : EXIT_USAGE;
	if (n != 2) {
		command_error(
			"`runner export` takes one run: its number or name; `runner ls` lists "
			"them");
		return EXIT_USAGE;
	}
	code = export_run(argv[1], &flags, &err);
	return code == EXIT_DONE ? code : command_failed(&err, code);
}

static const struct flag export_flags[] = {
	{"output", 'o', "FILE", "where to (default: NAME.safetensors)"},
	{"db", 0, "FILE", "the store (default: $RUNNER_DB, else runner.db)"},
	{0},
};

const struct command export_command = {
	.name = "export",
	.synopsis = "RUN [FLAGS]",
	.help = "write the weights of a run as safetensors",
	.run = cmd_export,
	.flags = export_flags,
};
