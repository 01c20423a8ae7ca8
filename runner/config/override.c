/* override -- see override.h. The path is walked through the config first, so that a key that does
 * not exist is told with the nearest one. What lies in maps alone then becomes a small config of
 * its own, {train: {lr: 0.1}}, and is merged like a file, short forms and changed kinds included;
 * an element of a list is changed where it stands. */
#include "runner/config/override.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers/core/suggest.h"
#include "runner/config/experiment.h"
#include "runner/config/extend.h"
#include "runner/config/forms.h"
#include "runner/config/scalar.h"
#include "runner/config/utf8.h"
#include "runner/config/yaml.h"

enum { SEGMENTS_MAX = 24 };

struct override {
	struct config *config;
	struct node *segments[SEGMENTS_MAX + 1]; /* scalars, with their places in the argument */
	int n;
	struct node *value;
	const struct node *params; /* of the config as it is so far; NULL: none */
	bool lenient;              /* a key that the config does not have is no error */
	bool misfit;               /* it was such a key */
};

/* ---- taking the text apart */

static size_t key_length(const char *text)
{
	size_t n = 0;

	while (isalnum((unsigned char)text[n]) || (text[n] && strchr("_-.$", text[n])))
		n++;
	return n;
}

static int add_segment(
	struct override *override, const char *text, size_t length, struct place place)
{
	char *copy = arena_text_n(override->config->arena, text, length, NULL);
	struct node *segment = copy ? node_text(override->config, copy, true, place) : NULL;

	if (!copy)
		config_no_memory(override->config);
	if (!segment)
		return -1;
	override->segments[override->n++] = segment;
	return 0;
}

static int split_key(struct override *override, int file, size_t length)
{
	const char *text = override->config->sources->at[file]->text;
	struct place place = {file, 1, 1, 1};

	for (size_t i = 0, part; i <= length; i += part + 1) {
		part = strcspn(text + i, ".=");
		place.column = (int)i + 1;
		place.length = (int)part;
		if (part == 0 || override->n == SEGMENTS_MAX) {
			config_error(override->config, place,
				part ? "this key has too many parts"
				     : "a part of the key is missing here");
			return -1;
		}
		if (add_segment(override, text + i, part, place))
			return -1;
	}
	return 0;
}

static int parse_value(struct override *override, int file, size_t offset)
{
	struct node *value = yaml_read(override->config, file, offset);

	if (!value)
		return -1;
	if ((value->kind == NODE_MAP || value->kind == NODE_LIST) && !value->flow) {
		config_error(override->config, value->place, "put the %s in %s",
			value->kind == NODE_MAP ? "map" : "list",
			value->kind == NODE_MAP ? "braces" : "brackets");
		return -1;
	}
	override->value = value;
	return 0;
}

static int parse(struct override *override, const char *text)
{
	struct config *config = override->config;
	struct err err = {0};
	int file = sources_add_argument(config->sources, text, &err);
	size_t length = key_length(text);

	if (file < 0) {
		diags_add_err(config->diags, DIAG_ERROR, config->sources, &err);
		return -1;
	}
	if (length == 0 || text[length] != '=') {
		struct place place = {file, 1, 1, 1};
		config_error(config, place, "an override is KEY=VALUE, as in train.lr=0.1");
		return -1;
	}
	return split_key(override, file, length) ? -1 : parse_value(override, file, length + 1);
}

/* ---- finding the place */

/* Where a key leads nowhere: true when that is no error. */
static bool is_misfit(struct override *override)
{
	override->misfit = override->lenient;
	return override->lenient;
}

static bool is_top_key(const char *name)
{
	for (const struct option *option = experiment_options; option->name; option++)
		if (!strcmp(option->name, name))
			return true;
	return false;
}

/* The section with a key of the first `length` letters of `name`; NULL when there is none. */
static const char *find_section(const char *name, size_t length)
{
	for (const struct option *top = experiment_options; top->name; top++)
		for (const struct option *option = top->group; option && option->name; option++)
			if (strlen(option->name) == length && !strncmp(option->name, name, length))
				return top->name;
	return NULL;
}

bool override_whole_key(const char *name, char key[OVERRIDE_KEY])
{
	size_t length = strcspn(name, ".");
	const char *section = find_section(name, length);

	if (strlen(name) >= OVERRIDE_KEY / 2)
		return false;
	snprintf(key, OVERRIDE_KEY, "%.*s", (int)length, name);
	if (is_top_key(key))
		snprintf(key, OVERRIDE_KEY, "%s", name);
	else if (section)
		snprintf(key, OVERRIDE_KEY, "%s.%s", section, name);
	else
		return false;
	return true;
}

static void try_keys(struct suggestion *meant, const struct node *map)
{
	for (int i = 0; map && map->kind == NODE_MAP && i < map->n; i++)
		suggestion_try(meant, map->entries[i].key->text);
}

static void tell_unknown_top(struct override *override, const struct node *params)
{
	const struct node *segment = override->segments[0];
	struct suggestion meant = {.wrong = segment->text};
	char text[SUGGESTION_TEXT], key[OVERRIDE_KEY];

	if (is_misfit(override))
		return;
	if (override_whole_key(segment->text, key)) {
		meant.best = key;
	} else {
		suggestion_try_options(&meant, experiment_options);
		try_keys(&meant, params);
	}
	config_error(override->config, segment->place,
		"'%s' is neither a key of a config nor a knob of this one%s", segment->text,
		suggestion_text(&meant, text));
}

/* `pooling` means params.pooling where no other key has that name. */
static int complete_key(struct override *override, const struct node *root)
{
	const struct node *params = node_get(root, "params");
	struct node *first = override->segments[0], *prefix;

	if (!strcmp(first->text, "extends")) {
		config_error(override->config, first->place, "'extends' cannot be overridden");
		return -1;
	}
	if (is_top_key(first->text))
		return 0;
	if (!node_entry(params, first->text)) {
		tell_unknown_top(override, params);
		return -1;
	}
	prefix = node_text(override->config, "params", true, first->place);
	if (!prefix)
		return -1;
	memmove(override->segments + 1, override->segments,
		(size_t) override->n * sizeof *override->segments);
	override->segments[0] = prefix;
	override->n++;
	return 0;
}

static int tell_no_element(
	struct override *override, const struct node *list, const struct node *segment)
{
	if (is_misfit(override))
		return -1;
	if (list->n == 0)
		config_error(override->config, segment->place, "the list is empty");
	else
		config_error(override->config, segment->place,
			"no element '%s': the list has elements 0 to %d", segment->text,
			list->n - 1);
	if (list->place.line)
		config_note(override->config, list->place, "the list is here");
	return -1;
}

/* The address of the element that `segment` numbers; NULL when there is none. */
static struct node **list_element(
	struct override *override, struct node *list, const struct node *segment)
{
	const char *digits = segment->text;
	long at = strtol(digits, NULL, 10);

	if (digits[strspn(digits, "0123456789")] || at < 0 || at >= list->n) {
		tell_no_element(override, list, segment);
		return NULL;
	}
	return &list->items[at];
}

static void tell_no_inside(
	struct override *override, const struct node *node, const struct node *segment)
{
	char found[NODE_FOUND];

	if (is_misfit(override))
		return;
	if (is_reference(node))
		config_error(override->config, segment->place,
			"'%s' is put in here; change the knob instead: params.%s", node->text,
			node->text + 1);
	else
		config_error(override->config, segment->place, "there is no '%s' in %s",
			segment->text, node_found(node, found));
	config_note(override->config, node->place, "this is the value");
}

static void tell_no_key(
	struct override *override, const struct node *map, const struct node *segment)
{
	struct suggestion meant = {.wrong = segment->text};
	char text[SUGGESTION_TEXT];

	if (is_misfit(override))
		return;
	try_keys(&meant, map);
	config_error(override->config, segment->place, "the knobs have no '%s'%s", segment->text,
		suggestion_text(&meant, text));
}

/* Another kind than the one that a knob puts in. */
static void tell_knob_key(
	struct override *override, const struct node *key, const struct node *segment)
{
	const struct node *value = node_get(override->params, key->text + 1);
	char brief[UTF8_BRIEF];

	if (is_misfit(override))
		return;
	if (value && value->kind == NODE_SCALAR)
		config_error(override->config, segment->place,
			"'%s' is written here, which is %s: it goes by either, not by '%s'",
			key->text, utf8_brief(value->text, brief), segment->text);
	else
		config_error(override->config, segment->place,
			"'%s' is written here: it does not go by '%s'", key->text, segment->text);
	config_note(override->config, key->place, "this is the key");
}

/* ---- changing */

/* Puts the value where the rest of the path, from segment `i` on, leads in *node. */
static int change(struct override *override, struct node **node, int i);

/* {SEGMENT i: {SEGMENT i+1: ... VALUE}} */
static struct node *nest(struct override *override, int i)
{
	struct config *config = override->config;
	struct node *map, *inner;

	if (i == override->n)
		return override->value;
	inner = nest(override, i + 1);
	map = node_new(config, NODE_MAP, override->segments[i]->place);
	if (!inner || !map || node_put(config, map, override->segments[i], inner))
		return NULL;
	map->flow = true;
	return map;
}

static int replace(struct override *override, struct node **node, struct node *value)
{
	struct node *merged = value ? merge(override->config, *node, value) : NULL;

	if (!merged)
		return -1;
	*node = merged;
	return 0;
}

/* A key that is not there yet. What may stand there is found out when the config is filled; but
 * nothing would ever say that a knob has no such part. */
static int add(struct override *override, struct node **map, int i)
{
	if (node_is(override->segments[0], "params")) {
		tell_no_key(override, *map, override->segments[i]);
		return -1;
	}
	return replace(override, map, nest(override, i));
}

/* True when `node`, a word or the only key of a map, is called `name`: by what it says, or as a
 * $name by the value of the knob. */
static bool goes_by(const struct override *override, const struct node *node, const char *name)
{
	return node_is(node, name) ||
	       (is_reference(node) && node_is(node_get(override->params, node->text + 1), name));
}

/* `relu` as {relu: {...}}, so that it can be given options. */
static int change_word(struct override *override, struct node **node, int i)
{
	struct config *config = override->config;
	struct node *word = *node, *map;

	if (!goes_by(override, word, override->segments[i]->text)) {
		tell_no_inside(override, word, override->segments[i]);
		return -1;
	}
	map = node_new(config, NODE_MAP, word->place);
	if (!map || !override->value || node_put(config, map, word, nest(override, i + 1)))
		return -1;
	*node = map;
	return 0;
}

static struct entry *find_entry(
	const struct override *override, const struct node *map, const char *name)
{
	struct entry *entry = node_entry(map, name);

	if (!entry && map->n == 1 && goes_by(override, map->entries[0].key, name))
		entry = &map->entries[0];
	return entry;
}

static int change(struct override *override, struct node **node, int i)
{
	struct node **element;
	struct entry *entry;

	if (i == override->n)
		return replace(override, node, override->value);
	switch ((*node)->kind) {
	case NODE_LIST:
		element = list_element(override, *node, override->segments[i]);
		return element ? change(override, element, i + 1) : -1;
	case NODE_MAP:
		entry = find_entry(override, *node, override->segments[i]->text);
		if (entry)
			return change(override, &entry->value, i + 1);
		if ((*node)->n == 1 && is_reference((*node)->entries[0].key)) {
			tell_knob_key(override, (*node)->entries[0].key, override->segments[i]);
			return -1;
		}
		return add(override, node, i);
	case NODE_SCALAR:
		if (node_is_null(*node))
			return add(override, node, i);
		return change_word(override, node, i);
	case NODE_BAD:
		break;
	}
	return -1;
}

/* How far the path leads through maps that are there: *node is the last of them, and the answer the
 * number of segments taken. */
static int follow(const struct override *override, struct node *root, struct node **node)
{
	int i = 0;

	for (*node = root; i < override->n; i++) {
		struct node *next = node_get(*node, override->segments[i]->text);
		if (!next)
			break;
		*node = next;
	}
	return i;
}

static struct node *merge_override(struct override *override, struct node *root)
{
	struct node *config = nest(override, 0), *merged;

	if (!config)
		return NULL;
	forms_expand(override->config, config);
	merged = merge_configs(override->config, root, config);
	if (merged)
		merged->place = root->place;
	return merged;
}

static struct node *apply(struct override *override, struct node *root)
{
	struct node *reached;
	int taken;

	override->params = node_get(root, "params");
	if (complete_key(override, root))
		return NULL;
	taken = follow(override, root, &reached);
	if (taken == override->n)
		return merge_override(override, root);
	if ((reached->kind == NODE_MAP || node_is_null(reached)) &&
		!node_is(override->segments[0], "params"))
		return merge_override(override, root);
	return change(override, &root, 0) ? NULL : root;
}

/* Notes what was changed. */
static int record(const struct override *override, struct overrides *overrides)
{
	struct config *config = override->config;
	const char *key = override->segments[0]->text;
	struct node *name;
	struct entry *old;

	for (int i = 1; i < override->n && key; i++)
		key = arena_printf(config->arena, NULL, "%s.%s", key, override->segments[i]->text);
	if (!key) {
		config_no_memory(config);
		return -1;
	}
	old = node_entry(overrides->applied, key);
	if (old) {
		old->value = override->value;
		return 0;
	}
	name = node_text(config, key, true, override->segments[0]->place);
	return name ? node_put(config, overrides->applied, name, override->value) : -1;
}

static void note_misfit(const struct override *override)
{
	struct config *config = override->config;

	diags_add(config->diags, DIAG_NOTE, config->sources, override->segments[0]->place,
		"'%s' has no such key: it keeps its own value", config->sources->at[0]->name);
}

/* The config with override `i`; NULL when it is wrong. */
static struct node *apply_one(
	struct config *config, struct node *root, struct overrides *overrides, int i)
{
	struct override override = {.config = config, .lenient = overrides->fits};
	struct node *changed;

	if (parse(&override, overrides->texts[i]))
		return NULL;
	changed = apply(&override, root);
	if (override.misfit) {
		note_misfit(&override);
		return root;
	}
	if (overrides->fits)
		overrides->fits[i] = true;
	return changed && !record(&override, overrides) ? changed : NULL;
}

struct node *overrides_apply(struct config *config, struct node *root, struct overrides *overrides)
{
	bool failed = false;

	overrides->applied = node_new(config, NODE_MAP, (struct place){0});
	for (int i = 0; i < overrides->n && !config->stop; i++) {
		struct node *changed = apply_one(config, root, overrides, i);
		if (changed)
			root = changed;
		else
			failed = true;
	}
	/* the config without the override is not what was asked for: more errors would mislead */
	return failed || config->stop ? NULL : root;
}
