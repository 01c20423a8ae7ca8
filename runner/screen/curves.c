/* curves -- see curves.h. A panel is drawn into a bitmap of dots, then each character of it is
 * looked up; drawing ten epochs takes some ten microseconds. */
#include "runner/screen/curves.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/screen/term.h"

enum {
	PANEL_MIN = 20, /* columns, label and gap included */
	PANEL_MAX = 40,
	PANEL_GAP = 3,
	LABEL = 7, /* digits, and a blank */
	DIGITS_MIN = 2,
	DIGITS_MAX = 4,
	ROWS_MAX = 12,
	DOTS_X = 2, /* in a Braille character */
	DOTS_Y = 4,
	DOTS_FOR_WORD = 12, /* characters that make room for "epoch" on the axis */
	LINE_BYTES = CURVES * (PANEL_MAX + PANEL_GAP) * 4
};

static const char *const curve_names[CURVES] = {"train loss", "train acc", "test acc"};

/* ---- points */

void curves_add(struct curves *curves, enum curve curve, double x, double y)
{
	struct curve_line *line = &curves->lines[curve];

	if (!isfinite(x) || !isfinite(y))
		return;
	while (line->n && line->points[line->n - 1].x >= x)
		line->n--;
	if (line->n == line->room) {
		int room = line->room ? 2 * line->room : 64;
		struct curve_point *points = realloc(line->points, (size_t)room * sizeof *points);

		if (!points)
			return;
		line->points = points;
		line->room = room;
	}
	line->points[line->n++] = (struct curve_point){x, y};
}

void curves_release(struct curves *curves)
{
	for (int i = 0; i < CURVES; i++)
		free(curves->lines[i].points);
	*curves = (struct curves){0};
}

/* ---- one panel */

struct panel {
	int columns, rows;                 /* characters for dots */
	double low, high;                  /* of y */
	double end;                        /* of x */
	int digits;                        /* behind the points of low and high */
	uint8_t dots[ROWS_MAX][PANEL_MAX]; /* Braille bits */
};

static void panel_dot(struct panel *panel, int x, int y)
{
	/* bits of the Braille block: the left column of dots from the top, then the right one */
	static const uint8_t bits[DOTS_Y][DOTS_X] = {
		{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

	panel->dots[y / DOTS_Y][x / DOTS_X] |= bits[y % DOTS_Y][x % DOTS_X];
}

/* A curve that hardly rises or falls is drawn flat, in the middle of a range that can be told. */
static void panel_widen(struct panel *panel)
{
	double middle = (panel->low + panel->high) / 2, least = 0.001 * fmax(fabs(middle), 0.1);
	bool positive = panel->low >= 0;

	if (panel->high - panel->low < least) {
		panel->low = middle - least;
		panel->high = middle + least;
	}
	if (positive && panel->low < 0)
		panel->low = 0;
}

static void panel_scale(struct panel *panel, const struct curve_line *line)
{
	panel->low = INFINITY;
	panel->high = -INFINITY;
	for (int i = 0; i < line->n; i++) {
		panel->low = fmin(panel->low, line->points[i].y);
		panel->high = fmax(panel->high, line->points[i].y);
	}
	if (line->n)
		panel_widen(panel);
	panel->digits = DIGITS_MIN;
	while (panel->digits < DIGITS_MAX && panel->high - panel->low < 5 * pow(10, -panel->digits))
		panel->digits++;
}

/* A straight line from dot to dot, one step at a time along its longer axis. */
static void panel_stroke(struct panel *panel, int x0, int y0, int x1, int y1)
{
	int steps = abs(x1 - x0) > abs(y1 - y0) ? abs(x1 - x0) : abs(y1 - y0);

	for (int i = 0; i <= steps; i++) {
		double t = steps ? (double)i / steps : 0;

		panel_dot(panel, (int)lround(x0 + t * (x1 - x0)), (int)lround(y0 + t * (y1 - y0)));
	}
}

static void panel_draw(struct panel *panel, const struct curve_line *line)
{
	int width = panel->columns * DOTS_X - 1, height = panel->rows * DOTS_Y - 1;
	double span = panel->high - panel->low;
	int last_x = 0, last_y = 0;

	memset(panel->dots, 0, sizeof panel->dots);
	for (int i = 0; i < line->n; i++) {
		double right = line->points[i].x / panel->end;
		double up = span > 0 ? (line->points[i].y - panel->low) / span : 0.5;
		int x = (int)lround(width * fmin(fmax(right, 0), 1));
		int y = (int)lround(height * (1 - up));

		panel_stroke(panel, i ? last_x : x, i ? last_y : y, x, y);
		last_x = x;
		last_y = y;
	}
}

/* A character that has dots where the Braille one would have them, as far as ASCII goes. */
static char panel_ascii(uint8_t bits)
{
	bool top = bits & (0x01 | 0x08 | 0x02 | 0x10), bottom = bits & (0x04 | 0x20 | 0x40 | 0x80);

	return top && bottom ? ':' : top ? '\'' : bottom ? '.' : ' ';
}

static void panel_number(const struct panel *panel, double value, char label[LABEL + 1])
{
	int whole = value < 10 ? 1 : value < 100 ? 2 : 3, room = LABEL - 2 - whole;
	char text[32];

	if (fabs(value) < 1000)
		snprintf(text, sizeof text, "%*.*f ", LABEL - 1,
			panel->digits < room ? panel->digits : room, value);
	else
		snprintf(text, sizeof text, fabs(value) < 1e6 ? "%*.0f " : "%*.0e ", LABEL - 1,
			value);
	snprintf(label, LABEL + 1, "%.*s", LABEL, text);
}

static void panel_label(const struct panel *panel, int row, char label[LABEL + 1])
{
	char high[LABEL + 1];

	panel_number(panel, panel->high, high);
	panel_number(panel, panel->low, label);
	if (row == 0)
		memcpy(label, high, sizeof high);
	else if (row != panel->rows - 1 || !strcmp(label, high))
		snprintf(label, LABEL + 1, "%*s", LABEL, "");
}

/* "0     epoch 10", ending where the dots end. */
static void panel_axis(const struct panel *panel, char axis[PANEL_MAX + 1])
{
	char end[32];

	snprintf(end, sizeof end, "%s%.4g", panel->columns >= DOTS_FOR_WORD ? "epoch " : "",
		panel->end);
	snprintf(axis, PANEL_MAX + 1, "%*s0%*s", LABEL, "", panel->columns - 1, end);
}

/* ---- all of them */

struct picture {
	int n, columns, rows; /* panels, and characters of each for dots */
	bool unicode;
	enum curve which[CURVES];
	struct panel panels[CURVES];
};

static void picture_put(char line[LINE_BYTES], const char *text)
{
	size_t used = strlen(line);

	snprintf(line + used, LINE_BYTES - used, "%s", text);
}

static void picture_pad(char line[LINE_BYTES], int columns)
{
	for (int width = term_width(line); width < columns; width++)
		picture_put(line, " ");
}

static void picture_title(const struct picture *picture, char line[LINE_BYTES])
{
	for (int i = 0; i < picture->n; i++) {
		picture_pad(line, i * (LABEL + picture->columns + PANEL_GAP));
		picture_put(line, curve_names[picture->which[i]]);
	}
}

static void picture_axes(const struct picture *picture, char line[LINE_BYTES])
{
	for (int i = 0; i < picture->n; i++) {
		char axis[PANEL_MAX + 1];

		picture_pad(line, i * (LABEL + picture->columns + PANEL_GAP));
		panel_axis(&picture->panels[i], axis);
		picture_put(line, axis);
	}
}

static void picture_row(const struct picture *picture, int row, char line[LINE_BYTES])
{
	for (int i = 0; i < picture->n; i++) {
		const struct panel *panel = &picture->panels[i];
		char text[LABEL + 1];

		picture_pad(line, i * (LABEL + picture->columns + PANEL_GAP));
		if (isinf(panel->low))
			continue; /* it has no point yet */
		panel_label(panel, row, text);
		picture_put(line, text);
		for (int c = 0; c < panel->columns; c++) {
			uint8_t bits = panel->dots[row][c];
			/* U+2800 + bits */
			const char braille[] = {(char)0xe2, (char)(0xa0 + (bits >> 6)),
				(char)(0x80 + (bits & 0x3f)), 0};
			const char plain[] = {panel_ascii(bits), 0};

			picture_put(line, !bits ? " " : picture->unicode ? braille : plain);
		}
	}
}

/* Without room for all three, test accuracy is worth more than train accuracy. */
static void picture_choose(struct picture *picture, int columns)
{
	static const enum curve choices[CURVES + 1][CURVES] = {
		{0},
		{CURVE_TRAIN_LOSS},
		{CURVE_TRAIN_LOSS, CURVE_TEST_ACCURACY},
		{CURVE_TRAIN_LOSS, CURVE_TRAIN_ACCURACY, CURVE_TEST_ACCURACY},
	};
	int room;

	picture->n = (columns + PANEL_GAP) / (PANEL_MIN + PANEL_GAP);
	if (picture->n > CURVES)
		picture->n = CURVES;
	if (!picture->n)
		return;
	room = (columns - (picture->n - 1) * PANEL_GAP) / picture->n;
	picture->columns = (room > PANEL_MAX ? PANEL_MAX : room) - LABEL;
	memcpy(picture->which, choices[picture->n], sizeof picture->which);
}

static void trim(char *line)
{
	size_t length = strlen(line);

	while (length && line[length - 1] == ' ')
		line[--length] = '\0';
}

void curves_draw(const struct curves *curves, double x_end, int columns, int rows, bool unicode,
	void (*line)(void *context, const char *text), void *context)
{
	struct picture picture = {.rows = rows > ROWS_MAX ? ROWS_MAX : rows, .unicode = unicode};
	bool any = false;

	picture_choose(&picture, columns);
	for (int i = 0; i < picture.n; i++) {
		const struct curve_line *c = &curves->lines[picture.which[i]];

		picture.panels[i] = (struct panel){
			.columns = picture.columns, .rows = picture.rows, .end = x_end};
		panel_scale(&picture.panels[i], c);
		if (rows > 0)
			panel_draw(&picture.panels[i], c);
		any = any || c->n;
	}
	for (int row = -1; any && row <= picture.rows && rows > 0; row++) {
		char text[LINE_BYTES] = "";

		if (row < 0)
			picture_title(&picture, text);
		else if (row < picture.rows)
			picture_row(&picture, row, text);
		else
			picture_axes(&picture, text);
		trim(text);
		line(context, text);
	}
}
