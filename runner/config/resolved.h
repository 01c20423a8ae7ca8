/*
 * resolved -- a resolved config as YAML that a person can read and the program can read again.
 *
 * Keys keep the order in which they were written. What fits goes on one line, the rest is indented.
 * Knobs have become values; a comment at the end names them.
 */
#ifndef RUNNER_CONFIG_RESOLVED_H
#define RUNNER_CONFIG_RESOLVED_H

#include "runner/config/source.h"
#include "runner/config/tree.h"

/* The text; the caller frees it. NULL without memory. With `origins` (else NULL) each line ends in
 * a comment that says where its values were written: "# lenet.yaml:14, 19, command line". */
char *resolved_text(const struct node *root, const struct sources *origins);

#endif
