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

/* KEY=VALUE with a key of letters, digits, '_', '-', '.' and '$', and no file of that name. */
bool argument_is_override(const char *text);

/* Why argument `i` of `n`, which is neither an override nor a file, may be there: an override that
 * the shell has cut at blanks, one without its '=', a file with nearly that name. "; put ... in
 * quotes" or "". Returns `text`. */
enum { ARGUMENT_HINT = 640 };
char *argument_hint(char **argv, int n, int i, char text[ARGUMENT_HINT]);

/* Fails on a path that is not there (naming the nearest file) and on a folder without configs. */
int arguments_split(struct arguments *arguments, char **argv, int n, struct err *err);

/* Of several configs each takes the overrides that it has a key for. Those that fit none are
 * errors, told by the first config: -1. To be called before anything is shown or said of a config.
 * Costs reading configs until each override has found one, most often a single one. */
int arguments_check_fit(struct arguments *arguments, struct diags *diags);

/* Loads config `i` with the overrides that fit it. */
int arguments_load(
	struct arguments *arguments, int i, struct experiment **out, struct diags *diags);

void arguments_release(struct arguments *arguments);

#endif
