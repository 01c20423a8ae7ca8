/* adamw -- see adamw.h; the loop is in moments.h. */
#include "layers/optimizers/adamw.h"

#include "layers/optimizers/moments.h"

static void update(const struct update *u)
{
	moments_update(u, true);
}

static const struct option option_table[] = {
	MOMENTS_OPTIONS,
	DECAY_OPTIONS(struct adam, "0.01"),
	{0},
};

const struct optimizer_kind PER_ISA(adamw_kind) = {
	.kind = {.name = "adamw",
		.help = "adaptive moments; weights are decayed beside the step",
		.options = option_table,
		.size = sizeof(struct adam),
		.check = moments_check},
	.n_state = 2,
	.update = update,
};
