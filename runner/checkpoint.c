/* checkpoint -- see checkpoint.h. */
#include "runner/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "layers/network/numerics.h"

enum { VERSION = 3 };

static const char magic[8] = "runnerC";

size_t checkpoint_size(const struct state *state)
{
	return sizeof(struct checkpoint) + state->n * sizeof(float);
}

void checkpoint_write(struct checkpoint *head, const struct state *state, uint8_t *content)
{
	memcpy(head->magic, magic, sizeof head->magic);
	head->version = VERSION;
	head->numerics = NUMERICS_VERSION;
	head->floats = (int64_t)state->n;
	head->step = state->step;
	memcpy(content, head, sizeof *head);
	memcpy(content + sizeof *head, state->trained, state->n * sizeof(float));
}

/* Is this a checkpoint that this program can go on from? */
static bool fits(const struct checkpoint *head, const struct state *state, size_t size)
{
	return size == checkpoint_size(state) && !memcmp(head->magic, magic, sizeof magic) &&
	       head->version == VERSION && head->numerics == NUMERICS_VERSION &&
	       head->floats == (int64_t)state->n;
}

int checkpoint_read(struct checkpoint *head, struct state *state, struct store *store,
	int64_t run_id, const char *kind, bool *found, struct err *err)
{
	struct store_checkpoint stored;
	struct checkpoint read;
	void *content;

	*found = false;
	if (store_checkpoint_load(store, run_id, kind, &stored, &content, err))
		return -1;
	if (content && stored.size >= sizeof read) {
		memcpy(&read, content, sizeof read);
		*found = fits(&read, state, stored.size);
	}
	if (*found) {
		*head = read;
		state->step = read.step;
		memcpy(state->trained, (const char *)content + sizeof read,
			state->n * sizeof(float));
	}
	free(content);
	return 0;
}
