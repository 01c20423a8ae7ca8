/*
 * reading -- what a test needs to read YAML: an arena, sources, diags and a config over them.
 */
#ifndef TESTS_SUPPORT_READING_H
#define TESTS_SUPPORT_READING_H

#include "runner/config/files.h"
#include "runner/config/tree.h"

/* Starts as {0}. */
struct reading {
	struct arena arena;
	struct sources sources;
	struct diags diags;
	struct config config;
};

/* The trees of a text ("x.yaml") and of a file; NULL when yaml_read finds none. */
struct node *reading_text(struct reading *reading, const char *text);
struct node *reading_file(struct reading *reading, const char *path);
void reading_release(struct reading *reading);

/* All configs that the program accepts: those of configs/ and of tests/cases/ok/. Fails when there
 * are suspiciously few. */
void reading_find_configs(struct files *files, struct arena *arena);

#endif
