/* knobs -- see knobs.h. The tree is rebuilt from the top; what stands inside an `each` is built
 * once an element and counts against TREE_GROWTH, so that nested ones cannot fill the memory. */
#include "runner/config/knobs.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "layers/core/suggest.h"
#include "runner/config/forms.h"
#include "runner/config/hints.h"
#include "runner/config/scalar.h"
#include "runner/config/utf8.h"

enum progress { UNTOUCHED, UNDER_WAY, DONE };

struct knobs {
	struct config *config;
	struct node *params;     /* a map; NULL: none */
	enum progress *progress; /* of each entry of params */
};

/* A name that an `each` gives. */
struct scope {
	const struct scope *outer;
	const char *name;
	struct node *value;
	struct place place; /* of the name */
};

/* Where in the tree the rebuilding is. */
struct spot {
	const struct scope *scope; /* NULL: outside of any each */
	int depth;
	bool layers; /* inside `network`, where `each` has a meaning */
};

static struct node *put_in(struct knobs *knobs, struct spot spot, struct node *node);

static struct node *bad(struct knobs *knobs, struct place place)
{
	return node_new(knobs->config, NODE_BAD, place);
}

/* ---- names */

static size_t name_length(const char *text)
{
	size_t n = 0;

	if (!isalpha((unsigned char)text[0]) && text[0] != '_')
		return 0;
	while (isalnum((unsigned char)text[n]) || text[n] == '_' || text[n] == '-')
		n++;
	return n;
}

bool is_knob_name(const char *text)
{
	size_t n = name_length(text);

	return n > 0 && n < NAME_MAX_BYTES && !text[n];
}

bool reference_name(const char *text, char name[NAME_MAX_BYTES])
{
	size_t n = name_length(text + 1);

	if (n == 0 || n >= NAME_MAX_BYTES || (text[1 + n] && text[1 + n] != '.'))
		return false;
	memcpy(name, text + 1, n);
	name[n] = 0;
	return true;
}

static void tell_unknown_name(
	struct knobs *knobs, struct spot spot, const struct node *reference, const char *name)
{
	struct suggestion meant = {.wrong = name};
	char text[SUGGESTION_TEXT];

	for (const struct scope *scope = spot.scope; scope; scope = scope->outer)
		suggestion_try(&meant, scope->name);
	for (int i = 0; knobs->params && i < knobs->params->n; i++)
		suggestion_try(&meant, knobs->params->entries[i].key->text);
	config_error(knobs->config, reference->place, "no knob is called '%s'%s", name,
		spot.scope || knobs->params ? suggestion_text(&meant, text)
					    : ": this config has no params");
}

/* ---- looking up */

/* The value of a knob, with the knobs in it put in: once, when it is first asked for. */
static struct node *knob_value(struct knobs *knobs, int at, struct place place)
{
	struct entry *entry = &knobs->params->entries[at];
	struct node *value;

	if (knobs->progress[at] == DONE)
		return entry->value;
	if (knobs->progress[at] == UNDER_WAY) {
		config_error(
			knobs->config, place, "the knob '%s' is made of itself", entry->key->text);
		return bad(knobs, place);
	}
	knobs->progress[at] = UNDER_WAY;
	value = put_in(knobs, (struct spot){.depth = 2}, entry->value);
	knobs->progress[at] = DONE;
	if (value)
		entry->value = value;
	return value;
}

static struct node *find_name(struct knobs *knobs, struct spot spot, const struct node *reference)
{
	char name[NAME_MAX_BYTES];

	if (!reference_name(reference->text, name)) {
		char brief[UTF8_BRIEF];
		config_error(knobs->config, reference->place,
			"'%s' is not the name of a knob; put it in quotes if it is meant as a text",
			utf8_brief(reference->text, brief));
		return bad(knobs, reference->place);
	}
	for (const struct scope *scope = spot.scope; scope; scope = scope->outer)
		if (!strcmp(scope->name, name))
			return scope->value;
	for (int i = 0; knobs->params && i < knobs->params->n; i++)
		if (!strcmp(knobs->params->entries[i].key->text, name))
			return knob_value(knobs, i, reference->place);
	tell_unknown_name(knobs, spot, reference, name);
	return bad(knobs, reference->place);
}

/* `dot` stands before the part in the reference's text. */
static struct node *no_part(struct knobs *knobs, const struct node *reference,
	const struct node *whole, const char *dot, const char *part)
{
	struct suggestion meant = {.wrong = part};
	int length = (int)(dot - reference->text);
	char text[SUGGESTION_TEXT], found[NODE_FOUND], brief[UTF8_BRIEF];

	for (int i = 0; whole->kind == NODE_MAP && i < whole->n; i++)
		suggestion_try(&meant, whole->entries[i].key->text);
	utf8_brief(part, brief);
	if (whole->kind == NODE_LIST)
		config_error(knobs->config, reference->place,
			"'%.*s' has no element '%s': there are %d, counted from 0", length,
			reference->text, brief, whole->n);
	else if (whole->kind == NODE_MAP)
		config_error(knobs->config, reference->place, "'%.*s' has no '%s'%s", length,
			reference->text, brief, suggestion_text(&meant, text));
	else
		config_error(knobs->config, reference->place, "'%.*s' is %s: it has no '%s'",
			length, reference->text, node_found(whole, found), brief);
	config_note(knobs->config, whole->place, "this is the value");
	return bad(knobs, reference->place);
}

/* One step of $name.step.step. */
static struct node *part_of(struct knobs *knobs, const struct node *reference, struct node *whole,
	const char *dot, const char *part)
{
	struct node *value = NULL;

	if (whole->kind == NODE_BAD)
		return whole;
	if (whole->kind == NODE_MAP) {
		value = node_get(whole, part);
	} else if (whole->kind == NODE_LIST && *part && !part[strspn(part, "0123456789")]) {
		long at = strtol(part, NULL, 10);
		value = at < whole->n ? whole->items[at] : NULL;
	}
	return value ? value : no_part(knobs, reference, whole, dot, part);
}

/* The value that a $name stands for; not a copy. */
static struct node *look_up(struct knobs *knobs, struct spot spot, const struct node *reference)
{
	struct node *value = find_name(knobs, spot, reference);
	const char *dot = strchr(reference->text, '.');

	while (value && dot) {
		size_t length = strcspn(dot + 1, ".");
		char *part = arena_text_n(knobs->config->arena, dot + 1, length, NULL);
		if (!part) {
			config_no_memory(knobs->config);
			return NULL;
		}
		value = part_of(knobs, reference, value, dot, part);
		dot = strchr(dot + 1, '.');
	}
	return value;
}

static struct node *take_up(struct knobs *knobs, struct spot spot, const struct node *reference)
{
	struct node *value = look_up(knobs, spot, reference), *copy;

	if (!value)
		return NULL;
	copy = node_copy(knobs->config, value, spot.depth, reference->place);
	if (copy)
		copy->used = reference->place;
	return copy;
}

/* ---- each */

struct each {
	struct node *list, *as, *layers; /* list and layers are lists when all is well */
};

static void tell_shadow(struct knobs *knobs, struct spot spot, const struct node *as)
{
	struct place first = {0};

	for (const struct scope *scope = spot.scope; scope; scope = scope->outer)
		if (!strcmp(scope->name, as->text))
			first = scope->place;
	if (!first.line && node_entry(knobs->params, as->text))
		first = node_entry(knobs->params, as->text)->key->place;
	if (!first.line)
		return;
	config_error(knobs->config, as->place, "the name '%s' is taken already", as->text);
	config_note(knobs->config, first, "by this one");
}

static void check_each_keys(struct knobs *knobs, const struct node *map)
{
	static const char *const keys[] = {"each", "as", "layers"};
	char text[SUGGESTION_TEXT], brief[UTF8_BRIEF];

	for (int i = 0; i < map->n; i++) {
		const struct node *key = map->entries[i].key;
		struct suggestion meant = {.wrong = key->text};
		bool known = false;
		for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
			known = known || node_is(key, keys[k]);
			suggestion_try(&meant, keys[k]);
		}
		if (!known)
			config_error(knobs->config, key->place,
				"unknown key '%s' beside 'each'; it has 'as' and 'layers'%s",
				utf8_brief(key->text, brief), suggestion_text(&meant, text));
	}
}

static int check_list(
	struct knobs *knobs, const struct node *map, const char *key, const struct node *value)
{
	char found[NODE_FOUND], hint[HINT];

	if (!value) {
		config_error(knobs->config, map->entries[0].key->place,
			"'%s' is missing beside 'each'", key);
		return -1;
	}
	if (value->kind == NODE_LIST)
		return 0;
	if (value->kind != NODE_BAD) {
		config_error(knobs->config, value->place, "'%s' expects a list, found %s%s", key,
			node_found(value, found), hint_list(knobs->config, value, hint));
		if (value->used.line)
			config_note(knobs->config, value->used, "taken up here");
	}
	return -1;
}

/* For hints. */
static int keep_name(struct config *config, struct node *as)
{
	if (!config->names)
		config->names = node_new(config, NODE_LIST, as->place);
	return config->names ? node_append(config, config->names, as) : -1;
}

static int check_as(struct knobs *knobs, struct spot spot, struct node *as)
{
	char found[NODE_FOUND];

	if (!as)
		return 0;
	if (as->kind == NODE_SCALAR && is_knob_name(as->text)) {
		tell_shadow(knobs, spot, as);
		return keep_name(knobs->config, as);
	}
	if (as->kind != NODE_BAD)
		config_error(knobs->config, as->place,
			"'as' expects a name of letters, digits and '_', found %s%s",
			node_found(as, found),
			is_reference(as) ? "; write it without the '$'" : "");
	return -1;
}

/* -1 when the each cannot be expanded. */
static int read_each(
	struct knobs *knobs, struct spot spot, const struct node *map, struct each *each)
{
	struct node *list = node_get(map, "each");
	int status;

	check_each_keys(knobs, map);
	each->as = node_get(map, "as");
	each->layers = node_get(map, "layers");
	spot.depth++;
	each->list = put_in(knobs, spot, list);
	if (!each->list)
		return -1;
	status = check_list(knobs, map, "each", each->list);
	status |= check_list(knobs, map, "layers", each->layers);
	status |= check_as(knobs, spot, each->as);
	return status;
}

static int put_in_item(struct knobs *knobs, struct spot spot, struct node *list, struct node *item);

/* Appends what the each makes. */
static int put_in_each(
	struct knobs *knobs, struct spot spot, struct node *list, const struct node *map)
{
	struct each each;
	struct scope scope = {.outer = spot.scope};

	if (read_each(knobs, spot, map, &each)) {
		struct node *item = knobs->config->stop ? NULL : bad(knobs, map->place);
		return item ? node_append(knobs->config, list, item) : -1;
	}
	scope.name = each.as ? each.as->text : "";
	scope.place = each.as ? each.as->place : map->place;
	spot.scope = &scope;
	for (int i = 0; i < each.list->n; i++) {
		scope.value = each.list->items[i];
		for (int k = 0; k < each.layers->n; k++)
			if (put_in_item(knobs, spot, list, each.layers->items[k]))
				return -1;
	}
	return 0;
}

/* ---- the tree */

static int put_in_item(struct knobs *knobs, struct spot spot, struct node *list, struct node *item)
{
	struct node *value;

	if (spot.layers && node_entry(item, "each"))
		return put_in_each(knobs, spot, list, item);
	value = put_in(knobs, spot, item);
	return value ? node_append(knobs->config, list, value) : -1;
}

static int put_in_list(
	struct knobs *knobs, struct spot spot, struct node *list, const struct node *node)
{
	spot.depth++;
	for (int i = 0; i < node->n; i++)
		if (put_in_item(knobs, spot, list, node->items[i]))
			return -1;
	return 0;
}

/* A key that is a $name: the knob must be one word. */
static struct node *put_in_key(struct knobs *knobs, struct spot spot, struct node *key)
{
	struct node *value = take_up(knobs, spot, key);
	char found[NODE_FOUND];

	if (!value || value->kind == NODE_BAD ||
		(value->kind == NODE_SCALAR && *value->text && !node_is_null(value)))
		return value;
	config_error(knobs->config, value->place,
		"a knob that is used as a key must be one word, "
		"found %s",
		node_found(value, found));
	config_note(knobs->config, key->place, "used as a key here");
	return bad(knobs, key->place);
}

static int put_in_entry(
	struct knobs *knobs, struct spot spot, struct node *map, const struct entry *entry)
{
	struct node *key = entry->key, *value;
	char brief[UTF8_BRIEF];

	if (is_reference(key))
		key = put_in_key(knobs, spot, key);
	value = key ? put_in(knobs, spot, entry->value) : NULL;
	if (!value)
		return -1;
	if (key->kind == NODE_BAD) {
		map->kind = NODE_BAD;
		return 0;
	}
	if (node_entry(map, key->text)) {
		config_error(knobs->config, entry->key->place,
			"the key '%s' stands here a second time", utf8_brief(key->text, brief));
		return 0;
	}
	if (node_put(knobs->config, map, key, value))
		return -1;
	map->entries[map->n - 1].inherited = entry->inherited;
	return 0;
}

static int put_in_map(
	struct knobs *knobs, struct spot spot, struct node *map, const struct node *node)
{
	spot.depth++;
	for (int i = 0; i < node->n; i++)
		if (put_in_entry(knobs, spot, map, &node->entries[i]))
			return -1;
	return 0;
}

/* A new node with all knobs put in. NULL, with config->stop, when there is no going on. */
static struct node *put_in(struct knobs *knobs, struct spot spot, struct node *node)
{
	struct node *copy;
	int status;

	if (spot.depth > TREE_DEPTH)
		config_too_deep(knobs->config, node->place);
	if (spot.scope)
		config_grow(knobs->config, spot.scope->place);
	if (knobs->config->stop)
		return NULL;
	if (is_reference(node))
		return take_up(knobs, spot, node);

	copy = node_new(knobs->config, node->kind, node->place);
	if (!copy)
		return NULL;
	copy->text = node->text;
	copy->plain = node->plain;
	copy->flow = node->flow;
	copy->expanded = node->expanded;
	copy->used = node->used;
	status = node->kind == NODE_MAP ? put_in_map(knobs, spot, copy, node)
					: put_in_list(knobs, spot, copy, node);
	return status ? NULL : copy;
}

/* ---- a whole config */

/* What is not for this program to read, or is read with the knobs at a later time. */
static bool is_passed_over(const char *key)
{
	return !strcmp(key, "params") || !strcmp(key, "sweep") || !strcmp(key, "claims");
}

static int apply_entry(struct knobs *knobs, struct entry *entry)
{
	struct spot spot = {.depth = 1, .layers = !strcmp(entry->key->text, "network")};

	if (is_reference(entry->key)) {
		config_error(knobs->config, entry->key->place,
			"a key of the config itself cannot be a knob");
		entry->dropped = true;
		return 0;
	}
	if (is_passed_over(entry->key->text))
		return 0;
	entry->value = put_in(knobs, spot, entry->value);
	return entry->value ? 0 : -1;
}

struct node *knobs_apply(struct config *config, struct node *root)
{
	struct node *params = node_get(root, "params");
	struct knobs knobs = {.config = config};

	if (params && params->kind == NODE_MAP && params->n > 0) {
		knobs.params = params;
		config->params = params;
		knobs.progress =
			arena_take(config->arena, (size_t)params->n * sizeof *knobs.progress, NULL);
		if (!knobs.progress) {
			config_no_memory(config);
			return NULL;
		}
	}
	for (int i = 0; i < root->n; i++)
		if (apply_entry(&knobs, &root->entries[i]))
			return NULL;
	for (int i = 0; knobs.params && i < params->n; i++)
		if (!knob_value(&knobs, i, params->entries[i].key->place))
			return NULL;
	return root;
}
