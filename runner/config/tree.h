/*
 * tree -- the values of a config as a tree of nodes that know where they were written.
 *
 * yaml.h makes trees of texts; extend.h, override.h and knobs.h make one config of them; fill.h
 * takes the values out. All nodes live in the arena of a struct config; nothing is freed alone.
 * What a plain scalar is says scalar.h.
 */
#ifndef RUNNER_CONFIG_TREE_H
#define RUNNER_CONFIG_TREE_H

#include <stdbool.h>

#include "layers/core/arena.h"
#include "layers/core/err.h"
#include "runner/config/diag.h"
#include "runner/config/source.h"

/* How deep lists and maps may stand in each other, and how many nodes aliases and knobs may make (a
 * few lines of aliases to aliases could otherwise fill the memory). */
enum { TREE_DEPTH = 64, TREE_GROWTH = 20000 };

/* Errors after which no more of a config is looked at. */
enum { CONFIG_ERRORS = 1000 };

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
	bool expanded;      /* map: {name: X}, made of a mere X (forms.h) */
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
	const struct node *params; /* the knobs, once they have been put in; NULL: none */
	struct node *names;        /* a list of what `as` has named, for hints; NULL: none */
	int grown;                 /* nodes made by aliases and knobs so far */
	bool stop; /* memory or TREE_GROWTH ran out; it has been told, and nothing goes on */
};

/* Nodes are made in the arena; NULL (and config->stop) without memory. */
struct node *node_new(struct config *config, enum node_kind kind, struct place place);
struct node *node_text(struct config *config, const char *text, bool plain, struct place place);

/* Tells that memory ran out and sets config->stop. */
void config_no_memory(struct config *config);

/* True when there is no sense in going on: config->stop, or very many errors. */
bool config_is_over(const struct config *config);

/* Counts one more node against TREE_GROWTH; sets config->stop, told at `at`, when that is used up.
 */
void config_grow(struct config *config, struct place at);

/* A deep copy that will stand at `depth`; each of its nodes counts against TREE_GROWTH. NULL, with
 * config->stop, when that is used up or TREE_DEPTH exceeded (told at `at`), or memory runs out. */
struct node *node_copy(struct config *config, const struct node *node, int depth, struct place at);

/* Tells that lists and maps stand too deep in each other and sets config->stop. */
void config_too_deep(struct config *config, struct place place);

/* -1, with config->stop, without memory. The children are not copied. */
int node_append(struct config *config, struct node *list, struct node *item);
int node_put(struct config *config, struct node *map, struct node *key, struct node *value);

/* The value of `key`, or NULL. */
struct node *node_get(const struct node *map, const char *key);
struct entry *node_entry(const struct node *map, const char *key);

/* True when the node is a scalar with this text. */
bool node_is(const struct node *node, const char *text);

/* Errors and notes at a place, to config->diags. */
#define config_error(config, place, ...) \
	diags_add((config)->diags, DIAG_ERROR, (config)->sources, place, __VA_ARGS__)
#define config_warning(config, place, ...) \
	diags_add((config)->diags, DIAG_WARNING, (config)->sources, place, __VA_ARGS__)
#define config_note(config, place, ...) \
	diags_note((config)->diags, (config)->sources, place, __VA_ARGS__)

#endif
