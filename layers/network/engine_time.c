/* engine_time -- what each worker's work took (engine.h). Every worker has counters of its own, so
 * taking times makes no thread wait for another. */
#include <string.h>

#include "layers/network/engine_inside.h"

enum { LINE = 64 / sizeof(int64_t) };

static size_t clocks_bytes(const struct engine *engine)
{
	return (size_t)team_size(engine->team) * engine->clock_places * sizeof *engine->clocks;
}

int engine_time(struct engine *engine, struct err *err)
{
	size_t places = (size_t)clock_of(engine->network->n_steps, CLOCK_PREPARE);

	if (!engine->clocks) {
		engine->clock_places = (places + LINE - 1) / LINE * LINE;
		engine->clocks = arena_take(&engine->arena, clocks_bytes(engine), err);
	}
	if (!engine->clocks)
		return -1;
	memset(engine->clocks, 0, clocks_bytes(engine));
	return 0;
}

static int64_t clock_sum(const struct engine *engine, int place)
{
	int64_t sum = 0;

	for (int i = 0; i < team_size(engine->team); i++)
		sum += engine->clocks[(size_t)i * engine->clock_places + (size_t)place];
	return sum;
}

void engine_times(struct engine *engine, struct engine_times *times)
{
	times->load = clock_sum(engine, CLOCK_LOAD);
	times->loss = clock_sum(engine, CLOCK_LOSS);
	times->add = clock_sum(engine, CLOCK_ADD);
	times->fold = clock_sum(engine, CLOCK_FOLD);
	times->update = clock_sum(engine, CLOCK_UPDATE);
	for (int s = 0; times->steps && s < engine->network->n_steps; s++)
		times->steps[s] = (struct step_times){
			.prepare = clock_sum(engine, clock_of(s, CLOCK_PREPARE)),
			.forward = clock_sum(engine, clock_of(s, CLOCK_FORWARD)),
			.backward = clock_sum(engine, clock_of(s, CLOCK_BACKWARD)),
		};
	memset(engine->clocks, 0, clocks_bytes(engine));
}
