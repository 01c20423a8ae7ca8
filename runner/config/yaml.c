/* yaml -- see yaml.h. A recursive walk over libyaml's events; depth is bounded by TREE_DEPTH and
 * copies by TREE_GROWTH. An anchor may be used once its node is complete, so no tree has a cycle.
 */
#include "runner/config/yaml.h"

#include <string.h>
#include <yaml.h>

#include "runner/config/utf8.h"
#include "runner/config/yaml_words.h"

struct anchor {
	struct anchor *next;
	const char *name;
	const struct node *node;
};

struct reader {
	struct config *config;
	int file;  /* -1: the text is no source, and places are empty */
	int shift; /* characters before the text on its first line */
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event;
	struct anchor *anchors; /* newest first */
};

static struct node *read_node(struct reader *reader, int depth);

/* ---- events and places */

static struct place mark_place(const struct reader *reader, yaml_mark_t mark)
{
	struct place place = {reader->file, (int)mark.line + 1, (int)mark.column + 1, 1};

	if (reader->file < 0)
		return (struct place){0};
	if (mark.line == 0)
		place.column += reader->shift;
	return place;
}

/* Of the whole event when it stands on one line, else of its first character. */
static struct place event_place(const struct reader *reader)
{
	yaml_mark_t start = reader->event.start_mark, end = reader->event.end_mark;
	struct place place = mark_place(reader, start);

	if (place.line && start.line == end.line && end.column > start.column)
		place.length = (int)(end.column - start.column);
	return place;
}

static void drop_event(struct reader *reader)
{
	if (reader->has_event)
		yaml_event_delete(&reader->event);
	reader->has_event = false;
}

/* The next event is then in reader->event. -1 after an error, which has been told. */
static int next_event(struct reader *reader)
{
	struct yaml_complaint complaint;

	drop_event(reader);
	if (yaml_parser_parse(&reader->parser, &reader->event)) {
		reader->has_event = true;
		return 0;
	}
	if (reader->parser.error == YAML_MEMORY_ERROR) {
		config_no_memory(reader->config);
		return -1;
	}
	complaint.problem = reader->parser.problem;
	complaint.context = reader->parser.context;
	complaint.at = mark_place(reader, reader->parser.problem_mark);
	complaint.from = mark_place(reader, reader->parser.context_mark);
	yaml_complain(reader->config, &complaint);
	return -1;
}

/* ---- nodes; each function starts with its first event read and leaves its last one read */

static char *keep_text(struct reader *reader, const char *text, size_t length)
{
	char *copy = arena_text_n(reader->config->arena, text, length, NULL);

	if (!copy)
		config_no_memory(reader->config);
	return copy;
}

static void refuse_tag(struct reader *reader, const yaml_char_t *tag)
{
	static const char core[] = "tag:yaml.org,2002:";
	const char *text = (const char *)tag;
	bool is_core = text && !strncmp(text, core, strlen(core));
	char brief[UTF8_BRIEF];

	if (text)
		config_error(reader->config, event_place(reader),
			"the tag '%s%s' means nothing here; delete it", is_core ? "!!" : "",
			utf8_brief(is_core ? text + strlen(core) : text, brief));
}

/* What stands between quotes may be spelled with escapes: "\x07". */
static struct node *refuse_characters(struct reader *reader, struct place place)
{
	config_error(reader->config, place, "this text has a control character in it");
	return node_new(reader->config, NODE_BAD, place);
}

static struct node *read_scalar(struct reader *reader)
{
	const char *value = (const char *)reader->event.data.scalar.value;
	size_t length = reader->event.data.scalar.length;
	bool plain = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	struct place place = event_place(reader);
	char *text;

	refuse_tag(reader, reader->event.data.scalar.tag);
	if (!utf8_is_text(value, length))
		return refuse_characters(reader, place);
	text = keep_text(reader, value, length);
	return text ? node_text(reader->config, text, plain, place) : NULL;
}

static struct node *read_alias(struct reader *reader, int depth)
{
	const char *name = (const char *)reader->event.data.alias.anchor;
	struct place place = event_place(reader);
	char brief[UTF8_BRIEF];
	struct node *copy;

	for (struct anchor *anchor = reader->anchors; anchor; anchor = anchor->next) {
		if (strcmp(anchor->name, name))
			continue;
		copy = node_copy(reader->config, anchor->node, depth, place);
		if (copy)
			copy->used = place;
		return copy;
	}
	config_error(reader->config, place, "no anchor '&%s' stands above this alias",
		utf8_brief(name, brief));
	return node_new(reader->config, NODE_BAD, place);
}

static struct node *read_list(struct reader *reader, int depth)
{
	struct place place = event_place(reader);
	struct node *list = node_new(reader->config, NODE_LIST, place);

	if (!list)
		return NULL;
	refuse_tag(reader, reader->event.data.sequence_start.tag);
	list->flow = reader->event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	for (;;) {
		struct node *item;
		if (next_event(reader))
			return NULL;
		if (reader->event.type == YAML_SEQUENCE_END_EVENT)
			return list;
		item = read_node(reader, depth + 1);
		if (!item || node_append(reader->config, list, item))
			return NULL;
	}
}

/* Says what is wrong with a key, if anything is. */
static int check_key(struct reader *reader, const struct node *map, const struct node *key)
{
	const struct entry *first;
	char brief[UTF8_BRIEF];

	if (key->kind == NODE_BAD)
		return -1;
	if (key->kind != NODE_SCALAR) {
		config_error(reader->config, key->place, "a key must be one word, not %s",
			key->kind == NODE_LIST ? "a list" : "a map");
		return -1;
	}
	if (key->plain && !strcmp(key->text, "<<")) {
		config_error(reader->config, key->place,
			"merge keys ('<<') are not supported; use 'extends', or an alias for a "
			"whole value");
		return -1;
	}
	if (!*key->text) {
		config_error(reader->config, key->place, "a key is missing before ':'");
		return -1;
	}
	first = node_entry(map, key->text);
	if (!first)
		return 0;
	config_error(reader->config, key->place, "the key '%s' stands here a second time",
		utf8_brief(key->text, brief));
	config_note(reader->config, first->key->place, "the first one is here");
	return -1;
}

static struct node *read_map(struct reader *reader, int depth)
{
	struct place place = event_place(reader);
	struct node *map = node_new(reader->config, NODE_MAP, place);
	int bad_keys = 0;

	if (!map)
		return NULL;
	refuse_tag(reader, reader->event.data.mapping_start.tag);
	map->flow = reader->event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
	for (;;) {
		struct node *key, *value;
		if (next_event(reader))
			return NULL;
		if (reader->event.type == YAML_MAPPING_END_EVENT)
			break;
		key = read_node(reader, depth + 1);
		if (!key || next_event(reader))
			return NULL;
		value = read_node(reader, depth + 1);
		if (!value)
			return NULL;
		if (check_key(reader, map, key))
			bad_keys++;
		else if (node_put(reader->config, map, key, value))
			return NULL;
	}
	if (map->n == 0 && bad_keys)
		map->kind = NODE_BAD;
	return map;
}

static int keep_anchor(struct reader *reader, const char *name, const struct node *node)
{
	struct anchor *anchor = arena_take(reader->config->arena, sizeof *anchor, NULL);

	if (!anchor) {
		config_no_memory(reader->config);
		return -1;
	}
	*anchor = (struct anchor){reader->anchors, name, node};
	reader->anchors = anchor;
	return 0;
}

/* The anchor's name that the event carries, kept; *name is NULL when it has none. */
static int read_anchor(struct reader *reader, const char **name)
{
	const yaml_event_t *event = &reader->event;
	const yaml_char_t *anchor = NULL;

	if (event->type == YAML_SCALAR_EVENT)
		anchor = event->data.scalar.anchor;
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		anchor = event->data.sequence_start.anchor;
	else if (event->type == YAML_MAPPING_START_EVENT)
		anchor = event->data.mapping_start.anchor;
	*name = NULL;
	if (!anchor)
		return 0;
	*name = keep_text(reader, (const char *)anchor, strlen((const char *)anchor));
	return *name ? 0 : -1;
}

/* NULL after an error that leaves no tree; it has been told. */
static struct node *read_node(struct reader *reader, int depth)
{
	struct node *node = NULL;
	const char *anchor;

	if (depth > TREE_DEPTH)
		config_too_deep(reader->config, event_place(reader));
	if (reader->config->stop || read_anchor(reader, &anchor))
		return NULL;
	if (reader->event.type == YAML_SCALAR_EVENT)
		node = read_scalar(reader);
	else if (reader->event.type == YAML_ALIAS_EVENT)
		node = read_alias(reader, depth);
	else if (reader->event.type == YAML_SEQUENCE_START_EVENT)
		node = read_list(reader, depth);
	else if (reader->event.type == YAML_MAPPING_START_EVENT)
		node = read_map(reader, depth);
	if (node && anchor && keep_anchor(reader, anchor, node))
		return NULL;
	return node;
}

/* ---- the document */

static struct node *no_document(struct reader *reader)
{
	struct place place = mark_place(reader, (yaml_mark_t){0});
	const struct source *source = sources_find(reader->config->sources, place);

	if (!source)
		config_error(reader->config, place, "an empty text");
	else if (source->argument)
		config_error(reader->config, place, "a value is missing after '='");
	else
		config_error(reader->config, place, "'%s' is empty", source->name);
	return NULL;
}

static struct node *read_document(struct reader *reader)
{
	struct node *root;

	if (next_event(reader) || next_event(reader)) /* the stream's start, the document's */
		return NULL;
	if (reader->event.type == YAML_STREAM_END_EVENT)
		return no_document(reader);
	if (next_event(reader))
		return NULL;
	root = read_node(reader, 0);
	if (!root)
		return NULL;
	if (root->kind == NODE_SCALAR && root->plain && !*root->text)
		return no_document(reader);
	if (next_event(reader) || next_event(reader)) /* the document's end, the stream's */
		return NULL;
	if (reader->event.type != YAML_STREAM_END_EVENT) {
		config_error(reader->config, event_place(reader),
			"a second document starts here; a config is one document");
		return NULL;
	}
	return root;
}

static int count_characters(const char *text, size_t bytes)
{
	int n = 0;

	for (size_t i = 0; i < bytes; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

static struct node *read_text(
	struct config *config, const char *text, size_t size, int file, int shift)
{
	struct reader reader = {.config = config, .file = file, .shift = shift};
	struct node *root;

	if (!yaml_parser_initialize(&reader.parser)) {
		config_no_memory(config);
		return NULL;
	}
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, size);
	root = read_document(&reader);
	drop_event(&reader);
	yaml_parser_delete(&reader.parser);
	return root;
}

struct node *yaml_read(struct config *config, int file, size_t offset)
{
	const struct source *source = config->sources->at[file];

	return read_text(config, source->text + offset, source->size - offset, file,
		count_characters(source->text, offset));
}

struct node *yaml_read_text(struct config *config, const char *text)
{
	return read_text(config, text, strlen(text), -1, 0);
}
