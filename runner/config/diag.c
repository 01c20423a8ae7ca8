/* diag -- see diag.h. Texts are formatted and excerpts made when a diag is added, so that printing
 * needs nothing but the list. */
#include "runner/config/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const level_names[] = {"error", "warning", "note"};
static const char *const level_colours[] = {"\033[1;31m", "\033[1;35m", "\033[1;36m"};

/* ---- adding */

__attribute__((format(printf, 2, 0))) static char *format_text(
	struct arena *arena, const char *format, va_list args)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	text = length < 0 ? NULL : arena_take(arena, (size_t)length + 1, NULL);
	if (text)
		vsnprintf(text, (size_t)length + 1, format, args);
	return text;
}

/* "file:line:column", or "command line", or "" without a place. */
static const char *format_place(
	struct arena *arena, const struct source *source, struct place place)
{
	if (!source)
		return "";
	if (source->argument || !place.line)
		return arena_text(arena, source->name, NULL);
	return arena_printf(arena, NULL, "%s:%d:%d", source->name, place.line, place.column);
}

static struct diag *diag_new(struct diags *diags, enum diag_level level,
	const struct sources *sources, struct place place, const char *text)
{
	const struct source *source = sources_find(sources, place);
	struct diag *diag = arena_take(&diags->arena, sizeof *diag, NULL);

	if (!diag || !text)
		return NULL;
	diag->level = level;
	diag->place = place;
	diag->text = text;
	diag->where = format_place(&diags->arena, source, place);
	if (source)
		diag->excerpt = source_excerpt(source, place, &diags->arena);
	return diag->where && (diag->excerpt || !source) ? diag : NULL;
}

static void append_note(struct diag *diag, struct diag *note)
{
	struct diag **end = &diag->notes;

	while (*end && (note->is_chain || !(*end)->is_chain))
		end = &(*end)->next;
	note->next = *end;
	*end = note;
}

static void add_note(struct diags *diags, const struct sources *sources, struct place place,
	const char *text, bool is_chain)
{
	struct diag *note;

	if (!diags->last)
		return;
	note = diag_new(diags, DIAG_NOTE, sources, place, text);
	if (!note) {
		diags->incomplete = true;
		return;
	}
	note->is_chain = is_chain;
	append_note(diags->last, note);
}

/* Says by which chain of files the place came into the config. */
static void note_extends(struct diags *diags, const struct sources *sources, struct place place)
{
	const struct source *source = sources_find(sources, place);

	for (int depth = 0; source && source->extended_at.line && depth < SOURCES_MAX; depth++) {
		place = source->extended_at;
		add_note(diags, sources, place, "extended from here", true);
		source = sources_find(sources, place);
	}
}

static bool same_place(struct place a, struct place b)
{
	return a.file == b.file && a.line == b.line && a.column == b.column;
}

/* Looked at before the diag is made: the same may be told thousands of times, for what stands in an
 * `each`. */
static bool is_told(
	struct diags *diags, const struct sources *sources, struct place place, const char *text)
{
	const char *where;

	for (int i = 0; i < diags->n; i++) {
		const struct diag *other = diags->at[i];
		if (!same_place(other->place, place) || strcmp(other->text, text))
			continue;
		where = format_place(&diags->arena, sources_find(sources, place), place);
		if (where && !strcmp(other->where, where))
			return true;
	}
	return false;
}

static void diags_count(struct diags *diags, enum diag_level level)
{
	if (level == DIAG_ERROR)
		diags->n_errors++;
	else if (level == DIAG_WARNING)
		diags->n_warnings++;
}

/* Starts a new group when the main source is another one than before. */
static int find_group(struct diags *diags, const struct sources *sources)
{
	const char *name = sources && sources->n > 0 ? sources->at[0]->name : NULL;

	if (name && (!diags->config || strcmp(diags->config, name))) {
		diags->config = arena_text(&diags->arena, name, NULL);
		diags->group++;
	}
	return diags->group;
}

/* Files the diag; only then can notes be added to it. */
static void diags_keep(struct diags *diags, struct diag *diag)
{
	if (!diags->at)
		diags->at = arena_take(&diags->arena, DIAGS_MAX * sizeof(struct diag *), NULL);
	if (!diag || !diags->at) {
		diags->incomplete = true;
		return;
	}
	diags_count(diags, diag->level);
	diag->order = diags->n;
	diags->at[diags->n++] = diag;
	diags->last = diag;
}

static void diags_add_text(struct diags *diags, enum diag_level level,
	const struct sources *sources, struct place place, const char *text)
{
	struct diag *diag;

	if (text && is_told(diags, sources, place, text))
		return;
	diag = diag_new(diags, level, sources, place, text);
	if (diag)
		diag->group = find_group(diags, sources);
	diags_keep(diags, diag);
	note_extends(diags, sources, place);
}

void diags_add(struct diags *diags, enum diag_level level, const struct sources *sources,
	struct place place, const char *format, ...)
{
	va_list args;

	diags->last = NULL;
	diags->n_told += level == DIAG_ERROR;
	if (diags->n == DIAGS_MAX) { /* only counted: an endless list costs no memory */
		diags_count(diags, level);
		return;
	}
	va_start(args, format);
	diags_add_text(diags, level, sources, place, format_text(&diags->arena, format, args));
	va_end(args);
}

void diags_note(struct diags *diags, const struct sources *sources, struct place place,
	const char *format, ...)
{
	va_list args;

	if (!diags->last)
		return;
	va_start(args, format);
	add_note(diags, sources, place, format_text(&diags->arena, format, args), false);
	va_end(args);
}

void diags_add_err(
	struct diags *diags, enum diag_level level, const struct sources *sources, struct err *err)
{
	diags_add(diags, level, sources, err->place, "%s", err->text);
	for (int i = 0; i < err->n_notes; i++)
		diags_note(diags, sources, err->notes[i].place, "%s", err->notes[i].text);
	err->set = false;
}

bool diags_failed(const struct diags *diags)
{
	return diags->n_errors > 0 || diags->incomplete;
}

/* ---- showing */

static int compare_diags(const void *a, const void *b)
{
	const struct diag *x = *(struct diag *const *)a, *y = *(struct diag *const *)b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->place.file != y->place.file)
		return x->place.file < y->place.file ? -1 : 1;
	if (x->place.line != y->place.line)
		return x->place.line < y->place.line ? -1 : 1;
	if (x->place.column != y->place.column)
		return x->place.column < y->place.column ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* The two lines of an excerpt, the second one green. */
static void print_excerpt(const char *excerpt, FILE *file, bool colour)
{
	const char *second = strchr(excerpt, '\n') + 1;
	const char *caret = strchr(second, '^');

	if (colour && caret)
		fprintf(file, "%.*s\033[1;32m%.*s\033[0m\n", (int)(caret - excerpt), excerpt,
			(int)strcspn(caret, "\n"), caret);
	else
		fputs(excerpt, file);
}

static void print_diag(const struct diag *diag, FILE *file, bool colour)
{
	const char *bold = colour ? "\033[1m" : "", *plain = colour ? "\033[0m" : "";

	if (*diag->where)
		fprintf(file, "%s%s: ", bold, diag->where);
	fprintf(file, "%s%s: %s%s%s%s\n", colour ? level_colours[diag->level] : "",
		level_names[diag->level], plain, bold, diag->text, plain);
	if (diag->excerpt)
		print_excerpt(diag->excerpt, file, colour);
	for (const struct diag *note = diag->notes; note; note = note->next)
		print_diag(note, file, colour);
}

void diags_print(struct diags *diags, FILE *file, bool colour)
{
	int left = diags->n_errors + diags->n_warnings;

	if (diags->n > 0)
		qsort(diags->at, (size_t)diags->n, sizeof(struct diag *), compare_diags);
	for (int i = 0; i < diags->n; i++) {
		print_diag(diags->at[i], file, colour);
		left -= diags->at[i]->level != DIAG_NOTE;
	}
	if (left > 0)
		fprintf(file, "... and %d more\n", left);
	if (diags->incomplete)
		fprintf(file, "error: memory ran out; there may be more to say\n");
}

char *diags_summary(const struct diags *diags, char text[DIAGS_SUMMARY])
{
	int n = 0;

	text[0] = 0;
	if (diags->n_errors)
		n = snprintf(text, DIAGS_SUMMARY, "%d error%s", diags->n_errors,
			diags->n_errors == 1 ? "" : "s");
	if (diags->n_warnings)
		snprintf(text + n, (size_t)(DIAGS_SUMMARY - n), "%s%d warning%s", n ? ", " : "",
			diags->n_warnings, diags->n_warnings == 1 ? "" : "s");
	return text;
}

void diags_release(struct diags *diags)
{
	arena_release(&diags->arena);
	*diags = (struct diags){0};
}
