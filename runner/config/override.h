/*
 * override -- KEY=VALUE from the command line, put into a config.
 *
 * KEY is the keys down to a value with dots between them, with numbers from 0 for elements of
 * lists: train.lr, params.pooling, network.1.conv2d.padding. A KEY that is no key of a config but a
 * knob's means the knob. VALUE is YAML as it stands in brackets. Overrides work like one more file
 * that extends the config: maps merge, everything else replaces; in a list only elements that are
 * there can be changed.
 */
#ifndef RUNNER_CONFIG_OVERRIDE_H
#define RUNNER_CONFIG_OVERRIDE_H

#include "runner/config/tree.h"

/* The config with the override, or NULL when it does not fit; why is then in config->diags. */
struct node *override_apply(struct config *config, struct node *root, const char *text);

#endif
