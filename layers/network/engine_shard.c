/* engine_shard -- one shard on its way: its images, the steps forward, the loss, the steps
 * backward, and what is asked for beside. */
#include "layers/network/engine_inside.h"

#include <string.h>

#include "layers/loss.h"

static int32_t batch_row(const struct batch *batch, int image)
{
	return batch->index ? batch->index[image] : image;
}

/* Images first .. first + live - 1 into the input value; dead lanes repeat the last of them. */
static void load_inputs(const struct job *job, const struct work *w, int first)
{
	const struct network *network = job->engine->network;
	const struct examples *from = job->batch->examples;
	size_t size = shape_size(network->input);

	for (int g = 0; g < w->groups; g++) {
		const uint8_t *pixels[GROUP];
		const float *inputs[GROUP];
		float *to = view_group(w->values[0], g);

		for (int l = 0; l < GROUP; l++) {
			int image = g * GROUP + l < w->live ? g * GROUP + l : w->live - 1;
			size_t at = (size_t)batch_row(job->batch, first + image) * size;

			pixels[l] = from->pixels ? from->pixels + at : NULL;
			inputs[l] = from->inputs ? from->inputs + at : NULL;
		}
		if (from->pixels)
			job->engine->kinds->load_bytes(to, pixels, size, from->values);
		else
			job->engine->kinds->load_floats(to, inputs, size);
	}
}

/* Between lanes and rows of images, for what tests and `expect` ask. */
static void lanes_out(float *to, struct view from, size_t size, int live)
{
	for (int image = 0; image < live; image++)
		for (size_t i = 0; i < size; i++)
			to[(size_t)image * size + i] = view_group(
				from, image / GROUP)[i * GROUP + (size_t)(image % GROUP)];
}

static void lanes_in(struct view to, const float *from, size_t size, int groups, int live)
{
	for (int image = 0; image < groups * GROUP; image++)
		for (size_t i = 0; i < size; i++)
			view_group(to, image / GROUP)[i * GROUP + (size_t)(image % GROUP)] =
				image < live ? from[(size_t)image * size + i] : 0;
}

/* The loss of a shard and the gradient of its output, or what the batch gives in its place. */
static void run_loss(
	const struct job *job, const struct work *w, const struct workspace *space, int shard)
{
	struct engine *engine = job->engine;
	const struct network *network = engine->network;
	const struct batch *batch = job->batch;
	const struct loss_kind *kind = (const struct loss_kind *)engine->loss->kind; /* or NULL */
	int first = shard * SHARD;
	size_t features = shape_size(network->output);
	uint8_t labels[SHARD], predicted[SHARD];
	struct loss_work loss = {.options = engine->loss->options,
		.features = (int)features,
		.groups = w->groups,
		.live = w->live,
		.batch_live = w->batch_live,
		.y = w->values[network->output_value],
		.loss = space->loss,
		.predicted = predicted};

	if (job->training)
		loss.dy = w->value_gradients[network->output_value];
	if (batch->outputs)
		lanes_out(batch->outputs + (size_t)first * features, loss.y, features, w->live);
	if (batch->output_gradient && loss.dy.at)
		lanes_in(loss.dy, batch->output_gradient + (size_t)first * features, features,
			w->groups, w->live);
	if (batch->output_gradient || !kind ||
		(!batch->examples->labels && !batch->examples->targets))
		return;
	for (int i = 0; i < w->live; i++) {
		size_t row = (size_t)batch_row(batch, first + i);

		if (batch->examples->labels)
			labels[i] = batch->examples->labels[row];
		else
			memcpy(space->targets + (size_t)i * features,
				batch->examples->targets + row * features,
				features * sizeof(float));
	}
	loss.labels = batch->examples->labels ? labels : NULL;
	loss.targets = batch->examples->labels ? NULL : space->targets;
	kind->run(&loss);
	for (int i = 0; i < w->live; i++) {
		engine->shard_loss[shard] += space->loss[i];
		engine->shard_correct[shard] += loss.labels && predicted[i] == labels[i];
	}
	if (batch->predicted)
		memcpy(batch->predicted + first, predicted, (size_t)w->live);
}

static double sum_squares(struct view view, size_t size, int live)
{
	double sum = 0;

	for (int image = 0; image < live; image++)
		for (size_t i = 0; i < size; i++) {
			double x = view_group(
				view, image / GROUP)[i * GROUP + (size_t)(image % GROUP)];

			sum += x * x;
		}
	return sum;
}

static void measure_norms(const struct job *job, const struct work *w, int shard)
{
	const struct network *network = job->engine->network;
	double *norms = job->engine->shard_norms + (size_t)shard * 2 * (size_t)network->n_rows;

	for (int r = 0; r < network->n_rows; r++) {
		int out = network->rows[r].out;
		struct view dy = w->value_gradients[out];
		size_t size = shape_size(network->values[out].shape);

		norms[2 * r] = sum_squares(w->values[out], size, w->live);
		norms[2 * r + 1] = dy.at ? sum_squares(dy, size, w->live) : 0;
	}
}

/* Adds the gradients that further readers of a value wrote to the first reader's. */
static void add_readers(const struct engine *engine, const struct work *w, int step)
{
	const struct network *network = engine->network;

	for (int i = 0; i < network->n_gradients; i++) {
		const struct gradient *g = &network->gradients[i];

		for (int group = 0; g->into >= 0 && g->after == step && group < w->groups; group++)
			engine->kinds->accumulate(view_group(w->gradients[g->into], group),
				view_group(w->gradients[i], group), g->size);
	}
}

/* Ties shard number `shard` to a workspace and, in a round of gradients, to a block. */
static struct work *shard_begin(
	const struct job *job, int shard, const struct workspace *space, int block)
{
	struct engine *engine = job->engine;
	const struct network *network = engine->network;
	struct work *w = &engine->shards[shard];
	int left = job->batch->n - shard * SHARD;

	*w = (struct work){
		.live = left < SHARD ? left : SHARD,
		.batch_live = job->batch->n,
		.training = job->training,
		.seed = job->batch->seed,
		.epoch = job->batch->epoch,
		.position = job->batch->position + (uint32_t)(shard * SHARD),
		.values = space->values,
		.gradients = space->gradients,
		.tensors = engine->tensors,
		.tensor_gradients = job->training ? engine->block_tensors[block] : NULL,
		.packed = engine->packed,
		.shared = engine->shared,
		.partial = engine->partial + (size_t)shard * network->partial_size,
		.scratch = space->scratch,
		.columns = engine->columns,
		.column = (shard - job->window) * SHARD,
		.row = engine->row,
		.steps = network->steps,
		.value_gradients = space->value_gradients,
	};
	w->groups = (w->live + GROUP - 1) / GROUP;
	return w;
}

static void give_input_gradient(const struct job *job, const struct work *w, int shard)
{
	size_t size = shape_size(job->engine->network->input);
	float *to = job->batch->input_gradient + (size_t)(shard * SHARD) * size;

	if (w->value_gradients[0].at)
		lanes_out(to, w->value_gradients[0], size, w->live);
	else
		memset(to, 0, (size_t)w->live * size * sizeof *to);
}

/* Steps back_end - 1 .. back_first. What a meeting wrote for the inputs of a step is added to what
 * other readers of them did when the meeting is over. */
static void run_back(const struct job *job, const struct work *w, struct lap *lap)
{
	const struct stretch *stretch = job->stretch;
	const struct network *network = job->engine->network;

	if (stretch->met >= 0)
		add_readers(job->engine, w, stretch->met);
	lap_end(lap, CLOCK_ADD);
	for (int s = stretch->back_end - 1; s >= stretch->back_first; s--) {
		if (engine_runs_back(network, &network->steps[s]))
			network->steps[s].ops->backward(&network->steps[s], w);
		lap_end(lap, clock_of(s, CLOCK_BACKWARD));
		if (!stretch->back || s != stretch->meet)
			add_readers(job->engine, w, s);
		lap_end(lap, CLOCK_ADD);
	}
}

void engine_shard(void *context, int item, int worker)
{
	const struct job *job = context;
	const struct stretch *stretch = job->stretch;
	struct engine *engine = job->engine;
	const struct network *network = engine->network;
	int shard = job->first + item;
	const struct workspace *space =
		&engine->workspaces[job_together(job) ? shard - job->window : worker];
	struct work *w = shard_begin(job, shard, space, item);
	struct lap lap = lap_start(engine, worker);

	if (stretch->load)
		load_inputs(job, w, shard * SHARD);
	lap_end(&lap, CLOCK_LOAD);
	for (int s = stretch->first; s < stretch->end; s++) {
		if (network->steps[s].ops->forward)
			network->steps[s].ops->forward(&network->steps[s], w);
		lap_end(&lap, clock_of(s, CLOCK_FORWARD));
	}
	if (stretch->loss)
		run_loss(job, w, space, shard);
	lap_end(&lap, CLOCK_LOSS);
	if (!job->training)
		return;
	run_back(job, w, &lap);
	if (!stretch->last)
		return;
	if (job->batch->norms)
		measure_norms(job, w, shard);
	if (job->batch->input_gradient)
		give_input_gradient(job, w, shard);
}
