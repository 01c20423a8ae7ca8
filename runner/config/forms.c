/* forms -- see forms.h. */
#include "runner/config/forms.h"

#include <string.h>

#include "layers/families.h"

bool is_reference(const struct node *node)
{
	return node && node->kind == NODE_SCALAR && node->plain && node->text[0] == '$';
}

static struct node *map_of_name(struct config *config, struct node *name)
{
	struct node *map = node_new(config, NODE_MAP, name->place);
	struct node *key = node_text(config, "name", true, name->place);

	if (!map || !key || node_put(config, map, key, name))
		return NULL;
	map->used = name->used;
	map->expanded = true;
	return map;
}

static bool has_option(const struct option *options, const char *name)
{
	for (; options && options->name; options++)
		if (!strcmp(options->name, name))
			return true;
	return false;
}

/* True when some kind of the family, but no kind itself, goes by this name. */
static bool is_only_option(const struct family *family, const char *name)
{
	if (family_find(family, name))
		return false;
	if (has_option(family->common, name))
		return true;
	for (const struct kind *const *kind = family->kinds; *kind; kind++)
		if (has_option((*kind)->options, name))
			return true;
	return false;
}

/* {adam: {beta1: 0.8}} as {name: adam, beta1: 0.8}. */
static struct node *flatten_kind(struct config *config, struct node *map)
{
	struct node *options = map->entries[0].value;
	struct node *flat = map_of_name(config, map->entries[0].key);

	if (!flat)
		return map;
	flat->flow = map->flow;
	flat->used = map->used;
	for (int i = 0; options->kind == NODE_MAP && i < options->n; i++)
		if (node_put(config, flat, options->entries[i].key, options->entries[i].value))
			return map;
	return flat;
}

/* The one option that a kind cannot do without, or NULL. */
static const struct option *sole_option(const struct kind *kind)
{
	const struct option *sole = NULL;

	for (const struct option *o = kind ? kind->options : NULL; o && o->name; o++) {
		if (o->fallback)
			continue;
		if (sole)
			return NULL;
		sole = o;
	}
	return sole;
}

/* {file: w.safetensors} as {name: file, path: w.safetensors}; other maps as they are. */
static struct node *name_sole_option(
	struct config *config, struct node *map, const struct family *family)
{
	const struct entry *entry = &map->entries[0];
	const struct option *sole = sole_option(family_find(family, entry->key->text));
	struct node *key, *flat;

	if (!sole)
		return map;
	key = node_text(config, sole->name, true, entry->value->place);
	flat = map_of_name(config, entry->key);
	if (!key || !flat || node_put(config, flat, key, entry->value))
		return map;
	flat->flow = map->flow;
	flat->used = map->used;
	return flat;
}

struct node *form_spec(struct config *config, struct node *node, const struct family *family)
{
	struct node *options;

	if (node->kind == NODE_SCALAR && *node->text && !is_reference(node)) {
		struct node *map = map_of_name(config, node);
		return map ? map : node;
	}
	if (node->kind != NODE_MAP || node->n != 1 || node_get(node, "name") ||
		is_only_option(family, node->entries[0].key->text))
		return node;
	options = node->entries[0].value;
	if (options->kind == NODE_MAP && !node_get(options, "name"))
		return flatten_kind(config, node);
	if (options->kind == NODE_SCALAR && options->plain && !*options->text)
		return flatten_kind(config, node);
	if (options->kind == NODE_SCALAR || options->kind == NODE_LIST)
		return name_sole_option(config, node, family);
	return node;
}

/* ---- init */

static bool is_long_init(const struct node *node)
{
	if (node->kind != NODE_MAP || node->n == 0)
		return false;
	for (int i = 0; i < node->n; i++)
		if (has_option(init_options, node->entries[i].key->text))
			return true;
	return false;
}

/* Kinds that say for biases what they say for weights. */
static bool holds_for_bias(const struct node *spec)
{
	const struct node *name = node_get(spec, "name");

	return node_is(name, "file") || node_is(name, "zeros") || node_is(name, "torch_default");
}

static struct node *both_inits(struct config *config, struct node *node)
{
	struct node *weight = form_spec(config, node, &init_family), *bias = weight;
	struct node *init = node_new(config, NODE_MAP, node->place);
	struct node *weight_key = node_text(config, "weight", true, node->place);
	struct node *bias_key = node_text(config, "bias", true, node->place);

	if (!init || !weight_key || !bias_key)
		return node;
	if (holds_for_bias(weight)) {
		bias = node_copy(config, weight, 0, node->place);
	} else {
		bias = node_text(config, "torch_default", true, node->place);
		bias = bias ? map_of_name(config, bias) : NULL;
	}
	if (!bias || node_put(config, init, weight_key, weight) ||
		node_put(config, init, bias_key, bias))
		return node;
	init->used = node->used;
	return init;
}

struct node *form_init(struct config *config, struct node *node)
{
	if (node->kind == NODE_BAD || node->kind == NODE_LIST || is_reference(node))
		return node;
	if (node->kind == NODE_SCALAR && !*node->text)
		return node;
	if (!is_long_init(node))
		return node->kind == NODE_MAP && node->n == 0 ? node : both_inits(config, node);
	for (int i = 0; i < node->n; i++)
		node->entries[i].value = form_spec(config, node->entries[i].value, &init_family);
	return node;
}

/* ---- a whole config */

static void expand_spec(
	struct config *config, struct node *map, const char *key, const struct family *family)
{
	struct entry *entry = node_entry(map, key);

	if (entry)
		entry->value = form_spec(config, entry->value, family);
}

static void expand_dataset(struct config *config, struct node *root)
{
	struct entry *entry = node_entry(root, "dataset");
	struct node *map;

	if (!entry || entry->value->kind != NODE_SCALAR || !*entry->value->text ||
		is_reference(entry->value))
		return;
	map = map_of_name(config, entry->value);
	if (map)
		entry->value = map;
}

void forms_expand(struct config *config, struct node *root)
{
	struct node *train = node_get(root, "train");
	struct entry *init = node_entry(root, "init");

	expand_dataset(config, root);
	expand_spec(config, root, "loss", loss_family());
	expand_spec(config, train, "optimizer", optimizer_family());
	expand_spec(config, train, "lr_schedule", &schedule_family);
	if (init)
		init->value = form_init(config, init->value);
}
