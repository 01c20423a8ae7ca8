/* tree -- see tree.h. Maps are searched one entry after the other: they are short. */
#include "runner/config/tree.h"

#include <string.h>

void config_no_memory(struct config *config)
{
	if (!config->stop)
		config_error(config, (struct place){0}, "out of memory");
	config->stop = true;
}

bool config_is_over(const struct config *config)
{
	return config->stop || config->diags->n_told >= CONFIG_ERRORS;
}

void config_too_deep(struct config *config, struct place place)
{
	if (!config->stop)
		config_error(config, place, "lists and maps stand more than %d deep in each other",
			TREE_DEPTH);
	config->stop = true;
}

void config_grow(struct config *config, struct place at)
{
	if (config->grown++ != TREE_GROWTH || config->stop)
		return;
	config_error(config, at,
		"aliases, knobs and 'each' make more than %d values of this config", TREE_GROWTH);
	config->stop = true;
}

struct node *node_new(struct config *config, enum node_kind kind, struct place place)
{
	struct node *node = arena_take(config->arena, sizeof *node, NULL);

	if (!node) {
		config_no_memory(config);
		return NULL;
	}
	node->kind = kind;
	node->place = place;
	return node;
}

struct node *node_text(struct config *config, const char *text, bool plain, struct place place)
{
	struct node *node = node_new(config, NODE_SCALAR, place);

	if (node) {
		node->text = text;
		node->plain = plain;
	}
	return node;
}

/* Makes room for one more of `size` bytes in an array that holds `n`. */
static void *grow(struct config *config, void *array, int n, int *room, size_t size)
{
	void *larger;

	if (n < *room)
		return array;
	larger = arena_take(config->arena, (size_t)(n ? 2 * n : 4) * size, NULL);
	if (!larger) {
		config_no_memory(config);
		return NULL;
	}
	if (n)
		memcpy(larger, array, (size_t)n * size);
	*room = n ? 2 * n : 4;
	return larger;
}

int node_append(struct config *config, struct node *list, struct node *item)
{
	struct node **items =
		grow(config, list->items, list->n, &list->room, sizeof(struct node *));

	if (!items)
		return -1;
	list->items = items;
	list->items[list->n++] = item;
	return 0;
}

int node_put(struct config *config, struct node *map, struct node *key, struct node *value)
{
	struct entry *entries =
		grow(config, map->entries, map->n, &map->room, sizeof(struct entry));

	if (!entries)
		return -1;
	map->entries = entries;
	map->entries[map->n++] = (struct entry){.key = key, .value = value};
	return 0;
}

static int copy_children(struct config *config, struct node *copy, const struct node *node,
	int depth, struct place at)
{
	for (int i = 0; i < node->n; i++) {
		struct node *child;
		if (node->kind == NODE_LIST) {
			child = node_copy(config, node->items[i], depth, at);
			if (!child || node_append(config, copy, child))
				return -1;
			continue;
		}
		child = node_copy(config, node->entries[i].value, depth, at);
		if (!child || node_put(config, copy, node->entries[i].key, child))
			return -1;
		copy->entries[i].inherited = node->entries[i].inherited;
	}
	return 0;
}

struct node *node_copy(struct config *config, const struct node *node, int depth, struct place at)
{
	struct node *copy;

	if (depth > TREE_DEPTH)
		config_too_deep(config, at);
	config_grow(config, at);
	if (config->stop)
		return NULL;
	copy = node_new(config, node->kind, node->place);
	if (!copy)
		return NULL;
	copy->plain = node->plain;
	copy->flow = node->flow;
	copy->expanded = node->expanded;
	copy->text = node->text;
	copy->used = node->used;
	return copy_children(config, copy, node, depth + 1, at) ? NULL : copy;
}

struct entry *node_entry(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (int i = 0; i < map->n; i++)
		if (!strcmp(map->entries[i].key->text, key))
			return &map->entries[i];
	return NULL;
}

struct node *node_get(const struct node *map, const char *key)
{
	struct entry *entry = node_entry(map, key);

	return entry ? entry->value : NULL;
}

bool node_is(const struct node *node, const char *text)
{
	return node && node->kind == NODE_SCALAR && !strcmp(node->text, text);
}
