/*
 * glyphs -- the built-in data set: digits drawn by the program itself, so that everything can be
 * tried without a download.
 *
 * 60,000 + 10,000 grey images of 28x28 in ten classes, laid out like MNIST. Each image is a
 * function of its split and its number alone: a digit in one of its ways of writing, bent, turned,
 * sheared, scaled, shifted, drawn with a pen of random width and darkness, then scratched, smudged
 * and covered with noise. Only + - * / and sqrt of IEEE numbers are used, so that the bits are the
 * same on every machine and for every number of threads.
 *
 * It is meant to be as hard as it is useful: after ten epochs softmax regression is right on
 * 85 to 92 % of the test images, LeNet on 97 to 99 %.
 */
#ifndef DATASETS_GLYPHS_H
#define DATASETS_GLYPHS_H

#include <stdbool.h>
#include <stdint.h>

#include "datasets/catalogue.h"

enum { GLYPHS_SIDE = 28, GLYPHS_CLASSES = 10, GLYPHS_TRAIN = 60000, GLYPHS_TEST = 10000 };
enum glyphs_split { GLYPHS_SPLIT_TRAIN = 0, GLYPHS_SPLIT_TEST = 1 };

/* SHA-256 of pixels and labels of the whole splits, in the order of the catalogue's files. They are
 * part of the numerics version: results on glyphs are comparable as long as they stand. */
extern const char *const glyphs_sums[CATALOGUE_FILES];

/* Draws images 0 .. n-1 of a split: n * 28 * 28 pixels and n labels. About 15 us an image. -1 when
 * `stop` (asked by all threads; may be NULL) said true before all were drawn. */
int glyphs_draw(uint8_t *pixels, uint8_t *labels, enum glyphs_split split, int n, int threads,
	bool (*stop)(void));

#endif
