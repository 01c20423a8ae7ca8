/* experiment -- see experiment.h. The steps of DESIGN 6 one after the other; as long as there is a
 * tree, an error in one step does not keep the next from finding more. Checks that need a whole
 * config (what does not go together, what is surely a mistake) run only when nothing is wrong. */
#include "runner/config/experiment.h"

#include <stdlib.h>
#include <string.h>

#include "runner/config/canonical.h"
#include "runner/config/extend.h"
#include "runner/config/fill.h"
#include "runner/config/forms.h"
#include "runner/config/json_build.h"
#include "runner/config/knobs.h"
#include "runner/config/override.h"
#include "runner/config/resolved.h"

struct loading {
	struct config config;
	struct experiment *experiment;
	struct overrides overrides;
};

/* ---- the tree */

static struct node *resolve(struct loading *loading, int file)
{
	struct node *root = extend_read(&loading->config, file);

	if (!root)
		return NULL;
	knobs_check(&loading->config, root);
	root = overrides_apply(&loading->config, root, &loading->overrides);
	root = root ? knobs_apply(&loading->config, root) : NULL;
	if (root)
		forms_expand(&loading->config, root);
	return root;
}

/* ---- the structs */

/* What an init that is not said stands for; a layer's may stay unsaid. */
static void fill_unsaid_init(struct config *config, struct layer_init *init)
{
	const struct owner owner = {.name = "init"};

	for (const struct option *option = init_options; option->name; option++) {
		struct option unsaid = *option;
		const struct spec *spec = (const void *)((char *)init + option->offset);
		unsaid.fallback = "torch_default";
		if (option->type == OPTION_SPEC && !spec->kind)
			fill_default(config, &unsaid, init, &owner);
	}
}

/* The part of a path that names it: "lenet" of "configs/lenet.yaml". */
static const char *name_of(struct config *config, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t length = strlen(name);

	if (length > 5 && !strcmp(name + length - 5, ".yaml"))
		length -= 5;
	return arena_text_n(config->arena, name, length, NULL);
}

static struct place place_of(const struct node *root, const char *key)
{
	const struct node *value = node_get(root, key);

	return value ? value->place : root->place;
}

static void fill(struct loading *loading, struct node *root)
{
	struct experiment *x = loading->experiment;
	struct config *config = &loading->config;
	const struct owner owner = {.place = root->place};

	fill_options(config, experiment_options, x, root, &owner);
	fill_unsaid_init(config, &x->init);
	if (!x->name)
		x->name = name_of(config, x->path);
	x->dataset_place = place_of(root, "dataset");
	x->network_place = place_of(root, "network");
	x->train_place = place_of(root, "train");
	x->dataset_places = fill_places(config, dataset_options, node_get(root, "dataset"));
	x->train_places = fill_places(config, train_options, node_get(root, "train"));
	if (!x->name)
		config_no_memory(config);
}

/* ---- checks */

static struct place train_option_place(const struct experiment *x, const char *name)
{
	for (int i = 0; train_options[i].name; i++)
		if (!strcmp(train_options[i].name, name) && x->train_places[i].line)
			return x->train_places[i];
	return x->train_place;
}

/* cross_entropy takes logits: a network that ends in probabilities learns badly. */
static void warn_squashed(struct config *config, const struct experiment *x)
{
	const struct spec *last = x->network.n ? &x->network.at[x->network.n - 1] : NULL;
	const char *kind = last ? last->kind->name : "";

	if (strcmp(x->loss.kind->name, "cross_entropy") ||
		(strcmp(kind, "softmax") && strcmp(kind, "sigmoid")))
		return;
	config_warning(config, last->place,
		"cross_entropy takes the softmax itself, of any numbers; '%s' before it slows "
		"learning down: leave it out",
		kind);
	if (x->loss.place.line)
		config_note(config, x->loss.place, "the loss is chosen here");
}

static void warn_stopping(struct config *config, const struct experiment *x)
{
	const struct early_stopping *stop = &x->train.early_stopping;
	struct place place = train_option_place(x, "early_stopping");

	if (!stop->given)
		return;
	if (stop->metric == STOP_TEST_ACCURACY)
		config_warning(config, place,
			"stopping by test_accuracy picks the epoch by the test images; set "
			"dataset.validation and stop by val_accuracy");
	else if (stop->metric != STOP_TRAIN_LOSS && x->dataset.validation == 0)
		config_warning(config, place,
			"there is no validation split to stop by; set dataset.validation, as in "
			"{name: %s, validation: 5000}",
			x->dataset.name);
}

static void warn_warmup(struct config *config, const struct experiment *x)
{
	if (x->train.warmup_epochs > x->train.epochs)
		config_warning(config, train_option_place(x, "warmup_epochs"),
			"the warm-up is longer than the training: lr is never reached");
}

/* Keys that are read, but that nothing acts on yet. */
static void warn_idle(struct config *config, const struct experiment *x)
{
	const struct {
		const char *key;
		bool given;
		const char *what;
	} keys[] = {
		{"expect", x->has_expect, "nothing will be compared"},
		{"sweep", x->has_sweep, "only this config itself is run"},
		{"claims", x->has_claims, "nothing will be decided"},
	};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const struct entry *entry = node_entry(x->tree, keys[i].key);
		if (keys[i].given && entry)
			config_warning(config, entry->key->place,
				"this version does not carry out '%s' yet: %s", keys[i].key,
				keys[i].what);
	}
}

static void check(struct config *config, const struct experiment *x)
{
	struct err err = {0};

	if (dataset_check(&x->dataset, x->dataset_places, &err)) {
		diags_add_err(config->diags, DIAG_ERROR, config->sources, &err);
		return;
	}
	warn_idle(config, x);
	if (!x->train.given)
		return;
	warn_squashed(config, x);
	warn_stopping(config, x);
	warn_warmup(config, x);
}

/* ---- a whole config */

/* The values that overrides gave to keys which are no knobs, nor the seed. */
static json_t *overridden(const struct overrides *overrides)
{
	json_t *values = json_object();

	for (int i = 0; values && i < overrides->applied->n; i++) {
		const struct entry *entry = &overrides->applied->entries[i];
		const char *key = entry->key->text;
		if (strcmp(key, "params") && strncmp(key, "params.", 7) && strcmp(key, "seed"))
			json_put(&values, key, canonical_tree(entry->value));
	}
	return values;
}

static void derive(const struct loading *loading, struct config *config, struct experiment *x)
{
	const struct node *params = node_get(x->tree, "params");

	x->params = params && params->kind == NODE_MAP ? canonical_tree(params) : json_object();
	x->overridden = overridden(&loading->overrides);
	x->canonical = x->params && x->overridden ? canonical_config(config, x) : NULL;
	x->resolved = resolved_text(x->tree, NULL);
	if (!x->canonical || !x->resolved)
		config_no_memory(config);
}

/* Everything behind the main source, which is number 0. */
static int load(struct loading *loading)
{
	struct config *config = &loading->config;
	struct experiment *x = loading->experiment;
	int errors = config->diags->n_told;

	x->tree = resolve(loading, 0);
	if (!x->tree)
		return -1;
	fill(loading, x->tree);
	if (config->diags->n_told == errors && !config->stop)
		check(config, x);
	if (config->diags->n_told == errors && !config->stop)
		derive(loading, config, x);
	return config->diags->n_told == errors && !config->stop ? 0 : -1;
}

static int begin(struct loading *loading, const char *path, struct diags *diags)
{
	struct experiment *x = calloc(1, sizeof *x);

	loading->experiment = x;
	if (x) {
		x->sources = calloc(1, sizeof *x->sources);
		x->path = arena_text(&x->arena, path, NULL);
	}
	if (!x || !x->sources || !x->path) {
		diags_add(diags, DIAG_ERROR, NULL, (struct place){0}, "out of memory");
		return -1;
	}
	loading->config =
		(struct config){.arena = &x->arena, .sources = x->sources, .diags = diags};
	return 0;
}

/* Loads what is source `file` (-1: err says why there is none), and hands the experiment over when
 * all went well. */
static int finish(struct loading *loading, int file, struct err *err, struct experiment **out)
{
	struct config *config = &loading->config;

	if (file < 0)
		diags_add_err(config->diags, DIAG_ERROR, config->sources, err);
	if (file < 0 || load(loading)) {
		experiment_free(loading->experiment);
		return -1;
	}
	*out = loading->experiment;
	return 0;
}

int experiment_load_fitting(struct experiment **out, const char *path, const char *const *overrides,
	int n_overrides, bool *fits, struct diags *diags)
{
	struct loading loading = {
		.overrides = {.texts = overrides, .n = n_overrides, .fits = fits}};
	struct err err = {0};
	int file;

	*out = NULL;
	if (begin(&loading, path, diags)) {
		experiment_free(loading.experiment);
		return -1;
	}
	file = sources_add_file(loading.experiment->sources, path, (struct place){0}, &err);
	return finish(&loading, file, &err, out);
}

int experiment_load(struct experiment **out, const char *path, const char *const *overrides,
	int n_overrides, struct diags *diags)
{
	return experiment_load_fitting(out, path, overrides, n_overrides, NULL, diags);
}

int experiment_parse(struct experiment **out, const char *name, const char *text,
	const char *const *overrides, int n_overrides, struct diags *diags)
{
	struct loading loading = {.overrides = {.texts = overrides, .n = n_overrides}};
	struct sources *sources;
	struct err err = {0};
	int file;

	*out = NULL;
	if (begin(&loading, name, diags)) {
		experiment_free(loading.experiment);
		return -1;
	}
	sources = loading.experiment->sources;
	file = sources_add_text(sources, name, text, strlen(text), &err);
	return finish(&loading, file, &err, out);
}

void experiment_free(struct experiment *experiment)
{
	if (!experiment)
		return;
	json_decref(experiment->canonical);
	json_decref(experiment->params);
	json_decref(experiment->overridden);
	free(experiment->resolved);
	if (experiment->sources)
		sources_release(experiment->sources);
	free(experiment->sources);
	arena_release(&experiment->arena);
	free(experiment);
}
