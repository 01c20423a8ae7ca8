/* ref -- see ref.h: memory, and the layers that only move numbers about. */
#include "tests/ref/ref.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct ref ref_new(int n, int c, int h, int w)
{
	struct ref r = {n, c, h, w, NULL};

	r.at = calloc(ref_size(&r) + 1, sizeof *r.at);
	if (!r.at)
		abort();
	return r;
}

void ref_free(struct ref *ref)
{
	free(ref->at);
	*ref = (struct ref){0};
}

size_t ref_size(const struct ref *r)
{
	return (size_t)r->n * (size_t)r->c * (size_t)r->h * (size_t)r->w;
}

struct ref ref_copy(const struct ref *x)
{
	return ref_reshape(x, x->c, x->h, x->w);
}

double *ref_at(const struct ref *x, int n, int c, int h, int w)
{
	assert(n < x->n && c < x->c && h < x->h && w < x->w);
	return &x->at[(((size_t)n * (size_t)x->c + (size_t)c) * (size_t)x->h + (size_t)h) *
			      (size_t)x->w +
		      (size_t)w];
}

double ref_get(const struct ref *x, int n, int c, int h, int w)
{
	return h < 0 || h >= x->h || w < 0 || w >= x->w ? 0 : *ref_at(x, n, c, h, w);
}

struct ref ref_reshape(const struct ref *x, int c, int h, int w)
{
	struct ref y = ref_new(x->n, c, h, w);

	assert(ref_size(&y) == ref_size(x));
	memcpy(y.at, x->at, ref_size(x) * sizeof *y.at);
	return y;
}

struct ref ref_add(const struct ref *a, const struct ref *b)
{
	struct ref y = ref_copy(a);

	assert(a->c == b->c && a->h == b->h && a->w == b->w);
	for (size_t i = 0; i < ref_size(&y); i++)
		y.at[i] += b->at[i];
	return y;
}

struct ref ref_concat(const struct ref *parts, int n)
{
	struct ref y;
	int channels = 0, first = 0;

	for (int i = 0; i < n; i++)
		channels += parts[i].c;
	y = ref_new(parts[0].n, channels, parts[0].h, parts[0].w);
	for (int i = 0; i < n; first += parts[i++].c)
		for (int image = 0; image < y.n; image++)
			for (int c = 0; c < parts[i].c; c++)
				memcpy(ref_at(&y, image, first + c, 0, 0),
					ref_at(&parts[i], image, c, 0, 0),
					(size_t)(y.h * y.w) * sizeof *y.at);
	return y;
}
