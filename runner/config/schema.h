/*
 * schema -- the config language as a JSON Schema (draft 7), for editors.
 *
 * Made from the option tables and the families, so it knows every key, kind, range and help text.
 * It accepts more than the program, never less: a $name may stand for any value and any key, and
 * nothing is required, since what a file lacks may come from one that it extends.
 */
#ifndef RUNNER_CONFIG_SCHEMA_H
#define RUNNER_CONFIG_SCHEMA_H

#include <jansson.h>

/* A new reference; NULL without memory. */
json_t *schema_make(void);

#endif
