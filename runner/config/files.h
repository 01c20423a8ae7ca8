/*
 * files -- config files in folders.
 */
#ifndef RUNNER_CONFIG_FILES_H
#define RUNNER_CONFIG_FILES_H

#include "layers/core/arena.h"

/* "; did you mean 'configs/lenet.yaml'?" where a file beside the missing `path` has nearly its
 * name, or "". Returns `text`. */
enum { FILES_SUGGESTION = 512 };
char *files_suggest(const char *path, char text[FILES_SUGGESTION]);

struct files {
	int n;
	const char **at; /* in the arena */
};

/* Adds the *.yaml files in `folder` and the folders below it, in the order of their names; those
 * that start with '_' (bases for others) or '.' are left out. */
int files_find(struct files *files, const char *folder, struct arena *arena, struct err *err);

int files_add(struct files *files, const char *path, struct arena *arena, struct err *err);

#endif
