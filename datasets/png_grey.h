/*
 * png_grey -- reads a PNG file as grey pixels; how colours become grey, folder.h says.
 */
#ifndef DATASETS_PNG_GREY_H
#define DATASETS_PNG_GREY_H

#include <stdint.h>

#include "layers/core/err.h"

/* Width and height alone. */
int png_grey_size(const char *path, int *w, int *h, struct err *err);

/* Fills w * h pixels; fails when the image measures something else. */
int png_grey_read(const char *path, uint8_t *pixels, int w, int h, struct err *err);

#endif
