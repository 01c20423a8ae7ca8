/*
 * arguments -- what stands on the command line beside flags: configs, folders of them, overrides.
 */
#ifndef RUNNER_ARGUMENTS_H
#define RUNNER_ARGUMENTS_H

#include "runner/config/diag.h"
#include "runner/config/experiment.h"
#include "runner/config/files.h"

struct arguments {
	struct files files; /* in the order given, folders replaced by what they hold */
	int n_overrides;
	const char **overrides; /* KEY=VALUE; borrowed from argv */
	bool *fits;             /* of each override: a config that was loaded has its key */
	struct arena arena;
};

/* KEY=VALUE with a key of letters, digits, '_', '-' and '.', and no file of that name. */
bool argument_is_override(const char *text);

/* Fails on a path that is not there (naming the nearest file) and on a folder without configs. */
int arguments_split(struct arguments *arguments, char **argv, int n, struct err *err);

/* Loads config `i` with the overrides. Of several configs each takes those that it has a key for;
 * once all have been loaded, arguments_check_fit adds errors for overrides that fitted none. */
int arguments_load(
	struct arguments *arguments, int i, struct experiment **out, struct diags *diags);
int arguments_check_fit(const struct arguments *arguments, struct diags *diags);

void arguments_release(struct arguments *arguments);

#endif
