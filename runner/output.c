/* output -- see output.h. */
#include "runner/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* `to` is what is opened, `path` what is told. */
static int write_all(
	const char *to, const char *path, const void *bytes, size_t size, struct err *err)
{
	FILE *file = fopen(to, "wbe");
	int code = 0;

	if (!file)
		return err_errno(err, errno, "cannot write %s", path);
	if (fwrite(bytes, 1, size, file) != size)
		code = errno;
	if (fclose(file) && !code)
		code = errno;
	return code ? err_errno(err, code, "cannot write %s", path) : 0;
}

static int write_beside(const char *path, const void *bytes, size_t size, struct err *err)
{
	char *part;
	int failed;

	if (asprintf(&part, "%s.part", path) < 0)
		return err_memory(err, 0, "a path");
	failed = write_all(part, path, bytes, size, err);
	if (!failed && rename(part, path))
		failed = err_errno(err, errno, "cannot write %s", path);
	if (failed)
		remove(part);
	free(part);
	return failed;
}

int output_write(const char *path, const void *bytes, size_t size, struct err *err)
{
	struct stat info;

	if (!lstat(path, &info) && !S_ISREG(info.st_mode))
		return write_all(path, path, bytes, size, err);
	return write_beside(path, bytes, size, err);
}
