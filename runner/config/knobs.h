/*
 * knobs -- `params:` put in where `$name` stands, and `each` expanded.
 *
 * A plain scalar $NAME, $NAME.KEY or $NAME.0 is replaced by the value of the knob NAME (or of the
 * element that an `each` around it calls NAME), or by a part of it; it keeps the type it was
 * written with. It may be a key too. Knobs may be made of other knobs, but not of themselves.
 *
 *     - each: $convs          for every element, in order,
 *       as: conv              called $conv inside,
 *       layers: [...]         these layers
 *
 * A value that was put in keeps the place where it was written (node.place) and remembers where it
 * was taken up (node.used).
 */
#ifndef RUNNER_CONFIG_KNOBS_H
#define RUNNER_CONFIG_KNOBS_H

#include "runner/config/tree.h"

/* Errors for the knobs in `params` that nothing takes up. One that a file in `extends` brought
 * along is no mistake of the person who does without it, and is dropped. */
void knobs_check(struct config *config, struct node *root);

/* The config with all knobs put in and every `each` expanded; `params` stays, with its own $names
 * put in. What cannot be put in is told and becomes NODE_BAD. NULL, with config->stop, when that
 * was set. */
struct node *knobs_apply(struct config *config, struct node *root);

/* The name behind the '$' that `text` starts with; false when what follows is no reference. */
enum { NAME_MAX_BYTES = 64 };
bool reference_name(const char *text, char name[NAME_MAX_BYTES]);

/* A letter or '_', then letters, digits, '_' and '-'. */
bool is_knob_name(const char *text);

#endif
