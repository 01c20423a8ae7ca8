/* identity -- see identity.h. */
#include "runner/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers/core/sha256.h"
#include "layers/network/init.h"
#include "layers/network/numerics.h"
#include "layers/network/safetensors.h"
#include "layers/network/schedule.h"
#include "layers/network/state.h"
#include "runner/config/canonical.h"

static int identity_hash(
	char hex[65], json_t *config, const char *data, const char *start, struct err *err)
{
	char *text = canonical_text(config);
	char version[48];
	struct sha256 sha256;
	int result;

	if (!text)
		return err_memory(err, 0, "the canonical config");
	if (sha256_start(&sha256, err)) {
		free(text);
		return -1;
	}
	snprintf(version, sizeof version, "runner numerics %d\n", NUMERICS_VERSION);
	sha256_add(&sha256, version, strlen(version));
	sha256_add(&sha256, text, strlen(text));
	sha256_add(&sha256, "\n", 1);
	sha256_add(&sha256, data, strlen(data));
	if (start && *start) {
		sha256_add(&sha256, "\nstart ", 7);
		sha256_add(&sha256, start, strlen(start));
	}
	result = sha256_finish(&sha256, hex, err);
	free(text);
	return result;
}

int identity_of(struct identity *identity, const struct experiment *experiment,
	const char *data_sha256, const char *start, struct err *err)
{
	const struct schedule_kind *schedule =
		(const struct schedule_kind *)experiment->train.lr_schedule.kind;
	json_t *config = json_deep_copy(experiment->canonical), *train;
	int result = -1;

	*identity = (struct identity){0};
	if (!config)
		return err_memory(err, 0, "the canonical config");
	train = json_object_get(config, "train");
	if (identity_hash(identity->run, config, data_sha256, start, err))
		goto out;
	if (!schedule || !schedule->needs_total) {
		json_t *epochs = json_incref(json_object_get(train, "epochs"));

		json_object_del(train, "epochs");
		result = identity_hash(identity->prefix, config, data_sha256, start, err);
		if (epochs)
			json_object_set(train, "epochs", epochs);
		json_decref(epochs);
		if (result)
			goto out;
	}
	json_object_del(config, "seed");
	result = identity_hash(identity->variant, config, data_sha256, start, err);
out:
	json_decref(config);
	return result;
}

int identity_start(char hex[65], const struct experiment *x, const struct network *network,
	const char *config_dir, struct err *err)
{
	struct state state;
	int failed;

	hex[0] = 0;
	if (!init_from_file(network, &x->init))
		return 0;
	if (state_new(&state, network, NULL, err))
		return -1;
	/* Seed 0: what is drawn beside the file must not set the seeds of one variant apart. */
	failed =
		init_network(network, &x->init, 0, config_dir, state.trained, state.buffers, err) ||
		safetensors_hash(hex, network, state.trained, state.buffers, err);
	state_release(&state);
	return failed ? -1 : 0;
}
