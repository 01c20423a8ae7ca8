/* lanes -- one register of images as the losses go through a shard: where its numbers are, which of
 * its images live, and what their labels say. Dead lanes have label 0. */
#ifndef LAYERS_LOSSES_LANES_H
#define LAYERS_LOSSES_LANES_H

#include "layers/loss.h"

struct lanes {
	int first;      /* the image in the first lane */
	const float *y; /* feature f: y[f * GROUP] and the VL - 1 after it */
	float *dy;      /* likewise; NULL: no gradient wanted */
	vi live;        /* mask */
};

static inline int lanes_count(const struct loss_work *work)
{
	return work->groups * (GROUP / VL);
}

static inline struct lanes lanes_at(const struct loss_work *work, int i)
{
	int first = i * VL, group = first / GROUP, lane = first % GROUP;
	vi image = vi_set(first);

	for (int l = 0; l < VL; l++)
		image[l] += l;
	return (struct lanes){
		.first = first,
		.y = view_group(work->y, group) + lane,
		.dy = work->dy.at ? view_group(work->dy, group) + lane : NULL,
		.live = image < vi_set(work->live),
	};
}

static inline vi lanes_labels(const struct loss_work *work, struct lanes lanes)
{
	vi label = vi_set(0);

	for (int l = 0; l < VL && lanes.first + l < work->live; l++)
		label[l] = work->labels[lanes.first + l];
	return label;
}

/* The gradient of feature f: 0 in dead lanes, whatever was computed there. */
static inline void lanes_set_dy(struct lanes lanes, int f, vf dy)
{
	vf_store(lanes.dy + f * GROUP, vf_select(lanes.live, dy, vf_set(0)));
}

#endif
