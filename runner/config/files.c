/* files -- see files.h. */
#include "runner/config/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "layers/core/suggest.h"

enum { FOLDERS_DEEP = 16 };

static bool is_config(const char *name)
{
	size_t length = strlen(name);

	return length > 5 && !strcmp(name + length - 5, ".yaml");
}

/* ---- suggestions */

/* A file's name without .yaml or .yml: the ending, which all have, makes no two of them alike. */
static char *stem_of(const char *name, char stem[256])
{
	size_t length = strlen(name);
	const char *ending = strrchr(name, '.');

	if (ending && (!strcmp(ending, ".yaml") || !strcmp(ending, ".yml")))
		length = (size_t)(ending - name);
	snprintf(stem, 256, "%.*s", (int)length, name);
	return stem;
}

/* The nearest name in the open folder, without its ending, copied to `best`. */
static bool nearest_file(DIR *folder, const char *wrong, char best[256])
{
	char wrong_stem[256], stem[256];
	struct suggestion meant = {.wrong = stem_of(wrong, wrong_stem)};
	struct dirent *entry;

	while ((entry = readdir(folder))) {
		const char *before = meant.best;
		if (!is_config(entry->d_name))
			continue;
		suggestion_try(&meant, stem_of(entry->d_name, stem));
		if (meant.best != before) { /* the next name overwrites it */
			snprintf(best, 256, "%s", stem);
			meant.best = best;
		}
	}
	return meant.best;
}

char *files_suggest(const char *path, char text[FILES_SUGGESTION])
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char folder_path[FILES_SUGGESTION / 2], best[256];
	size_t length = slash ? (size_t)(slash - path) + 1 : 0;
	DIR *folder;

	text[0] = 0;
	if (length >= sizeof folder_path)
		return text;
	memcpy(folder_path, path, length);
	folder_path[length] = 0;
	folder = opendir(length ? folder_path : ".");
	if (!folder)
		return text;
	if (nearest_file(folder, name, best))
		snprintf(text, FILES_SUGGESTION, "; did you mean '%.240s%.230s.yaml'?", folder_path,
			best);
	closedir(folder);
	return text;
}

/* ---- folders */

int files_add(struct files *files, const char *path, struct arena *arena, struct err *err)
{
	if ((files->n & (files->n - 1)) == 0) { /* full at every power of two */
		size_t room = files->n ? 2 * (size_t)files->n : 1;
		const char **at = arena_take(arena, room * sizeof *at, err);
		if (!at)
			return -1;
		if (files->n)
			memcpy(at, files->at, (size_t)files->n * sizeof *at);
		files->at = at;
	}
	files->at[files->n] = arena_text(arena, path, err);
	return files->at[files->n++] ? 0 : -1;
}

static int keep_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && entry->d_name[0] != '_';
}

static int find_in(
	struct files *files, const char *folder, int depth, struct arena *arena, struct err *err);

static int visit(struct files *files, const char *folder, const char *name, int depth,
	struct arena *arena, struct err *err)
{
	size_t length = strlen(folder);
	const char *slash = length && folder[length - 1] == '/' ? "" : "/";
	char *path = arena_printf(arena, err, "%s%s%s", folder, slash, name);
	struct stat info;

	if (!path)
		return -1;
	if (stat(path, &info))
		return 0; /* gone since, or a dangling link */
	if (S_ISDIR(info.st_mode))
		return depth < FOLDERS_DEEP ? find_in(files, path, depth + 1, arena, err) : 0;
	return is_config(name) ? files_add(files, path, arena, err) : 0;
}

static int find_in(
	struct files *files, const char *folder, int depth, struct arena *arena, struct err *err)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, keep_visible, alphasort);
	int status = 0;

	if (n < 0)
		return err_errno(err, errno, "cannot read the folder '%s'", folder);
	for (int i = 0; i < n; i++) {
		if (!status)
			status = visit(files, folder, entries[i]->d_name, depth, arena, err);
		free(entries[i]);
	}
	free(entries);
	return status;
}

int files_find(struct files *files, const char *folder, struct arena *arena, struct err *err)
{
	return find_in(files, folder, 0, arena, err);
}
