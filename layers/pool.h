/*
 * pool -- what the pooling layers share: the window, its options and how it lies over the image.
 *
 * Shapes: x C x H x W; y C x OH x OW with
 *     OH = floor((H + P_top + P_bottom - D (K_h - 1) - 1) / S_h) + 1
 * with ceil_mode ceil instead, but no window that starts beyond the image; padding `same`:
 * OH = ceil(H / S_h). A kind brings two kernels for rows of one channel of one group of images and,
 * if it has more to know than struct pool, a struct that starts with one. Its step is the same for
 * all; layers/fused.h calls the kernels row by row instead.
 *
 * Fails: an input that is no image; a window larger than the padded image; padding wider than half
 * a window, or a dilated window that would see nothing but padding.
 */
#ifndef LAYERS_POOL_H
#define LAYERS_POOL_H

#include <string.h>

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
	bool apart;                        /* no element belongs to two windows */
	bool tiled;                        /* nor to none; all windows are full */
};

/* Rows first .. end - 1 of the output, in one channel of one group. x and dx are the channel from
 * its row `top` on, at least the rows pool_top(first) .. pool_top(end) - 1, which backward
 * overwrites (all windows, where they are not apart); y and dy are the channel. */
struct pool_ops {
	struct step_ops step; /* first; POOL_STEP(name) */
	void (*forward)(
		float *y, const float *x, int top, const struct pool *pool, int first, int end);
	void (*backward)(float *dx, const float *dy, const float *x, const float *y, int top,
		const struct pool *pool, int first, int end);
};

void PER_ISA(pool_forward)(const struct step *step, const struct work *work);
void PER_ISA(pool_backward)(const struct step *step, const struct work *work);

#define POOL_STEP(text)                                         \
	{                                                       \
		.name = text, .forward = PER_ISA(pool_forward), \
		.backward = PER_ISA(pool_backward),             \
	}

/* Works out `pool` and tells `describe`; fails as said above. */
int PER_ISA(pool_plan)(
	struct plan *plan, const struct spec *spec, int in, struct pool *pool, struct err *err);

/* The step and its value. */
int PER_ISA(pool_step)(struct plan *plan, const struct pool_ops *ops, const struct pool *pool,
	int in, int *out, struct err *err);

/* The first row of the input that belongs to output row oh; H for oh = OH. */
static inline int pool_top(const struct pool *p, int oh)
{
	return oh <= 0 ? 0 : oh >= p->out.h ? p->in.h : p->rows[oh].at;
}

/* Where a channel of one group lies. */
static inline float *pool_input(const struct pool *p, struct view x, int group, int channel)
{
	return view_group(x, group) + (size_t)(channel * p->in.h * p->in.w) * GROUP;
}

static inline float *pool_output(const struct pool *p, struct view y, int group, int channel)
{
	return view_group(y, group) + (size_t)(channel * p->out.h * p->out.w) * GROUP;
}

/* Floats from row `top` of a channel to the first element of window (oh, ow), and from there to its
 * next tap down and to the right. */
static inline size_t pool_at(const struct pool *p, int top, int oh, int ow)
{
	return (size_t)((p->rows[oh].at - top) * p->in.w + p->columns[ow].at) * GROUP;
}

/* The commonest window, for which kernels unroll. */
static inline bool pool_is_2x2(const struct pool *p)
{
	return p->tiled && p->rows[0].n == 2 && p->columns[0].n == 2;
}

/* What backward starts from where it does not write every element itself. */
static inline void pool_clear(float *dx, int top, const struct pool *p, int first, int end)
{
	int from = pool_top(p, first), rows = pool_top(p, end) - from;

	memset(dx + (size_t)((from - top) * p->in.w) * GROUP, 0,
		(size_t)(rows * p->in.w) * GROUP * sizeof *dx);
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
