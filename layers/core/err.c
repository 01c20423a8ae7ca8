/* err -- see err.h. All formatting is bounded; nothing here allocates, so that running out of
 * memory can be reported too. */
#include "layers/core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* True when `err` wants a text: it exists and holds none yet. */
static bool err_open(struct err *err, struct place place)
{
	if (!err || err->set)
		return false;
	err->set = true;
	err->place = place;
	err->n_notes = 0;
	return true;
}

int err_set(struct err *err, const char *format, ...)
{
	va_list args;

	if (!err_open(err, (struct place){0}))
		return -1;
	va_start(args, format);
	vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	return -1;
}

int err_at(struct err *err, struct place place, const char *format, ...)
{
	va_list args;

	if (!err_open(err, place))
		return -1;
	va_start(args, format);
	vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	return -1;
}

int err_errno(struct err *err, int code, const char *format, ...)
{
	va_list args;
	size_t used;

	if (!err_open(err, (struct place){0}))
		return -1;
	va_start(args, format);
	vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof err->text - used, ": %s", strerror(code));
	return -1;
}

int err_memory(struct err *err, unsigned long bytes, const char *what)
{
	return err_set(err, "out of memory (%lu bytes for %s)", bytes, what);
}

void err_note(struct err *err, struct place place, const char *format, ...)
{
	struct err_note *note;
	va_list args;

	if (!err || !err->set || err->n_notes == ERR_NOTES)
		return;
	note = &err->notes[err->n_notes++];
	note->place = place;
	va_start(args, format);
	vsnprintf(note->text, sizeof note->text, format, args);
	va_end(args);
}
