/*
 * canonical -- a config as JSON in which equal configs are equal texts.
 *
 * Made from the filled structs, not from the text: what is at its default is left out, short and
 * long forms are the same, sizes are numbers where they are square, and knobs, comments and the
 * order of keys are gone. A kind without options is its name, one with options {NAME: {...}}.
 */
#ifndef RUNNER_CONFIG_CANONICAL_H
#define RUNNER_CONFIG_CANONICAL_H

#include <jansson.h>

#include "runner/config/experiment.h"
#include "runner/config/tree.h"

/* What decides the result of a run: without name, texts, claims, expect, sweep and the paths of
 * data, whose content has a hash of its own. A new reference; NULL without memory. */
json_t *canonical_config(struct config *config, const struct experiment *experiment);

/* A tree as it stands, typed by YAML's core rules. A new reference; NULL without memory. */
json_t *canonical_tree(const struct node *node);

/* JSON with sorted keys, without spaces, each number in as few digits as give it back. The caller
 * frees it; NULL without memory. */
char *canonical_text(json_t *json);

#endif
