/* Files that commands write: whole or not at all. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "runner/output.h"
#include "tests/support/files.h"

static void expect_content(const char *path, const char *text)
{
	size_t n;
	uint8_t *bytes = files_read(path, &n);

	assert_int_equal(n, strlen(text));
	assert_memory_equal(bytes, text, n);
	free(bytes);
}

static void expect_no_part(const char *folder, const char *name)
{
	char part[64];

	snprintf(part, sizeof part, "%s.part", name);
	assert_int_not_equal(access(files_path(folder, part), F_OK), 0);
}

static void test_written_and_replaced(void **state)
{
	const char *path = files_path(*state, "out");

	assert_int_equal(output_write(path, "first", 5, NULL), 0);
	expect_content(path, "first");
	assert_int_equal(output_write(path, "2nd", 3, NULL), 0);
	expect_content(path, "2nd");
	expect_no_part(*state, "out");
}

/* Where there is no room for all of it the old file stays. */
static void test_no_room(void **state)
{
	static const char bytes[5000];
	const struct rlimit little = {4096, RLIM_INFINITY};
	const char *path = files_path(*state, "out");
	struct rlimit before;
	struct err err = {0};
	int failed;

	assert_int_equal(output_write(path, "old", 3, NULL), 0);
	getrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &little);
	failed = output_write(path, bytes, sizeof bytes, &err);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(failed, -1);
	assert_non_null(strstr(err.text, "cannot write"));
	expect_content(path, "old");
	expect_no_part(*state, "out");
}

/* A link stays a link, a device a device. */
static void test_written_straight(void **state)
{
	const char *path = files_path(*state, "link"), *target = files_path(*state, "target");
	struct stat info;

	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(output_write(path, "text", 4, NULL), 0);
	expect_content(target, "text");
	assert_int_equal(output_write("/dev/null", "text", 4, NULL), 0);
	assert_int_equal(stat("/dev/null", &info), 0);
	assert_true(S_ISCHR(info.st_mode));
}

static void test_no_folder(void **state)
{
	struct err err = {0};

	assert_int_equal(output_write(files_path(*state, "none/out"), "text", 4, &err), -1);
	assert_non_null(strstr(err.text, "none/out: No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_written_and_replaced, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_no_room, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_written_straight, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_no_folder, files_setup, files_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
