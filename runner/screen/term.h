/*
 * term -- what the terminal can do, and how wide texts are on it.
 *
 * Width is counted in columns: a Chinese character takes two, a combining mark none. Needs
 * setlocale(LC_CTYPE, "C.UTF-8"), which main does. A byte that is not UTF-8 counts one column, and
 * so does a control character (which should be shown as a space or such).
 */
#ifndef RUNNER_SCREEN_TERM_H
#define RUNNER_SCREEN_TERM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct term {
	bool live;    /* a terminal that can be drawn on in place */
	bool colour;  /* allowed: a terminal, no NO_COLOR, no --no-color, TERM is not dumb */
	bool unicode; /* block and Braille characters may be used */
};

/* Looks at `file` and at NO_COLOR, TERM, LC_ALL, LC_CTYPE and LANG. `no_color` is the flag. */
struct term term_look(FILE *file, bool no_color);

/* Columns and rows of the terminal behind `file` now; 80 and 24 when it does not say. */
void term_size(FILE *file, int *columns, int *rows);

/* Columns that a line on `file` may take: the terminal's, or 0 (no limit) where it is none. */
int term_columns(FILE *file);

/* Columns that `text` takes. */
int term_width(const char *text);

/* The bytes of the longest start of `text` that takes at most `columns`; *width gets its columns.
 */
size_t term_fit(const char *text, int columns, int *width);

/* The bytes of the first line of `text` when it is wrapped at words into lines of at most `columns`
 * (a word that is longer is broken); *next is where the second line begins. Line ends count as
 * blanks. 0 only for an empty text. */
size_t term_line(const char *text, int columns, size_t *next);

/* Prints `text` so wrapped, with a newline at its end; every line but the first begins with
 * `indent` blanks, and what already stands on the first one took as many. columns <= 0: all on one
 * line. */
void term_print(FILE *file, const char *text, int columns, int indent);

/* A line of prose on `file`, wrapped where that is a terminal. A newline is added. */
void term_say(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
void term_vsay(FILE *file, int indent, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

#endif
