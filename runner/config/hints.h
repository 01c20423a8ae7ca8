/*
 * hints -- what a person may have had in mind, where what stands there shows it: the end of an
 * error message, "; write a point for the comma", or "". All return `text`.
 */
#ifndef RUNNER_CONFIG_HINTS_H
#define RUNNER_CONFIG_HINTS_H

#include "runner/config/value.h"

enum { HINT = 256 };

/* Of a value, or a part of one, that its option does not take. */
const char *hint_value(const struct value *value, const struct node *node, char text[HINT]);

/* Of a key or a name of a kind that is none: `lr:0.1`, `lr = 0.1`, `in_channels` ... */
const char *hint_key(const struct config *config, const struct node *key, char text[HINT]);

/* Of what stands where a list is needed: `120,84`, `(5, 5)`, `hidden` for $hidden. */
const char *hint_list(const struct config *config, const struct node *node, char text[HINT]);

/* 5.000, which is 5 to some and 5000 to others. */
bool is_grouped(const char *text);

#endif
