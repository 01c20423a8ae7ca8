/* Progress: the lines that go to a file, and on a terminal (a real pty, played back on a small
 * screen of our own) that the block is redrawn in place, keeps to the window and leaves messages
 * above it. */
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>

#include "runner/screen/curves.h"
#include "runner/screen/progress.h"
#include "runner/screen/term.h"
#include "runner/signals.h"

/* ---- away from a terminal */

static struct progress_update update(int epoch, int batch, double loss, double accuracy)
{
	struct progress_update u = progress_nothing;

	u.epoch = epoch;
	u.batch = batch;
	u.batches = 10;
	u.train_loss = loss;
	u.train_accuracy = accuracy;
	u.examples_per_second = 41234;
	return u;
}

/* Two epochs of ten batches; what was written, to be freed. */
static char *written(enum progress_level level, int epochs)
{
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size), *file = tmpfile();
	struct err err = {0};
	struct progress *progress = progress_new(
		&(struct progress_options){
			.file = file, .level = level, .title = "x", .epochs = epochs},
		&err);
	int c;

	assert_non_null(progress);
	for (int epoch = 1; epoch <= 2; epoch++) {
		struct progress_update u;

		for (int batch = 1; batch <= 10; batch++) {
			u = update(epoch, batch, 2.3456 / epoch, 0.25 * epoch);
			progress_batch(progress, &u);
		}
		u.test_accuracy = 0.664;
		u.seconds = 1.46;
		if (epoch == 2) {
			u.val_loss = 1234.5678;
			u.val_accuracy = 0.6;
		}
		progress_epoch(progress, &u);
		if (epoch == 1)
			progress_say(progress, "note: %s", "损失");
	}
	progress_end(progress);
	rewind(file);
	while ((c = fgetc(file)) != EOF)
		fputc(c, memory);
	fclose(file);
	fclose(memory);
	return text;
}

static void writes(enum progress_level level, int epochs, const char *expected)
{
	char *text = written(level, epochs);

	assert_string_equal(text, expected);
	free(text);
}

static void a_file_gets_a_line_an_epoch(void **unused)
{
	(void)unused;
	writes(PROGRESS_NORMAL, 10,
		"epoch  1/10  loss 2.346  train acc 0.250  test acc 0.664  41200 examples/s  1.5 "
		"s\n"
		"note: 损失\n"
		"epoch  2/10  loss 1.173  train acc 0.500  val loss 1235  val acc 0.600"
		"  test acc 0.664  41200 examples/s  1.5 s\n");
	writes(PROGRESS_QUIET, 10, "note: 损失\n");
}

static void verbose_adds_five_lines_an_epoch(void **unused)
{
	char *text = written(PROGRESS_VERBOSE, 2);
	int lines = 0;

	(void)unused;
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 2 * (5 + 1) + 1);
	assert_non_null(strstr(text, "epoch 1/2  batch  2/10  loss 2.346  train acc 0.250"
				     "  41200 examples/s\nepoch 1/2  batch  4/10"));
	free(text);
}

static void nothing_is_fine(void **unused)
{
	struct progress_update u = update(1, 1, NAN, INFINITY);
	struct err err = {0};
	FILE *file = fopen("/dev/null", "r"); /* whose writes fail */
	struct progress *progress = progress_new(
		&(struct progress_options){.file = file, .level = PROGRESS_NORMAL}, &err);

	(void)unused;
	progress_batch(NULL, &u);
	progress_epoch(NULL, &u);
	progress_say(NULL, "x");
	progress_history(NULL, 1, 1, 1, 1);
	progress_end(NULL);
	u.batches = 0; /* no division by it */
	progress_batch(progress, &u);
	progress_epoch(progress, &u);
	progress_end(progress);
	fclose(file);
}

/* ---- on a terminal: lines as written, which a window of some width wraps */

enum { LINES = 200, LINE = 1200 };

static struct {
	int master, columns;
	FILE *file;
	int n; /* of lines that are complete */
	char lines[LINES][LINE];
	char open[LINE]; /* the one that the cursor is on */
	int frames;      /* times that something was erased */
	bool colour;
} screen;

static void screen_resize(int columns, int rows)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};

	screen.columns = columns;
	assert_int_equal(ioctl(screen.master, TIOCSWINSZ, &size), 0);
}

static void screen_open(int columns, int rows)
{
	int slave;

	memset(&screen, 0, sizeof screen);
	assert_int_equal(openpty(&screen.master, &slave, NULL, NULL, NULL), 0);
	fcntl(screen.master, F_SETFL, O_NONBLOCK);
	screen.file = fdopen(slave, "w");
	screen_resize(columns, rows);
	setenv("TERM", "xterm", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("NO_COLOR");
}

static void screen_close(void)
{
	fclose(screen.file);
	close(screen.master);
}

/* Up by `rows` screen rows, which must end at the start of a line, and erase what is below. */
static void screen_up(int rows)
{
	while (rows > 0) {
		int width, takes;

		assert_true(screen.n > 0);
		width = term_width(screen.lines[--screen.n]);
		takes = width ? (width + screen.columns - 1) / screen.columns : 1;
		assert_true(takes <= rows);
		rows -= takes;
	}
	screen.open[0] = '\0';
	screen.frames++;
}

/* An escape sequence at `text`: "\033[8A", "\033[J" or a colour; its bytes. */
static size_t screen_escape(const char *text)
{
	char *end;
	long n = strtol(text + 2, &end, 10);

	assert_true(text[1] == '[');
	if (*end == 'A')
		screen_up((int)n);
	else if (*end == 'm')
		screen.colour = true;
	else
		assert_int_equal(*end, 'J');
	return (size_t)(end + 1 - text);
}

static void screen_play(const char *bytes)
{
	for (size_t i = 0, step; bytes[i]; i += step) {
		size_t used = strlen(screen.open);

		step = 1;
		if (bytes[i] == '\033') {
			step = screen_escape(bytes + i);
		} else if (bytes[i] == '\n') {
			assert_true(screen.n < LINES);
			memcpy(screen.lines[screen.n++], screen.open, used + 1);
			screen.open[0] = '\0';
		} else if (bytes[i] != '\r') {
			assert_true(used + 2 < LINE);
			screen.open[used] = bytes[i];
			screen.open[used + 1] = '\0';
		}
	}
}

static void screen_drain(void)
{
	static char bytes[1 << 16];
	size_t used = 0;
	ssize_t n;

	while ((n = read(screen.master, bytes + used, sizeof bytes - 1 - used)) > 0)
		used += (size_t)n;
	bytes[used] = '\0';
	screen_play(bytes);
}

static struct progress *screen_progress(bool no_color, const char *title)
{
	struct err err = {0};
	struct progress *progress = progress_new(&(struct progress_options){.file = screen.file,
							 .level = PROGRESS_NORMAL,
							 .no_color = no_color,
							 .title = title,
							 .epochs = 4},
		&err);

	assert_non_null(progress);
	return progress;
}

static void train_epoch(struct progress *progress, int epoch)
{
	struct progress_update u;

	for (int batch = 1; batch <= 10; batch++) {
		double x = epoch - 1 + batch / 10.0;

		u = update(epoch, batch, 2.3 / (1 + x), x / 5);
		progress_batch(progress, &u);
		screen_drain();
	}
	u.test_accuracy = epoch / 6.0;
	progress_epoch(progress, &u);
	screen_drain();
}

static void lines_fit(int from)
{
	for (int i = from; i < screen.n; i++)
		assert_true(term_width(screen.lines[i]) <= screen.columns);
}

static void a_terminal_has_one_block(void **unused)
{
	struct progress *progress;

	(void)unused;
	screen_open(90, 30);
	progress = screen_progress(false, "lenet_最大池化");
	progress_say(progress, "before");
	for (int epoch = 1; epoch <= 4; epoch++) {
		train_epoch(progress, epoch);
		if (epoch == 2)
			progress_say(progress, "note: in the middle");
		usleep(101000);
	}
	progress_end(progress);
	screen_drain();
	assert_int_equal(screen.n, 2 + 9);
	assert_string_equal(screen.lines[0], "before");
	assert_string_equal(screen.lines[1], "note: in the middle");
	assert_true(screen.frames >= 4 && screen.frames <= 12);
	assert_true(screen.colour);
	assert_non_null(strstr(screen.lines[2], "lenet_最大池化  epoch 4/4  ━━━"));
	assert_non_null(strstr(screen.lines[2], "100 %"));
	assert_string_equal(screen.lines[3], "batch 10/10  loss 0.460  train acc 0.800  test acc "
					     "0.667  41200 examples/s");
	assert_string_equal(screen.lines[4],
		"train loss                     train acc                      test acc");
	assert_true(
		!strncmp(screen.lines[5], "  1.92 ", 7) && !strncmp(screen.lines[9], "  0.46 ", 7));
	assert_string_equal(screen.lines[10],
		"       0             epoch 4          0             epoch 4"
		"          0             epoch 4");
	lines_fit(0);
	screen_close();
}

static void the_block_survives_resizing(void **unused)
{
	static const int widths[] = {100, 45, 21, 7, 1, 60, 200};
	struct progress *progress;

	(void)unused;
	screen_open(80, 24);
	progress = screen_progress(true, "a_rather_long_name_for_a_run");
	train_epoch(progress, 1);
	for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
		screen_resize(widths[i], i % 2 ? 24 : 9);
		progress_say(progress, "%d", (int)i);
		screen_drain();
		assert_true(screen.n <= (int)i + 1 + 9);
		lines_fit((int)i + 1);
	}
	progress_end(progress);
	screen_drain();
	for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++)
		assert_int_equal(atoi(screen.lines[i]), i);
	assert_non_null(strstr(screen.lines[7], "epoch 1/4"));
	assert_false(screen.colour);
	screen_close();
}

static void a_flat_window_has_no_curves(void **unused)
{
	struct progress *progress;

	(void)unused;
	screen_open(80, 5);
	progress = screen_progress(true, "x");
	train_epoch(progress, 1);
	progress_end(progress);
	screen_drain();
	assert_int_equal(screen.n, 2);
	screen_close();
}

static void numbers_without_room_go_whole(void **unused)
{
	static const struct {
		int columns;
		const char *line;
	} rows[] = {
		{110, "batch 10/10  loss 0.460  train acc 0.800  val loss 1.500  val acc 0.500  "
		      "test acc 0.667  41200 examples/s"},
		{80, "batch 10/10  loss 0.460  train acc 0.800  val acc 0.500  test acc 0.667"},
		{60, "batch 10/10  loss 0.460  train acc 0.800  test acc 0.667"},
		{45, "batch 10/10  loss 0.460  test acc 0.667"},
		{30, "batch 10/10  loss 0.460"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct progress *progress;
		struct progress_update u = update(4, 10, 0.46, 0.8);

		u.val_loss = 1.5;
		u.val_accuracy = 0.5;
		u.test_accuracy = 0.667;
		screen_open(rows[i].columns, 5);
		progress = screen_progress(true, "a_rather_long_name_for_a_run");
		progress_epoch(progress, &u);
		progress_say(progress, "a sentence that is wrapped at words");
		progress_end(progress);
		screen_drain();
		assert_string_equal(screen.lines[screen.n - 1], rows[i].line);
		assert_non_null(strstr(screen.lines[screen.n - 2], "epoch 4/4"));
		assert_non_null(strstr(screen.lines[screen.n - 2], "100 %"));
		assert_int_equal(screen.n, rows[i].columns == 30 ? 4 : 3);
		lines_fit(0);
		screen_close();
	}
}

/* The answer to a signal stands where the terminal wrote it, below the block; the next drawing
 * takes it up, so that no line is left behind. */
static void a_signal_is_answered_above_the_block(void **unused)
{
	int was = dup(STDERR_FILENO);
	struct progress *progress;

	(void)unused;
	screen_open(80, 24);
	progress = screen_progress(true, "x");
	train_epoch(progress, 1);
	dup2(fileno(screen.file), STDERR_FILENO);
	signals_watch();
	raise(SIGINT);
	dup2(was, STDERR_FILENO);
	close(was);
	assert_int_equal(signals_stop(), SIGINT);
	progress_end(progress);
	screen_drain();
	assert_int_equal(screen.n, 1 + 9);
	assert_string_equal(screen.lines[0], SIGNALS_ANSWER);
	assert_non_null(strstr(screen.lines[1], "epoch 1/4"));
	screen_close();
}

/* ---- curves */

struct picture {
	int n;
	char lines[16][400];
};

static void picture_line(void *context, const char *text)
{
	struct picture *picture = context;

	assert_true(picture->n < 16);
	snprintf(picture->lines[picture->n++], sizeof picture->lines[0], "%s", text);
}

static void a_falling_line_falls(void **unused)
{
	struct curves curves = {0};
	struct picture braille = {0}, plain = {0}, all = {0};

	(void)unused;
	/* 26 dots by 8: dot x is at height round(7 x / 25) */
	curves_draw(&curves, 1, 80, 3, true, picture_line, &all);
	assert_int_equal(all.n, 0);
	curves_add(&curves, CURVE_TRAIN_LOSS, 0, 1);
	curves_add(&curves, CURVE_TRAIN_LOSS, 0.5, NAN);
	curves_add(&curves, CURVE_TRAIN_LOSS, 0.75, 9); /* trained again from 0 on */
	curves_add(&curves, CURVE_TRAIN_LOSS, 1, 9);
	curves_add(&curves, CURVE_TRAIN_LOSS, 0, 1);
	curves_add(&curves, CURVE_TRAIN_LOSS, 1, 0);
	curves_draw(&curves, 1, 20, 2, true, picture_line, &braille);
	curves_draw(&curves, 1, 20, 2, false, picture_line, &plain);
	assert_int_equal(braille.n, 2 + CURVES_FRAME);
	assert_string_equal(braille.lines[0], "train loss");
	assert_string_equal(braille.lines[1], "  1.00 ⠉⠒⠒⠤⢄⣀⡀");
	assert_string_equal(braille.lines[2], "  0.00       ⠈⠉⠑⠒⠤⠤⣀");
	assert_string_equal(braille.lines[3], "       0     epoch 1");
	assert_string_equal(plain.lines[1], "  1.00 '''....");
	assert_string_equal(plain.lines[2], "  0.00       ''''...");
	curves_add(&curves, CURVE_TEST_ACCURACY, 1, 0.5);
	curves_draw(&curves, 1, 45, 2, false, picture_line, &all);
	assert_string_equal(all.lines[0], "train loss              test acc");
	curves_draw(&curves, 1, 19, 2, true, picture_line, &all);
	curves_draw(&curves, 1, 80, 0, true, picture_line, &all);
	assert_int_equal(all.n, 2 + CURVES_FRAME);
	curves_release(&curves);
}

/* Whatever the range, its ends are told apart, or there is one label. */
static void labels_differ(void **unused)
{
	static const struct {
		double from, to;
		const char *high, *low;
	} rows[] = {
		{2.3026, 0.4, "  2.30", "  0.40"},
		{0.961, 0.9634, "0.9634", "0.9610"},
		{0.96, 0.97, " 0.970", " 0.960"},
		{0.5, 0.5, "0.5005", "0.4995"},
		{0, 0, "0.0001", "0.0000"},
		{12.3, 45.6, " 45.60", " 12.30"},
		{100, 900, "900.00", "100.00"},
		{20, 54321, " 54321", " 20.00"},
		{1e31, 1e31, " 1e+31", "      "},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct curves curves = {0};
		struct picture picture = {0};
		char label[8];

		curves_add(&curves, CURVE_TRAIN_LOSS, 0, rows[i].from);
		curves_add(&curves, CURVE_TRAIN_LOSS, 1, rows[i].to);
		curves_draw(&curves, 1, 20, 3, false, picture_line, &picture);
		snprintf(label, sizeof label, "%-6.6s", picture.lines[1]);
		assert_string_equal(label, rows[i].high);
		snprintf(label, sizeof label, "%-6.6s", picture.lines[3]);
		assert_string_equal(label, rows[i].low);
		curves_release(&curves);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_gets_a_line_an_epoch),
		cmocka_unit_test(verbose_adds_five_lines_an_epoch),
		cmocka_unit_test(nothing_is_fine),
		cmocka_unit_test(a_terminal_has_one_block),
		cmocka_unit_test(the_block_survives_resizing),
		cmocka_unit_test(a_flat_window_has_no_curves),
		cmocka_unit_test(numbers_without_room_go_whole),
		cmocka_unit_test(a_signal_is_answered_above_the_block),
		cmocka_unit_test(a_falling_line_falls),
		cmocka_unit_test(labels_differ),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
