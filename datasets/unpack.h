/*
 * unpack -- the bytes of a file, whether it is plain or gz.
 *
 * What a file is, its first bytes say, not its name. Several gz members one after the other are
 * one stream, as gzip has it; anything else behind a member is an error, and so are a wrong CRC
 * and a stream that breaks off. Errors name the file and the offset in it.
 */
#ifndef DATASETS_UNPACK_H
#define DATASETS_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "layers/core/err.h"

struct unpack {
	const char *path; /* borrowed: for messages */
	uint64_t size;    /* bytes of the file */
	uint64_t at;      /* offset in the file of the next byte to be unpacked */

	int fd;              /* -1: from memory */
	uint8_t *buffer;     /* owned; NULL: from memory */
	const uint8_t *next; /* bytes read but not yet unpacked */
	size_t n_next;
	bool inside;              /* a gz member has begun and not ended */
	struct inflate_state *gz; /* owned; NULL: the file is plain */
};

/* Of a file, or of bytes in memory, which must stay. unpack_close after a success only. */
int unpack_open(struct unpack *unpack, const char *path, struct err *err);
int unpack_memory(
	struct unpack *unpack, const char *path, const void *bytes, size_t size, struct err *err);
void unpack_close(struct unpack *unpack);

/* The next `n` bytes; fewer only at the end of the data. The count, or -1. */
ssize_t unpack_read(struct unpack *unpack, void *out, size_t n, struct err *err);

/* No file of this size unpacks to more bytes than this. */
uint64_t unpack_most(const struct unpack *unpack);

/* " of the unpacked data" for a gz file, else "": what an offset in the data is to be called. */
const char *unpack_where(const struct unpack *unpack);

#endif
