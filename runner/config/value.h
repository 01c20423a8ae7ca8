/*
 * value -- one value of a config on its way into its struct; what fill.c and kinds.c are made of.
 */
#ifndef RUNNER_CONFIG_VALUE_H
#define RUNNER_CONFIG_VALUE_H

#include "runner/config/fill.h"

struct value {
	struct config *config;
	const struct option *option;
	const struct owner *owner;
	const struct family *family; /* of the option's specs */
	struct node *node;           /* what was given for the option */
};

/* Writes the value of an option that holds neither kinds nor a group to `at`, or tells what is
 * wrong with it. */
void value_fill(const struct value *value, void *at);

/* "'padding' of conv2d expects ..., found ..." about `node`, the value or a part of it. Nothing is
 * said about NODE_BAD. */
void value_tell_wrong(const struct value *value, const struct node *node);

/* A note to the last error: where a knob brought the value in, if one did. */
void value_note_used(const struct value *value, const struct node *node);

/* The tree of an option's default, which has one; its nodes have no place. */
struct node *value_default(struct config *config, const struct option *option);

/* Memory for `n` pieces, of the config; NULL, with config->stop, when there is none. */
void *value_take(struct config *config, int n, size_t size);

#endif
