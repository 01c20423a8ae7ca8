/* arguments -- see arguments.h. */
#include "runner/arguments.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/config/override.h"
#include "runner/config/utf8.h"

static size_t key_length(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.$");
}

bool argument_is_override(const char *text)
{
	size_t key = key_length(text);

	return key > 0 && text[key] == '=' && access(text, F_OK);
}

/* ---- what else it may be */

/* How many brackets the text opens and does not close. */
static int open_brackets(const char *text)
{
	int open = 0;

	for (; *text; text++)
		open += (strchr("[{", *text) != NULL) - (strchr("]}", *text) != NULL);
	return open;
}

/* [120, 84] after `hidden=[120,`: the whole of it. */
static bool hint_cut(char **argv, int n, int i, char text[ARGUMENT_HINT])
{
	int open = 0, first = i;
	size_t used;

	while (first > 0 && !argument_is_override(argv[first]))
		first--;
	for (int k = first; k < i; k++)
		open += open_brackets(argv[k]);
	if (first == i || open <= 0)
		return false;
	used = (size_t)snprintf(text, ARGUMENT_HINT, "; the shell cut it at a blank: write '");
	for (int k = first; k < n && used < ARGUMENT_HINT && (k < i || open > 0); k++) {
		used += (size_t)snprintf(
			text + used, ARGUMENT_HINT - used, "%s%s", k > first ? " " : "", argv[k]);
		open += k < i ? 0 : open_brackets(argv[k]);
	}
	if (used < ARGUMENT_HINT)
		snprintf(text + used, ARGUMENT_HINT - used, "'");
	return true;
}

/* `pooling = x` in three arguments, two or one. */
static bool hint_blanks(char **argv, int n, int i, char text[ARGUMENT_HINT])
{
	const char *rest = argv[i] + key_length(argv[i]), *value = "";
	size_t blanks = strspn(rest, " ");
	const char *before = i > 0 && argument_is_override(argv[i - 1]) ? argv[i - 1] : "";

	if (*before && before[strlen(before) - 1] == '=') {
		snprintf(text, ARGUMENT_HINT, "; no blanks around '=': write %.250s%.250s", before,
			argv[i]);
		return true;
	}
	if (rest == argv[i])
		return false;
	if (blanks && rest[blanks] == '=')
		value = rest + blanks + 1;
	else if (!*rest && i + 1 < n && !strcmp(argv[i + 1], "="))
		value = i + 2 < n ? argv[i + 2] : "VALUE";
	else if (!*rest && i + 1 < n && argv[i + 1][0] == '=')
		value = argv[i + 1] + 1;
	else
		return false;
	value += strspn(value, " ");
	snprintf(text, ARGUMENT_HINT, "; no blanks around '=': write %.*s=%.250s",
		(int)(rest - argv[i]), argv[i], value);
	return true;
}

/* `pooling：x`, `pooling:x`, and `train.lr 0.1` where that is a key of every config. */
static bool hint_sign(char **argv, int n, int i, char text[ARGUMENT_HINT])
{
	size_t length = key_length(argv[i]);
	const char *rest = argv[i] + length, *value = "VALUE";
	struct lookalike sign;
	char key[OVERRIDE_KEY];
	bool last = i + 1 == n;

	if (length == 0 || length >= OVERRIDE_KEY)
		return false;
	if (*rest == ':')
		value = rest[1] ? rest + 1 : last ? value : argv[i + 1];
	else if (utf8_lookalike(rest, strlen(rest), &sign) && sign.at == rest &&
		 (sign.sign == '=' || sign.sign == ':'))
		value = rest + sign.size;
	else if (*rest || last || !override_whole_key(argv[i], key))
		return false;
	else
		value = argv[i + 1];
	value += strspn(value, " ");
	snprintf(text, ARGUMENT_HINT, "; to set a key, write %.*s=%.250s", (int)length, argv[i],
		value);
	return true;
}

char *argument_hint(char **argv, int n, int i, char text[ARGUMENT_HINT])
{
	char file[FILES_SUGGESTION];

	if (!hint_cut(argv, n, i, text) && !hint_blanks(argv, n, i, text) &&
		!hint_sign(argv, n, i, text))
		snprintf(text, ARGUMENT_HINT, "%s", files_suggest(argv[i], file));
	return text;
}

/* ---- taking them apart */

static int add_path(struct arguments *a, char **argv, int n, int i, struct err *err)
{
	const char *path = argv[i];
	char hint[ARGUMENT_HINT];
	struct stat status;
	int before = a->files.n;

	if (stat(path, &status))
		return errno == ENOENT ? err_set(err, "there is no file or folder '%s'%s", path,
						 argument_hint(argv, n, i, hint))
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
		else if (add_path(a, argv, n, i, err))
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
