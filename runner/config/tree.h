/*
 * tree -- YAML as a tree of nodes that know where they were written.
 *
 * libyaml gives events with marks; this makes scalars, lists and maps of them, expands aliases, and
 * refuses what would surprise: duplicate keys, keys that are not scalars, tags, merge keys, several
 * documents, nesting beyond TREE_DEPTH, and expansion beyond TREE_GROWTH nodes (the "billion
 * laughs"). Scalars keep their text and whether it was plain; node_type_of says what YAML 1.2's
 * core rules make of it. libyaml's own errors are put into words with a hint at what to do.
 */
#ifndef RUNNER_CONFIG_TREE_H
#define RUNNER_CONFIG_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "layers/core/arena.h"
#include "layers/core/err.h"
#include "runner/config/diag.h"
#include "runner/config/source.h"

enum { TREE_DEPTH = 64, TREE_GROWTH = 50000 };

enum node_kind {
	NODE_SCALAR = 1,
	NODE_LIST,
	NODE_MAP,
	NODE_BAD /* an error about it has been told; readers pass it over */
};

struct node {
	enum node_kind kind;
	bool plain;         /* scalar: written without quotes */
	bool flow;          /* list, map: in brackets or braces */
	const char *text;   /* scalar */
	struct place place; /* where it was written */
	struct place used;  /* where a $name took it up; line 0: nowhere */
	int n;              /* children of a list or map */
	int room;
	struct node **items;   /* list */
	struct entry *entries; /* map, in the order written */
};

struct entry {
	struct node *key; /* a scalar */
	struct node *value;
	bool inherited; /* written for another kind than the one it now stands with */
	bool dropped;   /* inherited, and unknown to the new kind: passed over */
};

/* What the reading of one config needs everywhere. All members are borrowed. */
struct config {
	struct arena *arena;
	struct sources *sources;
	struct diags *diags;
	int grown; /* nodes made by aliases and knobs so far */
	bool stop; /* memory or TREE_GROWTH ran out; it has been told, and nothing goes on */
};

/* The tree of source `file`, from byte `offset` of its text on. NULL when there is none; the error
 * is then in config->diags. Duplicate keys and the like are errors that leave a tree. */
struct node *tree_read(struct config *config, int file, size_t offset);

/* Nodes are made in the arena; NULL (and config->stop) without memory. */
struct node *node_new(struct config *config, enum node_kind kind, struct place place);
struct node *node_text(struct config *config, const char *text, bool plain, struct place place);

/* A deep copy, counted against TREE_GROWTH; NULL when that runs out. */
struct node *node_copy(struct config *config, const struct node *node, int depth);

/* NULL / -1 without memory; the children are not copied. */
int node_append(struct config *config, struct node *list, struct node *item);
int node_put(struct config *config, struct node *map, struct node *key, struct node *value);

/* The value of `key`, or NULL. */
struct node *node_get(const struct node *map, const char *key);
struct entry *node_entry(const struct node *map, const char *key);

/* True when the node is a scalar with this text. */
bool node_is(const struct node *node, const char *text);

/* What a scalar is by the core rules of YAML 1.2. Quoted ones are texts. */
enum scalar_type { SCALAR_TEXT, SCALAR_NULL, SCALAR_BOOL, SCALAR_INT, SCALAR_NUMBER };
enum scalar_type scalar_type(const struct node *scalar);

/* The value of a scalar of type SCALAR_BOOL. */
bool scalar_bool(const struct node *scalar);

/* The value of a SCALAR_INT or SCALAR_NUMBER; infinite when it is too large. */
double scalar_number(const struct node *scalar);

/* The value of a SCALAR_INT, or of a SCALAR_NUMBER without a fraction; -1 when it does not fit. */
int scalar_int64(const struct node *scalar, int64_t *value);

/* "the text 'ten'", "the number 2.5", "a list" ...: what was found, for messages. */
enum { NODE_FOUND = 80 };
char *node_found(const struct node *node, char text[NODE_FOUND]);

/* The first full-width punctuation mark in `text` that YAML has its own sign for (as in `key：1`)
 * and that sign; NULL when there is none. */
const char *text_full_width(const char *text, size_t length, char *ascii);

/* Errors and notes at a place, to config->diags. */
#define config_error(config, place, ...) \
	diags_add((config)->diags, DIAG_ERROR, (config)->sources, place, __VA_ARGS__)
#define config_warning(config, place, ...) \
	diags_add((config)->diags, DIAG_WARNING, (config)->sources, place, __VA_ARGS__)
#define config_note(config, place, ...) \
	diags_note((config)->diags, (config)->sources, place, __VA_ARGS__)

#endif
