/* arena -- see arena.h. Blocks double from 4 KiB to 1 MiB; a piece that is larger gets a block of
 * its own. */
#include "layers/core/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 64, SMALL_ALIGN = 16, FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

struct arena_block {
	struct arena_block *next;
	size_t size; /* of the data, which starts LINE bytes into the block */
};

static int arena_grow(struct arena *arena, size_t size, struct err *err)
{
	size_t want = arena->blocks ? arena->blocks->size * 2 : FIRST_BLOCK;
	struct arena_block *block;

	if (want > LARGEST_BLOCK)
		want = LARGEST_BLOCK;
	if (want < size)
		want = size;
	if (want > SIZE_MAX - 2 * LINE)
		return err_memory(err, want, "an arena");
	want = (want + LINE - 1) / LINE * LINE;
	block = aligned_alloc(LINE, want + LINE);
	if (!block)
		return err_memory(err, want, "an arena");
	memset(block, 0, want + LINE);
	block->next = arena->blocks;
	block->size = want;
	arena->blocks = block;
	arena->used = 0;
	return 0;
}

void *arena_take(struct arena *arena, size_t size, struct err *err)
{
	size_t align = size >= LINE ? LINE : SMALL_ALIGN;
	size_t at = (arena->used + align - 1) / align * align;

	if (!arena->blocks || at > arena->blocks->size || size > arena->blocks->size - at) {
		if (arena_grow(arena, size, err))
			return NULL;
		at = 0;
	}
	arena->used = at + size;
	return (char *)arena->blocks + LINE + at;
}

char *arena_text_n(struct arena *arena, const char *text, size_t length, struct err *err)
{
	char *copy = arena_take(arena, length + 1, err);

	if (copy)
		memcpy(copy, text, length);
	return copy;
}

char *arena_text(struct arena *arena, const char *text, struct err *err)
{
	return arena_text_n(arena, text, strlen(text), err);
}

char *arena_printf(struct arena *arena, struct err *err, const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0) {
		err_set(err, "a text cannot be formatted");
		return NULL;
	}
	text = arena_take(arena, (size_t)length + 1, err);
	if (!text)
		return NULL;
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return text;
}

void arena_release(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;
		free(arena->blocks);
		arena->blocks = next;
	}
	arena->used = 0;
}
