/* kinds -- see kinds.h. */
#include "runner/config/kinds.h"

#include <stdio.h>
#include <string.h>

#include "layers/core/suggest.h"
#include "runner/config/foreign.h"
#include "runner/config/forms.h"
#include "runner/config/hints.h"
#include "runner/config/scalar.h"
#include "runner/config/utf8.h"

static void list_kinds(const struct family *family, char text[EXPECTATION])
{
	size_t used = (size_t)snprintf(text, EXPECTATION, "; there are");

	for (int i = 0; family->kinds[i] && used < EXPECTATION; i++)
		used += (size_t)snprintf(text + used, EXPECTATION - used, "%s %s", i ? "," : "",
			family->kinds[i]->name);
}

/* `flatten relu`, where a line was indented too far. */
static bool hint_two(const struct family *family, const char *name, char text[HINT])
{
	size_t length = strcspn(name, " ");
	char first[HINT / 4];

	if (!name[length] || length >= sizeof first)
		return false;
	snprintf(first, sizeof first, "%.*s", (int)length, name);
	if (!family_find(family, first))
		return false;
	snprintf(
		text, HINT, "; after '%s' a '- ' is missing, or a line is indented too far", first);
	return true;
}

/* What is meant by a name that is none: the nearest one, unless something else is to be seen. */
static void advise(const struct value *value, const struct node *name, char advice[EXPECTATION])
{
	struct suggestion meant = {.wrong = name->text};
	char text[SUGGESTION_TEXT], hint[HINT];

	suggestion_try_kinds(&meant, value->family);
	hint_key(value->config, name, hint);
	if (meant.best && (!*hint || foreign_advice(name->text)))
		snprintf(advice, EXPECTATION, "%s", suggestion_text(&meant, text));
	else if (*hint || hint_two(value->family, name->text, hint))
		snprintf(advice, EXPECTATION, "%s", hint);
	else
		list_kinds(value->family, advice);
}

static const struct kind *find_kind(const struct value *value, const struct node *name)
{
	const struct kind *kind = family_find(value->family, name->text);
	char advice[EXPECTATION], brief[UTF8_BRIEF];

	if (kind)
		return kind;
	advise(value, name, advice);
	config_error(value->config, name->place, "unknown %s '%s'%s", value->family->noun,
		utf8_brief(name->text, brief), advice);
	value_note_used(value, name);
	return NULL;
}

/* True when part of the tree was wrong, which has been told. */
static bool has_bad(const struct node *node)
{
	if (node->kind == NODE_BAD)
		return true;
	for (int i = 0; i < node->n; i++)
		if (has_bad(node->kind == NODE_LIST ? node->items[i] : node->entries[i].value))
			return true;
	return false;
}

/* Fills `spec` with kind `name` and the options in `map` (NULL: none), but for the key `skip`. */
static void fill_kind(const struct value *value, struct spec *spec, const struct node *name,
	struct node *map, const char *skip)
{
	const struct family *family = value->family;
	const struct kind *kind = find_kind(value, name);
	struct config *config = value->config;
	struct owner owner = {kind ? kind->name : NULL, name->place, family};
	struct target targets[2] = {{0}};
	struct err err = {0};
	int errors = config->diags->n_told;

	if (!map)
		map = node_new(config, NODE_MAP, name->place);
	if (!kind || !map)
		return;
	spec->place = name->place;
	spec->options = value_take(config, 1, kind->size);
	spec->common = value_take(config, 1, family->common_size);
	spec->places = fill_places(config, kind->options, map);
	if (!spec->options || !spec->common || !spec->places)
		return;
	spec->kind = kind;
	targets[0] = (struct target){kind->options, spec->options};
	targets[1] = (struct target){family->common, spec->common};
	fill_targets(config, targets, map, skip, &owner);
	if (errors == config->diags->n_told && !has_bad(map) && spec_check(spec, &err))
		diags_add_err(config->diags, DIAG_ERROR, config->sources, &err);
}

static bool names_kind(const struct value *value, const struct node *key)
{
	return family_find(value->family, key->text);
}

/* {adam: {...}, sgd: {...}} or {adam: {...}, eps: 1e-7} */
static bool tell_two_names(const struct value *value, const struct node *map)
{
	const struct node *first = NULL;
	char a[UTF8_BRIEF], b[UTF8_BRIEF];

	for (int i = 0; i < map->n && !first; i++)
		if (names_kind(value, map->entries[i].key))
			first = map->entries[i].key;
	for (int i = 0; i < map->n && first; i++) {
		const struct node *other = map->entries[i].key;
		if (other == first)
			continue;
		utf8_brief(first->text, a);
		utf8_brief(other->text, b);
		if (names_kind(value, other))
			config_error(value->config, other->place,
				"'%s' stands beside '%s': there can be only one %s", b, a,
				value->family->noun);
		else
			config_error(value->config, other->place,
				"'%s' stands beside '%s': its options belong inside it", b, a);
		return true;
	}
	return false;
}

/* What `{momentum: 0.9}` is about, which names no kind. */
static struct node *default_name(const struct value *value)
{
	struct node *node = value_default(value->config, value->option);

	return node ? node_get(form_spec(value->config, node, value->family), "name") : NULL;
}

/* One thing of a family, such as the optimizer. */
void kinds_fill_spec(const struct value *value, struct spec *spec)
{
	struct node *node = form_spec(value->config, value->node, value->family);
	struct node *name = node_get(node, "name");

	if (node->kind != NODE_MAP || (name && name->kind != NODE_SCALAR)) {
		value_tell_wrong(value, name ? name : node);
		return;
	}
	if (!name && tell_two_names(value, node))
		return;
	if (!name && value->option->fallback)
		name = default_name(value);
	if (!name || node_is_null(name)) {
		value_tell_wrong(value, node);
		return;
	}
	fill_kind(value, spec, name, node, "name");
}

/* ---- layers */

/* A map of several keys where one kind with its options was expected. */
static void tell_many_keys(const struct value *value, const struct node *map)
{
	const struct node *first = map->entries[0].key, *second = map->entries[1].key;
	char a[UTF8_BRIEF], b[UTF8_BRIEF];

	utf8_brief(first->text, a);
	utf8_brief(second->text, b);
	if (names_kind(value, first) && names_kind(value, second))
		config_error(value->config, second->place,
			"'%s' and '%s' stand in one element of the list; start '%s' with '- '", a,
			b, b);
	else if (names_kind(value, first) && node_is_null(map->entries[0].value))
		config_error(value->config, second->place,
			"indent '%s' further than '%s', if it is one of its options", b, a);
	else if (names_kind(value, first))
		config_error(value->config, second->place,
			"'%s' stands beside '%s'; its options belong inside it", b, a);
	else
		config_error(value->config, map->place,
			"a %s is written NAME or NAME: {OPTION: VALUE, ...}", value->family->noun);
}

/* The option that takes layers: `body` of residual. */
static const char *list_option(const struct kind *kind)
{
	for (const struct option *option = kind->options; option->name; option++)
		if (option->type == OPTION_SPECS || option->type == OPTION_BRANCHES)
			return option->name;
	return NULL;
}

/* conv2d: 5 */
static void tell_no_options(
	const struct value *value, const struct node *name, const struct node *options)
{
	const struct kind *kind = find_kind(value, name);
	char found[NODE_FOUND];

	if (!kind || options->kind == NODE_BAD)
		return;
	node_found(options, found);
	if (!kind->options)
		config_error(value->config, options->place, "%s has no options, found %s",
			kind->name, found);
	else if (options->kind == NODE_LIST && list_option(kind))
		config_error(value->config, options->place,
			"%s expects a map of options, found %s; write {%s: [...]}", kind->name,
			found, list_option(kind));
	else if (options->kind == NODE_SCALAR)
		config_error(value->config, options->place,
			"%s expects a map of options, found %s; write {%s: %s}?", kind->name, found,
			kind->options[0].name, options->text);
	else
		config_error(value->config, options->place, "%s expects a map of options, found %s",
			kind->name, found);
	value_note_used(value, options);
}

static void fill_layer(const struct value *value, struct spec *spec, struct node *node)
{
	struct node *options;
	char found[NODE_FOUND];

	if (node->kind == NODE_BAD)
		return;
	if (node->kind == NODE_SCALAR && !node_is_null(node)) {
		fill_kind(value, spec, node, NULL, NULL);
		return;
	}
	if (node->kind != NODE_MAP || node->n == 0) {
		config_error(value->config, node->place, "expected a %s, found %s",
			value->family->noun, node_found(node, found));
		value_note_used(value, node);
		return;
	}
	if (node->n > 1) {
		tell_many_keys(value, node);
		return;
	}
	options = node->entries[0].value;
	if (options->kind == NODE_MAP || node_is_null(options))
		fill_kind(value, spec, node->entries[0].key,
			options->kind == NODE_MAP ? options : NULL, NULL);
	else
		tell_no_options(value, node->entries[0].key, options);
}

static void fill_list(const struct value *value, struct node *node, struct specs *at)
{
	struct spec *specs;

	if (node->kind != NODE_LIST) {
		value_tell_wrong(value, node);
		return;
	}
	specs = value_take(value->config, node->n, sizeof *specs);
	for (int i = 0; specs && i < node->n && !config_is_over(value->config); i++)
		fill_layer(value, &specs[i], node->items[i]);
	if (specs)
		*at = (struct specs){node->n, specs};
}

void kinds_fill_specs(const struct value *value, struct specs *at)
{
	fill_list(value, value->node, at);
}

void kinds_fill_branches(const struct value *value, struct branches *at)
{
	const struct node *node = value->node;
	struct specs *branches;

	if (node->kind != NODE_LIST) {
		value_tell_wrong(value, node);
		return;
	}
	branches = value_take(value->config, node->n, sizeof *branches);
	for (int i = 0; branches && i < node->n; i++)
		fill_list(value, node->items[i], &branches[i]);
	if (branches)
		*at = (struct branches){node->n, branches};
}
