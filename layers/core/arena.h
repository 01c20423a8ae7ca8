/*
 * arena -- memory that is taken piece by piece and given back all at once.
 *
 * A config, a plan or a network is a web of small structs that live and die together; each has one
 * arena. Pieces are zeroed, aligned to 64 bytes when they are at least 64 bytes long and to 16
 * otherwise, and never move. An arena belongs to one thread at a time.
 */
#ifndef LAYERS_CORE_ARENA_H
#define LAYERS_CORE_ARENA_H

#include <stddef.h>

#include "layers/core/err.h"

struct arena_block;

/* {0} is an empty arena, ready for use. */
struct arena {
	struct arena_block *blocks; /* owned, newest first */
	size_t used;                /* bytes taken from the newest block */
};

/* NULL, with err set, when memory is out. A size of 0 gives a valid pointer. */
void *arena_take(struct arena *arena, size_t size, struct err *err);

/* Copies of a text; the second of its first `length` bytes, with a terminating 0. */
char *arena_text(struct arena *arena, const char *text, struct err *err);
char *arena_text_n(struct arena *arena, const char *text, size_t length, struct err *err);
char *arena_printf(struct arena *arena, struct err *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Gives everything back; the arena is then empty and may be used again. */
void arena_release(struct arena *arena);

#endif
