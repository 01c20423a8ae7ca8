/* state -- see state.h. */
#include "layers/network/state.h"

#include <stdlib.h>
#include <string.h>

int state_new(struct state *state, const struct network *network, const struct spec *optimizer,
	struct err *err)
{
	int moments = optimizer ? optimizer_states(optimizer) : 0;
	size_t n = network->n_trained * (1 + (size_t)moments) + network->n_buffers;
	size_t bytes = (n * sizeof(float) + 63) / 64 * 64 + 64;

	*state = (struct state){.n = n, .trained = aligned_alloc(64, bytes)};
	if (!state->trained)
		return err_memory(err, bytes, "weights");
	memset(state->trained, 0, bytes);
	state->buffers = state->trained + network->n_trained;
	for (int i = 0; i < moments; i++)
		state->moments[i] =
			state->buffers + network->n_buffers + (size_t)i * network->n_trained;
	return 0;
}

void state_release(struct state *state)
{
	free(state->trained);
	*state = (struct state){0};
}
