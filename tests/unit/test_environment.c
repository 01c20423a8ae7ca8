/* Which commit a folder stands at, in the forms that git leaves behind; and that the machine is
 * told of at all. The .git folders are written by hand, from git's documentation of its repository
 * layout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>
#include <jansson.h>

#include "runner/store/environment.h"
#include "tests/support/files.h"

#define FIRST "1111111111111111111111111111111111111111"
#define SECOND "2222222222222222222222222222222222222222"

static void put(const char *folder, const char *name, const char *text)
{
	files_write(files_path(folder, name), text, strlen(text));
}

static void the_commit_is(const char *folder, const char *expected)
{
	char commit[72];

	environment_git_commit(commit, folder);
	assert_string_equal(commit, expected);
}

static void a_branch_has_a_file(void **state)
{
	const char *root = *state, *configs = files_path(root, "configs/deep");

	files_make_folder(configs);
	files_make_folder(files_path(root, ".git/refs/heads"));
	put(root, ".git/HEAD", "ref: refs/heads/main\n");
	the_commit_is(root, "");
	put(root, ".git/refs/heads/main", FIRST "\n");
	the_commit_is(root, FIRST);
	the_commit_is(configs, FIRST);
}

static void a_branch_is_packed(void **state)
{
	const char *root = *state;

	files_make_folder(files_path(root, ".git"));
	put(root, ".git/HEAD", "ref: refs/heads/main\n");
	put(root, ".git/packed-refs",
		"# pack-refs with: peeled fully-peeled sorted\n" FIRST " refs/heads/main2\n" SECOND
		" refs/heads/main\n" FIRST " refs/tags/v1\n");
	the_commit_is(root, SECOND);
}

static void no_branch_at_all(void **state)
{
	const char *root = *state;

	files_make_folder(files_path(root, ".git"));
	put(root, ".git/HEAD", FIRST "\n");
	the_commit_is(root, FIRST);
	put(root, ".git/HEAD", "nonsense\n");
	the_commit_is(root, "");
}

static void a_worktree_points_elsewhere(void **state)
{
	const char *root = *state;
	char link[600];

	files_make_folder(files_path(root, "main/.git/worktrees/side"));
	files_make_folder(files_path(root, "main/.git/refs/heads"));
	files_make_folder(files_path(root, "side"));
	snprintf(link, sizeof link, "gitdir: %s/main/.git/worktrees/side\n", root);
	put(root, "side/.git", link);
	put(root, "main/.git/worktrees/side/HEAD", "ref: refs/heads/side\n");
	put(root, "main/.git/worktrees/side/commondir", "../..\n");
	put(root, "main/.git/refs/heads/side", SECOND "\n");
	the_commit_is(files_path(root, "side"), SECOND);
}

static void no_repository(void **state)
{
	the_commit_is(*state, "");
	the_commit_is("/nowhere", "");
	the_commit_is("/", "");
}

static void the_machine_is_told_of(void **unused)
{
	struct environment e;
	json_t *versions;

	(void)unused;
	environment_fill(&e, "avx2", false, 3, NULL);
	assert_string_equal(e.instruction_set, "avx2");
	assert_int_equal(e.numerics, 3);
	assert_true(e.cores >= 1);
	assert_true(strlen(e.cpu) > 3);
	assert_non_null(strstr(e.os, "Linux"));
	assert_true(!strncmp(e.compiler, "gcc ", 4) || !strncmp(e.compiler, "clang ", 6));
	assert_string_equal(e.git_commit, "");
	versions = json_loads(e.versions, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(versions, "runner")), RUNNER_VERSION);
	assert_non_null(json_string_value(json_object_get(versions, "sqlite")));
	json_decref(versions);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, files_setup, files_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_branch_has_a_file),
		CASE(a_branch_is_packed),
		CASE(no_branch_at_all),
		CASE(a_worktree_points_elsewhere),
		CASE(no_repository),
		cmocka_unit_test(the_machine_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
