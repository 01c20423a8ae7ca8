/* scratch -- see scratch.h. */
#include "tests/support/scratch.h"

#include <dirent.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

enum { PATHS = 4 };

static char folder[PATH_MAX / 2];

int scratch_make(void **state)
{
	const char *where = getenv("TMPDIR");

	(void)state;
	snprintf(folder, sizeof folder, "%s/runner-test-XXXXXX", where ? where : "/tmp");
	return mkdtemp(folder) ? 0 : -1;
}

int scratch_remove(void **state)
{
	DIR *dir = opendir(folder);

	(void)state;
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (entry->d_name[0] != '.')
			unlink(scratch_path(entry->d_name));
	if (dir)
		closedir(dir);
	return rmdir(folder);
}

const char *scratch_folder(void)
{
	return folder;
}

const char *scratch_path(const char *name)
{
	static char paths[PATHS][PATH_MAX];
	static int next;
	char *path = paths[next++ % PATHS];

	snprintf(path, PATH_MAX, "%s/%s", folder, name);
	return path;
}

const char *scratch_write(const char *name, const void *data, size_t size)
{
	const char *path = scratch_path(name);
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	return path;
}
