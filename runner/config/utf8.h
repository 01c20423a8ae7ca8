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

/* The first full-width punctuation mark for which YAML has a sign of its own, as in `lr：0.1`, and
 * that sign; NULL when there is none. */
const char *utf8_full_width(const char *text, size_t length, char *sign);

/* `text` fit for a message: at most some 40 characters, line ends as spaces. Returns `out`. */
enum { UTF8_BRIEF = 192 };
char *utf8_brief(const char *text, char out[UTF8_BRIEF]);

#endif
