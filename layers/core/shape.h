/*
 * shape -- what one image (or one vector of features) measures, the batch left out.
 *
 * An image is rank 3: C channels of H rows of W columns. A vector, as `flatten` makes it, is rank
 * 1 and has its features in C, with H = W = 1; the two lie in memory alike, the rank only says what
 * the user may do with them (`linear` wants rank 1).
 */
#ifndef LAYERS_CORE_SHAPE_H
#define LAYERS_CORE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

struct shape {
	int rank; /* 1 or 3 */
	int c, h, w;
};

/* Larger activations and tensors have no use in these networks; the bound keeps every product of
 * sizes, times 16 images, in the range of an int. */
enum { SHAPE_MAX_SIZE = 1 << 26 };

static inline struct shape shape_image(int c, int h, int w)
{
	return (struct shape){3, c, h, w};
}

static inline struct shape shape_vector(int features)
{
	return (struct shape){1, features, 1, 1};
}

static inline size_t shape_size(struct shape s)
{
	return (size_t)s.c * (size_t)s.h * (size_t)s.w;
}

static inline bool shape_equal(struct shape a, struct shape b)
{
	return a.rank == b.rank && a.c == b.c && a.h == b.h && a.w == b.w;
}

enum { SHAPE_TEXT = 48 };

/* "6x28x28" or "400", as tables and messages show it; returns `text`. */
char *shape_text(char text[SHAPE_TEXT], struct shape s);

/* "6x1x5x5", or "a single number" for rank 0; returns `text`. */
char *shape_dims_text(char text[SHAPE_TEXT], int rank, const int *dims);

/* Reads what shape_text writes: "6x28x28" or "400". -1 when it is neither, or too large. */
int shape_parse(struct shape *s, const char *text);

/* The length of a window's output along one axis, rounding down, or up with `ceil_mode` (torch's
 * rule: the last window must start inside the input or the leading padding):
 *     floor((n + before + after - (dilation (k - 1) + 1)) / stride) + 1
 * 0 or less when the window does not fit. */
int shape_window(int n, int k, int stride, int before, int after, int dilation, bool ceil_mode);

/* Padding `same`: as much as makes a window's output ceil(n / stride) long, an odd element behind.
 */
void shape_pad_same(int n, int k, int stride, int dilation, int *before, int *after);

#endif
