/*
 * utf8 -- characters of texts that people wrote.
 */
#ifndef RUNNER_CONFIG_UTF8_H
#define RUNNER_CONFIG_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of the character at `text`, of which `left` may be read (at least 1), and its code; 0
 * when they are not UTF-8. */
size_t utf8_next(const char *text, size_t left, uint32_t *code);

/* What YAML lets stand in a file as it is. */
bool utf8_is_printable(uint32_t code);

/* True for valid UTF-8 of printable characters alone. */
bool utf8_is_text(const char *text, size_t length);

/* A character that looks like one of ASCII, or like none at all, but means something else to YAML:
 * the full-width forms, as in `lr：0.1`; dashes, the minus sign; curly quotes; blanks. */
struct lookalike {
	const char *at;
	size_t size; /* bytes */
	uint32_t code;
	char sign;        /* what is meant; 0: nothing */
	const char *name; /* "a minus sign"; NULL: a full-width form */
};

/* The first one of the text; false when there is none. */
bool utf8_lookalike(const char *text, size_t length, struct lookalike *found);

/* "full-width, YAML needs ':'", "U+3000, an ideographic space: write an ordinary one": what it is,
 * and what to do. Returns `text`. */
enum { UTF8_ADVICE = 96 };
char *utf8_lookalike_advice(const struct lookalike *lookalike, char text[UTF8_ADVICE]);

/* `text` fit for a message: at most some 40 characters, line ends as spaces. Returns `out`. */
enum { UTF8_BRIEF = 192 };
char *utf8_brief(const char *text, char out[UTF8_BRIEF]);

#endif
