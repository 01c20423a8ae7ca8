/* resolved -- see resolved.h. */
#include "runner/config/resolved.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/config/scalar.h"
#include "runner/config/utf8.h"

enum {
	LINE = 88,          /* columns that a line may take before its value is broken up */
	ORIGIN_COLUMN = 30, /* where comments start, when the line is short enough */
	ORIGINS_MAX = 4     /* that one line names */
};

struct writer {
	FILE *file;
	const struct sources *origins;
	bool failed;
};

/* ---- scalars */

/* True when a plain scalar stays the same plain scalar inside brackets. */
static bool is_safe(const struct node *scalar)
{
	return scalar->plain && *scalar->text && !strpbrk(scalar->text, ",[]{}:#&*!|>'\"%@`\n");
}

static void write_quoted(FILE *file, const char *text)
{
	size_t left = strlen(text), step;

	fputc('"', file);
	for (; left > 0; text += step, left -= step) {
		uint32_t code = 0;
		step = utf8_next(text, left, &code);
		if (!step)
			step = 1; /* cannot be: sources are UTF-8 */
		else if (code == '"' || code == '\\')
			fprintf(file, "\\%c", (char)code);
		else if (code == '\n')
			fputs("\\n", file);
		else if (code < ' ' || code == 0x85 || code == 0x2028 || code == 0x2029)
			fprintf(file, "\\u%04X", (unsigned)code);
		else
			fwrite(text, 1, step, file);
	}
	fputc('"', file);
}

static void write_scalar(FILE *file, const struct node *scalar)
{
	if (node_is_null(scalar))
		fputs("null", file);
	else if (is_safe(scalar))
		fputs(scalar->text, file);
	else
		write_quoted(file, scalar->text);
}

/* ---- on one line */

/* {name: X} that a mere X was made into, and that nothing has been added to since. */
static bool is_bare_name(const struct node *node)
{
	int visible = 0;

	for (int i = 0; node->kind == NODE_MAP && i < node->n; i++)
		visible += !node->entries[i].dropped;
	return visible == 1 && node->expanded && !node->entries[0].dropped;
}

static void write_flow(FILE *file, const struct node *node)
{
	int written = 0;

	if (node->kind == NODE_SCALAR) {
		write_scalar(file, node);
		return;
	}
	if (is_bare_name(node)) {
		write_scalar(file, node->entries[0].value);
		return;
	}
	fputc(node->kind == NODE_LIST ? '[' : '{', file);
	for (int i = 0; i < node->n; i++) {
		if (node->kind == NODE_MAP && node->entries[i].dropped)
			continue;
		fputs(written++ ? ", " : "", file);
		if (node->kind == NODE_LIST) {
			write_flow(file, node->items[i]);
			continue;
		}
		write_scalar(file, node->entries[i].key);
		fputs(": ", file);
		write_flow(file, node->entries[i].value);
	}
	fputc(node->kind == NODE_LIST ? ']' : '}', file);
}

/* The value on one line, or NULL when it does not fit into `room` columns. To be freed. */
static char *flow_text(struct writer *writer, const struct node *node, int room)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file) {
		writer->failed = true;
		return NULL;
	}
	write_flow(file, node);
	if (fclose(file)) {
		writer->failed = true;
		free(text);
		return NULL;
	}
	if (node->kind != NODE_SCALAR && node->n > 0 && size > (size_t)(room > 16 ? room : 16)) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---- origins */

struct origins {
	int n;
	struct place at[ORIGINS_MAX + 1];
};

static void add_origin(const struct writer *writer, struct origins *origins, struct place place)
{
	const struct source *source = sources_find(writer->origins, place);

	if (!source)
		return;
	for (int i = 0; i < origins->n; i++)
		if (origins->at[i].file == place.file &&
			(origins->at[i].line == place.line || source->argument))
			return;
	if (origins->n <= ORIGINS_MAX)
		origins->at[origins->n++] = place;
}

static void find_origins(
	const struct writer *writer, struct origins *origins, const struct node *node)
{
	if (node->kind == NODE_SCALAR || node->n == 0)
		add_origin(writer, origins, node->place);
	for (int i = 0; i < node->n; i++) {
		if (node->kind == NODE_LIST) {
			find_origins(writer, origins, node->items[i]);
		} else if (!node->entries[i].dropped) {
			add_origin(writer, origins, node->entries[i].key->place);
			find_origins(writer, origins, node->entries[i].value);
		}
	}
}

/* A file without its folders, unless two of them are then called the same. */
static const char *short_name(const struct sources *sources, const struct source *source)
{
	const char *slash = strrchr(source->name, '/'), *name = slash ? slash + 1 : source->name;

	for (int i = 0; i < sources->n; i++) {
		const struct source *other = sources->at[i];
		const char *end = strrchr(other->name, '/');

		if (other != source && !other->argument &&
			!strcmp(end ? end + 1 : other->name, name))
			return source->name;
	}
	return name;
}

/* "# lenet.yaml:14, 19, command line" */
static void write_origins(struct writer *writer, const struct origins *origins)
{
	int file = -1;

	for (int i = 0; i < origins->n; i++) {
		struct place at = origins->at[i];
		const struct source *source = sources_find(writer->origins, at);

		fputs(i ? ", " : "# ", writer->file);
		if (i == ORIGINS_MAX)
			fputs("...", writer->file);
		else if (source->argument)
			fputs("command line", writer->file);
		else if (at.file == file)
			fprintf(writer->file, "%d", at.line);
		else
			fprintf(writer->file, "%s:%d", short_name(writer->origins, source),
				at.line);
		file = source->argument ? -1 : at.file;
	}
}

/* Ends a line that has `width` columns so far. */
static void end_line(
	struct writer *writer, int width, const struct node *key, const struct node *value)
{
	struct origins origins = {0};

	if (writer->origins && key)
		add_origin(writer, &origins, key->place);
	if (writer->origins && value)
		find_origins(writer, &origins, value);
	if (origins.n)
		fprintf(writer->file, "%*s  ", width < ORIGIN_COLUMN ? ORIGIN_COLUMN - width : 0,
			"");
	write_origins(writer, &origins);
	fputc('\n', writer->file);
}

/* ---- in lines */

static void write_entries(
	struct writer *writer, const struct node *map, int indent, bool first_in_line);
static void write_items(struct writer *writer, const struct node *list, int indent);

static void write_indent(struct writer *writer, int indent)
{
	fprintf(writer->file, "%*s", indent, "");
}

/* What stands behind "key:", which ends in column `width`. */
static void write_value(struct writer *writer, const struct node *key, const struct node *value,
	int indent, int width)
{
	bool is_network = indent == 0 && node_is(key, "network");
	char *flow = is_network ? NULL : flow_text(writer, value, LINE - width);

	if (flow) {
		fprintf(writer->file, " %s", flow);
		end_line(writer, width + 1 + (int)strlen(flow), key, value);
		free(flow);
		return;
	}
	end_line(writer, width, key, NULL);
	if (value->kind == NODE_LIST)
		write_items(writer, value, indent + 2);
	else if (value->kind == NODE_MAP)
		write_entries(writer, value, indent + 2, false);
}

static void write_entries(
	struct writer *writer, const struct node *map, int indent, bool first_in_line)
{
	for (int i = 0; i < map->n; i++) {
		const struct entry *entry = &map->entries[i];
		if (entry->dropped)
			continue;
		if (!first_in_line)
			write_indent(writer, indent);
		first_in_line = false;
		write_scalar(writer->file, entry->key);
		fputc(':', writer->file);
		write_value(writer, entry->key, entry->value, indent,
			indent + (int)strlen(entry->key->text) + 1);
	}
}

static void write_items(struct writer *writer, const struct node *list, int indent)
{
	for (int i = 0; i < list->n; i++) {
		const struct node *item = list->items[i];
		char *flow;
		write_indent(writer, indent);
		fputs("- ", writer->file);
		/* {conv2d: {...}} reads better as conv2d: {...} */
		if (item->kind == NODE_MAP && item->n == 1 && !item->entries[0].dropped) {
			write_entries(writer, item, indent + 2, true);
			continue;
		}
		flow = flow_text(writer, item, LINE - indent - 2);
		if (flow) {
			fputs(flow, writer->file);
			end_line(writer, indent + 2 + (int)strlen(flow), NULL, item);
			free(flow);
		} else if (item->kind == NODE_MAP) {
			write_entries(writer, item, indent + 2, true);
		} else {
			end_line(writer, indent + 2, NULL, NULL);
			write_items(writer, item, indent + 2);
		}
	}
}

/* What the reader of the result has no use for: values that have been put in, and what spans runs.
 */
static bool is_left_out(const char *key)
{
	return !strcmp(key, "params") || !strcmp(key, "sweep") || !strcmp(key, "claims");
}

static void write_root(struct writer *writer, const struct node *root)
{
	const struct node *params = node_get(root, "params");

	for (int i = 0; i < root->n; i++) {
		const struct entry *entry = &root->entries[i];
		if (entry->dropped || is_left_out(entry->key->text))
			continue;
		write_scalar(writer->file, entry->key);
		fputc(':', writer->file);
		write_value(writer, entry->key, entry->value, 0, (int)strlen(entry->key->text) + 1);
	}
	if (!params || params->kind != NODE_MAP || params->n == 0)
		return;
	fputs("# knobs that were put in:\n", writer->file);
	for (int i = 0; i < params->n; i++) {
		char *flow = flow_text(writer, params->entries[i].value, 1 << 20);
		fprintf(writer->file, "#   %s: %s", params->entries[i].key->text,
			flow ? flow : "...");
		end_line(writer,
			6 + (int)strlen(flow ? flow : "...") +
				(int)strlen(params->entries[i].key->text),
			NULL, params->entries[i].value);
		free(flow);
	}
}

char *resolved_text(const struct node *root, const struct sources *origins)
{
	struct writer writer = {.origins = origins};
	char *text = NULL;
	size_t size;

	writer.file = open_memstream(&text, &size);
	if (!writer.file)
		return NULL;
	write_root(&writer, root);
	writer.failed |= ferror(writer.file) != 0;
	if (fclose(writer.file) || writer.failed) {
		free(text);
		return NULL;
	}
	return text;
}
