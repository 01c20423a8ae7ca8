/* build -- see build.h. */
#include "runner/build.h"

#include <stdio.h>
#include <string.h>

#include "layers/loss.h"
#include "layers/network/init.h"

/* The network's last layer, for messages about its output. */
static struct place last_place(const struct experiment *experiment)
{
	const struct specs *layers = &experiment->network;

	return layers->n ? layers->at[layers->n - 1].place : experiment->network_place;
}

static int check_output(const struct experiment *experiment, const struct network *network,
	int n_classes, struct err *err)
{
	struct shape out = network->output;
	char text[SHAPE_TEXT];

	if (!experiment->train.given || !n_classes)
		return 0;
	if (out.rank != 1)
		return err_at(err, last_place(experiment),
			"the network ends in an image of %s, but %s needs one number for each of "
			"the "
			"%d classes of %s; put `flatten` and `linear: {out_features: %d}` at its "
			"end",
			shape_text(text, out), experiment->loss.kind->name, n_classes,
			experiment->dataset.name, n_classes);
	if (out.c != n_classes)
		return err_at(err, last_place(experiment),
			"the network ends in %d numbers, but %s has %d classes", out.c,
			experiment->dataset.name, n_classes);
	return 0;
}

int network_build(struct network **out, const struct experiment *experiment, struct shape input,
	int n_classes, struct err *err)
{
	struct network_request request = {.layers = &experiment->network,
		.input = input,
		.unfused = experiment->train.log_norms};

	if (network_plan(out, &request, err))
		return -1;
	if (check_output(experiment, *out, n_classes, err)) {
		network_free(*out);
		*out = NULL;
		return -1;
	}
	return 0;
}

int network_input(const struct experiment *x, const char *text, struct shape *shape, int *n_classes,
	struct err *err)
{
	if (!text) {
		if (!dataset_known(x->dataset.name, shape, n_classes))
			return 0;
		return err_at(err, x->dataset_place,
			"the size of the images of '%s' is in its files; say --input CxHxW",
			x->dataset.name);
	}
	*n_classes = 0;
	if (shape_parse(shape, text))
		return err_set(err,
			"--input takes channels x height x width, as in 1x28x28, not '%s'", text);
	return 0;
}

char *experiment_folder(const struct experiment *x, char folder[EXPERIMENT_FOLDER])
{
	const char *slash = strrchr(x->path, '/');

	if (slash)
		snprintf(folder, EXPERIMENT_FOLDER, "%.*s",
			slash == x->path ? 1 : (int)(slash - x->path), x->path);
	else
		snprintf(folder, EXPERIMENT_FOLDER, ".");
	return folder;
}

/* A person's own files: all that are missing, each at its place. */
static int check_files(const struct experiment *x, struct diags *diags)
{
	char folder[EXPERIMENT_FOLDER];
	const struct dataset_search search = {
		.config_dir = experiment_folder(x, folder), .places = x->dataset_places};
	int bad = 0;

	for (int i = 0; i < DATASET_PATHS; i++) {
		struct err err = {0};

		if (!dataset_look(&x->dataset, &search, i, &err))
			continue;
		diags_add_err(diags, DIAG_ERROR, x->sources, &err);
		bad = -1;
	}
	return bad;
}

int network_check(const struct experiment *experiment, struct diags *diags)
{
	struct network *network;
	struct err err = {0};
	struct shape input;
	char folder[EXPERIMENT_FOLDER];
	int n_classes, bad;

	if (check_files(experiment, diags))
		return -1;
	if (dataset_known(experiment->dataset.name, &input, &n_classes))
		return 0;
	bad = network_build(&network, experiment, input, n_classes, &err) ||
	      init_check(network, &experiment->init, experiment_folder(experiment, folder), &err);
	if (bad)
		diags_add_err(diags, DIAG_ERROR, experiment->sources, &err);
	network_free(network);
	return bad ? -1 : 0;
}
