/*
 * source -- the texts that a config was read from, kept for messages.
 *
 * A config is the file that was named, the files it extends, and the overrides on the command line;
 * each is one source, numbered from 0 in the order they were met, and a struct place says which. A
 * source is valid UTF-8 without control characters and without a NUL; what is not is refused with
 * its place. A byte order mark is skipped. Lines end where YAML says: at LF, CR LF, CR, NEL, LS,
 * PS. Nothing here is ever removed; sources_release gives all of it back.
 */
#ifndef RUNNER_CONFIG_SOURCE_H
#define RUNNER_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "layers/core/arena.h"
#include "layers/core/err.h"

enum { SOURCE_MAX_BYTES = 16 << 20, SOURCES_MAX = 256 };

struct source {
	const char *name;         /* as messages show it: a path, or "command line" */
	const char *path;         /* to open, and to find neighbours by; NULL: not a file */
	const char *text;         /* without a byte order mark; ends in 0 */
	size_t size;              /* bytes of it */
	const size_t *starts;     /* byte offset of each line */
	int n_lines;              /* at least 1 */
	bool argument;            /* an override: messages show no line and column */
	struct place extended_at; /* where a file says that it extends this one; line 0: nowhere */
	dev_t device;             /* of the file */
	ino_t inode;
};

struct sources {
	struct arena arena;
	int n;
	struct source *at[SOURCES_MAX];
};

/* The number of the new source, or -1: it cannot be read, is too large, or is not text. An error in
 * the text has its place and the source stays, so that it can be shown. `name` NULL: the path,
 * tidied up. A file that is a source already is not read again. */
int sources_add_file(
	struct sources *sources, const char *path, struct place extended_at, struct err *err);
int sources_add_text(
	struct sources *sources, const char *name, const char *text, size_t size, struct err *err);

/* "KEY=VALUE" from the command line. */
int sources_add_argument(struct sources *sources, const char *text, struct err *err);

void sources_release(struct sources *sources);

/* The source of a place; NULL when it has none. */
const struct source *sources_find(const struct sources *sources, struct place place);

/* The bytes of line `line` (from 1), its end left out; "" when there is no such line. */
const char *source_line(const struct source *source, int line, size_t *length);

/* What a message shows under its text, two lines in `arena` (NULL: no memory):
 *     "   14 |       - conv2d: {kernal_size: 5}\n"
 *     "      |                  ^~~~~~~~~~~\n"
 * Tabs are widened to multiples of 8, wide characters underlined over their whole width, and only
 * the surroundings of the place shown when the line is long. */
char *source_excerpt(const struct source *source, struct place place, struct arena *arena);

/* The path of `to` as a file at `from` means it: `to` itself when absolute, else beside `from`. */
char *path_beside(struct arena *arena, const char *from, const char *to, struct err *err);

/* "a/b/../c.yaml" as "a/c.yaml": for people; links are not looked at. */
char *path_tidy(struct arena *arena, const char *path, struct err *err);

#endif
