/* fill -- see fill.h. Defaults are texts in the tables and go the same way as what people write, so
 * that a default cannot differ from the same value given. */
#include "runner/config/fill.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "layers/families.h"
#include "runner/config/forms.h"
#include "runner/config/scalar.h"
#include "runner/config/suggest.h"
#include "runner/config/utf8.h"
#include "runner/config/yaml.h"

enum { LISTED_MAX = 12 /* names that a message lists when none is near */ };

/* One value on its way into its struct. */
struct value {
	struct config *config;
	const struct option *option;
	const struct owner *owner;
	const struct family *family; /* of the option's specs */
	struct node *node;           /* what was given for the option */
};

static void *take(struct config *config, int n, size_t size)
{
	void *memory = arena_take(config->arena, (size_t)n * size, NULL);

	if (!memory)
		config_no_memory(config);
	return memory;
}

/* ---- messages */

/* "'kernel_size' of conv2d" */
enum { SUBJECT = 160 };

static char *subject(const struct value *value, char text[SUBJECT])
{
	if (value->owner->name)
		snprintf(text, SUBJECT, "'%s' of %s", value->option->name, value->owner->name);
	else
		snprintf(text, SUBJECT, "'%s'", value->option->name);
	return text;
}

/* Where a knob brought the value in. */
static void note_used(const struct value *value, const struct node *node)
{
	if (node->used.line)
		config_note(value->config, node->used, "taken up here");
	else if (value->node->used.line)
		config_note(value->config, value->node->used, "taken up here");
}

/* What the person may have had in mind, when what was found shows it. */
static const char *hint(const struct value *value, const struct node *node, char text[96])
{
	static const char *const yes[] = {"yes", "on", "Yes", "On", "YES", "ON"};
	static const char *const no[] = {"no", "off", "No", "Off", "NO", "OFF"};
	const char *mark;
	char sign;

	text[0] = 0;
	if (node->kind != NODE_SCALAR)
		return text;
	for (size_t i = 0; value->option->type == OPTION_BOOL && i < sizeof yes / sizeof *yes; i++)
		if (node_is(node, yes[i]) || node_is(node, no[i]))
			return node_is(node, yes[i]) ? "; write true" : "; write false";
	mark = node->plain ? utf8_full_width(node->text, strlen(node->text), &sign) : NULL;
	if (mark)
		snprintf(text, 96, "; the '%.3s' in it is full-width, YAML needs '%c'", mark, sign);
	return text;
}

static void tell_wrong(const struct value *value, const struct node *node)
{
	char what[SUBJECT], expected[EXPECTATION], found[NODE_FOUND], more[96];

	if (node->kind == NODE_BAD)
		return;
	config_error(value->config, node->place, "%s expects %s, found %s%s", subject(value, what),
		option_expectation(value->option, value->family, expected), node_found(node, found),
		hint(value, node, more));
	note_used(value, node);
}

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

/* ---- numbers */

static bool in_range(const struct option *option, double number)
{
	if (!isfinite(number))
		return false;
	if (option->min == 0 && option->max == 0)
		return true;
	return (option->above_min ? number > option->min : number >= option->min) &&
	       (option->below_max ? number < option->max : number <= option->max);
}

static bool is_numeric(const struct node *node)
{
	if (node->kind != NODE_SCALAR)
		return false;
	return scalar_type(node) == SCALAR_INT || scalar_type(node) == SCALAR_NUMBER;
}

static int read_int64(const struct value *value, const struct node *node, int64_t *out)
{
	if (!is_numeric(node) || scalar_int64(node, out)) {
		tell_wrong(value, node);
		return -1;
	}
	if (!in_range(value->option, (double)*out)) {
		tell_wrong(value, node);
		return -1;
	}
	return 0;
}

static int read_int(const struct value *value, const struct node *node, int *out)
{
	int64_t number;

	if (read_int64(value, node, &number))
		return -1;
	if (number < INT_MIN || number > INT_MAX) {
		tell_wrong(value, node);
		return -1;
	}
	*out = (int)number;
	return 0;
}

static int read_number(const struct value *value, const struct node *node, double *out)
{
	double number;

	if (!is_numeric(node)) {
		tell_wrong(value, node);
		return -1;
	}
	number = scalar_number(node);
	if (!in_range(value->option, number)) {
		tell_wrong(value, node);
		return -1;
	}
	*out = number;
	return 0;
}

/* ---- one function a type; each writes to `at` only what is right */

static void fill_bool(const struct value *value, bool *at)
{
	if (value->node->kind == NODE_SCALAR && scalar_type(value->node) == SCALAR_BOOL)
		*at = scalar_bool(value->node);
	else
		tell_wrong(value, value->node);
}

static void fill_text(const struct value *value, const char **at)
{
	if (value->node->kind == NODE_SCALAR)
		*at = value->node->text;
	else
		tell_wrong(value, value->node);
}

static void fill_choice(const struct value *value, int *at)
{
	struct suggestion meant = {.wrong = value->node->text};
	char what[SUBJECT], expected[EXPECTATION], found[NODE_FOUND], text[SUGGESTION_TEXT];

	if (value->node->kind != NODE_SCALAR) {
		tell_wrong(value, value->node);
		return;
	}
	for (int i = 0; value->option->choices[i]; i++) {
		if (node_is(value->node, value->option->choices[i])) {
			*at = i;
			return;
		}
		suggestion_try(&meant, value->option->choices[i]);
	}
	config_error(value->config, value->node->place, "%s expects %s, found %s%s",
		subject(value, what), option_expectation(value->option, NULL, expected),
		node_found(value->node, found), suggestion_text(&meant, text));
	note_used(value, value->node);
}

static void fill_pair(const struct value *value, struct pair *at)
{
	const struct node *node = value->node;
	struct pair pair;

	if (node->kind == NODE_LIST && node->n == 2) {
		if (!read_int(value, node->items[0], &pair.h) &&
			!read_int(value, node->items[1], &pair.w))
			*at = pair;
	} else if (!read_int(value, node, &pair.h)) {
		*at = (struct pair){pair.h, pair.h};
	}
}

static void fill_padding(const struct value *value, struct padding *at)
{
	const struct node *node = value->node;
	int sides[4], n = 1;

	if (node_is(node, "same")) {
		*at = (struct padding){.same = true};
		return;
	}
	if (node->kind == NODE_LIST) {
		n = node->n;
		if (n != 2 && n != 4) {
			tell_wrong(value, node);
			return;
		}
		for (int i = 0; i < n; i++)
			if (read_int(value, node->items[i], &sides[i]))
				return;
	} else if (read_int(value, node, &sides[0])) {
		return;
	}
	if (n == 1)
		*at = (struct padding){false, sides[0], sides[0], sides[0], sides[0]};
	else if (n == 2)
		*at = (struct padding){false, sides[0], sides[0], sides[1], sides[1]};
	else
		*at = (struct padding){false, sides[0], sides[1], sides[2], sides[3]};
}

static void fill_ints(const struct value *value, struct ints *at)
{
	const struct node *node = value->node;
	int *numbers;

	if (node->kind != NODE_LIST) {
		tell_wrong(value, node);
		return;
	}
	numbers = take(value->config, node->n, sizeof *numbers);
	for (int i = 0; numbers && i < node->n; i++)
		read_int(value, node->items[i], &numbers[i]);
	if (numbers)
		*at = (struct ints){node->n, numbers};
}

static void fill_numbers(const struct value *value, struct numbers *at)
{
	struct node *node = value->node, **items = &node;
	int n = 1;
	double *numbers;

	if (node->kind == NODE_LIST) {
		items = node->items;
		n = node->n;
	}
	numbers = take(value->config, n, sizeof *numbers);
	for (int i = 0; numbers && i < n; i++)
		read_number(value, items[i], &numbers[i]);
	if (numbers)
		*at = (struct numbers){n, numbers};
}

static void fill_texts(const struct value *value, struct texts *at)
{
	const struct node *node = value->node;
	const char **texts;

	if (node->kind != NODE_LIST) {
		tell_wrong(value, node);
		return;
	}
	texts = take(value->config, node->n, sizeof *texts);
	if (!texts)
		return;
	*at = (struct texts){node->n, texts};
	for (int i = 0; i < node->n; i++) {
		texts[i] = "";
		if (node->items[i]->kind == NODE_SCALAR)
			texts[i] = node->items[i]->text;
		else
			tell_wrong(value, node->items[i]);
	}
}

/* ---- literal tensors */

/* Lengths along the first elements; -1 when they cannot be a tensor's. */
static int measure_tensor(const struct value *value, struct literal *literal)
{
	const struct node *node = value->node;

	for (; node->kind == NODE_LIST; node = node->items[0]) {
		if (literal->rank == LITERAL_RANK) {
			config_error(value->config, node->place,
				"a tensor has at most %d dimensions", LITERAL_RANK);
			return -1;
		}
		literal->dims[literal->rank++] = node->n;
		if (node->n == 0) {
			config_error(value->config, node->place, "this list of numbers is empty");
			return -1;
		}
	}
	return 0;
}

/* Counts the numbers below `node`, which must have the shape from dimension `d` on; -1 when not. */
static int check_tensor(
	const struct value *value, const struct literal *literal, const struct node *node, int d)
{
	int n = 0;

	if (d == literal->rank) {
		double ignored;
		return read_number(value, node, &ignored) ? -1 : 1;
	}
	if (node->kind != NODE_LIST) {
		tell_wrong(value, node);
		return -1;
	}
	if (node->n != literal->dims[d]) {
		config_error(value->config, node->place,
			"this list has %d element%s where the first one of its kind has %d",
			node->n, node->n == 1 ? "" : "s", literal->dims[d]);
		return -1;
	}
	for (int i = 0; i < node->n; i++) {
		int below = check_tensor(value, literal, node->items[i], d + 1);
		if (below < 0)
			return -1;
		n += below;
	}
	return n;
}

static float *copy_tensor(const struct node *node, float *out)
{
	if (node->kind == NODE_SCALAR) {
		*out = (float)scalar_number(node);
		return out + 1;
	}
	for (int i = 0; i < node->n; i++)
		out = copy_tensor(node->items[i], out);
	return out;
}

static void fill_tensor(const struct value *value, struct literal *at)
{
	struct literal literal = {0};
	struct value bounded = *value;
	struct option in_float = *value->option;
	int n;

	if (in_float.min == 0 && in_float.max == 0) {
		in_float.min = -FLT_MAX; /* a float cannot hold more */
		in_float.max = FLT_MAX;
	}
	bounded.option = &in_float;
	if (measure_tensor(value, &literal))
		return;
	n = check_tensor(&bounded, &literal, value->node, 0);
	literal.data = n < 0 ? NULL : take(value->config, n, sizeof *literal.data);
	if (!literal.data)
		return;
	copy_tensor(value->node, literal.data);
	*at = literal;
}

/* ---- kinds */

struct target {
	const struct option *options;
	void *base;
};

static void fill_targets(struct config *config, const struct target targets[2], struct node *map,
	const char *skip, const struct owner *owner);

static void list_kinds(const struct family *family, char text[EXPECTATION])
{
	size_t used = (size_t)snprintf(text, EXPECTATION, "; there are");

	for (int i = 0; family->kinds[i] && used < EXPECTATION; i++)
		used += (size_t)snprintf(text + used, EXPECTATION - used, "%s %s", i ? "," : "",
			family->kinds[i]->name);
}

static const struct kind *find_kind(const struct value *value, const struct node *name)
{
	const struct kind *kind = family_find(value->family, name->text);
	struct suggestion meant = {.wrong = name->text};
	char text[SUGGESTION_TEXT], all[EXPECTATION], brief[UTF8_BRIEF], more[96];

	if (kind)
		return kind;
	suggestion_try_kinds(&meant, value->family);
	suggestion_text(&meant, text);
	list_kinds(value->family, all);
	config_error(value->config, name->place, "unknown %s '%s'%s%s", value->family->noun,
		utf8_brief(name->text, brief), meant.best ? text : all, hint(value, name, more));
	note_used(value, name);
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
	spec->options = take(config, 1, kind->size);
	spec->common = take(config, 1, family->common_size);
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

/* One thing of a family, such as the optimizer. */
static void fill_spec(const struct value *value, struct spec *spec)
{
	struct node *node = form_spec(value->config, value->node, value->family);
	struct node *name = node_get(node, "name");

	if (node->kind != NODE_MAP || (name && name->kind != NODE_SCALAR)) {
		tell_wrong(value, name ? name : node);
		return;
	}
	if (!name && value->option->fallback)
		name = node_text(value->config, value->option->fallback, true, node->place);
	if (!name || node_is_null(name)) {
		tell_wrong(value, node);
		return;
	}
	fill_kind(value, spec, name, node, "name");
}

/* ---- layers */

static bool names_kind(const struct value *value, const struct node *key)
{
	return family_find(value->family, key->text);
}

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
	else if (options->kind == NODE_SCALAR)
		config_error(value->config, options->place,
			"%s expects a map of options, found %s; write {%s: %s}?", kind->name, found,
			kind->options[0].name, options->text);
	else
		config_error(value->config, options->place, "%s expects a map of options, found %s",
			kind->name, found);
	note_used(value, options);
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
		note_used(value, node);
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

static void fill_layers(const struct value *value, struct node *node, struct specs *at)
{
	struct spec *specs;

	if (node->kind != NODE_LIST) {
		tell_wrong(value, node);
		return;
	}
	specs = take(value->config, node->n, sizeof *specs);
	for (int i = 0; specs && i < node->n; i++)
		fill_layer(value, &specs[i], node->items[i]);
	if (specs)
		*at = (struct specs){node->n, specs};
}

static void fill_branches(const struct value *value, struct branches *at)
{
	const struct node *node = value->node;
	struct specs *branches;

	if (node->kind != NODE_LIST) {
		tell_wrong(value, node);
		return;
	}
	branches = take(value->config, node->n, sizeof *branches);
	for (int i = 0; branches && i < node->n; i++)
		fill_layers(value, node->items[i], &branches[i]);
	if (branches)
		*at = (struct branches){node->n, branches};
}

/* ---- groups */

static void fill_group(const struct value *value, void *at)
{
	struct node *node = value->node;
	struct owner owner = {value->option->name, node->place, NULL};

	if (value->option->group == init_options)
		node = form_init(value->config, node);
	if (node->kind != NODE_MAP) {
		tell_wrong(value, node);
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
	case OPTION_BOOL:
		fill_bool(value, at);
		break;
	case OPTION_INT:
		read_int(value, value->node, at);
		break;
	case OPTION_INT64:
		read_int64(value, value->node, at);
		break;
	case OPTION_NUMBER:
		read_number(value, value->node, at);
		break;
	case OPTION_TEXT:
		fill_text(value, at);
		break;
	case OPTION_CHOICE:
		fill_choice(value, at);
		break;
	case OPTION_PAIR:
		fill_pair(value, at);
		break;
	case OPTION_PADDING:
		fill_padding(value, at);
		break;
	case OPTION_INTS:
		fill_ints(value, at);
		break;
	case OPTION_NUMBERS:
		fill_numbers(value, at);
		break;
	case OPTION_TEXTS:
		fill_texts(value, at);
		break;
	case OPTION_TENSOR:
		fill_tensor(value, at);
		break;
	case OPTION_SPEC:
		fill_spec(value, at);
		break;
	case OPTION_SPECS:
		fill_layers(value, value->node, at);
		break;
	case OPTION_BRANCHES:
		fill_branches(value, at);
		break;
	case OPTION_GROUP:
		fill_group(value, at);
		break;
	case OPTION_RAW:
		*(bool *)at = true;
		break;
	}
}

/* The node of a default, made without a parser where it is one plain word. */
static struct node *default_node(struct config *config, const char *text)
{
	if (strpbrk(text, "[{,:#&*!|>'\"%@"))
		return yaml_read_text(config, text);
	return node_text(config, text, true, (struct place){0});
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
	value.node = default_node(config, option->fallback);
	if (value.node)
		fill_value(&value, (char *)base + option->offset);
}

/* ---- tables */

static void try_targets(struct suggestion *meant, const struct target targets[2])
{
	suggestion_try_options(meant, targets[0].options);
	suggestion_try_options(meant, targets[1].options);
}

/* "; it has a, b, c" when they are few. */
static void list_options(const struct option *options, char text[EXPECTATION])
{
	size_t used = (size_t)snprintf(text, EXPECTATION, "; it has");
	int n = 0;

	for (; options && options[n].name && used < EXPECTATION; n++)
		used += (size_t)snprintf(
			text + used, EXPECTATION - used, "%s %s", n ? "," : "", options[n].name);
	if (n == 0)
		snprintf(text, EXPECTATION, "; it has no options");
	else if (n > LISTED_MAX)
		text[0] = 0;
}

static void tell_unknown(struct config *config, const struct target targets[2],
	const struct node *key, const struct owner *owner)
{
	struct suggestion meant = {.wrong = key->text};
	char text[SUGGESTION_TEXT], all[EXPECTATION], brief[UTF8_BRIEF], more[96];
	struct option nothing = {0};
	struct value value = {.config = config, .option = &nothing, .owner = owner};

	utf8_brief(key->text, brief);
	try_targets(&meant, targets);
	suggestion_text(&meant, text);
	list_options(targets[0].options, all);
	hint(&value, key, more);
	config_error(config, key->place, "unknown %s '%s'%s%s%s", owner->name ? "option" : "key",
		brief, owner->name ? " of " : "", owner->name ? owner->name : "",
		*more        ? more
		: meant.best ? text
			     : all);
	if (key->used.line)
		config_note(config, key->used, "taken up here");
}

static const struct option *find_option(const struct target targets[2], const char *name)
{
	for (int t = 0; t < 2; t++)
		for (const struct option *o = targets[t].options; o && o->name; o++)
			if (!strcmp(o->name, name))
				return o;
	return NULL;
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

static void check_keys(struct config *config, const struct target targets[2], struct node *map,
	const char *skip, const struct owner *owner)
{
	for (int i = 0; i < map->n; i++) {
		struct entry *entry = &map->entries[i];
		if (entry->dropped || (skip && node_is(entry->key, skip)) ||
			find_option(targets, entry->key->text))
			continue;
		if (entry->inherited && owner->name)
			drop(config, entry, owner);
		else
			tell_unknown(config, targets, entry->key, owner);
	}
}

static void fill_option(struct config *config, const struct option *option, void *base,
	const struct node *map, const struct owner *owner)
{
	struct value value = {config, option, owner, family_for(option, owner), NULL};

	value.node = node_get(map, option->name);
	if (!value.node || (is_none(value.node) && is_optional(option))) {
		if (map && !option->fallback && !value.node)
			tell_missing(config, option, owner, value.family);
		else
			fill_default(config, option, base, owner);
		return;
	}
	if (node_is_null(value.node))
		tell_wrong(&value, value.node);
	else
		fill_value(&value, (char *)base + option->offset);
}

static void fill_targets(struct config *config, const struct target targets[2], struct node *map,
	const char *skip, const struct owner *owner)
{
	if (map)
		check_keys(config, targets, map, skip, owner);
	for (int t = 0; t < 2; t++)
		for (const struct option *o = targets[t].options; o && o->name && !config->stop;
			o++)
			fill_option(config, o, targets[t].base, map, owner);
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
	places = take(config, n, sizeof *places);
	for (int i = 0; places && i < n; i++) {
		const struct node *value = node_get(map, options[i].name);
		if (value && !node_is_null(value))
			places[i] = value->place;
	}
	return places;
}
