/* progress -- see progress.h.
 *
 * The live block is a few lines below the cursor's last resting place. To redraw, the cursor goes
 * up by as many screen rows as the block takes, all below is erased, and the new block is written,
 * in one write. The size is asked for at every drawing; when the window has become narrower the
 * terminal has wrapped the old lines, so their rows are counted at the new width. No line is ever
 * wider than the window was when it was drawn, so nothing wraps by itself. */
#include "runner/screen/progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "layers/core/clock.h"
#include "runner/screen/curves.h"
#include "runner/screen/table.h"
#include "runner/screen/term.h"
#include "runner/signals.h"

enum {
	DRAW_MS = 100,
	TITLE_MIN = 8,
	BAR_MIN = 10,
	BAR_MAX = 40,
	CURVE_ROWS = 5,
	BLOCK_LINES = 2 + CURVE_ROWS + CURVES_FRAME,
	POINTS = 5, /* an epoch, as d2l draws them */
	PIECE = 256
};

/* Escape sequences: bold, faint, green. */
enum { STYLE_BOLD = 1, STYLE_FAINT = 2, STYLE_DONE = 32 };

struct progress {
	FILE *file; /* borrowed */
	enum progress_level level;
	struct term term;
	char *title; /* owned */
	int epochs;
	int64_t started_ms, drawn_ms;
	double first; /* share of the run that was done when this process began; < 0: unknown */
	int points;   /* of this epoch, drawn */
	int point_epoch;
	bool complete; /* `now` is the end of an epoch */
	bool any;      /* `now` has been set */
	bool stopping; /* a signal's answer has been seen to */
	struct progress_update now;
	struct curves curves;
	int n_lines; /* of the block on the screen */
	int widths[BLOCK_LINES];
};

const struct progress_update progress_nothing = {
	.train_loss = NAN,
	.train_accuracy = NAN,
	.val_loss = NAN,
	.val_accuracy = NAN,
	.test_loss = NAN,
	.test_accuracy = NAN,
	.examples_per_second = NAN,
	.seconds = NAN,
};

struct progress *progress_new(const struct progress_options *options, struct err *err)
{
	struct progress *progress = calloc(1, sizeof *progress);

	if (!progress || !(progress->title = strdup(options->title ? options->title : ""))) {
		free(progress);
		err_memory(err, sizeof *progress, "the progress display");
		return NULL;
	}
	progress->file = options->file;
	progress->level = options->level;
	progress->term = term_look(options->file, options->no_color);
	progress->epochs = options->epochs > 0 ? options->epochs : 1;
	progress->started_ms = clock_ms();
	progress->first = -1;
	progress->now = progress_nothing;
	return progress;
}

/* ---- words and numbers */

struct text {
	char *at;
	size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void text_add(
	struct text *text, const char *format, ...)
{
	size_t left = text->size - text->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->at + text->used, left, format, args);
	va_end(args);
	if (n > 0)
		text->used += (size_t)n < left ? (size_t)n : left - 1;
}

/* "  NAME 0.947", or nothing when it is not known. */
static void text_metric(struct text *text, const char *name, double value)
{
	char number[TABLE_NUMBER];

	if (isfinite(value))
		text_add(text, "  %s %s", name,
			table_decimal(value, fabs(value) < 1000 ? 3 : 0, number));
}

/* Three digits say all there is to say about a speed. */
static void text_speed(struct text *text, double examples_per_second)
{
	double unit;

	if (!isfinite(examples_per_second) || examples_per_second <= 0)
		return;
	unit = pow(10, floor(log10(examples_per_second)) - 2);
	text_add(text, "  %.0f examples/s",
		unit >= 1 ? round(examples_per_second / unit) * unit : examples_per_second);
}

static void text_duration(struct text *text, double seconds)
{
	long long s = llround(seconds);

	if (s < 100)
		text_add(text, "%lld s", s);
	else if (s < 3600)
		text_add(text, "%lld min %02lld s", s / 60, s % 60);
	else
		text_add(text, "%lld h %02lld min", s / 3600, s % 3600 / 60);
}

static int digits(int n)
{
	return n < 10 ? 1 : 1 + digits(n / 10);
}

/* Of the numbers, those that are no less important than `rank`; ALL_NUMBERS is the last rank. */
enum { ALL_NUMBERS = 6 };

static void text_numbers(struct text *text, const struct progress_update *u, int rank)
{
	text_metric(text, "loss", u->train_loss);
	if (rank >= 2)
		text_metric(text, "train acc", u->train_accuracy);
	if (rank >= 5)
		text_metric(text, "val loss", u->val_loss);
	if (rank >= 3)
		text_metric(text, "val acc", u->val_accuracy);
	if (rank >= 1)
		text_metric(text, "test acc", u->test_accuracy);
	if (rank >= 4)
		text_speed(text, u->examples_per_second);
}

/* ---- one line an epoch */

static void progress_line(struct progress *progress, const struct progress_update *u, bool complete)
{
	char buffer[PIECE];
	struct text text = {.at = buffer, .size = sizeof buffer};

	text_add(&text, "epoch %*d/%d", digits(progress->epochs), u->epoch, progress->epochs);
	if (!complete)
		text_add(&text, "  batch %*d/%d", digits(u->batches), u->batch, u->batches);
	text_numbers(&text, u, ALL_NUMBERS);
	if (complete && isfinite(u->seconds))
		text_add(&text, "  %.1f s", u->seconds);
	progress_say(progress, "%s", buffer);
}

/* ---- the live block */

struct frame {
	FILE *out;
	int columns;
	bool colour;
	int n_lines;
	int widths[BLOCK_LINES];
};

/* Part of a line, cut where the window ends; `style` is an escape sequence's number or 0. */
static void frame_put(struct frame *frame, int style, const char *text)
{
	int *used = &frame->widths[frame->n_lines], width;
	size_t bytes = term_fit(text, frame->columns - *used, &width);

	if (!bytes)
		return;
	if (style && frame->colour)
		fprintf(frame->out, "\033[%dm%.*s\033[0m", style, (int)bytes, text);
	else
		fprintf(frame->out, "%.*s", (int)bytes, text);
	*used += width;
}

static void frame_end_line(struct frame *frame)
{
	fputc('\n', frame->out);
	frame->n_lines++;
}

static void frame_curve_line(void *context, const char *text)
{
	frame_put(context, 0, text);
	frame_end_line(context);
}

static double progress_share(const struct progress *progress)
{
	const struct progress_update *u = &progress->now;
	double batches = u->batches ? (double)u->batch / u->batches : 0;
	double share = (u->epoch - 1 + (progress->complete ? 1 : batches)) / progress->epochs;

	return fmin(fmax(share, 0), 1);
}

static void text_left(const struct progress *progress, struct text *text)
{
	double share = progress_share(progress), done = share - progress->first;
	double seconds = (double)(clock_ms() - progress->started_ms) / 1000;

	if (share >= 1 || progress->first < 0 || done <= 0 || seconds < 1)
		return;
	text_add(text, "  ");
	text_duration(text, seconds * (1 - share) / done);
	text_add(text, " left");
}

static void frame_repeat(struct frame *frame, int style, const char *piece, int times)
{
	char bar[BAR_MAX * 4] = "";
	size_t length = strlen(piece);

	for (int i = 0; i < times; i++)
		memcpy(bar + (size_t)i * length, piece, length + 1);
	frame_put(frame, style, bar);
}

static void frame_bar(struct frame *frame, const struct progress *progress, int width)
{
	int full = (int)(progress_share(progress) * width);
	bool unicode = progress->term.unicode;

	frame_put(frame, 0, " ");
	frame_repeat(frame, STYLE_DONE, unicode ? "\u2501" : "#", full);
	frame_repeat(frame, STYLE_FAINT, unicode ? "\u2500" : "-", width - full);
	frame_put(frame, 0, " ");
}

/* A name is cut rather than what is behind it: `room` is what these leave, negative when the whole
 * name is too long. */
static void frame_title(struct frame *frame, const char *title, int room)
{
	int width, wanted = term_width(title) + (room < -2 ? room + 2 : 0);
	char cut[PIECE];

	snprintf(cut, sizeof cut, "%.*s",
		(int)term_fit(title, wanted > TITLE_MIN ? wanted : TITLE_MIN, &width), title);
	frame_put(frame, STYLE_BOLD, cut);
}

static void frame_head(struct frame *frame, const struct progress *progress)
{
	char buffer[2 * PIECE];
	struct text text = {.at = buffer, .size = sizeof buffer};
	char behind[PIECE];
	struct text rest = {.at = behind, .size = sizeof behind};
	int room;

	text_add(&text, "  epoch %d/%d ", progress->now.epoch, progress->epochs);
	text_add(&rest, "%3.0f %%", 100 * progress_share(progress));
	text_left(progress, &rest);
	room = frame->columns - term_width(progress->title) - term_width(buffer) -
	       term_width(behind) - 2;
	frame_title(frame, progress->title, room);
	frame_put(frame, 0, buffer);
	if (room >= BAR_MIN)
		frame_bar(frame, progress, room < BAR_MAX ? room : BAR_MAX);
	frame_put(frame, 0, behind);
	frame_end_line(frame);
}

static void frame_numbers(struct frame *frame, const struct progress *progress)
{
	const struct progress_update *u = &progress->now;
	char buffer[PIECE];
	int rank = ALL_NUMBERS + 1;

	do {
		struct text text = {.at = buffer, .size = sizeof buffer};

		rank--;
		text_add(&text, "batch %*d/%d", digits(u->batches), u->batch, u->batches);
		text_numbers(&text, u, rank);
	} while (rank && term_width(buffer) > frame->columns);
	frame_put(frame, 0, buffer);
	frame_end_line(frame);
}

/* Puts the cursor where the block on the screen begins, and erases from there. What a signal was
 * answered with stands below the block; it goes, and is said again above. */
static void progress_erase(struct progress *progress, FILE *out, int columns)
{
	int rows = 0, answer = (int)strlen(SIGNALS_ANSWER);
	bool below = signals_stop() && !progress->stopping && progress->n_lines;

	if (below)
		rows += (answer + columns - 1) / columns;
	for (int i = 0; i < progress->n_lines; i++)
		rows += progress->widths[i] ? (progress->widths[i] + columns - 1) / columns : 1;
	if (rows)
		fprintf(out, "\r\033[%dA\033[J", rows);
	if (below)
		term_print(out, SIGNALS_ANSWER, columns, 0);
	progress->stopping = signals_stop() != 0;
	progress->n_lines = 0;
}

/* Writes the block, with `above` over it, in one piece. */
static void progress_draw(struct progress *progress, const char *above)
{
	char *bytes = NULL;
	size_t size = 0;
	int rows, curve_rows;
	struct frame frame = {
		.out = open_memstream(&bytes, &size), .colour = progress->term.colour};

	if (!frame.out)
		return;
	term_size(progress->file, &frame.columns, &rows);
	progress_erase(progress, frame.out, frame.columns);
	if (above)
		term_print(frame.out, above, frame.columns, 0);
	curve_rows = rows - 6 < CURVE_ROWS ? rows - 6 : CURVE_ROWS;
	if (progress->any) {
		frame_head(&frame, progress);
		frame_numbers(&frame, progress);
		curves_draw(&progress->curves, progress->epochs, frame.columns, curve_rows,
			progress->term.unicode, frame_curve_line, &frame);
	}
	if (!fclose(frame.out) && bytes) {
		fwrite(bytes, 1, size, progress->file);
		fflush(progress->file);
		progress->n_lines = frame.n_lines;
		memcpy(progress->widths, frame.widths, sizeof frame.widths);
	}
	free(bytes);
	progress->drawn_ms = clock_ms();
}

static bool progress_is_live(const struct progress *progress)
{
	return progress->term.live && progress->level != PROGRESS_QUIET;
}

static void progress_redraw(struct progress *progress)
{
	if (progress_is_live(progress) && clock_ms() - progress->drawn_ms >= DRAW_MS)
		progress_draw(progress, NULL);
}

/* ---- what the trainer calls */

/* What an update does not know stays as it was: test accuracy is that of the epoch before. */
static void keep(double *value, double update)
{
	if (!isnan(update))
		*value = update;
}

static void progress_take(struct progress *progress, const struct progress_update *u)
{
	struct progress_update *now = &progress->now;

	now->epoch = u->epoch;
	now->batch = u->batch;
	now->batches = u->batches;
	keep(&now->train_loss, u->train_loss);
	keep(&now->train_accuracy, u->train_accuracy);
	keep(&now->val_loss, u->val_loss);
	keep(&now->val_accuracy, u->val_accuracy);
	keep(&now->test_loss, u->test_loss);
	keep(&now->test_accuracy, u->test_accuracy);
	keep(&now->examples_per_second, u->examples_per_second);
	keep(&now->seconds, u->seconds);
	progress->any = true;
}

/* True when `u` is the first at or behind the next fifth of its epoch. */
static bool progress_is_point(struct progress *progress, const struct progress_update *u)
{
	int64_t reached = u->batches ? (int64_t)u->batch * POINTS / u->batches : 0;

	if (progress->point_epoch != u->epoch) {
		progress->point_epoch = u->epoch;
		progress->points = 0;
	}
	if (reached <= progress->points)
		return false;
	progress->points = (int)reached;
	return true;
}

void progress_batch(struct progress *progress, const struct progress_update *u)
{
	bool point;

	if (!progress)
		return;
	progress_take(progress, u);
	progress->complete = false;
	if (progress->first < 0) {
		progress->first = progress_share(progress);
		progress->started_ms = clock_ms();
	}
	point = progress_is_point(progress, u);
	if (point)
		progress_history(progress, u->epoch - 1 + (double)u->batch / u->batches,
			u->train_loss, u->train_accuracy, (double)NAN);
	if (point && progress->level == PROGRESS_VERBOSE && !progress->term.live)
		progress_line(progress, u, false);
	progress_redraw(progress);
}

void progress_epoch(struct progress *progress, const struct progress_update *u)
{
	if (!progress)
		return;
	progress_take(progress, u);
	progress->complete = true;
	curves_add(&progress->curves, CURVE_TEST_ACCURACY, u->epoch, u->test_accuracy);
	if (!progress->term.live && progress->level != PROGRESS_QUIET)
		progress_line(progress, u, true);
	progress_redraw(progress);
}

void progress_history(struct progress *progress, double position, double train_loss,
	double train_accuracy, double test_accuracy)
{
	if (!progress)
		return;
	curves_add(&progress->curves, CURVE_TRAIN_LOSS, position, train_loss);
	curves_add(&progress->curves, CURVE_TRAIN_ACCURACY, position, train_accuracy);
	curves_add(&progress->curves, CURVE_TEST_ACCURACY, position, test_accuracy);
}

void progress_say(struct progress *progress, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n;

	if (!progress)
		return;
	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return;
	if (progress_is_live(progress)) {
		progress_draw(progress, text);
	} else {
		fprintf(progress->file, "%s\n", text);
		fflush(progress->file);
	}
	free(text);
}

void progress_end(struct progress *progress)
{
	if (!progress)
		return;
	if (progress_is_live(progress) && progress->any)
		progress_draw(progress, NULL);
	curves_release(&progress->curves);
	free(progress->title);
	free(progress);
}
