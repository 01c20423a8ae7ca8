/* axis -- see axis.h. Built once for a layer; quadratic in nothing that grows. */
#include "layers/core/axis.h"

#include <string.h>

typedef int source_fn(const struct window *window, int element, int tap);

/* The input that output `o` meets through `tap`, or -1. */
static int source_forward(const struct window *w, int o, int tap)
{
	int i = o * w->stride - w->before + tap * w->dilation;

	return i >= 0 && i < w->n ? i : -1;
}

/* The output that meets input `i` through `tap`, or -1. */
static int source_backward(const struct window *w, int i, int tap)
{
	int from = i + w->before - tap * w->dilation;

	if (from < 0 || from % w->stride || from / w->stride >= w->out)
		return -1;
	return from / w->stride;
}

/* A class under construction: the arrays are as long as they can become. */
struct builder {
	struct axis_class *classes;
	int n;
	int *tap, *step; /* of the element at hand */
	struct arena *arena;
	struct err *err;
};

static struct axis_class *builder_find(struct builder *b, int n_taps)
{
	size_t bytes = (size_t)n_taps * sizeof(int);

	for (int c = 0; c < b->n; c++) {
		struct axis_class *class = &b->classes[c];

		if (class->n_taps == n_taps && !memcmp(class->tap, b->tap, bytes) &&
			!memcmp(class->step, b->step, bytes))
			return class;
	}
	return NULL;
}

static const int *ints_copy(struct arena *arena, const int *from, int n, struct err *err)
{
	int *copy = arena_take(arena, (size_t)n * sizeof *copy, err);

	if (copy)
		memcpy(copy, from, (size_t)n * sizeof *copy);
	return copy;
}

static struct axis_class *builder_add(struct builder *b, int n_taps, int elements)
{
	struct axis_class *class = &b->classes[b->n];

	class->n_taps = n_taps;
	class->tap = ints_copy(b->arena, b->tap, n_taps, b->err);
	class->step = ints_copy(b->arena, b->step, n_taps, b->err);
	class->at = arena_take(b->arena, (size_t)elements * sizeof(int), b->err);
	class->from = arena_take(b->arena, (size_t)elements * sizeof(int), b->err);
	if (!class->tap || !class->step || !class->at || !class->from)
		return NULL;
	b->n++;
	return class;
}

static int axis_build(struct axis *axis, const struct window *w, int elements, source_fn *source,
	struct arena *arena, struct err *err)
{
	struct builder b = {.arena = arena, .err = err};

	b.classes = arena_take(arena, (size_t)elements * sizeof *b.classes, err);
	b.tap = arena_take(arena, (size_t)w->k * sizeof *b.tap, err);
	b.step = arena_take(arena, (size_t)w->k * sizeof *b.step, err);
	if (!b.classes || !b.tap || !b.step)
		return -1;
	for (int e = 0; e < elements; e++) {
		struct axis_class *class;
		int n_taps = 0, first = 0;

		for (int t = 0; t < w->k; t++) {
			int from = source(w, e, t);

			if (from < 0)
				continue;
			if (!n_taps)
				first = from;
			b.tap[n_taps] = t;
			b.step[n_taps++] = from - first;
		}
		class = builder_find(&b, n_taps);
		if (!class)
			class = builder_add(&b, n_taps, elements - e);
		if (!class)
			return -1;
		((int *)class->at)[class->n] = e;
		((int *)class->from)[class->n++] = first;
	}
	axis->n = b.n;
	axis->classes = b.classes;
	return 0;
}

int axis_forward(struct axis *axis, const struct window *w, struct arena *arena, struct err *err)
{
	return axis_build(axis, w, w->out, source_forward, arena, err);
}

int axis_backward(struct axis *axis, const struct window *w, struct arena *arena, struct err *err)
{
	return axis_build(axis, w, w->n, source_backward, arena, err);
}

void axis_range(const struct window *w, int tap, int *first, int *end)
{
	*first = 0;
	while (*first < w->out && source_forward(w, *first, tap) < 0)
		++*first;
	*end = *first;
	while (*end < w->out && source_forward(w, *end, tap) >= 0)
		++*end;
}
