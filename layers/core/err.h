/*
 * err -- what went wrong, in words, and where in the user's files.
 *
 * Functions that can fail take a `struct err *` last and return 0 or -1 (or a pointer or NULL). The
 * caller starts with `struct err err = {0}`; a function touches it only when it fails, and the
 * first failure stays: a second err_set on the same struct is ignored, so that clean-up code
 * cannot hide the cause. A NULL err is allowed and says "do not tell me".
 *
 * The text is a sentence without a capital at its start and without a full stop: "kernel 5x5 is
 * larger than the padded input 4x4". A place is where the user would change something. Notes are
 * further places with a word each ("this layer made the shape"), in the order they should be read.
 */
#ifndef LAYERS_CORE_ERR_H
#define LAYERS_CORE_ERR_H

#include <stdbool.h>

/* A stretch of one line in one of the user's files. Lines and columns count from 1, in characters
 * (not bytes); line 0 means that there is no place. `file` numbers the files of one config
 * (runner/config/source.h); code below runner/ only carries places, it never reads them. */
struct place {
	int file;
	int line;
	int column;
	int length;
};

enum { ERR_TEXT = 1024, ERR_NOTE = 256, ERR_NOTES = 8 };

struct err_note {
	struct place place;
	char text[ERR_NOTE];
};

struct err {
	bool set;
	struct place place;
	char text[ERR_TEXT];
	int n_notes;
	struct err_note notes[ERR_NOTES];
};

/* Both return -1, so that a function can end in `return err_set(err, ...)`. */
int err_set(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
int err_at(struct err *err, struct place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As err_set, with ": " and the words of errno value `code` at the end. */
int err_errno(struct err *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "out of memory (N bytes for WHAT)". */
int err_memory(struct err *err, unsigned long bytes, const char *what);

/* Adds a note to an error that is set; beyond ERR_NOTES they are dropped. */
void err_note(struct err *err, struct place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
