/* search -- see search.h. */
#include "datasets/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "datasets/idx.h"

enum { PLACES = 6 };

/* One search. */
struct hunt {
	struct found *found;
	const struct catalogue_set *set;
	struct arena *arena;
	struct err *err;
};

/* A variable's value, or NULL when it is unset or empty. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* 0 with *out NULL when the machine does not say where its caches are. */
static int cache_folder(const char **out, struct arena *arena, struct err *err)
{
	const char *cache = variable("XDG_CACHE_HOME"), *home = variable("HOME");

	*out = NULL;
	if (cache && cache[0] == '/')
		*out = arena_printf(arena, err, "%s/runner/datasets", cache);
	else if (home)
		*out = arena_printf(arena, err, "%s/.cache/runner/datasets", home);
	else
		return 0;
	return *out ? 0 : -1;
}

/* The file in `folder`, gz first; NULL in *out when there is none. */
static int find_file(const char **out, struct hunt *hunt, const char *folder, int file)
{
	const char *name = catalogue_files[file].name;
	char *path = arena_printf(hunt->arena, hunt->err, "%s/%s.gz", folder, name);

	*out = NULL;
	if (!path)
		return -1;
	if (access(path, F_OK))
		path[strlen(path) - strlen(".gz")] = 0;
	if (!access(path, F_OK))
		*out = path;
	return 0;
}

/* Remembers `place`, with a remark, for messages. */
static void add_tried(struct found *found, const char *place, const char *remark)
{
	size_t used = strlen(found->tried);

	snprintf(found->tried + used, sizeof found->tried - used, "%s%s%s", used ? ", " : "", place,
		remark);
}

/* 1 when all four are in `folder`. */
static int find_all(struct hunt *hunt, const char *folder)
{
	struct found *found = hunt->found;
	const char *lacking = NULL;
	int n = 0;

	for (int i = 0; i < CATALOGUE_FILES; i++) {
		if (find_file(&found->paths[i], hunt, folder, i))
			return -1;
		if (found->paths[i])
			n++;
		else
			lacking = catalogue_files[i].name;
	}
	if (lacking && n > 0) {
		char remark[64];

		snprintf(remark, sizeof remark, " (without %s)", lacking);
		add_tried(found, folder, remark);
	}
	if (!lacking)
		found->folder = folder;
	return !lacking;
}

static bool is_other_set(struct hunt *hunt)
{
	const struct catalogue_set *set = NULL;
	struct idx labels;
	int file;

	if (!idx_read(&labels, hunt->found->paths[TEST_LABELS], IDX_LABELS, NULL)) {
		set = catalogue_of_data(labels.sha256, &file);
		idx_release(&labels);
	}
	return set && set != hunt->set;
}

/* 1 when the set is in one of the layouts under `place`. */
static int look_in(struct hunt *hunt, const char *place)
{
	const char *named = arena_printf(hunt->arena, hunt->err, "%s/%s", place, hunt->set->name);
	const char *vision =
		arena_printf(hunt->arena, hunt->err, "%s/%s/raw", place, hunt->set->torchvision);
	int rc;

	if (!named || !vision)
		return -1;
	rc = find_all(hunt, named);
	if (!rc)
		rc = find_all(hunt, vision);
	if (rc)
		return rc;
	rc = find_all(hunt, place);
	if (rc == 1 && is_other_set(hunt)) {
		hunt->found->folder = NULL;
		add_tried(hunt->found, place, " (which holds another set)");
		return 0;
	}
	if (!rc)
		add_tried(hunt->found, place, "");
	return rc;
}

int search_find(struct found *found, const struct catalogue_set *set,
	const struct dataset_search *search, struct arena *arena, struct err *err)
{
	const char *places[PLACES] = {search->data_dir, variable("RUNNER_DATA"), "data", "../data",
		"datasets/data", NULL};
	struct hunt hunt = {found, set, arena, err};
	int rc = 0;

	*found = (struct found){0};
	if (cache_folder(&places[PLACES - 1], arena, err))
		return -1;
	for (int i = 0; i < PLACES && !rc; i++)
		if (places[i])
			rc = look_in(&hunt, places[i]);
	return rc < 0 ? -1 : 0;
}

const char *search_target(const struct catalogue_set *set, const struct dataset_search *search,
	struct arena *arena, struct err *err)
{
	const char *place = search->data_dir;

	if (!place && cache_folder(&place, arena, err))
		return NULL;
	if (!place) {
		err_set(err,
			"there is no folder to put %s into: neither XDG_CACHE_HOME nor HOME is "
			"set; name one by --data-dir",
			set->name);
		return NULL;
	}
	return arena_printf(arena, err, "%s/%s", place, set->name);
}
