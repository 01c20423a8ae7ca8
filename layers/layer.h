/*
 * layer -- the contract between the kinds of layers and the network that runs them.
 *
 * A kind is one pair of files. It has options (a table), and a `plan` that says, once the input's
 * shape is known, what the layer makes of it: values, tensors and steps. `plan` may fail, with a
 * place in the user's file; from then on nothing can. A layer emits one step or a few; a block
 * emits its children's steps and, if needed, one that joins them.
 *
 *   value   what flows between steps: for each group of 16 images [C][H][W][16] floats. Groups lie
 *           `stride` floats apart, so a value may be a slice of the channels of another (concat).
 *   tensor  trained numbers, or statistics kept beside them; row-major as PyTorch has them.
 *   step    forward and backward over one shard: a few groups that go through the network together.
 *
 * The images of a shard count from 0; image i is lane i % 16 of group i / 16. A shard's last group
 * may have dead lanes, from `live` on: they hold some live image's numbers, forward treats them as
 * any other, the loss sets their gradient to 0, and backward must keep it 0.
 *
 * forward and backward allocate nothing and return nothing. They read weights and shared data,
 * and write their own outputs only; any thread may run any shard at any time.
 */
#ifndef LAYERS_LAYER_H
#define LAYERS_LAYER_H

#include <stddef.h>
#include <stdint.h>

#include "layers/core/arena.h"
#include "layers/core/option.h"
#include "layers/core/pixel_values.h"
#include "layers/core/shape.h"
#include "layers/core/vec.h"
#include "layers/families.h"
#include "layers/isa.h"

struct plan;
struct step;
struct work;
struct meeting;

struct layer_kind {
	struct kind kind; /* first: name, help, options, size */

	/* What the layer makes of value `in`; *out is the value that it leaves. Adds to `plan`
	 * through the functions below. -1 with err set at the place of the option that does not
	 * fit. */
	int (*plan)(struct plan *plan, const struct spec *spec, int in, int *out, struct err *err);
};

/* ---- planning */

enum { STEP_INPUTS = 2, STEP_TENSORS = 4, FORMULA_TEXT = 160 };

struct step_ops {
	const char *name;

	/* Once a batch, after the update and before any shard: brings weights into the form that
	 * the kernels read, in work_packed. NULL: nothing to prepare. */
	void (*prepare)(const struct step *step, const float *const *tensors, float *packed);

	/* One shard. backward overwrites the gradients of the step's tensors (work_gradient) and,
	 * where anybody wants it, of its inputs (work_dx, NULL where nobody does). NULL backward:
	 * the step passes no gradient on. */
	void (*forward)(const struct step *step, const struct work *work);
	void (*backward)(const struct step *step, const struct work *work);

	/* A step that couples the images of a batch has one or both of these. They run when forward
	 * (or backward) has been done for all shards: meet(slice) for each slice from 0 to
	 * step->slices - 1 (slices_back - 1), on any thread, in any order. What forward left in the
	 * shards' `partial` is merged in the order of the shards into `shared`, which the steps
	 * behind read. They run while training only.
	 *
	 * A *whole-batch* step (step->columns) works for all images at once: its meet, if any,
	 * writes the output in all shards, in evaluation too; its meet_back the gradients of its
	 * tensors, once for the batch (meeting_gradient), and, unless backward does, those of its
	 * inputs in all shards. For these forward and backward may keep what they have of each
	 * image in matrices over the batch (work_columns). Lanes that are dead have columns as
	 * well. */
	void (*meet)(const struct step *step, const struct meeting *meeting, int slice);
	void (*meet_back)(const struct step *step, const struct meeting *meeting, int slice);

	/* Once all is planned: lets step `index` take over what the steps behind it do, if that
	 * pays; see "fusing" below. NULL: never. */
	int (*fuse)(struct plan *plan, int index, struct err *err);
};

struct step {
	const struct step_ops *ops;
	const void *dims; /* what plan worked out; borrowed from the plan's arena */
	int n_in, in[STEP_INPUTS];
	int out; /* -1: none */
	int n_tensors, tensors[STEP_TENSORS];
	size_t packed;  /* floats that prepare writes: shared by all threads */
	size_t scratch; /* floats that forward or backward may scribble on */
	size_t partial; /* floats for each shard (meet) */
	size_t shared;  /* floats for the batch (meet) */
	size_t columns; /* floats for each image of the batch; 0: this is no whole-batch step */
	int slices, slices_back; /* of meet and of meet_back; at least 1 where there is one */
	int partner;             /* another step whose `shared` this one reads; -1: none */
	bool blas;               /* it calls OpenBLAS (core/blas.h), on which its bits depend */

	/* Set by the network. */
	int index; /* of this step; also the ordinal of its random numbers */
	int row;   /* the layer that emitted it */
	bool wants_dx[STEP_INPUTS];
	int dx[STEP_INPUTS]; /* gradient buffers */
	size_t packed_at, shared_at, partial_at, columns_at;
};

enum tensor_role {
	TENSOR_WEIGHT, /* initialised by init.weight, decayed */
	TENSOR_BIAS,   /* initialised by init.bias, decayed on request */
	TENSOR_NORM,   /* scale of a normalisation: starts at `start`, treated as a bias by decay */
	TENSOR_BUFFER  /* not trained (running statistics): starts at `start` */
};

struct tensor {
	const char *path; /* torch's: "3.body.0.weight" */
	enum tensor_role role;
	int rank, dims[4];
	size_t size; /* product of dims */
	size_t at;   /* offset in floats in its block: trained tensors and buffers have one each */
	int fan_in, fan_out;
	float start;             /* norms and buffers */
	const struct spec *spec; /* the layer that declared it: its own init; borrowed */
};

/* What a value is and how far it sees. */
struct shape plan_shape(const struct plan *plan, int value);

/* A new value; -1 on failure. */
int plan_value(struct plan *plan, struct shape shape, struct err *err);

/* The numbers of `value` under another shape of the same size: no copy, no step. */
int plan_alias(struct plan *plan, int value, struct shape shape, struct err *err);

/* A tensor "<path of the layer>.<name>", dims[rank]; fans 0 where init does not use them. */
int plan_tensor(struct plan *plan, const char *name, enum tensor_role role, int rank,
	const int *dims, int fan_in, int fan_out, struct err *err);

/* A step from the given one (ops, dims, in, out, tensors, sizes ...); its index, or -1. The pointer
 * that plan_step_at returns is valid until the next plan_step; NULL behind the last step. */
int plan_step(struct plan *plan, const struct step *step, struct err *err);
struct step *plan_step_at(struct plan *plan, int index);

/* Memory that lives as long as the network. */
void *plan_take(struct plan *plan, size_t size, struct err *err);
struct arena *plan_arena(struct plan *plan);

/* Plans a list of layers from value `in` on; `slot` names it in paths ("body", "branches.1").
 * An empty list leaves *out = in. */
int plan_layers(struct plan *plan, const struct specs *layers, const char *slot, int in, int *out,
	struct err *err);

/* Makes `whole` out of `n` values along the channels: from now on values[i] is a slice of `whole`,
 * starting at the sum of the channels before it (a copying step is added where a value is already
 * something else's, as the input of an empty branch is). */
int plan_join(struct plan *plan, const int *values, int n, int whole, struct err *err);

/* Fusing. The step behind the last is NULL. A private value is read by one step only and lies in
 * nobody else's memory. A forgotten one is never stored (its gradient may be). An absorbed step
 * does nothing any more; its index stays its own. plan_scratch makes room for `floats` more than
 * the steps asked for by themselves, if need be. */
bool plan_private(const struct plan *plan, int value);
void plan_forget(struct plan *plan, int value);
void plan_absorb(struct step *step);
void plan_scratch(struct plan *plan, size_t floats);

/* What `describe` says of the layer that is being planned. Each may be left out. */
void plan_macs(struct plan *plan, int64_t macs); /* multiplications of the forward pass, an image */
void plan_window(struct plan *plan, struct pair kernel, struct pair stride, struct pair dilation);
void plan_whole(struct plan *plan); /* each output sees all of the input */
void plan_formula(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The formula of a window that makes image y out of image x, with the numbers in it:
 * "floor((28-5+2*2)/1)+1 = 28", both axes where they differ. */
void plan_window_formula(struct plan *plan, struct shape x, struct shape y, struct pair kernel,
	struct pair stride, struct padding padding, struct pair dilation, bool ceil_mode);

/* ---- running */

struct view {
	float *at;     /* group g, channel c, row h, column w, lane l: */
	size_t stride; /* at[g * stride + ((c * H + h) * W + w) * 16 + l] */
};

static inline float *view_group(struct view view, int group)
{
	return view.at + (size_t)group * view.stride;
}

/* Groups in a shard, hence the order of every sum over images. With 2, a batch of 256 gives work to
 * eight threads, and what a shard of LeNet touches stays in the second-level cache. */
enum { SHARD_GROUPS = 2 };

/* One shard on its way through the steps: what forward and backward see. */
struct work {
	int groups;        /* of 16 images */
	int live;          /* images; the rest of the last group is dead */
	int batch_live;    /* images of the whole batch */
	bool training;     /* false: dropout and the like stand still */
	uint64_t seed;     /* for random numbers (core/rng.h): */
	uint32_t epoch;    /*   from 0 */
	uint32_t position; /*   of the shard's first image in the epoch */

	/* For the functions below. */
	const struct view *values;      /* by value */
	const struct view *gradients;   /* by gradient buffer */
	float *const *tensors;          /* by tensor */
	float *const *tensor_gradients; /* by tensor, this shard's; NULL for buffers */
	float *packed, *shared, *partial, *scratch;
	float *columns; /* the batch's matrices */
	size_t row;     /* images that a row of them has room for */
	int column;     /* the shard's first image in them */
	const struct step *steps;
	const struct view *value_gradients; /* by value; at NULL where nobody wants it */
};

static inline struct view work_x(const struct work *w, const struct step *s, int input)
{
	return w->values[s->in[input]];
}

static inline struct view work_y(const struct work *w, const struct step *s)
{
	return w->values[s->out];
}

static inline struct view work_dy(const struct work *w, const struct step *s)
{
	return w->value_gradients[s->out];
}

/* at == NULL where nobody wants it. */
static inline struct view work_dx(const struct work *w, const struct step *s, int input)
{
	return s->wants_dx[input] ? w->gradients[s->dx[input]] : (struct view){0};
}

static inline const float *work_tensor(const struct work *w, const struct step *s, int i)
{
	return w->tensors[s->tensors[i]];
}

static inline float *work_gradient(const struct work *w, const struct step *s, int i)
{
	return w->tensor_gradients[s->tensors[i]];
}

static inline const float *work_packed(const struct work *w, const struct step *s)
{
	return w->packed + s->packed_at;
}

static inline float *work_scratch(const struct work *w)
{
	return w->scratch;
}

static inline float *work_partial(const struct work *w, const struct step *s)
{
	return w->partial + s->partial_at;
}

static inline const float *work_shared(const struct work *w, const struct step *s)
{
	return w->shared + s->shared_at;
}

/* The partner's `shared`. */
static inline const float *work_partner(const struct work *w, const struct step *s)
{
	return w->shared + w->steps[s->partner].shared_at;
}

/* Of a whole-batch step: step->columns * work->row floats, the same for all shards; image i of the
 * shard has place work->column + i in each row. */
static inline float *work_columns(const struct work *w, const struct step *s)
{
	return w->columns + s->columns_at * w->row;
}

/* All shards of a batch, met. The shards' columns lie side by side, beginning with shards[0]'s. */
struct meeting {
	int n_shards;
	const struct work *shards; /* in order */
	int live;                  /* images of the batch */
	int columns;               /* with dead lanes: a multiple of 16 */
	float *shared;             /* this step's */
	float *const *tensors; /* by tensor: buffers may be written, each slice its own channels */
	float *const *gradients; /* by tensor, the batch's; NULL for buffers */
	bool training;
};

static inline const float *meeting_tensor(const struct meeting *m, const struct step *s, int i)
{
	return m->tensors[s->tensors[i]];
}

static inline float *meeting_gradient(const struct meeting *m, const struct step *s, int i)
{
	return m->gradients[s->tensors[i]];
}

/* The kinds of this instruction set: what layers/kinds.c exports to layers/network/isa.c. */
struct kinds {
	const char *isa;
	const struct kind *const *layers, *const *losses, *const *optimizers;

	/* Bytes to floats: lane l of element i is values->value[image[l][i]], written to
	 * out[i * 16 + l]; likewise floats as they are. */
	void (*load_bytes)(float *out, const uint8_t *const image[GROUP], size_t n,
		const struct pixel_values *values);
	void (*load_floats)(float *out, const float *const image[GROUP], size_t n);
	/* sum[i] += add[i], for i in 0 .. n-1. */
	void (*accumulate)(float *sum, const float *add, size_t n);
	double (*peak_work)(int rounds, float *value); /* layers/peak.h */
};

#endif
