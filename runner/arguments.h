/*
 * arguments -- what stands on the command line beside flags: configs, folders of them, overrides.
 */
#ifndef RUNNER_ARGUMENTS_H
#define RUNNER_ARGUMENTS_H

#include "runner/config/files.h"

struct arguments {
	struct files files; /* in the order given, folders replaced by what they hold */
	int n_overrides;
	const char **overrides; /* KEY=VALUE; borrowed from argv */
	struct arena arena;
};

/* KEY=VALUE with a key of letters, digits, '_', '-' and '.', and no file of that name. */
bool argument_is_override(const char *text);

/* Fails on a path that is not there (naming the nearest file) and on a folder without configs. */
int arguments_split(struct arguments *arguments, char **argv, int n, struct err *err);
void arguments_release(struct arguments *arguments);

#endif
