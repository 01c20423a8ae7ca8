/*
 * network -- the stack of layers that a config declares, built for one input shape.
 *
 * network_plan lowers the tree of layers to a flat list of steps (layers/layer.h) with the values
 * and tensors between them. A network is immutable; the numbers of a run are in `struct state`
 * (state.h), and engine.h runs batches.
 */
#ifndef LAYERS_NETWORK_NETWORK_H
#define LAYERS_NETWORK_NETWORK_H

#include "layers/layer.h"
#include "layers/loss.h"

/* How far a value sees into the input, along h and w: size of the receptive field, its jump from
 * one element to the next, and how many elements the value has along the axis before flattening. */
struct reach {
	struct pair size, jump, extent;
};

struct value {
	struct shape shape;
	struct reach reach;
	int root;      /* the value in whose memory this one lies; itself, if its own */
	size_t at;     /* offset in floats of a group's numbers in the root's group */
	int n_readers; /* steps that read it or an alias of it */
	int gradient;  /* its gradient buffer; -1: nobody wants it */
	bool wants_grad;
	bool forgotten; /* never stored: a fused step works on */
	int maker;      /* step that writes it; -1: the input */
};

/* A gradient buffer. A value that several steps read has one of its own, written by the first
 * reader, and one for each other reader, which is added to it once the first reader is through
 * backward. */
struct gradient {
	size_t at, size; /* floats of a group */
	int into;        /* the value's own buffer; -1: this is it */
	int after;       /* step whose backward comes before the addition */
};

/* A line of `describe` and of table `layer`: a layer as the user declared it. */
struct row {
	int position;     /* from 0, in the order of planning */
	int depth;        /* of nesting: 0 at the top */
	const char *path; /* "3.body.0" */
	const struct spec *spec;
	int in, out; /* values */
	const char
		*formula; /* how the output's size came about; "" where there is nothing to say */
	size_t parameters;
	int64_t macs;      /* forward, an image */
	int64_t macs_back; /* backward: gradients of weights and, where wanted, of the input */
	int first_step, n_steps;
};

struct network {
	struct shape input, output;
	int n_values, n_tensors, n_steps, n_rows;
	const struct value *values;
	const struct tensor *tensors; /* in the order of safetensors' paths as declared */
	const struct step *steps;
	const struct row *rows;
	int output_value;
	size_t n_trained, n_buffers; /* floats of the two blocks, tensors padded to 16 */
	size_t parameters;           /* trained numbers, padding not counted */
	int64_t macs, macs_back;
	bool couples;     /* some step has a meeting */
	bool whole_batch; /* some step has one in evaluation too */
	bool blas;        /* some step's bits depend on OpenBLAS */

	/* Workspace of one group: floats in values and gradients, by root value and gradient
	 * buffer. */
	size_t values_size, gradients_size;
	const size_t *value_at; /* by root value */
	const struct gradient *gradients;
	int n_gradients;
	size_t packed_size, shared_size, partial_size, columns_size, scratch_size;
	struct arena arena;
};

struct network_request {
	const struct specs *layers;
	struct shape input;
	bool input_gradient; /* the gradient of the input is wanted too */
	bool unfused;        /* every layer's output and its gradient are wanted too */
};

/* -1 with an err that has the place and, as notes, the layers that made the shape. */
int network_plan(struct network **out, const struct network_request *request, struct err *err);
void network_free(struct network *network);

/* Bytes of activations and gradients that one image takes while training, or forward only. */
size_t network_image_bytes(const struct network *network, bool training);

#endif
