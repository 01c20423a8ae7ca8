/*
 * look -- what the commands that look at results share: their flags, and opening the store to read.
 */
#ifndef RUNNER_LOOK_H
#define RUNNER_LOOK_H

#include <stdbool.h>

#include "layers/core/err.h"
#include "runner/command.h"
#include "runner/screen/table.h"
#include "runner/store/store.h"

/* Rows of a command's flag table, which look_parse understands. */
#define LOOK_FLAGS                                                            \
	{"db", 0, "FILE", "the store (default: $RUNNER_DB, else runner.db)"}, \
		{"json", 0, NULL, "as JSON, numbers in full"},                \
		{"csv", 0, NULL, "as CSV, numbers in full"},                  \
	{                                                                     \
		"md", 0, NULL, "as a Markdown table"                          \
	}

struct look {
	const struct command *command;
	const char *db;
	enum table_format format;
	bool all;        /* --all, in commands that have it */
	const char *arg; /* the one argument that is no flag, borrowed; NULL: none */
};

/* Reads the flags and at most one argument. False when there is nothing more to do, with the exit
 * code in *code: --help has been printed, or the user's mistake told. */
bool look_parse(struct look *look, const struct command *command, int argc, char **argv, int *code);

/* Opens the store; NULL, with the trouble told and *code set, when it cannot. */
struct store *look_open(const struct look *look, int *code);

/* Takes a flag of a format (json, csv, md) into *format; of two different ones the second is
 * refused, with an error told. */
int look_format(const char *name, enum table_format *format);

#endif
