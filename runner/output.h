/*
 * output -- files that commands write: whole or not at all.
 */
#ifndef RUNNER_OUTPUT_H
#define RUNNER_OUTPUT_H

#include <stddef.h>

#include "layers/core/err.h"

/* Writes `path` anew. A file that is there keeps its content until the new one is complete beside
 * it (PATH.part), and is left as it is on failure. What is no ordinary file, as /dev/stdout or a
 * link, is written straight. */
int output_write(const char *path, const void *bytes, size_t size, struct err *err);

#endif
