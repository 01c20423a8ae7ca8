/* fill -- see fill.h. Defaults are texts in the tables and go the same way as what people write, so
 * that a default cannot differ from the same value given. */
#include "runner/config/fill.h"

#include <stdio.h>
#include <string.h>

#include "layers/core/suggest.h"
#include "layers/families.h"
#include "runner/config/experiment.h"
#include "runner/config/foreign.h"
#include "runner/config/forms.h"
#include "runner/config/hints.h"
#include "runner/config/kinds.h"
#include "runner/config/scalar.h"
#include "runner/config/utf8.h"

enum { LISTED_MAX = 16 /* names that a message lists when none is near */ };

/* ---- groups */

static void fill_group(const struct value *value, void *at)
{
	struct node *node = value->node;
	struct owner owner = {value->option->name, node->place, NULL};

	if (value->option->group == init_options)
		node = form_init(value->config, node);
	if (node->kind != NODE_MAP) {
		value_tell_wrong(value, node);
		return;
	}
	*(bool *)at = true;
	fill_options(value->config, value->option->group, at, node, &owner);
}

/* ---- one value */

static void fill_value(const struct value *value, void *at)
{
	if (value->node->kind == NODE_BAD)
		return;
	switch (value->option->type) {
	case OPTION_SPEC:
		kinds_fill_spec(value, at);
		break;
	case OPTION_SPECS:
		kinds_fill_specs(value, at);
		break;
	case OPTION_BRANCHES:
		kinds_fill_branches(value, at);
		break;
	case OPTION_GROUP:
		fill_group(value, at);
		break;
	case OPTION_RAW:
		*(bool *)at = true;
		break;
	default:
		value_fill(value, at);
	}
}

static bool is_optional(const struct option *option)
{
	return option->fallback && !strcmp(option->fallback, "null");
}

/* `null` or `~`, but not a key whose value was forgotten. */
static bool is_none(const struct node *node)
{
	return node_is_null(node) && *node->text;
}

static const struct family *family_for(const struct option *option, const struct owner *owner)
{
	const struct family *family = option_family(option);

	return family ? family : owner->family;
}

void fill_default(
	struct config *config, const struct option *option, void *base, const struct owner *owner)
{
	struct owner group_owner = {option->name, owner->place, NULL};
	struct value value = {config, option, owner, family_for(option, owner), NULL};

	if (option->type == OPTION_GROUP) {
		fill_options(
			config, option->group, (char *)base + option->offset, NULL, &group_owner);
		return;
	}
	if (!option->fallback || is_optional(option))
		return;
	value.node = value_default(config, option);
	if (value.node)
		fill_value(&value, (char *)base + option->offset);
}

/* ---- tables */

/* Options that a misspelt key most likely means: they are not missing as well. */
enum { MISSPELT_MAX = 8 };

struct table {
	struct target targets[2];
	struct node *map; /* NULL: all at their defaults */
	const char *skip; /* a key that is no option; NULL: none */
	const struct owner *owner;
	int n_misspelt;
	const char *misspelt[MISSPELT_MAX];
};

static void tell_missing(struct config *config, const struct option *option,
	const struct owner *owner, const struct family *family)
{
	char expected[EXPECTATION];

	option_expectation(option, family, expected);
	if (owner->name)
		config_error(config, owner->place, "'%s' is missing: %s needs it (%s)",
			option->name, owner->name, expected);
	else
		config_error(config, owner->place, "the key '%s' is missing (%s)", option->name,
			expected);
}

/* "; it has a, b, c" when they are few. */
static void list_options(
	const struct option *options, const struct owner *owner, char text[EXPECTATION])
{
	size_t used =
		(size_t)snprintf(text, EXPECTATION, "; %s has", owner->name ? "it" : "a config");
	int n = 0;

	for (; options && options[n].name && used < EXPECTATION; n++)
		used += (size_t)snprintf(
			text + used, EXPECTATION - used, "%s %s", n ? "," : "", options[n].name);
	if (n == 0)
		snprintf(text, EXPECTATION, "; it has no options");
	else if (n > LISTED_MAX)
		text[0] = 0;
}

static bool has_option_named(const struct option *options, const char *name)
{
	for (; options && options->name; options++)
		if (!strcmp(options->name, name))
			return true;
	return false;
}

/* Where else a key belongs: "; it belongs inside 'train'", "; it is an option of sgd: {sgd: ...}".
 */
static bool find_inside(const struct option *options, const char *name, char text[EXPECTATION])
{
	for (; options && options->name; options++) {
		const struct family *family =
			options->type == OPTION_SPEC ? option_family(options) : NULL;
		if (has_option_named(options->group, name)) {
			snprintf(text, EXPECTATION, "; it belongs inside '%s'", options->name);
			return true;
		}
		for (int i = 0; family && family->kinds[i]; i++) {
			if (!has_option_named(family->kinds[i]->options, name))
				continue;
			snprintf(text, EXPECTATION, "; it belongs inside %s: {%s: {...}}",
				options->name, family->kinds[i]->name);
			return true;
		}
	}
	return false;
}

/* The option of a table that is all but this name: `learning_rate` for lr. */
static const char *same_option(const struct option *options, const char *name)
{
	struct suggestion meant = {.wrong = name};

	suggestion_try_options(&meant, options);
	return meant.distance <= 1 ? meant.best : NULL;
}

/* `learning_rate` beside `train`. */
static bool find_same_inside(const struct option *options, const char *name, char text[EXPECTATION])
{
	for (; options && options->name; options++) {
		const char *same = same_option(options->group, name);
		if (!same)
			continue;
		snprintf(text, EXPECTATION, "; inside '%s' there is '%s'", options->name, same);
		return true;
	}
	return false;
}

/* `lr` among the options of the optimizer. */
static bool find_outside(const struct owner *owner, const char *name, char text[EXPECTATION])
{
	if (!owner->name)
		return false;
	if (has_option_named(train_options, name))
		snprintf(text, EXPECTATION, "; it belongs in 'train'");
	else if (has_option_named(experiment_options, name))
		snprintf(text, EXPECTATION, "; it is a key of the config itself");
	else
		return false;
	return true;
}

/* The name in `lr:0.1` and in `lr = 0.1`. */
static const char *name_before(const char *key, char name[64])
{
	snprintf(name, 64, "%.*s", (int)strcspn(key, ":= "), key);
	return name;
}

/* What to say after "unknown option": something seen in the key, where it belongs, the nearest
 * name, or all there are. */
static void advise(
	struct config *config, struct table *table, const struct node *key, char text[EXPECTATION])
{
	const struct option *options = table->targets[0].options;
	char name[64], hint[HINT];
	struct suggestion meant = {.wrong = name_before(key->text, name)};

	suggestion_try_options(&meant, options);
	suggestion_try_options(&meant, table->targets[1].options);
	if (meant.best && !foreign_advice(key->text) && table->n_misspelt < MISSPELT_MAX)
		table->misspelt[table->n_misspelt++] = meant.best;
	snprintf(text, EXPECTATION, "%s", hint_key(config, key, hint));
	if (*text || find_inside(options, key->text, text) ||
		find_outside(table->owner, key->text, text))
		return;
	if (meant.best)
		suggestion_text(&meant, text);
	else if (!find_same_inside(options, key->text, text))
		list_options(options, table->owner, text);
}

static void tell_unknown(struct config *config, struct table *table, const struct node *key)
{
	const struct owner *owner = table->owner;
	char advice[EXPECTATION], brief[UTF8_BRIEF];

	advise(config, table, key, advice);
	config_error(config, key->place, "unknown %s '%s'%s%s%s", owner->name ? "option" : "key",
		utf8_brief(key->text, brief), owner->name ? " of " : "",
		owner->name ? owner->name : "", advice);
	if (key->used.line)
		config_note(config, key->used, "taken up here");
}

static bool is_option(const struct table *table, const char *name)
{
	return has_option_named(table->targets[0].options, name) ||
	       has_option_named(table->targets[1].options, name);
}

/* An option that came with an inherited kind and that the new kind lacks. */
static void drop(struct config *config, struct entry *entry, const struct owner *owner)
{
	char brief[UTF8_BRIEF];

	entry->dropped = true;
	diags_add(config->diags, DIAG_NOTE, config->sources, entry->key->place,
		"'%s' is dropped: %s has no such option", utf8_brief(entry->key->text, brief),
		owner->name);
}

static void check_keys(struct config *config, struct table *table)
{
	for (int i = 0; i < table->map->n; i++) {
		struct entry *entry = &table->map->entries[i];
		if (entry->dropped || (table->skip && node_is(entry->key, table->skip)) ||
			is_option(table, entry->key->text))
			continue;
		if (entry->inherited && table->owner->name)
			drop(config, entry, table->owner);
		else
			tell_unknown(config, table, entry->key);
	}
}

static bool is_misspelt(const struct table *table, const char *name)
{
	for (int i = 0; i < table->n_misspelt; i++)
		if (!strcmp(table->misspelt[i], name))
			return true;
	return false;
}

static void fill_option(
	struct config *config, const struct table *table, const struct option *option, void *base)
{
	const struct owner *owner = table->owner;
	struct value value = {config, option, owner, family_for(option, owner), NULL};

	value.node = node_get(table->map, option->name);
	if (!value.node || (is_none(value.node) && is_optional(option))) {
		if (!table->map || option->fallback || value.node)
			fill_default(config, option, base, owner);
		else if (!is_misspelt(table, option->name))
			tell_missing(config, option, owner, value.family);
		return;
	}
	if (node_is_null(value.node))
		value_tell_wrong(&value, value.node);
	else
		fill_value(&value, (char *)base + option->offset);
}

/* ---- {kernel_size: 5,5}: to YAML, a kernel_size of 5 and a key 5 without a value */

static bool takes_numbers(const struct option *options, const char *name)
{
	for (; options && options->name; options++)
		if (!strcmp(options->name, name))
			return options->type == OPTION_INT || options->type == OPTION_INT64 ||
			       options->type == OPTION_NUMBER || options->type == OPTION_PAIR ||
			       options->type == OPTION_PADDING || options->type == OPTION_INTS ||
			       options->type == OPTION_NUMBERS;
	return false;
}

/* True for `5` and `5)` without a value behind the number of such an option. */
static bool is_split_off(const struct table *table, int i)
{
	const struct entry *entry = &table->map->entries[i], *before = entry - 1;
	const char *key = entry->key->text, *rest = key + strspn(key, "0123456789");

	return entry->key->plain && rest > key && (!*rest || !strcmp(rest, ")")) &&
	       node_is(entry->value, "") && before->value->kind == NODE_SCALAR &&
	       before->value->plain && before->value->text[strspn(before->value->text, "(+-")] &&
	       !before->value->text[strspn(before->value->text, "(+-0123456789, ")] &&
	       (takes_numbers(table->targets[0].options, before->key->text) ||
		       takes_numbers(table->targets[1].options, before->key->text));
}

/* Gives the value what was split off, so that it is told as one text: "5,5". */
static void join_split(struct config *config, const struct table *table)
{
	struct node *map = table->map;

	for (int i = 1; map->flow && i < map->n; i++) {
		struct node *key = map->entries[i].key, *before = map->entries[i - 1].value;
		struct place place = before->place;
		int end = key->place.column + key->place.length;
		char *text;
		if (!is_split_off(table, i))
			continue;
		text = arena_printf(config->arena, NULL, "%s,%s%s", before->text,
			place.column + place.length + 1 < key->place.column ? " " : "", key->text);
		if (place.line == key->place.line && place.file == key->place.file)
			place.length = end - place.column;
		before = text ? node_text(config, text, true, place) : NULL;
		if (!before)
			return;
		map->entries[i - 1].value = before;
		map->n--;
		memmove(&map->entries[i], &map->entries[i + 1],
			(size_t)(map->n - i) * sizeof *map->entries);
		i--;
	}
}

void fill_targets(struct config *config, const struct target targets[2], struct node *map,
	const char *skip, const struct owner *owner)
{
	struct table table = {
		.targets = {targets[0], targets[1]}, .map = map, .skip = skip, .owner = owner};

	if (map) {
		join_split(config, &table);
		check_keys(config, &table);
	}
	for (int t = 0; t < 2; t++) {
		const struct option *option = targets[t].options;
		for (; option && option->name && !config_is_over(config); option++)
			fill_option(config, &table, option, targets[t].base);
	}
}

void fill_options(struct config *config, const struct option *options, void *base, struct node *map,
	const struct owner *owner)
{
	const struct target targets[2] = {{options, base}, {0}};

	fill_targets(config, targets, map, NULL, owner);
}

const struct place *fill_places(
	struct config *config, const struct option *options, const struct node *map)
{
	struct place *places;
	int n = 0;

	while (options && options[n].name)
		n++;
	places = value_take(config, n, sizeof *places);
	for (int i = 0; places && i < n; i++) {
		const struct node *value = node_get(map, options[i].name);
		if (value && !node_is_null(value))
			places[i] = value->place;
	}
	return places;
}
