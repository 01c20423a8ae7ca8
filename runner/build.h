/*
 * build -- from a config to a network that fits its data.
 */
#ifndef RUNNER_BUILD_H
#define RUNNER_BUILD_H

#include "layers/network/network.h"
#include "runner/config/diag.h"
#include "runner/config/experiment.h"

/* Plans the experiment's network for images of `input` and checks that its output fits the loss and
 * `n_classes` (0: targets). -1 with an err at the layer that does not fit. */
int network_build(struct network **out, const struct experiment *experiment, struct shape input,
	int n_classes, struct err *err);

/* The shape of the images, and the number of classes (0: not known): the data set's, where its name
 * tells them, or what `text` says, "CxHxW" (NULL: nothing). -1 where neither does. */
int network_input(const struct experiment *experiment, const char *text, struct shape *shape,
	int *n_classes, struct err *err);

/* The folder of the config's file, from which relative paths in it are meant; returns `folder`. */
enum { EXPERIMENT_FOLDER = 4096 };
char *experiment_folder(const struct experiment *experiment, char folder[EXPERIMENT_FOLDER]);

/* What can be said without reading the data's files: whether a person's own are there, and, where
 * the data set's shape is known by its name, whether the network can be planned. Adds what is wrong
 * to `diags` and returns -1 then. */
int network_check(const struct experiment *experiment, struct diags *diags);

#endif
