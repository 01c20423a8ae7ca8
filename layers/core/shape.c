/* shape -- see shape.h. */
#include "layers/core/shape.h"

#include <stdio.h>

char *shape_text(char text[SHAPE_TEXT], struct shape s)
{
	if (s.rank == 1)
		snprintf(text, SHAPE_TEXT, "%d", s.c);
	else
		snprintf(text, SHAPE_TEXT, "%dx%dx%d", s.c, s.h, s.w);
	return text;
}

char *shape_dims_text(char text[SHAPE_TEXT], int rank, const int *dims)
{
	size_t used = 0;

	snprintf(text, SHAPE_TEXT, "a single number");
	for (int i = 0; i < rank && used < SHAPE_TEXT; i++)
		used += (size_t)snprintf(
			text + used, SHAPE_TEXT - used, "%s%d", i ? "x" : "", dims[i]);
	return text;
}

int shape_parse(struct shape *s, const char *text)
{
	char rest;

	*s = (struct shape){0};
	if (sscanf(text, "%dx%dx%d%c", &s->c, &s->h, &s->w, &rest) == 3)
		s->rank = 3;
	else if (sscanf(text, "%d%c", &s->c, &rest) == 1)
		*s = shape_vector(s->c);
	if (!s->rank || s->c < 1 || s->h < 1 || s->w < 1 || s->c > SHAPE_MAX_SIZE ||
		s->h > SHAPE_MAX_SIZE / s->c || s->w > SHAPE_MAX_SIZE / s->c / s->h)
		return -1;
	return 0;
}

int shape_window(int n, int k, int stride, int before, int after, int dilation, bool ceil_mode)
{
	int room = n + before + after - (dilation * (k - 1) + 1);
	int out;

	if (room < 0)
		return 0;
	out = (ceil_mode ? (room + stride - 1) / stride : room / stride) + 1;
	if (ceil_mode && (out - 1) * stride >= n + before)
		out--;
	return out;
}

void shape_pad_same(int n, int k, int stride, int dilation, int *before, int *after)
{
	int out = (n + stride - 1) / stride;
	int total = (out - 1) * stride + dilation * (k - 1) + 1 - n;

	total = total > 0 ? total : 0;
	*before = total / 2;
	*after = total - *before;
}
