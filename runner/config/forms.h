/*
 * forms -- short ways of writing, made into the long one, so that values can be merged by key.
 *
 *     dataset: X              {name: X}
 *     optimizer: adam         {name: adam}              likewise loss, lr_schedule and each init
 *     optimizer: {adam: {eps: 1e-7}}                    {name: adam, eps: 1e-7}
 *     init: {file: w.safetensors}   {name: file, path: w.safetensors}, where a kind has one option
 *                             that it cannot do without
 *     init: X                 {weight: X, bias: torch_default}, but {weight: X, bias: X} where X
 *                             is file, zeros or torch_default
 *
 * What is in the long form already stays as it is, and so does a $name, whose value is not known
 * yet. Layers are no values to merge; their forms are read by fill.h.
 */
#ifndef RUNNER_CONFIG_FORMS_H
#define RUNNER_CONFIG_FORMS_H

#include "layers/core/option.h"
#include "runner/config/tree.h"

/* All of a config, as it stands in one file. */
void forms_expand(struct config *config, struct node *root);

/* The long form of one thing of `family`; `node` itself where there is nothing to do or no memory.
 */
struct node *form_spec(struct config *config, struct node *node, const struct family *family);

/* The long form of `init:`. */
struct node *form_init(struct config *config, struct node *node);

/* True for a plain scalar that starts with '$'. */
bool is_reference(const struct node *node);

#endif
