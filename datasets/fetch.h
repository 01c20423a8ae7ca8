/*
 * fetch -- downloads one file whose size and SHA-256 are known.
 *
 * The addresses are tried in turn. What has come is kept beside the target as NAME.part: a later
 * attempt, at the same or another address, asks only for the rest (HTTP Range; a server that sends
 * everything instead is taken at its word). Whole files are checked, then renamed into place, so
 * that under its own name there is never anything but the right file. A file with the wrong sum is
 * dropped and the next address tried. Two processes that want the same file do not disturb each
 * other: the second waits and finds it done.
 */
#ifndef DATASETS_FETCH_H
#define DATASETS_FETCH_H

#include <stdint.h>

#include "layers/core/err.h"

struct fetch_file {
	const char *const *urls; /* end in NULL; http or https */
	const char *path;        /* where it is to be; its folder exists */
	const char *label;       /* for progress and messages */
	int64_t size;            /* bytes */
	const char *sha256;
};

struct fetch_options {
	bool quiet;     /* no progress */
	int connect_ms; /* an address that cannot be connected to in this time is given up; 0: 4000
			 */
	int stall_s;    /* so is one that sends nothing for so long; 0: 6 */
	bool (*stop)(void); /* asked several times a second; true ends it all. NULL: never */
};

/* What fetch_file answers when the fault lies with the addresses: none could be reached, or none
 * had the right file. */
enum { FETCH_UNREACHABLE = -2 };

/* 0 when the file is there (it may have been before); FETCH_UNREACHABLE with a note in
 * the error for the fault of each address; -1 for what another address cannot mend: a full disk, a
 * folder that may not be written to, an interruption. */
int fetch_file(const struct fetch_file *file, const struct fetch_options *options, struct err *err);

#endif
