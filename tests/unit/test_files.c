/* files: which files of a folder are configs, in which order, and the nearest name of a missing
 * one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "runner/config/files.h"
#include "tests/support/files.h"

static const char *const made[] = {"b.yaml", "a.yaml", "_base.yaml", ".hidden.yaml", "notes.txt",
	"sub/c.yaml", "sub/deep/d.yaml", "sub/_e.yaml", "lenet_maxpool.yaml", ".git/f.yaml"};

static void make_files(const char *folder)
{
	files_make_folder(files_path(folder, "sub/deep"));
	files_make_folder(files_path(folder, ".git"));
	for (size_t i = 0; i < sizeof made / sizeof *made; i++)
		files_write(files_path(folder, made[i]), "", 0);
}

static void test_find(void **state)
{
	static const char *const wanted[] = {
		"a.yaml", "b.yaml", "lenet_maxpool.yaml", "sub/c.yaml", "sub/deep/d.yaml"};
	const char *folder = *state;
	struct arena arena = {0};
	struct files files = {0};
	struct err err = {0};

	make_files(folder);
	files_link(folder, files_path(folder, "sub/loop")); /* a loop of folders ends */
	assert_int_equal(files_find(&files, folder, &arena, &err), 0);
	assert_true(files.n >= 5);
	for (int i = 0; i < 5; i++)
		assert_string_equal(files.at[i] + strlen(folder) + 1, wanted[i]);
	arena_release(&arena);
	assert_int_equal(files_find(&files, files_path(folder, "nowhere"), &arena, &err), -1);
	assert_non_null(strstr(err.text, "cannot read the folder"));
}

static void test_suggest(void **state)
{
	static const char *const cases[][2] = {
		{"lenet_maxpol.yaml", "lenet_maxpool.yaml"},
		{"lenet_maxpool", "lenet_maxpool.yaml"},
		{"lenet_maxpool.yml", "lenet_maxpool.yaml"},
		{"base.yaml", "_base.yaml"},
		{"resnet.yaml", NULL},
		{"nofile.yaml", NULL}, /* the endings do not count */
		{"nowhere/lenet_maxpool.yaml", NULL},
	};
	const char *folder = *state;

	make_files(folder);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[FILES_SUGGESTION], wanted[FILES_SUGGESTION] = "";

		if (cases[i][1])
			snprintf(wanted, sizeof wanted, "; did you mean '%s/%s'?", folder,
				cases[i][1]);
		assert_string_equal(files_suggest(files_path(folder, cases[i][0]), text), wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_find, files_setup, files_teardown),
		cmocka_unit_test_setup_teardown(test_suggest, files_setup, files_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
