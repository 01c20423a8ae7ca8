/* recipe -- see recipe.h. */
#include "runner/recipe.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers/families.h"
#include "runner/config/diag.h"
#include "runner/config/experiment.h"

typedef void recipe_item(const char *head, const char *text);

/* ---- texts */

struct text {
	FILE *file; /* NULL: no memory */
	char *bytes;
	size_t size;
	int n; /* parts so far */
};

static void text_begin(struct text *text)
{
	*text = (struct text){0};
	text->file = open_memstream(&text->bytes, &text->size);
}

static void text_end(struct text *text, const char *head, recipe_item *item)
{
	if (text->file && !fclose(text->file) && text->size)
		item(head, text->bytes);
	free(text->bytes);
}

/* What stands before the next part. */
static const char *text_comma(struct text *text)
{
	return text->n++ ? ", " : "";
}

/* A value as YAML flow: [120, 84], {adam: {eps: 1e-06}}. */
static void write_flow(FILE *file, json_t *value)
{
	bool first = true;
	const char *key;
	size_t i;
	json_t *inner;

	if (json_is_string(value)) {
		fputs(json_string_value(value), file);
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, inner)
		{
			fputs(i ? ", " : "[", file);
			write_flow(file, inner);
		}
		fputs(json_array_size(value) ? "]" : "[]", file);
	} else if (json_is_object(value)) {
		fputc('{', file);
		json_object_foreach(value, key, inner)
		{
			fprintf(file, "%s%s: ", first ? "" : ", ", key);
			write_flow(file, inner);
			first = false;
		}
		fputc('}', file);
	} else {
		json_dumpf(value, file, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	}
}

/* "KEY VALUE" for each key of `map` but its name. */
static void add_keys(struct text *text, json_t *map)
{
	const char *key;
	json_t *value;

	json_object_foreach(map, key, value)
	{
		if (!strcmp(key, "name"))
			continue;
		fprintf(text->file, "%s%s ", text_comma(text), key);
		write_flow(text->file, value);
	}
}

/* An option that is always told, and what it is where the table has no default. */
struct told {
	const char *name, *otherwise;
};

/* The defaults of those options of `told` that `map` leaves out. */
static void add_defaults(struct text *text, json_t *map, const struct option *options,
	const struct told *told, int n)
{
	for (int i = 0; i < n; i++)
		for (const struct option *o = options; o->name; o++)
			if (!strcmp(o->name, told[i].name) && !json_object_get(map, o->name))
				fprintf(text->file, "%s%s %s", text_comma(text), o->name,
					told[i].otherwise ? told[i].otherwise : o->fallback);
}

/* ---- lines */

static void tell_data(const struct store_run *run, json_t *map, recipe_item *item)
{
	struct text text;

	text_begin(&text);
	if (text.file) {
		fprintf(text.file, "%s%s", text_comma(&text), run->dataset);
		add_keys(&text, map);
		fprintf(text.file, "%sseed %lld", text_comma(&text), (long long)run->seed);
	}
	text_end(&text, "data", item);
}

static void tell_options(const char *head, json_t *map, const struct option *options,
	const struct told *told, int n, recipe_item *item)
{
	struct text text;

	text_begin(&text);
	if (text.file) {
		add_defaults(&text, map, options, told, n);
		add_keys(&text, map);
	}
	text_end(&text, head, item);
}

static void tell_loss(json_t *loss, recipe_item *item)
{
	struct text text;

	text_begin(&text);
	if (text.file && loss)
		write_flow(text.file, loss);
	else if (text.file)
		fputs("cross_entropy", text.file);
	text_end(&text, "loss", item);
}

static void tell_params(json_t *params, recipe_item *item)
{
	const char *key, *head = "params";
	json_t *value;

	json_object_foreach(params, key, value)
	{
		struct text text;

		text_begin(&text);
		if (text.file) {
			fprintf(text.file, "%s: ", key);
			write_flow(text.file, value);
		}
		text_end(&text, head, item);
		head = "";
	}
}

void recipe_tell(const struct store_run *run, recipe_item *item)
{
	static const struct told train[] = {
		{"optimizer", NULL}, {"lr", NULL}, {"lr_schedule", NULL}, {"batch_size", NULL}};
	static const struct told init[] = {{"weight", "torch_default"}, {"bias", "torch_default"}};
	struct diags diags = {0};
	struct experiment *x = NULL;
	json_t *params = json_loads(run->params, 0, NULL), *all = NULL;

	if (run->config && !experiment_parse(&x, run->name, run->config, NULL, 0, &diags))
		all = x->canonical;
	tell_data(run, json_object_get(all, "dataset"), item);
	if (all) {
		tell_options("train", json_object_get(all, "train"), train_options, train, 4, item);
		tell_loss(json_object_get(all, "loss"), item);
		tell_options("init", json_object_get(all, "init"), init_options, init, 2, item);
	}
	tell_params(params, item);
	json_decref(params);
	experiment_free(x);
	diags_release(&diags);
}
