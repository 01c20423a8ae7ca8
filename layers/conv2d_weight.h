/*
 * conv2d_weight -- the gradients of a convolution's weight and bias.
 *
 *     dw[o][i][u][v] = sum of dy[o][p][q] x[i][p S - P + u D][q S - P + v D]
 *     db[o]          = sum of dy[o][p][q]
 *
 * over the groups of images in order, then over the rows p, then over the columns q for which the
 * tap lies inside the image (or where x is 0 beside it); each of the 16 lanes has a sum of its own,
 * and group_sum adds them. Where the output has few elements, conv2d_few.h sums in one chain
 * instead, image by image. The orders and the choice, which is by shape alone, are the whole
 * contract: blocks, tiles and instruction sets do not show in the bits.
 *
 * Checked by tests/unit/test_layers.c.
 */
#ifndef LAYERS_CONV2D_WEIGHT_H
#define LAYERS_CONV2D_WEIGHT_H

#include "layers/layer.h"

struct conv2d_dims;

/* Outputs first .. end - 1 of an axis. */
struct conv2d_range {
	int first, end;
};

/* What is multiplied. */
enum conv2d_side { CONV2D_DY, CONV2D_X };

/* Where an output's dy lies in its channel, and the input that its tap (0, 0) meets in a channel as
 * read, if the window did not hang out: in floats. */
struct conv2d_place {
	int at[2]; /* by side */
};

struct conv2d_columns {
	struct conv2d_range outputs; /* whose taps in these columns of the window can be inside */
	const struct conv2d_place *places; /* theirs, row by row */
	int n;                             /* columns of the handful that begins with this one */
};

/* What lies side by side, by shape alone: images, or channels as conv2d_few.h has them. */
enum conv2d_way { CONV2D_IMAGES, CONV2D_OUTPUTS, CONV2D_INPUTS };

/* Most output channels, input channels and columns of the window that a kernel takes. */
struct conv2d_cut {
	int out, in, columns;
};

/* How the work is cut, by shape and instruction set; worked out by conv2d_weight_plan. */
struct conv2d_weight {
	enum conv2d_way way;
	struct conv2d_cut cut;
	const struct conv2d_range *rows; /* [K_h]: outputs whose tap in this row is in the image */
	const struct conv2d_columns *columns; /* [K_w] */
	bool copies;                          /* the input, to have zeros beside it */
	int width;                            /* of a row as read: of the copy, or of the image */
	int before; /* columns that the window hangs out of what is read */
};

/* Once dims' windows and directions are known. */
int PER_ISA(conv2d_weight_plan)(struct plan *plan, struct conv2d_dims *dims, struct err *err);

/* Floats of scratch that conv2d_weight_gradient needs. */
size_t PER_ISA(conv2d_weight_scratch)(const struct conv2d_dims *dims);

/* Where dy comes from when it is not there yet: makes rows `first` .. of output channels channel ..
 * channel + n - 1 in one group of images, at least `want` rows or all that are left, and returns
 * the row behind the last. Each row of each channel is asked for once, in order. */
struct conv2d_source {
	int (*make)(const struct conv2d_source *source, int group, int channel, int n, int first,
		int want);
	bool passing; /* the rows last made of each group are all that dy holds, from its start */
	size_t plane; /* then: floats between their channels */
};

/* Whether dy is read but once, so that a source may be passing, and the most rows that are wanted
 * at once. */
bool PER_ISA(conv2d_weight_once)(const struct conv2d_dims *dims);
int PER_ISA(conv2d_weight_rows)(const struct conv2d_dims *dims);

/* One shard. source NULL: dy is there. db NULL: there is no bias. */
struct conv2d_gradient {
	struct view x, dy;
	int groups, live; /* of images; images */
	const struct conv2d_source *source;
	float *dw, *db, *scratch;
};

void PER_ISA(conv2d_weight_gradient)(
	const struct conv2d_dims *dims, const struct conv2d_gradient *gradient);

/* ---- for conv2d_few.c */

/* Input channels channel .. channel + n - 1 as kernels read them: the image, or a copy in scratch
 * with zeros beside it, which takes so many floats. */
struct view PER_ISA(conv2d_weight_input)(
	const struct conv2d_dims *dims, const struct conv2d_gradient *gradient, int channel, int n);
size_t PER_ISA(conv2d_weight_copied)(const struct conv2d_dims *dims);

/* From the tap (0, 0) of a place to tap (u, v), in floats. */
int PER_ISA(conv2d_weight_offset)(const struct conv2d_dims *dims, int u, int v);

/* How often a kernel of so many columns of the window meets each output; before they are cut. */
double PER_ISA(conv2d_weight_meets)(const struct conv2d_dims *dims, int columns);

#endif
