/*
 * environment -- on what a run was trained: one row of table `environment`.
 *
 * Everything is read in the process: /proc/cpuinfo, uname, /etc/os-release, the libraries' own
 * version functions, and the files under .git; nothing is spawned. What cannot be found is an
 * empty text. Costs about a millisecond.
 */
#ifndef RUNNER_STORE_ENVIRONMENT_H
#define RUNNER_STORE_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

enum { ENVIRONMENT_TEXT = 160 };

struct environment {
	char cpu[ENVIRONMENT_TEXT];             /* "AMD EPYC 7763 64-Core Processor" */
	int cores;                              /* cores that the machine has online */
	char instruction_set[ENVIRONMENT_TEXT]; /* of the layers: "avx512", "avx2", "neon" ... */
	char blas[ENVIRONMENT_TEXT];            /* "OpenBLAS 0.3.21"; empty: not used */
	char blas_kernels[ENVIRONMENT_TEXT];    /* "SkylakeX"; empty: not used */
	char compiler[ENVIRONMENT_TEXT];        /* that built this program: "gcc 12.2.0" */
	char versions[512];        /* JSON: {"runner": "0.1.0", "sqlite": "3.40.1", ...} */
	int numerics;              /* the numerics version (DESIGN 5) */
	char git_commit[72];       /* of the configs: 40 or 64 hex digits, or empty */
	char os[ENVIRONMENT_TEXT]; /* "Debian GNU/Linux 12 (bookworm), Linux 6.1.0 x86_64" */
};

/* Fills it; the BLAS only where it is open (layers/core/blas.h) and `blas` says that the run uses
 * it. `config_dir` is a folder in (or the root of) the git checkout of the configs; NULL: no
 * commit. */
void environment_fill(struct environment *environment, const char *instruction_set, bool blas,
	int numerics, const char *config_dir);

/* The CPU's name, as /proc/cpuinfo has it. */
void environment_cpu(char text[ENVIRONMENT_TEXT]);

/* The compiler that built this program; distribution, kernel and machine. */
void environment_compiler(char text[ENVIRONMENT_TEXT]);
void environment_os(char text[ENVIRONMENT_TEXT]);

/* A JSON object: the runner's version and its libraries'. */
void environment_versions(char *text, size_t size);

/* The commit that HEAD of the checkout around `folder` stands at, read from the files of .git (also
 * in a worktree and with packed refs); empty where there is none. Local changes are not seen. */
void environment_git_commit(char commit[72], const char *folder);

#endif
