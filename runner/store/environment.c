/* environment -- see environment.h. Every reader leaves an empty text where it finds nothing. */
#include "runner/store/environment.h"

#include <curl/curl.h>
#include <gnu/libc-version.h>
#include <isa-l.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <png.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <yaml.h>

#include "layers/core/blas.h"

enum { PATH_TEXT = 4096, LINE_TEXT = 4096 };

/* ---- small files */

/* The first line of `path` that starts with `prefix`, without it and without the blanks around. */
static bool environment_line(char *text, size_t size, const char *path, const char *prefix)
{
	FILE *file = fopen(path, "re");
	char line[LINE_TEXT];
	bool found = false;

	text[0] = '\0';
	while (file && !found && fgets(line, sizeof line, file)) {
		char *from = line + strlen(prefix);
		size_t length;

		if (strncmp(line, prefix, strlen(prefix)))
			continue;
		from += strspn(from, " \t:=\"");
		length = strlen(from);
		while (length && strchr(" \t\r\n\"", from[length - 1]))
			length--;
		snprintf(text, size, "%.*s", (int)length, from);
		found = true;
	}
	if (file)
		fclose(file);
	return found;
}

/* ---- the commit */

/* Copies `text` when it is a commit: 40 or 64 hexadecimal digits. */
static bool environment_take_commit(char commit[72], const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");

	if (text[n] || (n != 40 && n != 64))
		return false;
	memcpy(commit, text, n + 1);
	return true;
}

/* "FOLDER/NAME", or NAME alone where it is absolute. False when it is too long. */
static bool environment_join(char path[PATH_TEXT], const char *folder, const char *name)
{
	int n = *name == '/' ? snprintf(path, PATH_TEXT, "%s", name)
			     : snprintf(path, PATH_TEXT, "%s/%s", folder, name);

	return n < PATH_TEXT;
}

/* `.git` is a folder, or in a worktree a file that names one: "gitdir: PATH". */
static bool environment_git_folder(char git[PATH_TEXT], const char *root)
{
	char path[PATH_TEXT], head[PATH_TEXT], line[LINE_TEXT];

	if (!environment_join(path, root, ".git") || access(path, F_OK))
		return false;
	if (environment_line(line, sizeof line, path, "gitdir: "))
		return environment_join(git, root, line);
	memcpy(git, path, sizeof path);
	return environment_join(head, git, "HEAD") && !access(head, R_OK);
}

/* A packed ref is a line "COMMIT NAME". */
static void environment_git_packed(char commit[72], const char *path, const char *ref)
{
	FILE *file = fopen(path, "re");
	char line[LINE_TEXT];

	while (file && fgets(line, sizeof line, file)) {
		char *space = strchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		if (!space || strcmp(space + 1, ref))
			continue;
		*space = '\0';
		environment_take_commit(commit, line);
		break;
	}
	if (file)
		fclose(file);
}

/* A worktree has its own HEAD; branches lie in the folder that `commondir` names. */
static void environment_git_read(char commit[72], const char *git)
{
	char path[PATH_TEXT], common[PATH_TEXT], ref[LINE_TEXT], line[LINE_TEXT];

	if (!environment_join(path, git, "HEAD"))
		return;
	if (!environment_line(ref, sizeof ref, path, "ref: ")) {
		if (environment_line(line, sizeof line, path, ""))
			environment_take_commit(commit, line);
		return;
	}
	if (!environment_join(path, git, "commondir"))
		return;
	if (!environment_line(line, sizeof line, path, ""))
		snprintf(line, sizeof line, ".");
	if (!environment_join(common, git, line) || !environment_join(path, common, ref))
		return;
	if (environment_line(line, sizeof line, path, "") && environment_take_commit(commit, line))
		return;
	if (environment_join(path, common, "packed-refs"))
		environment_git_packed(commit, path, ref);
}

void environment_git_commit(char commit[72], const char *folder)
{
	char git[PATH_TEXT];
	char *root = realpath(folder, NULL);

	commit[0] = '\0';
	while (root && *root) {
		if (environment_git_folder(git, root)) {
			environment_git_read(commit, git);
			break;
		}
		*strrchr(root, '/') = '\0';
	}
	free(root);
}

/* ---- the machine and the program */

void environment_os(char text[ENVIRONMENT_TEXT])
{
	char name[ENVIRONMENT_TEXT];
	struct utsname u;

	environment_line(name, sizeof name, "/etc/os-release", "PRETTY_NAME=");
	if (uname(&u))
		snprintf(text, ENVIRONMENT_TEXT, "%s", name);
	else
		snprintf(text, ENVIRONMENT_TEXT, "%.72s%s%.16s %.48s %.16s", name,
			*name ? ", " : "", u.sysname, u.release, u.machine);
}

/* aarch64 has no model name; its implementer and part numbers must do. */
void environment_cpu(char text[ENVIRONMENT_TEXT])
{
	char maker[32], part[32];

	if (environment_line(text, ENVIRONMENT_TEXT, "/proc/cpuinfo", "model name"))
		return;
	if (environment_line(maker, sizeof maker, "/proc/cpuinfo", "CPU implementer") &&
		environment_line(part, sizeof part, "/proc/cpuinfo", "CPU part"))
		snprintf(text, ENVIRONMENT_TEXT, "implementer %s, part %s", maker, part);
}

void environment_compiler(char text[ENVIRONMENT_TEXT])
{
#ifdef __clang__
	snprintf(text, ENVIRONMENT_TEXT, "clang %s", __clang_version__);
#else
	snprintf(text, ENVIRONMENT_TEXT, "gcc %s", __VERSION__);
#endif
}

/* What it was built with: the library does not tell what it is. */
#define TEXT(x) #x
#define ISAL(a, b, c) TEXT(a) "." TEXT(b) "." TEXT(c)
#define ISAL_RELEASE ISAL(ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION)

void environment_versions(char *text, size_t size)
{
	json_t *all = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "runner",
		RUNNER_VERSION, "libc", gnu_get_libc_version(), "sqlite", sqlite3_libversion(),
		"libyaml", yaml_get_version_string(), "isa-l", ISAL_RELEASE, "libcurl",
		curl_version_info(CURLVERSION_NOW)->version, "libcrypto",
		OpenSSL_version(OPENSSL_VERSION_STRING), "libpng", png_get_libpng_ver(NULL),
		"jansson", jansson_version_str());
	char *json = all ? json_dumps(all, JSON_SORT_KEYS) : NULL;

	/* Cut short it would be no JSON. */
	snprintf(text, size, "%s", json && strlen(json) < size ? json : "{}");
	free(json);
	json_decref(all);
}

void environment_fill(struct environment *environment, const char *instruction_set, bool blas,
	int numerics, const char *config_dir)
{
	*environment = (struct environment){.numerics = numerics};
	environment->cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
	snprintf(environment->instruction_set, ENVIRONMENT_TEXT, "%s", instruction_set);
	if (blas) {
		snprintf(environment->blas, ENVIRONMENT_TEXT, "%s", blas_version());
		snprintf(environment->blas_kernels, ENVIRONMENT_TEXT, "%s", blas_kernels());
	}
	environment_cpu(environment->cpu);
	environment_compiler(environment->compiler);
	environment_versions(environment->versions, sizeof environment->versions);
	environment_os(environment->os);
	if (config_dir)
		environment_git_commit(environment->git_commit, config_dir);
}
