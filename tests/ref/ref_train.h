/*
 * ref_train -- a second implementation of training, written from the formulas and from nothing
 * else: plain loops over doubles, one image after the other, no vectors, threads or packing.
 *
 * It knows what LeNet and its ReLU/max variant need: conv2d (stride 1, zeros all round), linear,
 * sigmoid, relu, average and maximum over windows of 2x2, softmax cross entropy (mean over the
 * batch) and SGD. There is no flatten: row-major [c][h][w] is flat already. Nothing here includes
 * anything of layers/. Without memory it aborts.
 */
#ifndef TESTS_REF_REF_TRAIN_H
#define TESTS_REF_REF_TRAIN_H

#include <stddef.h>
#include <stdint.h>

enum ref_train_kind { REF_CONV2D, REF_LINEAR, REF_SIGMOID, REF_RELU, REF_AVG_POOL, REF_MAX_POOL };

struct ref_train_layer {
	enum ref_train_kind kind;
	int c, h, w, oc, oh, ow;       /* of an image that goes in and comes out */
	int kernel, padding;           /* conv2d */
	double *weight, *bias;         /* w[o][i][u][v], or w[o][i]; b[o]; NULL: none. Owned */
	double *weight_sum, *bias_sum; /* their gradients, summed over the images of a batch */
	double *y, *dx;                /* of the image at hand */
	int *first;                    /* max: where in x each maximum was */
};

enum { REF_TRAIN_LAYERS = 16 };

struct ref_train {
	int c, h, w, n;
	struct ref_train_layer layers[REF_TRAIN_LAYERS];
	double closest; /* decision so far: how far a relu's input was from 0, and a maximum above
			 * the next element. One as close as single precision rounds may go the
			 * other way there, and the losses then part */
};

/* An empty network for images of c x h x w. */
void ref_train_begin(struct ref_train *net, int c, int h, int w);

/* Layers are added in order; weight and bias are copied. */
void ref_train_conv2d(struct ref_train *net, int out_channels, int kernel, int padding,
	const double *weight, const double *bias);
void ref_train_linear(
	struct ref_train *net, int out_features, const double *weight, const double *bias);
void ref_train_add(struct ref_train *net, enum ref_train_kind kind); /* one without weights */

/* One step of SGD on images[n][c][h][w]; the batch's mean loss before it. */
double ref_train_step(
	struct ref_train *net, const double *images, const uint8_t *labels, int n, double lr);

void ref_train_end(struct ref_train *net);

#endif
