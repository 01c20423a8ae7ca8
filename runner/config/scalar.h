/*
 * scalar -- what a scalar of a config is by the core rules of YAML 1.2, and its value.
 *
 * Quoted scalars are texts. Plain ones are null (`null`, `~`, nothing), booleans (`true`, `false`),
 * whole numbers (`12`, `0o14`, `0xc`; `012` is 12), numbers (`1.5`, `1e-3`, `.inf`), or texts: `no`
 * and `12:30` are texts.
 */
#ifndef RUNNER_CONFIG_SCALAR_H
#define RUNNER_CONFIG_SCALAR_H

#include <stdbool.h>
#include <stdint.h>

#include "runner/config/tree.h"

enum scalar_type { SCALAR_TEXT, SCALAR_NULL, SCALAR_BOOL, SCALAR_INT, SCALAR_NUMBER };

enum scalar_type scalar_type(const struct node *scalar);

/* NULL is null too. */
bool node_is_null(const struct node *node);

/* The value of a SCALAR_BOOL. */
bool scalar_bool(const struct node *scalar);

/* The value of a SCALAR_INT or SCALAR_NUMBER; infinite when it is too large. */
double scalar_number(const struct node *scalar);

/* The value of a SCALAR_INT, or of a SCALAR_NUMBER without a fraction. -1 when it has a fraction or
 * does not fit. */
int scalar_int64(const struct node *scalar, int64_t *value);

/* What was found, for messages: "the text 'ten'", "the number 2.5", "a list" ... Returns `text`. */
enum { NODE_FOUND = 256 };
char *node_found(const struct node *node, char text[NODE_FOUND]);

#endif
