/*
 * kinds -- one thing out of a family, and lists of them: optimizers, losses, layers.
 */
#ifndef RUNNER_CONFIG_KINDS_H
#define RUNNER_CONFIG_KINDS_H

#include "runner/config/value.h"

/* Like value_fill, for OPTION_SPEC, OPTION_SPECS and OPTION_BRANCHES. A kind's own check has passed
 * when nothing was told. */
void kinds_fill_spec(const struct value *value, struct spec *spec);
void kinds_fill_specs(const struct value *value, struct specs *at);
void kinds_fill_branches(const struct value *value, struct branches *at);

#endif
