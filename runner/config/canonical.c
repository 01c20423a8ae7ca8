/* canonical -- see canonical.h. Whether a value is at its default is decided by comparing its JSON
 * with that of the default filled into a scratch struct: no type needs a comparison of its own. */
#include "runner/config/canonical.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/config/fill.h"
#include "runner/config/json_build.h"
#include "runner/config/scalar.h"
#include "runner/screen/table.h"

static const double LARGEST_WHOLE = 9007199254740992.0; /* 2^53 */

/* The largest of what an option that is no group can be. */
union scratch {
	double number;
	struct padding padding;
	struct literal literal;
	struct spec spec;
	struct branches branches;
};

static json_t *options_json(struct config *config, const struct option *options, const void *base,
	const struct family *family);

/* ---- values */

static json_t *number_json(double number)
{
	if (number == trunc(number) && fabs(number) < LARGEST_WHOLE)
		return json_integer((json_int_t)number);
	return json_real(number);
}

static json_t *ints_json(const int *at, int n)
{
	json_t *list = json_array();

	for (int i = 0; i < n && !json_add(&list, json_integer(at[i])); i++)
		;
	return list;
}

static json_t *numbers_json(const struct numbers *numbers)
{
	json_t *list = json_array();

	for (int i = 0; i < numbers->n && !json_add(&list, number_json(numbers->at[i])); i++)
		;
	return list;
}

static json_t *texts_json(const struct texts *texts)
{
	json_t *list = json_array();

	for (int i = 0; i < texts->n && !json_add(&list, json_string(texts->at[i])); i++)
		;
	return list;
}

static json_t *padding_json(const struct padding *p)
{
	if (p->same)
		return json_string("same");
	if (p->top != p->bottom || p->left != p->right)
		return ints_json((const int[]){p->top, p->bottom, p->left, p->right}, 4);
	if (p->top != p->left)
		return ints_json((const int[]){p->top, p->left}, 2);
	return json_integer(p->top);
}

/* The numbers from *data on as lists from dimension `d` on. */
static json_t *tensor_json(const struct literal *literal, int d, const float **data)
{
	json_t *list;

	if (d == literal->rank)
		return number_json((double)*(*data)++);
	list = json_array();
	for (int i = 0; i < literal->dims[d]; i++)
		if (json_add(&list, tensor_json(literal, d + 1, data)))
			break;
	return list;
}

/* ---- kinds */

static json_t *spec_json(
	struct config *config, const struct spec *spec, const struct family *family)
{
	json_t *options, *object = NULL;

	if (!spec->kind)
		return json_null();
	options = options_json(config, spec->kind->options, spec->options, family);
	if (options && family->common) {
		json_t *common = options_json(config, family->common, spec->common, family);
		if (!common || json_object_update(options, common)) {
			json_decref(options);
			options = NULL;
		}
		json_decref(common);
	}
	if (options && json_object_size(options) == 0) {
		json_decref(options);
		return json_string(spec->kind->name);
	}
	if (options) {
		object = json_object();
		json_put(&object, spec->kind->name, options);
	}
	return object;
}

static json_t *specs_json(
	struct config *config, const struct specs *specs, const struct family *family)
{
	json_t *list = json_array();

	for (int i = 0; i < specs->n; i++)
		if (json_add(&list, spec_json(config, &specs->at[i], family)))
			break;
	return list;
}

static json_t *branches_json(
	struct config *config, const struct branches *branches, const struct family *family)
{
	json_t *list = json_array();

	for (int i = 0; i < branches->n; i++)
		if (json_add(&list, specs_json(config, &branches->at[i], family)))
			break;
	return list;
}

static json_t *text_json(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *pair_json(const struct pair *pair)
{
	return pair->h == pair->w ? json_integer(pair->h)
				  : ints_json((const int[]){pair->h, pair->w}, 2);
}

static json_t *literal_json(const struct literal *literal)
{
	const float *data = literal->data;

	return data ? tensor_json(literal, 0, &data) : json_null();
}

static json_t *value_json(struct config *config, const struct option *option, const void *at,
	const struct family *family)
{
	switch (option->type) {
	case OPTION_BOOL:
		return json_boolean(*(const bool *)at);
	case OPTION_INT:
		return json_integer(*(const int *)at);
	case OPTION_INT64:
		return json_integer(*(const int64_t *)at);
	case OPTION_NUMBER:
		return number_json(*(const double *)at);
	case OPTION_TEXT:
		return text_json(*(const char *const *)at);
	case OPTION_CHOICE:
		return json_string(option->choices[*(const int *)at]);
	case OPTION_PAIR:
		return pair_json(at);
	case OPTION_PADDING:
		return padding_json(at);
	case OPTION_INTS:
		return ints_json(((const struct ints *)at)->at, ((const struct ints *)at)->n);
	case OPTION_NUMBERS:
		return numbers_json(at);
	case OPTION_TEXTS:
		return texts_json(at);
	case OPTION_TENSOR:
		return literal_json(at);
	case OPTION_SPEC:
		return spec_json(config, at, family);
	case OPTION_SPECS:
		return specs_json(config, at, family);
	case OPTION_BRANCHES:
		return branches_json(config, at, family);
	case OPTION_GROUP:
		return options_json(config, option->group, at, NULL);
	case OPTION_RAW:
		break;
	}
	return json_null();
}

/* ---- tables */

static json_t *default_json(
	struct config *config, const struct option *option, const struct family *family)
{
	struct owner owner = {.family = family};
	struct option alone = *option;
	union scratch scratch = {0};

	alone.offset = 0;
	fill_default(config, &alone, &scratch, &owner);
	return config->stop ? NULL : value_json(config, &alone, &scratch, family);
}

/* True for what need not be said. Groups are said when they are given: being there is a setting. */
static bool is_default(struct config *config, const struct option *option, const void *at,
	const json_t *value, const struct family *family)
{
	json_t *fallback;
	bool equal;

	if (option->type == OPTION_RAW)
		return true;
	if (option->type == OPTION_GROUP)
		return !*(const bool *)at;
	if (!option->fallback)
		return false;
	fallback = default_json(config, option, family);
	equal = fallback && json_equal(fallback, value);
	json_decref(fallback);
	return equal;
}

static json_t *options_json(struct config *config, const struct option *options, const void *base,
	const struct family *family)
{
	json_t *object = json_object();

	for (; options && options->name && object; options++) {
		const struct family *own = option_family(options);
		const void *at = (const char *)base + options->offset;
		json_t *value = value_json(config, options, at, own ? own : family);
		if (value && is_default(config, options, at, value, own ? own : family))
			json_decref(value);
		else
			json_put(&object, options->name, value);
	}
	return object;
}

/* ---- a config */

/* What an init that is not said stands for need not be said either. */
static void drop_default_init(json_t *object)
{
	static const char *const keys[] = {"weight", "bias"};
	json_t *init = json_object_get(object, "init");

	for (int i = 0; i < 2; i++) {
		const char *name = json_string_value(json_object_get(init, keys[i]));
		if (name && !strcmp(name, "torch_default"))
			json_object_del(init, keys[i]);
	}
	if (init && json_object_size(init) == 0)
		json_object_del(object, "init");
}

json_t *canonical_config(struct config *config, const struct experiment *experiment)
{
	static const char *const texts[] = {"name", "description", "question", "answer"};
	/* where data lies; what it is, its own hash says */
	static const char *const paths[] = {
		"train_images", "train_labels", "test_images", "test_labels", "path"};
	json_t *object = options_json(config, experiment_options, experiment, NULL);
	json_t *dataset = json_object_get(object, "dataset");

	for (size_t i = 0; object && i < sizeof texts / sizeof *texts; i++)
		json_object_del(object, texts[i]);
	for (size_t i = 0; dataset && i < sizeof paths / sizeof *paths; i++)
		json_object_del(dataset, paths[i]);
	drop_default_init(object);
	if (object && json_object_size(experiment->params) > 0)
		json_put(&object, "params", json_incref(experiment->params));
	return object;
}

/* ---- trees */

static json_t *scalar_json(const struct node *scalar)
{
	int64_t whole;

	switch (scalar_type(scalar)) {
	case SCALAR_NULL:
		return json_null();
	case SCALAR_BOOL:
		return json_boolean(scalar_bool(scalar));
	case SCALAR_INT:
	case SCALAR_NUMBER:
		if (!scalar_int64(scalar, &whole))
			return json_integer(whole);
		if (isfinite(scalar_number(scalar)))
			return json_real(scalar_number(scalar));
		break;
	case SCALAR_TEXT:
		break;
	}
	return json_string(scalar->text);
}

json_t *canonical_tree(const struct node *node)
{
	json_t *json;

	if (node->kind == NODE_SCALAR)
		return scalar_json(node);
	if (node->kind == NODE_LIST) {
		json = json_array();
		for (int i = 0; i < node->n; i++)
			if (json_add(&json, canonical_tree(node->items[i])))
				break;
		return json;
	}
	json = json_object();
	for (int i = 0; i < node->n; i++)
		if (json_put(&json, node->entries[i].key->text,
			    canonical_tree(node->entries[i].value)))
			break;
	return json;
}

/* ---- text */

struct writer {
	FILE *file;
	bool failed; /* memory ran out */
};

static void write_json(struct writer *writer, json_t *json);

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_object(struct writer *writer, json_t *object)
{
	const char **keys = calloc(json_object_size(object) + 1, sizeof *keys);
	size_t n = 0;

	if (!keys) {
		writer->failed = true;
		return;
	}
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
		keys[n++] = json_object_iter_key(at);
	qsort(keys, n, sizeof *keys, compare_keys);
	fputc('{', writer->file);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? "," : "", writer->file);
		table_json_text(writer->file, keys[i]);
		fputc(':', writer->file);
		write_json(writer, json_object_get(object, keys[i]));
	}
	fputc('}', writer->file);
	free(keys);
}

static void write_array(struct writer *writer, const json_t *array)
{
	fputc('[', writer->file);
	for (size_t i = 0; i < json_array_size(array); i++) {
		fputs(i ? "," : "", writer->file);
		write_json(writer, json_array_get(array, i));
	}
	fputc(']', writer->file);
}

static void write_json(struct writer *writer, json_t *json)
{
	char number[TABLE_NUMBER];

	if (json_is_object(json))
		write_object(writer, json);
	else if (json_is_array(json))
		write_array(writer, json);
	else if (json_is_string(json))
		table_json_text(writer->file, json_string_value(json));
	else if (json_is_integer(json))
		fprintf(writer->file, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
	else if (json_is_real(json))
		fputs(table_number(json_real_value(json), number), writer->file);
	else if (json_is_boolean(json))
		fputs(json_is_true(json) ? "true" : "false", writer->file);
	else
		fputs("null", writer->file);
}

char *canonical_text(json_t *json)
{
	struct writer writer = {0};
	char *text = NULL;
	size_t size;

	writer.file = open_memstream(&text, &size);
	if (!writer.file)
		return NULL;
	write_json(&writer, json);
	writer.failed |= ferror(writer.file) != 0;
	if (fclose(writer.file) || writer.failed) {
		free(text);
		return NULL;
	}
	return text;
}
