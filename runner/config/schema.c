/* schema -- see schema.h. Each family has a definition of its own, which options refer to; layers
 * have a second one for lists of them. */
#include "runner/config/schema.h"

#include <stdio.h>
#include <string.h>

#include "runner/config/experiment.h"
#include "runner/config/fill.h"
#include "runner/config/json_build.h"

static json_t *value_schema(const struct option *option, const struct family *family);

/* ---- parts */

static json_t *reference(const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "#/definitions/%s", name);
	return json_pack("{s:s}", "$ref", path);
}

/* The list of alternatives as a schema, a $name among them. */
static json_t *any_of(json_t *alternatives)
{
	json_add(&alternatives, reference("knob"));
	return json_pack("{s:o}", "anyOf", alternatives);
}

static json_t *list_of(json_t *items)
{
	return json_pack("{s:s, s:o}", "type", "array", "items", items);
}

static json_t *number(const struct option *option, const char *type)
{
	json_t *schema = json_pack("{s:s}", "type", type);
	bool whole = !strcmp(type, "integer");

	if (option_has_min(option))
		json_put(&schema, option->above_min ? "exclusiveMinimum" : "minimum",
			whole ? json_integer((json_int_t)option->min) : json_real(option->min));
	if (option_has_max(option))
		json_put(&schema, option->below_max ? "exclusiveMaximum" : "maximum",
			whole ? json_integer((json_int_t)option->max) : json_real(option->max));
	return schema;
}

static json_t *names_of_kinds(const struct family *family)
{
	json_t *names = json_array();

	for (const struct kind *const *kind = family->kinds; *kind; kind++)
		json_add(&names, json_string((*kind)->name));
	return json_pack("{s:o}", "enum", names);
}

static json_t *choices(const struct option *option)
{
	json_t *names = json_array();

	for (int i = 0; option->choices[i]; i++)
		json_add(&names, json_string(option->choices[i]));
	return json_pack("{s:o}", "enum", names);
}

/* Several numbers, each of which may be a knob's. */
static json_t *numbers(const struct option *option, const char *type, int least, int most)
{
	json_t *one = json_array(), *schema;

	json_add(&one, number(option, type));
	schema = list_of(any_of(one));
	if (most) {
		json_put(&schema, "minItems", json_integer(least));
		json_put(&schema, "maxItems", json_integer(most));
	}
	return schema;
}

static json_t *any_text(void)
{
	return json_pack("{s:[s,s,s]}", "type", "string", "number", "boolean");
}

/* ---- maps of options */

static bool is_optional(const struct option *option)
{
	return option->fallback && !strcmp(option->fallback, "null");
}

static json_t *option_schema(const struct option *option, const struct family *family)
{
	const struct family *own = option_family(option);
	json_t *schema = value_schema(option, own ? own : family);
	char text[512];

	if (option->fallback && !is_optional(option))
		snprintf(text, sizeof text, "%s (default: %s)", option->help, option->fallback);
	else
		snprintf(text, sizeof text, "%s%s", option->help,
			option->fallback ? "" : " (required)");
	json_put(&schema, "description", json_string(text));
	return schema;
}

/* Adds those that are not there yet. */
static void add_options(
	json_t **properties, const struct option *options, const struct family *family)
{
	for (; options && options->name; options++)
		if (!json_object_get(*properties, options->name))
			json_put(properties, options->name, option_schema(options, family));
}

/* A map with these keys, or with knobs for keys. */
static json_t *map_of(json_t *properties)
{
	return json_pack("{s:s, s:o, s:{s:{}}, s:b}", "type", "object", "properties", properties,
		"patternProperties", "^\\$", "additionalProperties", 0);
}

static json_t *group_schema(const struct option *group)
{
	json_t *properties = json_object();

	add_options(&properties, group, NULL);
	return map_of(properties);
}

/* What stands behind a kind's name: its options, or nothing. */
static json_t *kind_options(const struct kind *kind, const struct family *family)
{
	json_t *properties = json_object(), *alternatives = json_array(), *schema;

	add_options(&properties, kind->options, family);
	add_options(&properties, family->common, family);
	json_add(&alternatives, map_of(properties));
	json_add(&alternatives, json_pack("{s:s}", "type", "null"));
	schema = any_of(alternatives);
	json_put(&schema, "description", json_string(kind->help));
	return schema;
}

/* ---- values */

/* Keys that are read by code of their own. */
static json_t *raw_schema(const char *name)
{
	if (!strcmp(name, "extends"))
		return json_pack("{s:[s,s,s,s]}", "type", "string", "number", "boolean", "array");
	if (!strcmp(name, "params"))
		return json_pack("{s:s}", "type", "object");
	return json_object();
}

static json_t *alternatives_of(const struct option *option, const struct family *family)
{
	json_t *list = json_array();

	switch (option->type) {
	case OPTION_BOOL:
		json_add(&list, json_pack("{s:s}", "type", "boolean"));
		break;
	case OPTION_INT:
	case OPTION_INT64:
		json_add(&list, number(option, "integer"));
		break;
	case OPTION_NUMBER:
		json_add(&list, number(option, "number"));
		break;
	case OPTION_TEXT:
		json_add(&list, any_text());
		break;
	case OPTION_CHOICE:
		json_add(&list, choices(option));
		break;
	case OPTION_PADDING:
		json_add(&list, json_pack("{s:[s]}", "enum", "same"));
		json_add(&list, numbers(option, "integer", 4, 4));
		/* fallthrough */
	case OPTION_PAIR:
		json_add(&list, number(option, "integer"));
		json_add(&list, numbers(option, "integer", 2, 2));
		break;
	case OPTION_INTS:
		json_add(&list, numbers(option, "integer", 0, 0));
		break;
	case OPTION_NUMBERS:
		json_add(&list, number(option, "number"));
		json_add(&list, numbers(option, "number", 0, 0));
		break;
	case OPTION_TEXTS:
		json_add(&list, list_of(any_text()));
		break;
	case OPTION_TENSOR:
		json_add(&list, json_pack("{s:s}", "type", "number"));
		json_add(&list, json_pack("{s:s}", "type", "array"));
		break;
	case OPTION_SPEC:
		json_add(&list, reference(family->noun));
		break;
	case OPTION_SPECS:
		json_add(&list, reference("layers"));
		break;
	case OPTION_BRANCHES:
		json_add(&list, list_of(json_object()));
		break;
	case OPTION_GROUP:
		json_add(&list, group_schema(option->group));
		break;
	case OPTION_RAW:
		json_add(&list, raw_schema(option->name));
		break;
	}
	return list;
}

static json_t *value_schema(const struct option *option, const struct family *family)
{
	json_t *list = alternatives_of(option, family);

	if (option->group == init_options)
		json_add(&list, reference(init_family.noun));
	if (option->group == dataset_options)
		json_add(&list, any_text());
	if (is_optional(option))
		json_add(&list, json_pack("{s:s}", "type", "null"));
	return any_of(list);
}

/* ---- families */

/* NAME, NAME: {...}, or {name: NAME, ...}; the name may be another file's to say. */
static json_t *family_schema(const struct family *family)
{
	json_t *properties = json_object(), *list = json_array();

	json_put(&properties, "name", any_text());
	for (const struct kind *const *kind = family->kinds; *kind; kind++)
		json_put(&properties, (*kind)->name,
			json_pack("{s:s}", "description", (*kind)->help));
	for (const struct kind *const *kind = family->kinds; *kind; kind++)
		add_options(&properties, (*kind)->options, family);
	json_add(&list, names_of_kinds(family));
	json_add(&list, map_of(properties));
	return any_of(list);
}

static json_t *each_schema(void)
{
	return json_pack("{s:s, s:{s:{s:s}, s:{s:s, s:s}, s:o}, s:[s,s], s:b}", "type", "object",
		"properties", "each", "description", "the list whose elements are gone through",
		"as", "type", "string", "description", "what each element is called: $NAME",
		"layers", reference("layers"), "required", "each", "layers", "additionalProperties",
		0);
}

/* NAME, or a map of the one key NAME; or an `each`. */
static json_t *layer_schema(const struct family *family)
{
	json_t *kinds = json_object(), *list = json_array(), *map;

	for (const struct kind *const *kind = family->kinds; *kind; kind++)
		json_put(&kinds, (*kind)->name, kind_options(*kind, family));
	map = map_of(kinds);
	json_put(&map, "minProperties", json_integer(1));
	json_put(&map, "maxProperties", json_integer(1));
	json_add(&list, names_of_kinds(family));
	json_add(&list, map);
	json_add(&list, each_schema());
	return any_of(list);
}

static json_t *layers_schema(void)
{
	json_t *list = json_array();

	json_add(&list, list_of(reference("layer")));
	return any_of(list);
}

static json_t *definitions(void)
{
	const struct family *const families[] = {
		loss_family(), optimizer_family(), &init_family, &schedule_family};
	json_t *all = json_object();

	json_put(&all, "knob",
		json_pack("{s:s, s:s, s:s}", "type", "string", "pattern", "^\\$[A-Za-z_]",
			"description", "the value of a knob of params"));
	json_put(&all, "layer", layer_schema(layer_family()));
	json_put(&all, "layers", layers_schema());
	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		json_put(&all, families[i]->noun, family_schema(families[i]));
	return all;
}

json_t *schema_make(void)
{
	json_t *keys = json_object();

	add_options(&keys, experiment_options, NULL);
	return json_pack("{s:s, s:s, s:s, s:o, s:b, s:o}", "$schema",
		"http://json-schema.org/draft-07/schema#", "title", "runner config", "type",
		"object", "properties", keys, "additionalProperties", 0, "definitions",
		definitions());
}
