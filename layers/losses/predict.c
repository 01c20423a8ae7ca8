/* predict -- the class that a network's output names: the first largest. One pass over the output,
 * which is still in cache. */
#include "layers/losses/lanes.h"

enum { LAST_CLASS = UINT8_MAX };

static vi first_largest(const float *y, int features)
{
	vf best = vf_load(y);
	vi class = vi_set(0);

	for (int f = 1; f < features; f++) {
		vf next = vf_load(y + f * GROUP);
		vi larger = next > best;

		best = vf_select(larger, next, best);
		class = (larger & vi_set(f)) | (~larger & class);
	}
	return class;
}

void PER_ISA(loss_predict)(const struct loss_work *work)
{
	for (int i = 0; i < lanes_count(work); i++) {
		struct lanes lanes = lanes_at(work, i);
		vi class = first_largest(lanes.y, work->features);

		for (int l = 0; l < VL && lanes.first + l < work->live; l++)
			work->predicted[lanes.first + l] =
				(uint8_t)(class[l] < LAST_CLASS ? class[l] : LAST_CLASS);
	}
}
