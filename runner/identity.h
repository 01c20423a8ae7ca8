/*
 * identity -- which run this is: hashes over everything that decides its result.
 *
 * run_hash is the SHA-256 of the numerics version, the canonical JSON of the resolved config and
 * the SHA-256 of the data, a line each; variant_hash the same without the seed; prefix_hash the
 * same without train.epochs, empty where the learning rate depends on the total number of epochs.
 * What a run is called, where it was read from and on how many threads it runs are in none of them.
 */
#ifndef RUNNER_IDENTITY_H
#define RUNNER_IDENTITY_H

#include "layers/network/network.h"
#include "runner/config/experiment.h"

struct identity {
	char run[65], variant[65], prefix[65]; /* hex */
};

/* `start` is the weights hash of a start from a file (layers/network/init.h), or NULL. */
int identity_of(struct identity *identity, const struct experiment *experiment,
	const char *data_sha256, const char *start, struct err *err);

/* The hash of the weights that the experiment would start with under seed 0, where a file decides
 * about some of them; otherwise an empty text. The same for all seeds. */
int identity_start(char hex[65], const struct experiment *experiment, const struct network *network,
	const char *config_dir, struct err *err);

#endif
