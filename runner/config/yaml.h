/*
 * yaml -- from the text of a source to a tree.
 *
 * libyaml finds the events; this makes nodes of them, puts copies where aliases stand, and refuses
 * what would surprise: duplicate keys, keys that are no scalars, merge keys, tags, a second
 * document, an empty one. libyaml's own complaints are put into words that say what to change.
 */
#ifndef RUNNER_CONFIG_YAML_H
#define RUNNER_CONFIG_YAML_H

#include "runner/config/tree.h"

/* The tree of source `file`, from byte `offset` of its first line on. NULL when the text has no
 * structure; why is then in config->diags. Duplicate keys and the like are errors too, but leave a
 * tree in which more errors can be found. */
struct node *yaml_read(struct config *config, int file, size_t offset);

/* The tree of a text of the program's own; its nodes have no place. */
struct node *yaml_read_text(struct config *config, const char *text);

#endif
