/* files -- see files.h. */
#include "tests/support/files.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { PATH_SIZE = 1024, PATHS = 32 };

int files_setup(void **state)
{
	char *path = strdup("/tmp/runner-test-XXXXXX");

	*state = path && mkdtemp(path) ? path : NULL;
	return *state ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
	(void)info, (void)type, (void)ftw;
	return remove(path);
}

int files_teardown(void **state)
{
	int rc = nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	free(*state);
	return rc;
}

const char *files_path(const char *folder, const char *name)
{
	static char paths[PATHS][PATH_SIZE];
	static int next;
	char *path = paths[next++ % PATHS];

	assert_true(snprintf(path, PATH_SIZE, "%s/%s", folder, name) < PATH_SIZE);
	return path;
}

void files_make_folder(const char *path)
{
	char part[PATH_SIZE];

	assert_true(snprintf(part, sizeof part, "%s", path) < PATH_SIZE);
	for (char *at = part + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = 0;
		mkdir(part, 0777);
		*at = '/';
	}
	mkdir(part, 0777);
	assert_int_equal(access(path, W_OK), 0);
}

void files_write(const char *path, const void *bytes, size_t n)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

void files_write_gz(const char *path, const void *bytes, size_t n)
{
	gzFile file = gzopen(path, "wb6");

	assert_non_null(file);
	assert_int_equal(gzwrite(file, bytes, (unsigned)n), n);
	assert_int_equal(gzclose(file), Z_OK);
}

void files_link(const char *target, const char *path)
{
	assert_int_equal(symlink(target, path), 0);
}

uint8_t *files_read(const char *path, size_t *n)
{
	struct stat info;
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &info), 0);
	*n = (size_t)info.st_size;
	bytes = malloc(*n + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *n, file), *n);
	fclose(file);
	return bytes;
}

size_t files_idx(uint8_t *out, int rank, const uint32_t *sizes, unsigned seed)
{
	size_t n = 1, at = 4;

	memcpy(out, (uint8_t[]){0, 0, 8, (uint8_t)rank}, 4);
	for (int i = 0; i < rank; i++) {
		n *= sizes[i];
		for (int shift = 24; shift >= 0; shift -= 8)
			out[at++] = (uint8_t)(sizes[i] >> shift);
	}
	for (size_t i = 0; i < n; i++)
		out[at++] = (uint8_t)(i * 7 + seed);
	return at;
}
