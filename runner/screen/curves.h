/*
 * curves -- d2l's three curves in small: train loss, train accuracy and test accuracy over epochs.
 *
 * They stand side by side, each with its own scale: the range of y at the left, in as many digits
 * as tell its ends apart, and epochs below. A Braille character holds 2 x 4 dots. Without Unicode
 * each character shows at which height of it the curve is. Where there is no room for three, fewer
 * are drawn.
 *
 *     train loss            train acc             test acc
 *      2.37 ⠉⠒⢄             0.82        ⣀⠤⠔⠊      0.80     ⣀⡠⠤⠒
 *            ⠈⠒⢄⣀                  ⡠⠊                 ⢀⠔⠁
 *      0.47       ⠉⠒⠤⣀      0.10 ⠤⠊               0.33 ⠔⠁
 *           0   epoch 10         0   epoch 10          0   epoch 10
 */
#ifndef RUNNER_SCREEN_CURVES_H
#define RUNNER_SCREEN_CURVES_H

#include <stdbool.h>

enum curve { CURVE_TRAIN_LOSS, CURVE_TRAIN_ACCURACY, CURVE_TEST_ACCURACY, CURVES };

struct curve_point {
	double x, y; /* x in epochs */
};

struct curve_line {
	struct curve_point *points; /* owned */
	int n, room;
};

/* {0} has no points. */
struct curves {
	struct curve_line lines[CURVES];
};

/* Adds a point; those at and behind its x go, as when epochs are trained again after an
 * interruption. A y that is not finite is left out, and so is a point for which there is no memory.
 */
void curves_add(struct curves *curves, enum curve curve, double x, double y);
void curves_release(struct curves *curves);

/* Gives the picture to `line`, row by row from the top (a title, `rows` rows of dots and an axis:
 * CURVES_FRAME rows more than `rows`), each at most `columns` wide. The x axis runs from 0 to
 * x_end. No call when there is no room or no point.
 */
enum { CURVES_FRAME = 2 };
void curves_draw(const struct curves *curves, double x_end, int columns, int rows, bool unicode,
	void (*line)(void *context, const char *text), void *context);

#endif
