/* extend -- see extend.h. A file that is reached twice is read twice, so that no two places share a
 * node that a later step may change; READS_MAX bounds what a fan of files can cost. */
#include "runner/config/extend.h"

#include <string.h>

#include "layers/families.h"
#include "runner/config/files.h"
#include "runner/config/forms.h"
#include "runner/config/scalar.h"
#include "runner/config/yaml.h"
#include "runner/config/yaml_words.h"

enum { READS_MAX = SOURCES_MAX, CHAIN_MAX = 32 };

struct extend {
	struct config *config;
	int n_reads;
	int chain[CHAIN_MAX]; /* the files that extend each other up to the one being read */
	int n_chain;
};

/* ---- merging */

static bool is_kind(const char *name)
{
	return family_find(layer_family(), name) || family_find(loss_family(), name) ||
	       family_find(optimizer_family(), name);
}

/* {max_pool2d: ...} is not to be merged with {lp_pool2d: ...}. */
static bool are_two_kinds(const struct node *base, const struct node *over)
{
	const char *a, *b;

	if (base->n != 1 || over->n != 1)
		return false;
	a = base->entries[0].key->text;
	b = over->entries[0].key->text;
	return strcmp(a, b) && is_kind(a) && is_kind(b);
}

static bool changes_name(const struct node *base, const struct node *over)
{
	const struct node *a = node_get(base, "name"), *b = node_get(over, "name");

	return a && b && a->kind == NODE_SCALAR && !node_is(b, a->text);
}

static struct node *merge_maps(
	struct config *config, struct node *base, struct node *over, bool mark)
{
	struct node *map = node_new(config, NODE_MAP, over->place);

	if (!map)
		return NULL;
	map->flow = base->flow && over->flow;
	map->expanded = base->expanded || over->expanded;
	for (int i = 0; i < base->n; i++) {
		if (node_put(config, map, base->entries[i].key, base->entries[i].value))
			return NULL;
		map->entries[i].inherited = mark || base->entries[i].inherited;
	}
	for (int i = 0; i < over->n; i++) {
		struct entry *old = node_entry(map, over->entries[i].key->text);
		if (!old) {
			if (node_put(config, map, over->entries[i].key, over->entries[i].value))
				return NULL;
			continue;
		}
		old->key = over->entries[i].key;
		old->value = merge(config, old->value, over->entries[i].value);
		old->inherited = false;
		if (!old->value)
			return NULL;
	}
	return map;
}

struct node *merge(struct config *config, struct node *base, struct node *over)
{
	if (base->kind != NODE_MAP || over->kind != NODE_MAP || are_two_kinds(base, over))
		return over;
	return merge_maps(config, base, over, changes_name(base, over));
}

struct node *merge_configs(struct config *config, struct node *base, struct node *over)
{
	return merge_maps(config, base, over, false);
}

/* ---- reading */

static void remove_key(struct node *map, const char *key)
{
	struct entry *entry = node_entry(map, key);

	if (!entry)
		return;
	map->n--;
	memmove(entry, entry + 1, (size_t)(map->entries + map->n - entry) * sizeof *entry);
}

static struct node *read_file(struct extend *extend, int file);

static int check_cycle(struct extend *extend, int file, const struct node *path)
{
	const struct config *config = extend->config;

	for (int i = 0; i < extend->n_chain; i++) {
		if (extend->chain[i] != file)
			continue;
		if (i == extend->n_chain - 1)
			config_error(config, path->place, "this file extends itself");
		else
			config_error(config, path->place, "'%s' extends this file in turn: a cycle",
				config->sources->at[file]->name);
		return -1;
	}
	if (extend->n_chain < CHAIN_MAX)
		return 0;
	config_error(config, path->place, "more than %d files extend each other", CHAIN_MAX);
	return -1;
}

static void tell_unreadable(
	struct extend *extend, const struct node *path, const char *full, struct err *err)
{
	struct config *config = extend->config;
	char suggestion[FILES_SUGGESTION];

	if (err->place.line) {
		diags_add_err(config->diags, DIAG_ERROR, config->sources, err);
		config_note(config, path->place, "extended from here");
		return;
	}
	config_error(config, path->place, "%s%s", err->text, files_suggest(full, suggestion));
}

/* The config that one element of `extends` names. */
static struct node *read_base(struct extend *extend, int from, const struct node *path)
{
	struct config *config = extend->config;
	const char *origin = config->sources->at[from]->path;
	struct err err = {0};
	char found[NODE_FOUND];
	char *full;
	int file;

	if (path->kind == NODE_BAD)
		return NULL;
	if (path->kind != NODE_SCALAR || !*path->text) {
		config_error(config, path->place, "'extends' expects the path of a file, found %s",
			node_found(path, found));
		return NULL;
	}
	full = path_beside(config->arena, origin, path->text, NULL);
	if (!full) {
		config_no_memory(config);
		return NULL;
	}
	file = sources_add_file(config->sources, full, path->place, &err);
	if (file < 0) {
		tell_unreadable(extend, path, full, &err);
		return NULL;
	}
	return check_cycle(extend, file, path) ? NULL : read_file(extend, file);
}

static struct node *add_base(
	struct extend *extend, int from, const struct node *path, struct node *bases)
{
	static const char *const own[] = {"name", "description", "question", "answer"};
	struct node *base = read_base(extend, from, path);

	if (!base)
		return NULL;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		remove_key(base, own[i]);
	return bases ? merge_configs(extend->config, bases, base) : base;
}

/* All that `extends` of file `from` names, merged; NULL when something is wrong. */
static struct node *read_bases(struct extend *extend, int from, const struct node *extends)
{
	struct node *bases = NULL;

	if (extends->kind != NODE_LIST)
		return add_base(extend, from, extends, NULL);
	if (extends->n == 0) {
		config_error(extend->config, extends->place, "'extends' names no file");
		return NULL;
	}
	for (int i = 0; i < extends->n; i++) {
		bases = add_base(extend, from, extends->items[i], bases);
		if (!bases)
			return NULL;
	}
	return bases;
}

static struct node *read_root(struct extend *extend, int file)
{
	struct config *config = extend->config;
	struct node *root;
	char found[NODE_FOUND];

	if (extend->n_reads++ == READS_MAX) {
		config_error(config, (struct place){0}, "more than %d files make up this config",
			READS_MAX);
		return NULL;
	}
	root = yaml_read(config, file, 0);
	if (!root || root->kind == NODE_MAP)
		return root;
	if (root->kind == NODE_BAD || yaml_tell_lookalike(config, root->place))
		return NULL;
	config_error(config, root->place, "a config is a map of 'key: value' lines, found %s",
		node_found(root, found));
	return NULL;
}

static struct node *read_file(struct extend *extend, int file)
{
	struct node *root = read_root(extend, file), *extends, *bases;

	if (!root)
		return NULL;
	forms_expand(extend->config, root);
	extends = node_get(root, "extends");
	if (!extends)
		return root;
	extend->chain[extend->n_chain++] = file;
	bases = read_bases(extend, file, extends);
	extend->n_chain--;
	if (!bases)
		return NULL;
	remove_key(root, "extends");
	return merge_configs(extend->config, bases, root);
}

struct node *extend_read(struct config *config, int file)
{
	struct extend extend = {.config = config};

	return read_file(&extend, file);
}
