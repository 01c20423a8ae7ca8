/* source -- see source.h. All texts live in one arena; the index of lines is made once, while the
 * text is checked, so that showing a place costs nothing but the line. */
#include "runner/config/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/config/utf8.h"
#include "runner/screen/term.h"

enum {
	TAB = 8,
	EXCERPT_COLUMNS = 100, /* shown of a line */
	EXCERPT_BEFORE = 40,   /* of them before the place, when the line is longer */
	EXCERPT_BYTES = 1024
};

/* ---- characters */

static bool is_break(uint32_t code)
{
	return code == '\n' || code == '\r' || code == 0x85 || code == 0x2028 || code == 0x2029;
}

static int bad_character(struct err *err, struct place place, uint32_t code)
{
	if (code == 0)
		return err_at(err, place, "a NUL byte; is this a text file?");
	if (code == 0xfeff)
		return err_at(err, place, "a byte order mark (U+FEFF) inside the text; delete it");
	return err_at(err, place, "the control character U+%04X cannot stand in YAML; delete it",
		(unsigned)code);
}

/* ---- the index of lines */

static size_t count_breaks(const char *text, size_t size)
{
	size_t n = 0, length;
	uint32_t code;

	for (size_t i = 0; i < size; i += length) {
		length = utf8_next(text + i, size - i, &code);
		if (!length)
			length = 1;
		else if (is_break(code))
			n++;
	}
	return n;
}

/* Notes where the lines start, and fails at the first character that is none. */
static int source_scan(struct source *source, int file, size_t *starts, struct err *err)
{
	struct place place = {file, 1, 1, 1};
	size_t length;
	int status = 0;

	starts[0] = 0;
	source->n_lines = 1;
	for (size_t i = 0; i < source->size; i += length, place.column++) {
		const char *at = source->text + i;
		uint32_t code = 0;
		length = utf8_next(at, source->size - i, &code);
		if (!length) {
			length = 1;
			status = err_at(err, place,
				"byte 0x%02X is not UTF-8; save the file as UTF-8",
				(unsigned)(unsigned char)*at);
		} else if (!utf8_is_printable(code)) {
			status = bad_character(err, place, code);
		} else if (is_break(code)) {
			if (code == '\r' && at[1] == '\n')
				length = 2;
			starts[source->n_lines++] = i + length;
			place.line++;
			place.column = 0;
		}
	}
	return status;
}

static int source_index(struct source *source, int file, struct arena *arena, struct err *err)
{
	size_t lines = count_breaks(source->text, source->size) + 1;
	size_t *starts = arena_take(arena, lines * sizeof *starts, err);

	if (!starts)
		return -1;
	source->starts = starts;
	return source_scan(source, file, starts, err);
}

/* ---- adding */

static struct source *sources_new(struct sources *sources, struct err *err)
{
	if (sources->n == SOURCES_MAX) {
		err_set(err, "more than %d files and overrides make up this config", SOURCES_MAX);
		return NULL;
	}
	return arena_take(&sources->arena, sizeof(struct source), err);
}

/* Skips a byte order mark, indexes the text and files the source. */
static int sources_keep(struct sources *sources, struct source *source, const char *text,
	size_t size, struct err *err)
{
	int file = sources->n;

	if (size >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)))
		return err_set(err, "%s is UTF-16; save it as UTF-8", source->name);
	if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		size -= 3;
	}
	source->text = text;
	source->size = size;
	sources->at[sources->n++] = source;
	return source_index(source, file, &sources->arena, err) ? -1 : file;
}

static char *read_all(int fd, const char *path, size_t size, struct arena *arena, struct err *err)
{
	char *text = arena_take(arena, size + 1, err);
	size_t done = 0;

	while (text && done < size) {
		ssize_t n = read(fd, text + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err_errno(err, n < 0 ? errno : EIO, "cannot read '%s'", path);
			return NULL;
		}
		done += (size_t)n;
	}
	return text;
}

static int check_file(const char *path, const struct stat *info, struct err *err)
{
	if (S_ISDIR(info->st_mode))
		return err_set(err, "'%s' is a folder, not a file", path);
	if (!S_ISREG(info->st_mode))
		return err_set(err, "'%s' is not a regular file", path);
	if (info->st_size > SOURCE_MAX_BYTES)
		return err_set(err, "'%s' is larger than %d MiB", path, SOURCE_MAX_BYTES >> 20);
	return 0;
}

static int find_same(const struct sources *sources, const struct stat *info)
{
	for (int i = 0; i < sources->n; i++) {
		const struct source *source = sources->at[i];
		if (source->path && source->device == info->st_dev && source->inode == info->st_ino)
			return i;
	}
	return -1;
}

static int add_open_file(struct sources *sources, int fd, const char *path,
	struct place extended_at, struct err *err)
{
	struct source *source;
	struct stat info;
	const char *text;
	int same;

	if (fstat(fd, &info))
		return err_errno(err, errno, "cannot read '%s'", path);
	if (check_file(path, &info, err))
		return -1;
	same = find_same(sources, &info);
	if (same >= 0)
		return same;
	source = sources_new(sources, err);
	if (!source)
		return -1;
	source->path = arena_text(&sources->arena, path, err);
	source->name = path_tidy(&sources->arena, path, err);
	source->extended_at = extended_at;
	source->device = info.st_dev;
	source->inode = info.st_ino;
	text = read_all(fd, path, (size_t)info.st_size, &sources->arena, err);
	if (!source->path || !source->name || !text)
		return -1;
	return sources_keep(sources, source, text, (size_t)info.st_size, err);
}

int sources_add_file(
	struct sources *sources, const char *path, struct place extended_at, struct err *err)
{
	/* non-blocking: opening a FIFO must not hang */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int file;

	if (fd < 0)
		return err_errno(err, errno, "cannot read '%s'", path);
	file = add_open_file(sources, fd, path, extended_at, err);
	close(fd);
	return file;
}

int sources_add_text(
	struct sources *sources, const char *name, const char *text, size_t size, struct err *err)
{
	struct source *source = sources_new(sources, err);
	const char *copy;

	if (!source)
		return -1;
	if (size > SOURCE_MAX_BYTES)
		return err_set(err, "'%s' is larger than %d MiB", name, SOURCE_MAX_BYTES >> 20);
	source->name = arena_text(&sources->arena, name, err);
	copy = arena_text_n(&sources->arena, text, size, err);
	if (!source->name || !copy)
		return -1;
	return sources_keep(sources, source, copy, size, err);
}

int sources_add_argument(struct sources *sources, const char *text, struct err *err)
{
	int file = sources_add_text(sources, "command line", text, strlen(text), err);

	if (file >= 0)
		sources->at[file]->argument = true;
	return file;
}

void sources_release(struct sources *sources)
{
	arena_release(&sources->arena);
	sources->n = 0;
}

const struct source *sources_find(const struct sources *sources, struct place place)
{
	if (!sources || place.line < 1 || place.file < 0 || place.file >= sources->n)
		return NULL;
	return sources->at[place.file];
}

/* ---- showing */

const char *source_line(const struct source *source, int line, size_t *length)
{
	const char *start, *end;
	uint32_t code;

	*length = 0;
	if (line < 1 || line > source->n_lines)
		return "";
	start = source->text + source->starts[line - 1];
	end = source->text + (line < source->n_lines ? source->starts[line] : source->size);
	while (start + *length < end) {
		size_t step = utf8_next(start + *length, (size_t)(end - start) - *length, &code);
		if (step && is_break(code))
			break;
		*length += step ? step : 1;
	}
	return start;
}

/* A line cut into characters as they appear on a screen. */
struct glyph {
	char text[TAB + 1];
	int width;
	size_t bytes; /* of the source */
};

static struct glyph glyph_next(const char *text, size_t left, int column)
{
	struct glyph glyph = {.text = "?", .width = 1, .bytes = 1};
	uint32_t code;
	size_t length = utf8_next(text, left, &code);

	if (length)
		glyph.bytes = length;
	if (length && code == '\t') {
		glyph.width = TAB - column % TAB;
		memset(glyph.text, ' ', (size_t)glyph.width);
		glyph.text[glyph.width] = 0;
	} else if (length && utf8_is_printable(code)) {
		memcpy(glyph.text, text, length);
		glyph.text[length] = 0;
		glyph.width = term_width(glyph.text);
	}
	return glyph;
}

/* Screen columns, from 0: of the place's first character and behind its last, and of the line. */
struct extent {
	int from, to, width;
};

static struct extent measure(const char *line, size_t length, struct place place)
{
	struct extent extent = {-1, -1, 0};
	int end = place.column + (place.length > 0 ? place.length : 1);
	int character = 1;

	for (size_t i = 0; i < length; character++) {
		struct glyph glyph = glyph_next(line + i, length - i, extent.width);
		if (character == place.column)
			extent.from = extent.width;
		if (character == end)
			extent.to = extent.width;
		extent.width += glyph.width;
		i += glyph.bytes;
	}
	if (extent.from < 0)
		extent.from = extent.width;
	if (extent.to < 0)
		extent.to = extent.width;
	if (extent.to <= extent.from)
		extent.to = extent.from + 1;
	return extent;
}

struct excerpt {
	char text[EXCERPT_BYTES];
	size_t used;
};

static void excerpt_put(struct excerpt *excerpt, const char *text)
{
	size_t length = strlen(text);

	if (length > sizeof excerpt->text - 1 - excerpt->used)
		return;
	memcpy(excerpt->text + excerpt->used, text, length + 1);
	excerpt->used += length;
}

/* The part of the line between the screen columns `from` and `to`. */
static void excerpt_put_line(
	struct excerpt *excerpt, const char *line, size_t length, int from, int to)
{
	int column = 0;

	for (size_t i = 0; i < length && column < to;) {
		struct glyph glyph = glyph_next(line + i, length - i, column);
		if (column >= from)
			excerpt_put(excerpt, glyph.text);
		else if (column + glyph.width > from)
			for (int pad = column + glyph.width - from; pad > 0; pad--)
				excerpt_put(excerpt, " "); /* a wide one was cut through */
		column += glyph.width;
		i += glyph.bytes;
	}
}

char *source_excerpt(const struct source *source, struct place place, struct arena *arena)
{
	struct excerpt excerpt = {.used = 0}, carets = {.used = 0};
	size_t length;
	const char *line = source_line(source, place.line, &length);
	struct extent extent = measure(line, length, place);
	int from = 0, to = extent.width;

	if (extent.width > EXCERPT_COLUMNS) {
		from = extent.from > EXCERPT_BEFORE ? extent.from - EXCERPT_BEFORE : 0;
		to = from + EXCERPT_COLUMNS;
	}
	excerpt_put(&excerpt, from > 0 ? "..." : "");
	excerpt_put_line(&excerpt, line, length, from, to);
	excerpt_put(&excerpt, to < extent.width ? "..." : "");

	for (int i = from - (from > 0 ? 3 : 0); i < extent.from; i++)
		excerpt_put(&carets, " ");
	excerpt_put(&carets, "^");
	for (int i = extent.from + 1; i < extent.to && i < from + EXCERPT_COLUMNS; i++)
		excerpt_put(&carets, "~");
	return arena_printf(
		arena, NULL, "%5d | %s\n      | %s\n", place.line, excerpt.text, carets.text);
}

/* ---- paths */

char *path_beside(struct arena *arena, const char *from, const char *to, struct err *err)
{
	const char *slash = from ? strrchr(from, '/') : NULL;

	if (to[0] == '/' || !slash)
		return arena_text(arena, to, err);
	return arena_printf(arena, err, "%.*s/%s", (int)(slash - from), from, to);
}

/* True when the last part of the `used` bytes at `path` can be taken back by a "..". */
static bool can_go_up(const char *path, size_t used)
{
	if (used == 0 || (used == 1 && path[0] == '/'))
		return false;
	return !(used >= 2 && path[used - 1] == '.' && path[used - 2] == '.' &&
		 (used == 2 || path[used - 3] == '/'));
}

char *path_tidy(struct arena *arena, const char *path, struct err *err)
{
	char *tidy = arena_take(arena, strlen(path) + 2, err);
	size_t used = 0;

	if (!tidy)
		return NULL;
	if (*path == '/')
		tidy[used++] = '/';
	for (size_t part; *path; path += part) {
		part = strcspn(path, "/");
		if (part == 0) {
			part = 1;
		} else if (part == 2 && path[0] == '.' && path[1] == '.' && can_go_up(tidy, used)) {
			while (used > 0 && tidy[used - 1] != '/')
				used--;
			if (used > 1)
				used--;
		} else if (part != 1 || path[0] != '.') {
			if (used > 0 && tidy[used - 1] != '/')
				tidy[used++] = '/';
			memcpy(tidy + used, path, part);
			used += part;
		}
	}
	if (used == 0)
		tidy[used++] = '.';
	tidy[used] = 0;
	return tidy;
}
