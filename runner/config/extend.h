/*
 * extend -- a config together with the files it extends.
 *
 * `extends` names one file or a list of them, each relative to the file that says so; a file may
 * extend others in turn. What comes later wins: maps merge key by key, lists and scalars replace.
 * `name`, `description`, `question` and `answer` speak of one file alone and are not inherited.
 * Where the kind of a thing changes (sgd to adam), the options it had are marked as inherited, so
 * that those the new kind lacks can be dropped with a note.
 */
#ifndef RUNNER_CONFIG_EXTEND_H
#define RUNNER_CONFIG_EXTEND_H

#include "runner/config/tree.h"

/* The map that source `file` and all that it extends make together, in long forms (forms.h), and
 * without `extends`. NULL when one of them cannot be read; why is then in config->diags. */
struct node *extend_read(struct config *config, int file);

/* `over` merged into `base`: a new map, or `over` itself where one of them is not a map. Children
 * are shared with both. NULL, with config->stop, without memory. */
struct node *merge(struct config *config, struct node *base, struct node *over);

/* The same for two whole configs, whose `name` is no kind. */
struct node *merge_configs(struct config *config, struct node *base, struct node *over);

#endif
