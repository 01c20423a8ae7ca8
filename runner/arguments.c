/* arguments -- see arguments.h. */
#include "runner/arguments.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool argument_is_override(const char *text)
{
	size_t key = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_-.");

	return key > 0 && text[key] == '=' && access(text, F_OK);
}

static int add_path(struct arguments *a, const char *path, struct err *err)
{
	char suggestion[FILES_SUGGESTION];
	struct stat status;
	int before = a->files.n;

	if (stat(path, &status))
		return errno == ENOENT ? err_set(err, "there is no file or folder '%s'%s", path,
						 files_suggest(path, suggestion))
				       : err_errno(err, errno, "cannot look at %s", path);
	if (!S_ISDIR(status.st_mode))
		return files_add(&a->files, path, &a->arena, err);
	if (files_find(&a->files, path, &a->arena, err))
		return -1;
	if (a->files.n == before)
		return err_set(err, "the folder '%s' holds no configs (*.yaml)", path);
	return 0;
}

int arguments_split(struct arguments *a, char **argv, int n, struct err *err)
{
	a->overrides = arena_take(&a->arena, ((size_t)n + 1) * sizeof *a->overrides, err);
	a->fits = arena_take(&a->arena, ((size_t)n + 1) * sizeof *a->fits, err);
	if (!a->overrides || !a->fits)
		return -1;
	for (int i = 0; i < n; i++) {
		if (argument_is_override(argv[i]))
			a->overrides[a->n_overrides++] = argv[i];
		else if (add_path(a, argv[i], err))
			return -1;
	}
	if (!a->files.n)
		return err_set(err, "name a config, as in: runner configs/lenet.yaml");
	return 0;
}

int arguments_load(struct arguments *a, int i, struct experiment **out, struct diags *diags)
{
	return experiment_load_fitting(out, a->files.at[i], a->overrides, a->n_overrides,
		a->files.n > 1 ? a->fits : NULL, diags);
}

static bool all_fit(const struct arguments *a)
{
	for (int i = 0; i < a->n_overrides; i++)
		if (!a->fits[i])
			return false;
	return true;
}

int arguments_check_fit(struct arguments *a, struct diags *diags)
{
	struct experiment *x;
	bool readable = true;

	if (a->files.n < 2)
		return 0;
	for (int i = 0; i < a->files.n && !all_fit(a); i++) {
		struct diags unheard = {0};
		readable &= !arguments_load(a, i, &x, &unheard);
		experiment_free(x);
		diags_release(&unheard);
	}
	if (!readable) /* what is wrong with it comes first, and is told when it is loaded */
		return 0;
	for (int i = 0; i < a->n_overrides; i++) {
		if (a->fits[i])
			continue;
		experiment_load(&x, a->files.at[0], &a->overrides[i], 1, diags);
		experiment_free(x);
	}
	return all_fit(a) ? 0 : -1;
}

void arguments_release(struct arguments *arguments)
{
	arena_release(&arguments->arena);
}
