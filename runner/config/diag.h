/*
 * diag -- errors, warnings and notes about a config, collected and shown as a good compiler does:
 *
 *     configs/x.yaml:14:17: error: unknown option 'kernal_size' of conv2d; did you mean
 * 'kernel_size'? 14 |       - conv2d: {kernal_size: 5} |                  ^~~~~~~~~~~
 *     configs/y.yaml:2:10: note: extended from here
 *         2 | extends: x.yaml
 *           |          ^~~~~~
 *
 * A diag keeps copies of all it shows, so that the sources may go before it does, and diags of many
 * configs may be collected together. Running out of memory never fails a call: the list is then
 * marked incomplete, counts as having an error, and says so when printed. {0} is an empty list.
 */
#ifndef RUNNER_CONFIG_DIAG_H
#define RUNNER_CONFIG_DIAG_H

#include <stdbool.h>
#include <stdio.h>

#include "layers/core/arena.h"
#include "layers/core/err.h"
#include "runner/config/source.h"

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

enum { DIAGS_MAX = 200 }; /* more are counted, not kept */

struct diag {
	enum diag_level level;
	struct place place; /* orders them */
	int group;          /* diags of one config stay together, in the order of configs */
	int order;          /* among those at the same place */
	const char *where;  /* "file:line:column"; "" without a place */
	const char *text;
	const char *excerpt; /* two lines with their ends; NULL without a place */
	bool is_chain;       /* of a note: by which files the place came in; they come last */
	struct diag *notes;  /* the first one, in the order they are to be read */
	struct diag *next;   /* of a note */
};

struct diags {
	struct arena arena;
	int n;
	struct diag **at;   /* DIAGS_MAX, once there is one */
	const char *config; /* name of the main source of those of `group` */
	int group;
	struct diag *last; /* gets the next note; NULL: notes are dropped */
	int n_errors, n_warnings;
	int n_told;      /* errors, those that were told already included */
	bool incomplete; /* memory ran out */
};

/* Adds one, unless the same text is there already at the same place. Where the place lies in a file
 * that another extends, a note says so. Line 0: no place. `sources` may be NULL then. */
void diags_add(struct diags *diags, enum diag_level level, const struct sources *sources,
	struct place place, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* A note to the diag that was added last (dropped when that one was a duplicate). */
void diags_note(struct diags *diags, const struct sources *sources, struct place place,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Adds what `err` says, with its notes, as an error or a warning, and empties `err`. */
void diags_add_err(
	struct diags *diags, enum diag_level level, const struct sources *sources, struct err *err);

/* True when something failed. */
bool diags_failed(const struct diags *diags);

/* Prints all in the order of their places. */
void diags_print(struct diags *diags, FILE *file, bool colour);

/* "2 errors, 1 warning", or "" when there is neither. */
enum { DIAGS_SUMMARY = 64 };
char *diags_summary(const struct diags *diags, char text[DIAGS_SUMMARY]);

void diags_release(struct diags *diags);

#endif
