/* adam -- see adam.h; the loop is in moments.h. */
#include "layers/optimizers/adam.h"

#include "layers/optimizers/moments.h"

static void update(const struct update *u)
{
	moments_update(u, false);
}

static const struct option option_table[] = {
	MOMENTS_OPTIONS,
	DECAY_OPTIONS(struct adam, "0"),
	{0},
};

const struct optimizer_kind PER_ISA(adam_kind) = {
	.kind = {.name = "adam",
		.help = "adaptive moments; weight decay is part of the gradient",
		.options = option_table,
		.size = sizeof(struct adam),
		.check = moments_check},
	.n_state = 2,
	.update = update,
};
