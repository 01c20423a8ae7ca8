/* published -- see published.h. Downloads go to a folder of the set's name, in --data-dir or else
 * in the cache; a file that is already in it is not fetched again. */
#include "datasets/published.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "datasets/fetch.h"

enum { MIRROR_SLOTS = CATALOGUE_MIRRORS + 2 };

/* mkdir -p */
static int make_folder(const char *path, struct arena *arena, struct err *err)
{
	char *part = arena_text(arena, path, err);

	if (!part)
		return -1;
	for (char *at = part + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = 0;
		mkdir(part, 0777);
		*at = '/';
	}
	if (mkdir(part, 0777) && errno != EEXIST)
		return err_errno(err, errno, "cannot make the folder %s", path);
	return 0;
}

/* The addresses of one file: $RUNNER_MIRROR/SET/FILE.gz first, if there is one. */
static int list_urls(const char *urls[MIRROR_SLOTS], const struct catalogue_set *set, int file,
	struct arena *arena, struct err *err)
{
	const char *mine = getenv("RUNNER_MIRROR"), *name = catalogue_files[file].name;
	int n = 0;

	if (mine && *mine) {
		const char *slash = mine[strlen(mine) - 1] == '/' ? "" : "/";

		urls[n++] = arena_printf(arena, err, "%s%s%s/%s.gz", mine, slash, set->name, name);
	}
	for (int i = 0; i < CATALOGUE_MIRRORS; i++)
		urls[n++] = arena_printf(arena, err, "%s%s.gz", set->mirrors[i], name);
	urls[n] = NULL;
	for (int i = 0; i < n; i++)
		if (!urls[i])
			return -1;
	return 0;
}

static int fetch_one(const char **path, const struct catalogue_set *set, int file,
	const char *folder, const struct dataset_search *search, struct arena *arena,
	struct err *err)
{
	const struct fetch_options options = {.quiet = search->quiet, .stop = search->stop};
	const char *urls[MIRROR_SLOTS];
	struct fetch_file what = {.urls = urls,
		.label = catalogue_files[file].name,
		.size = set->sums[file].size,
		.sha256 = set->sums[file].sha256};

	*path = arena_printf(arena, err, "%s/%s.gz", folder, catalogue_files[file].name);
	if (!*path || list_urls(urls, set, file, arena, err))
		return -1;
	what.path = *path;
	return fetch_file(&what, &options, err);
}

/* What to do when a set cannot be had; `why` has the faults of the addresses. */
static int missing(const struct catalogue_set *set, const struct found *found, const char *folder,
	bool offline, const struct err *why, struct err *err)
{
	err_set(err,
		"%s is not on this machine and %s: put its four files, gz or plain, into %s, name "
		"another address by RUNNER_MIRROR, or run on the built-in set: dataset=glyphs",
		set->name, offline ? "may not be downloaded (offline)" : "cannot be downloaded",
		folder);
	err_note(err, (struct place){0}, "looked in %s", found->tried);
	for (int i = 0; i < why->n_notes; i++)
		err_note(err, (struct place){0}, "%s", why->notes[i].text);
	return DATASET_MISSING;
}

static int fetch_set(struct found *found, const struct catalogue_set *set,
	const struct dataset_search *search, struct arena *arena, struct err *err)
{
	const char *folder = search_target(set, search, arena, err);
	struct err why = {0};

	if (!folder)
		return -1;
	if (search->offline)
		return missing(set, found, folder, true, &why, err);
	if (make_folder(folder, arena, err))
		return -1;
	for (int i = 0; i < CATALOGUE_FILES; i++) {
		int rc = fetch_one(&found->paths[i], set, i, folder, search, arena, &why);

		if (rc == FETCH_UNREACHABLE)
			return missing(set, found, folder, false, &why, err);
		if (rc)
			return err_set(err, "%s", why.text);
	}
	found->folder = folder;
	return 0;
}

int published_obtain(struct found *found, const struct catalogue_set *set,
	const struct dataset_search *search, struct arena *arena, struct err *err)
{
	if (search_find(found, set, search, arena, err))
		return -1;
	return found->folder ? 0 : fetch_set(found, set, search, arena, err);
}
