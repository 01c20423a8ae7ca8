/*
 * experiment -- a config, read, resolved and checked: what `run` trains and `describe` shows.
 *
 * experiment_load does everything of DESIGN 6 that needs no data: it reads the file and what it
 * extends, applies overrides, puts the knobs in, expands `each`, types the scalars and fills the
 * structs below from their option tables. All errors of a config are reported at once, through
 * `diags` (diag.h). What it returns is immutable and lives in the experiment's arena.
 */
#ifndef RUNNER_CONFIG_EXPERIMENT_H
#define RUNNER_CONFIG_EXPERIMENT_H

#include <jansson.h>

#include "datasets/dataset.h"
#include "layers/core/arena.h"
#include "layers/core/option.h"
#include "layers/families.h"

struct diags;   /* runner/config/diag.h */
struct sources; /* runner/config/source.h */

struct early_stopping {
	bool given;
	int metric;       /* enum stop_metric, in the order of the choices below */
	int patience;     /* epochs without improvement */
	double min_delta; /* what counts as one */
};

enum stop_metric { STOP_VAL_LOSS, STOP_VAL_ACCURACY, STOP_TRAIN_LOSS, STOP_TEST_ACCURACY };

/* Options of `train:` (train_options). */
struct train_spec {
	bool given;
	int epochs;              /* default 10 */
	int batch_size;          /* default 256 */
	struct spec optimizer;   /* default sgd */
	double lr;               /* default 0.1 */
	struct spec lr_schedule; /* default constant */
	int warmup_epochs;       /* lr rises linearly over these; default 0 */
	bool shuffle;            /* default true */
	struct early_stopping early_stopping;
	int log_every;  /* `point` rows each so many steps; 0: five an epoch */
	bool log_norms; /* norms of activations, gradients and weights by layer, each epoch */
};

struct experiment {
	const char *name;                            /* default: the file's name without .yaml */
	const char *path;                            /* as given on the command line */
	const char *description, *question, *answer; /* NULL: none */
	bool has_sweep, has_claims, has_expect;      /* keys that this loader only lets pass */
	bool read_before; /* of no use: `extends` and `params` are gone when this is filled */
	int64_t seed;
	struct dataset_spec dataset;
	const struct place *dataset_places; /* of each row of dataset_options; line 0: not given */
	struct place dataset_place;
	struct specs network;
	struct place network_place;
	struct spec loss;       /* default cross_entropy */
	struct layer_init init; /* default torch_default for both */
	struct train_spec train;
	struct place train_place;
	const struct place *train_places;

	/* The resolved config: canonical (keys sorted, those at their default left out, numbers in
	 * shortest round-trip form) without name, question, claims, expect and sweep, for the
	 * hashes; and the knobs with the values they have. Owned by the experiment. */
	json_t *canonical;  /* {"dataset":..., "network":..., "seed":..., ...} */
	json_t *params;     /* {"pooling": "max_pool2d", ...}: the values of params.* */
	json_t *overridden; /* {"train.lr": 0.1}: other keys that overrides changed, and to what */
	char *resolved;     /* the resolved config as YAML text: params, each and $names put in */
	struct node *tree;  /* the same as a tree (tree.h), with the place of every value */

	struct sources *sources; /* owned: for places in later errors */
	struct arena arena;
};

extern const struct option experiment_options[]; /* the keys of the top level */
extern const struct option train_options[];

/*
 * Loads the config at `path` with the overrides (texts KEY=VALUE, as on the command line). On
 * errors returns -1 and *out is NULL. What there is to say, warnings and notes included, is added
 * to `diags`, which keeps copies of the lines it shows. Warnings alone do not fail. Costs about a
 * millisecond.
 */
int experiment_load(struct experiment **out, const char *path, const char *const *overrides,
	int n_overrides, struct diags *diags);

/* The same for one of several configs, of which each takes the overrides that it has a key for:
 * sets fits[i] for those, and leaves the others out with a note. */
int experiment_load_fitting(struct experiment **out, const char *path, const char *const *overrides,
	int n_overrides, bool *fits, struct diags *diags);

/* The same for a text instead of a file, named `name` in messages; `extends` is relative to the
 * working directory. */
int experiment_parse(struct experiment **out, const char *name, const char *text,
	const char *const *overrides, int n_overrides, struct diags *diags);

void experiment_free(struct experiment *experiment);

#endif
