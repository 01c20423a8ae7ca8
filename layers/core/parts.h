/* parts -- whole numbers cut into parts: what loops over blocks, tiles and slices share. */
#ifndef LAYERS_CORE_PARTS_H
#define LAYERS_CORE_PARTS_H

#include <stdint.h>

static inline int smaller(int a, int b)
{
	return a < b ? a : b;
}

static inline int larger(int a, int b)
{
	return a > b ? a : b;
}

/* How many parts of up to `most` make `whole`. */
static inline int parts_of(int whole, int most)
{
	return (whole + most - 1) / most;
}

/* Where part i of n nearly equal ones begins; `whole` for i = n. */
static inline int part_begin(int whole, int n, int i)
{
	return (int)((int64_t)whole * i / n);
}

#endif
