/*
 * suggest -- the name that a person most likely meant.
 *
 *     struct suggestion meant = {.wrong = "kernal_size"};
 *     suggestion_try(&meant, "kernel_size");       for each name that would be right
 *     meant.best is now the nearest one, or NULL when none is near
 *
 * Near means: few slips of the finger (Damerau-Levenshtein: a letter more, less, changed, or two
 * swapped; at most one in three letters), or the same but for case and for `-`, `_` and digits
 * (`avg-pool` for avg_pool2d), or what other frameworks call it (`dense` for linear).
 */
#ifndef LAYERS_CORE_SUGGEST_H
#define LAYERS_CORE_SUGGEST_H

#include "layers/core/option.h"

struct suggestion {
	const char *wrong;
	const char *best; /* borrowed from the names tried */
	int distance;     /* of best */
};

void suggestion_try(struct suggestion *suggestion, const char *name);

/* All names of an option table (NULL: none), and all kinds of a family. */
void suggestion_try_options(struct suggestion *suggestion, const struct option *options);
void suggestion_try_kinds(struct suggestion *suggestion, const struct family *family);

/* True when two names differ in case, `-`, `_` and digits alone; "nn." before them does not count.
 */
bool suggestion_same(const char *a, const char *b);

/* "; did you mean 'kernel_size'?" or "". */
enum { SUGGESTION_TEXT = 128 };
char *suggestion_text(const struct suggestion *suggestion, char text[SUGGESTION_TEXT]);

/* The number of slips between two texts; `limit` + 1 when there are more, or when one is very long.
 */
int edit_distance(const char *a, const char *b, int limit);

#endif
