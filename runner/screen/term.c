/* term -- see term.h. */
#include "runner/screen/term.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "runner/config/utf8.h"

/* The character set that the locale's name asks for. Where it names none, as in containers that set
 * nothing, UTF-8 is the better guess by now. */
static bool term_is_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *value = getenv(names[i]);
		const char *set = value ? strchr(value, '.') : NULL;

		if (value && *value)
			return !set || !strncasecmp(set, ".utf8", 5) ||
			       !strncasecmp(set, ".utf-8", 6);
	}
	return true;
}

struct term term_look(FILE *file, bool no_color)
{
	const char *kind = getenv("TERM"), *refused = getenv("NO_COLOR");
	bool terminal = isatty(fileno(file)) && kind && *kind && strcmp(kind, "dumb") != 0;

	return (struct term){
		.live = terminal,
		.colour = terminal && !no_color && !(refused && *refused),
		/* the console of the kernel has neither block nor Braille characters */
		.unicode = term_is_utf8() && !(terminal && !strcmp(kind, "linux")),
	};
}

void term_size(FILE *file, int *columns, int *rows)
{
	struct winsize size;
	bool known = !ioctl(fileno(file), TIOCGWINSZ, &size);

	*columns = known && size.ws_col ? size.ws_col : 80;
	*rows = known && size.ws_row ? size.ws_row : 24;
}

int term_columns(FILE *file)
{
	int columns, rows;

	if (!isatty(fileno(file)))
		return 0;
	term_size(file, &columns, &rows);
	return columns;
}

/* The character at `text`: its bytes, and its columns in *width. */
static size_t term_next(const char *text, size_t left, int *width)
{
	uint32_t code;
	size_t bytes = utf8_next(text, left, &code);

	*width = bytes ? wcwidth((wchar_t)code) : 1;
	if (*width < 0) /* a control character */
		*width = 1;
	return bytes ? bytes : 1;
}

size_t term_fit(const char *text, int columns, int *width)
{
	size_t left = strlen(text), used = 0;

	*width = 0;
	while (left) {
		int more;
		size_t bytes = term_next(text + used, left, &more);

		if (*width + more > columns)
			break;
		*width += more;
		used += bytes;
		left -= bytes;
	}
	return used;
}

int term_width(const char *text)
{
	int width;

	term_fit(text, 1 << 30, &width);
	return width;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

size_t term_line(const char *text, int columns, size_t *next)
{
	size_t length = strlen(text), start = 0, bytes, end;
	int width;

	bytes = term_fit(text, columns, &width);
	if (!bytes && length)
		bytes = term_next(text, length, &width); /* wider than the line: one has to stand */
	end = bytes;
	while (is_blank(text[start])) /* an indentation is no place to break */
		start++;
	if (bytes < length && !is_blank(text[bytes])) {
		while (end > start && !is_blank(text[end - 1]))
			end--;
		if (end <= start)
			end = bytes;
	}
	*next = end;
	while (is_blank(text[*next]))
		++*next;
	while (*next < length && end > 0 && is_blank(text[end - 1]))
		end--;
	return end;
}

void term_print(FILE *file, const char *text, int columns, int indent)
{
	int room = columns > 0 ? columns - indent : 1 << 30;
	size_t next;

	do {
		size_t bytes = term_line(text, room > 1 ? room : 1, &next);

		fprintf(file, "%.*s\n%*s", (int)bytes, text, text[next] ? indent : 0, "");
		text += next;
	} while (*text);
}

void term_vsay(FILE *file, int indent, const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		return;
	term_print(file, text, term_columns(file), indent);
	free(text);
}

void term_say(FILE *file, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	term_vsay(file, 0, format, args);
	va_end(args);
}
