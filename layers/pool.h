/*
 * pool -- what the pooling layers share: the window, its options and how it lies over the image.
 *
 * Shapes: x C x H x W; y C x OH x OW with
 *     OH = floor((H + P_top + P_bottom - D (K_h - 1) - 1) / S_h) + 1
 * with ceil_mode ceil instead, but no window that starts beyond the image; padding `same`:
 * OH = ceil(H / S_h). A kind brings two kernels for one group of images and, if it has more to know
 * than struct pool, a struct that starts with one.
 *
 * Fails: an input that is no image; a window larger than the padded image; padding wider than half
 * a window, or a dilated window that would see nothing but padding.
 */
#ifndef LAYERS_POOL_H
#define LAYERS_POOL_H

#include "layers/layer.h"

/* Options: first in the struct of each kind. */
struct pool_window {
	struct pair kernel_size, stride, dilation; /* stride 0: as kernel_size; dilation 0: 1 */
	struct padding padding;
	bool ceil_mode;
};

#define POOL_OPTIONS(type)                                                                \
	{"kernel_size", OPTION_PAIR, offsetof(type, window.kernel_size), NULL, 1, 1024,   \
		.help = "height and width of the window"},                                \
		{"stride", OPTION_PAIR, offsetof(type, window.stride), "null", 1, 1024,   \
			.help = "how far the window moves; kernel_size unless given"},    \
		{"padding", OPTION_PADDING, offsetof(type, window.padding), "0", 0, 512,  \
			.help = "border on each side, at most half the window; "          \
				"same: output size = ceil(size / stride)"},               \
	{                                                                                 \
		"ceil_mode", OPTION_BOOL, offsetof(type, window.ceil_mode), "false",      \
			.help = "round the output size up: the last window may hang over" \
	}

/* Where a window lies along one axis. */
struct span {
	int at;     /* the first element of the image in it */
	int n;      /* its taps inside the image, at least 1 */
	int padded; /* its taps inside the image or the padding */
};

struct pool {
	struct shape in, out;
	struct pair dilation;
	const struct span *rows, *columns; /* of the windows: [OH], [OW] */
};

/* Works out `pool` and tells `describe`; fails as said above. */
int PER_ISA(pool_plan)(
	struct plan *plan, const struct spec *spec, int in, struct pool *pool, struct err *err);

/* The step and its value. */
int PER_ISA(pool_step)(struct plan *plan, const struct step_ops *ops, const struct pool *pool,
	int in, int *out, struct err *err);

/* Floats from a group's start to the first element of window (oh, ow) in channel 0, and from there
 * to its next tap down and to the right. */
static inline size_t pool_at(const struct pool *p, int oh, int ow)
{
	return (size_t)(p->rows[oh].at * p->in.w + p->columns[ow].at) * GROUP;
}

static inline size_t pool_down(const struct pool *p)
{
	return (size_t)(p->dilation.h * p->in.w) * GROUP;
}

static inline size_t pool_right(const struct pool *p)
{
	return (size_t)p->dilation.w * GROUP;
}

#endif
