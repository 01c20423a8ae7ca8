/*
 * override -- KEY=VALUE from the command line, put into a config.
 *
 * KEY is the keys down to a value with dots between them, with numbers from 0 for elements of
 * lists: train.lr, params.pooling, network.1.conv2d.padding. A KEY that is no key of a config but a
 * knob's means the knob. An element written `$pooling: {...}` goes by that or by the knob's value.
 * VALUE is YAML as it stands in brackets. Overrides work like one more file that extends the
 * config: maps merge, everything else replaces; in a list only elements that are there can be
 * changed.
 */
#ifndef RUNNER_CONFIG_OVERRIDE_H
#define RUNNER_CONFIG_OVERRIDE_H

#include "runner/config/tree.h"

struct overrides {
	const char *const *texts; /* as on the command line, in order */
	int n;

	/* NULL: each has to fit. Else an override whose key this config does not have is left out
	 * with a note; for the others fits[i] is set to true. */
	bool *fits;

	/* What was changed: a map from whole keys ("params.pooling") to the values as given. */
	struct node *applied;
};

/* The whole key that stands in every config and that `name` means, "train.epochs" for epochs and
 * for itself; false when there is none. */
enum { OVERRIDE_KEY = 96 };
bool override_whole_key(const char *name, char key[OVERRIDE_KEY]);

/* The config with the overrides, or NULL when one does not fit; why is then in config->diags. */
struct node *overrides_apply(struct config *config, struct node *root, struct overrides *overrides);

#endif
