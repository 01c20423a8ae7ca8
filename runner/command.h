/*
 * command -- what `runner COMMAND` finds: one file cmd_*.c a command, each ending in its struct.
 */
#ifndef RUNNER_COMMAND_H
#define RUNNER_COMMAND_H

#include "layers/core/err.h"

/* A flag of the command line. Tables end in {0}; from them come parsing, --help and completion. */
struct flag {
	const char *name;  /* "data-dir": written --data-dir */
	char letter;       /* 'j': also -j; 0: none */
	const char *value; /* "DIR", or "a|b": it takes a value; NULL: none */
	const char *help;  /* short, lowercase, without a full stop */
};

struct command {
	const char *name;
	const char *synopsis; /* what follows the name: "FILE ... [KEY=VALUE ...]" */
	const char *help;     /* one line */

	/* Does it; argv[0] is the command's name. Returns the exit code. */
	int (*run)(int argc, char **argv);

	const struct flag *flags; /* NULL: none */
	const char *notes;        /* further lines of --help, or NULL */
};

/* Exit codes of all commands. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_RUN_FAILED = 1,    /* a run failed or diverged, or something could not be done */
	EXIT_USAGE = 2,         /* usage or config error; nothing was run */
	EXIT_UNMET = 3,         /* an expectation or claim did not hold */
	EXIT_NO_DATA = 69,      /* a data set is neither here nor reachable */
	EXIT_STOPPED = 75,      /* stopped at a checkpoint, safe to go on */
	EXIT_INTERRUPTED = 130, /* SIGINT, after a clean checkpoint */
	EXIT_TERMINATED = 143   /* SIGTERM, likewise */
};

/*
 * Parses the flags of a command, which may stand anywhere; "--" ends them. Calls set(context, flag,
 * value) for each, in order; set returns -1 when the value will not do, after saying why on stderr.
 * Afterwards the other arguments stand in argv[1] .. argv[result - 1]. FLAGS_HELP: --help was
 * printed, nothing more is to be done; FLAGS_BAD: what is wrong has been said.
 */
enum { FLAGS_HELP = -1, FLAGS_BAD = -2 };
typedef int flag_set(void *context, const struct flag *flag, const char *value);
int flags_parse(const struct command *command, int argc, char **argv, flag_set *set, void *context);

/* The value of -j: a number of cores, at least 1; else -1, and the error has been told. */
int flag_threads(const char *text, int *threads);

/* "error: TEXT" on stderr, as diagnostics are shown: every command's way to say what is wrong. */
void command_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for what `err` says, with its notes; empties it and returns `code`. */
int command_failed(struct err *err, int code);

/* Says what is wrong with the flag `text`, and where flags are listed. */
enum flag_trouble { FLAG_UNKNOWN, FLAG_WITHOUT_VALUE, FLAG_WITH_VALUE };
void command_flag_wrong(const struct command *command, const char *text, enum flag_trouble trouble);

/* --help of a command, on stdout. */
void command_help(const struct command *command);

/* All commands, ending in NULL (main.c). */
extern const struct command *const commands[];

#endif
