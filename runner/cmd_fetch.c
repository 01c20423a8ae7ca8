/*
 * fetch -- makes the files of published data sets be on this machine, and checks them.
 *
 * For each name: looked for where `run` looks, downloaded if absent, then read from front to end,
 * so that a line on stdout means: these files are here and right.
 */
#include <stdio.h>
#include <string.h>

#include "datasets/dataset.h"
#include "runner/commands.h"
#include "layers/core/suggest.h"

/* Only names that can be fetched: 0. */
static int check_name(const char *name)
{
	struct suggestion meant = {.wrong = name};
	struct err err = {0};
	char text[SUGGESTION_TEXT];
	bool known = false;

	for (int i = 0; dataset_names[i]; i++) {
		known = known || !strcmp(dataset_names[i], name);
		suggestion_try(&meant, dataset_names[i]);
	}
	if (known && strcmp(name, "idx") && strcmp(name, "folder"))
		return 0;
	if (known)
		err_set(&err,
			"%s stands for your own files: there is nothing to download; a config "
			"names "
			"their paths",
			name);
	else
		err_set(&err, "there is no data set '%s'%s (there are mnist and fashion-mnist)",
			name, suggestion_text(&meant, text));
	return command_failed(&err, -1);
}

static int fetch(const char *name, const struct dataset_search *search)
{
	const struct dataset_spec spec = {.name = name};
	struct dataset *dataset;
	struct err err = {0};
	int rc = dataset_fetch(name, search, &err);

	if (!rc)
		rc = dataset_open(&dataset, &spec, search, &err);
	if (rc)
		return command_failed(&err, rc == DATASET_MISSING ? EXIT_NO_DATA : EXIT_RUN_FAILED);
	printf("%s: %s; %d training and %d test images in %d classes\n", name, dataset->source,
		dataset->train.n, dataset->test.n, dataset->n_classes);
	dataset_close(dataset);
	return EXIT_DONE;
}

static const struct flag fetch_flags[] = {
	{"data-dir", 0, "DIR", "look here first, and put downloads here"},
	{"quiet", 'q', NULL, "no progress"},
	{0},
};

static int set_flag(void *context, const struct flag *flag, const char *value)
{
	struct dataset_search *search = context;

	if (flag->letter == 'q')
		search->quiet = true;
	else
		search->data_dir = value;
	return 0;
}

static int run(int argc, char **argv)
{
	struct dataset_search search = {0};
	int n = flags_parse(&fetch_command, argc, argv, set_flag, &search);
	int exit_code = EXIT_DONE;

	if (n < 0)
		return n == FLAGS_HELP ? EXIT_DONE : EXIT_USAGE;
	if (n < 2) {
		command_error("fetch needs the name of a data set: mnist or fashion-mnist");
		return EXIT_USAGE;
	}
	for (int i = 1; i < n; i++)
		if (check_name(argv[i]))
			return EXIT_USAGE;
	for (int i = 1; i < n && exit_code == EXIT_DONE; i++)
		exit_code = fetch(argv[i], &search);
	return exit_code;
}

const struct command fetch_command = {
	.name = "fetch",
	.synopsis = "DATASET ... [--data-dir DIR]",
	.help = "get published data sets, checked by SHA-256",
	.run = run,
	.flags = fetch_flags,
	.notes = "DATASET is mnist or fashion-mnist. What is here already is only checked.\n"
		 "RUNNER_MIRROR names an address that is tried first; it holds mnist/ and\n"
		 "fashion-mnist/ with their .gz files. Exit code 69: neither here nor reachable.\n",
};
