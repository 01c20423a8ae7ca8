/* train -- see train.h. */
#include "runner/train.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layers/core/clock.h"
#include "layers/core/rng.h"
#include "layers/network/engine.h"
#include "layers/network/init.h"
#include "layers/network/safetensors.h"
#include "layers/network/schedule.h"
#include "runner/checkpoint.h"
#include "runner/signals.h"

enum { POINTS_AN_EPOCH = 5, CHECKPOINT_MS = 1000, LONG_EPOCH_MS = 60000 };

struct trainer {
	const struct train_job *job;
	const struct train_spec *spec;
	struct engine *engine;
	struct state state;
	struct checkpoint head;
	struct examples train, test;
	int batches;                /* of an epoch */
	int32_t *order;             /* places in selection->train, of this epoch */
	int32_t *rows;              /* of a batch */
	uint8_t *predicted;         /* of the test images */
	struct store_point *points; /* of this epoch, not saved yet */
	int n_points, most_points;
	struct norms norms;
	struct store_metric *extra; /* what log_norms asks for, of this epoch */
	double saved_at;            /* when the last checkpoint was */
	double epoch_at; /* when the epoch began; earlier by what was spent on it before */
	bool diverged;
	uint8_t *content; /* of a checkpoint */
	size_t content_size;
	struct arena arena;
};

static struct examples examples_of(const struct split *split, const struct pixel_values *values)
{
	return (struct examples){.pixels = split->pixels,
		.values = values,
		.inputs = split->inputs,
		.labels = split->labels,
		.targets = split->targets};
}

/* ---- beginning */

static int trainer_memory(struct trainer *t, struct err *err)
{
	const struct selection *s = t->job->selection;
	size_t layers = (size_t)t->job->network->n_rows;
	int rows = t->spec->batch_size < s->n_train ? t->spec->batch_size : s->n_train;

	t->most_points = t->spec->log_every ? t->batches : 2 * POINTS_AN_EPOCH;
	t->order = arena_take(&t->arena, (size_t)s->n_train * sizeof *t->order, err);
	t->rows = arena_take(&t->arena, (size_t)rows * sizeof *t->rows, err);
	t->predicted = arena_take(&t->arena, (size_t)s->n_test, err);
	t->points = arena_take(&t->arena, (size_t)t->most_points * sizeof *t->points, err);
	t->norms.output = arena_take(&t->arena, layers * sizeof(double), err);
	t->norms.gradient = arena_take(&t->arena, layers * sizeof(double), err);
	t->norms.elements = arena_take(&t->arena, layers * sizeof(int64_t), err);
	t->extra = arena_take(&t->arena,
		2 * (layers + (size_t)t->job->network->n_tensors) * sizeof *t->extra, err);
	t->content_size = checkpoint_size(&t->state);
	t->content = arena_take(&t->arena, t->content_size, err);
	return t->order && t->rows && t->predicted && t->points && t->norms.output &&
			       t->norms.gradient && t->norms.elements && t->extra && t->content
		       ? 0
		       : -1;
}

static int trainer_begin(struct trainer *t, struct err *err)
{
	const struct train_job *job = t->job;
	const struct experiment *x = job->experiment;

	if (job->selection->n_train < 1)
		return err_at(err, x->dataset_place, "no images are left to train on");
	t->batches = (job->selection->n_train + t->spec->batch_size - 1) / t->spec->batch_size;
	t->train = examples_of(&job->selection->dataset->train, &job->selection->values);
	t->test = examples_of(&job->selection->dataset->test, &job->selection->values);
	if (state_new(&t->state, job->network, &t->spec->optimizer, err) ||
		trainer_memory(t, err) ||
		init_network(job->network, &x->init, (uint64_t)x->seed, job->config_dir,
			t->state.trained, t->state.buffers, err))
		return -1;
	return engine_new(&t->engine, job->network, &x->loss, &t->state, job->team, err);
}

static void trainer_release(struct trainer *t)
{
	engine_free(t->engine);
	state_release(&t->state);
	arena_release(&t->arena);
}

/* ---- checkpoints */

static struct store_checkpoint checkpoint_make(struct trainer *t)
{
	checkpoint_write(&t->head, &t->state, t->content);
	t->saved_at = clock_seconds();
	return (struct store_checkpoint){.kind = "last",
		.epoch = t->head.epoch,
		.batch = t->head.batch,
		.content = t->content,
		.size = t->content_size};
}

/* Saves a checkpoint between epochs' ends. */
static int checkpoint_save(struct trainer *t, struct err *err)
{
	struct store_checkpoint checkpoint;
	int result;

	t->head.epoch_seconds = clock_seconds() - t->epoch_at;
	checkpoint = checkpoint_make(t);
	result = store_checkpoint_save(
		t->job->store, t->job->run_id, &checkpoint, t->points, t->n_points, err);
	t->n_points = 0;
	return result;
}

/* ---- an epoch */

static double examples_per_second(const struct effort *effort)
{
	return effort->seconds > 0 ? (double)effort->examples / effort->seconds : NAN;
}

static void sums_add(struct sums *sums, const struct batch_result *result, int n)
{
	sums->loss += result->loss;
	sums->correct += result->correct;
	sums->seen += n;
}

static double sums_loss(const struct sums *sums)
{
	return sums->seen ? sums->loss / (double)sums->seen : NAN;
}

static double sums_accuracy(const struct sums *sums)
{
	return sums->seen ? (double)sums->correct / (double)sums->seen : NAN;
}

/* Where batch `batch` (from 0) ends: a point each log_every steps with the means since the last
 * one, or five an epoch with the means of the epoch so far, as d2l plots them: each fifth of the
 * batches, rounded down, and the last one, so 9 batches make 9 points, which is the most. */
static void point_add(struct trainer *t, int batch)
{
	int every = t->spec->log_every ? t->spec->log_every : t->batches / POINTS_AN_EPOCH;
	const struct sums *sums = t->spec->log_every ? &t->head.point_sums : &t->head.epoch_sums;
	bool due = every < 1 || (batch + 1) % every == 0;

	if (t->spec->log_every)
		due = t->state.step % every == 0;
	else if (batch + 1 == t->batches)
		due = true;
	if (!due)
		return;
	assert(t->n_points < t->most_points);
	t->points[t->n_points++] = (struct store_point){
		.step = t->state.step,
		.position = t->head.epoch + (batch + 1.0) / t->batches,
		.train_loss = sums_loss(sums),
		.train_accuracy = sums_accuracy(sums),
	};
	t->head.point_sums = (struct sums){0};
}

static void show_batch(struct trainer *t, int batch)
{
	struct progress_update u = progress_nothing;

	u.epoch = t->head.epoch + 1;
	u.batch = batch + 1;
	u.batches = t->batches;
	u.train_loss = sums_loss(&t->head.epoch_sums);
	u.train_accuracy = sums_accuracy(&t->head.epoch_sums);
	u.examples_per_second = examples_per_second(&t->head.epoch_effort);
	u.seconds = clock_seconds() - t->epoch_at;
	progress_batch(t->job->progress, &u);
}

/* The epoch's order; also when an epoch goes on in its middle. */
static void epoch_order(struct trainer *t)
{
	const struct experiment *x = t->job->experiment;
	struct rng rng = {
		.key = (uint64_t)x->seed, .purpose = RNG_SHUFFLE, .epoch = (uint32_t)t->head.epoch};

	if (t->spec->shuffle)
		rng_permute(&rng, t->order, t->job->selection->n_train);
	else
		for (int32_t i = 0; i < t->job->selection->n_train; i++)
			t->order[i] = i;
}

/* A loss that is no number any more: fails, with epoch and batch. `on` says of which images. */
static int diverge(struct trainer *t, double loss, const char *on, int batch, struct err *err)
{
	t->diverged = true;
	return err_set(err, "the loss%s became %s in epoch %d, batch %d of %d", on,
		isnan(loss) ? "NaN" : "infinite", t->head.epoch + 1, batch, t->batches);
}

/* One batch: gradient and update. */
static int train_batch(struct trainer *t, int number, struct err *err)
{
	const struct experiment *x = t->job->experiment;
	const struct selection *s = t->job->selection;
	int first = number * t->spec->batch_size, left = s->n_train - first;
	struct batch batch = {.examples = &t->train,
		.index = t->rows,
		.n = left < t->spec->batch_size ? left : t->spec->batch_size,
		.seed = (uint64_t)x->seed,
		.epoch = (uint32_t)t->head.epoch,
		.position = (uint32_t)first};
	double lr = schedule_lr(&t->spec->lr_schedule, t->spec->lr, t->spec->warmup_epochs,
		t->head.epoch, t->spec->epochs, number, t->batches);
	double start = clock_seconds();
	struct batch_result result;

	for (int i = 0; i < batch.n; i++)
		t->rows[i] = s->train[t->order[first + i]];
	if (t->spec->log_norms && number + 1 == t->batches)
		batch.norms = &t->norms;
	if (engine_backward(t->engine, &batch, &result, err))
		return -1;
	engine_update(t->engine, &t->spec->optimizer, lr);
	t->head.epoch_effort.seconds += clock_seconds() - start;
	t->head.epoch_effort.examples += batch.n;
	sums_add(&t->head.epoch_sums, &result, batch.n);
	sums_add(&t->head.point_sums, &result, batch.n);
	if (!isfinite(result.loss))
		return diverge(t, result.loss, "", number + 1, err);
	return 0;
}

static int evaluate(struct trainer *t, const struct examples *examples, const int32_t *index, int n,
	uint8_t *predicted, double *loss, double *accuracy, struct err *err)
{
	struct batch batch = {.examples = examples, .index = index, .n = n, .predicted = predicted};
	struct batch_result result;

	if (!n)
		return 0;
	if (engine_evaluate(t->engine, &batch, &result, err))
		return -1;
	*loss = result.loss / n;
	*accuracy = examples->labels ? (double)result.correct / n : NAN;
	return 0;
}

/* Training losses are taken before each update; what the epoch's last one did shows here. */
static int check_losses(struct trainer *t, const struct store_metrics *m, struct err *err)
{
	const struct selection *s = t->job->selection;

	if (s->n_validation && !isfinite(m->val_loss))
		return diverge(t, m->val_loss, " on the validation images", t->batches, err);
	if (s->n_test && !isfinite(m->test_loss))
		return diverge(t, m->test_loss, " on the test images", t->batches, err);
	return 0;
}

static int evaluate_all(struct trainer *t, struct store_metrics *m, struct err *err)
{
	const struct selection *s = t->job->selection;

	m->val_loss = m->val_accuracy = m->test_loss = m->test_accuracy = NAN;
	return evaluate(t, &t->train, s->validation, s->n_validation, NULL, &m->val_loss,
		       &m->val_accuracy, err) ||
			       evaluate(t, &t->test, NULL, s->n_test, t->predicted, &m->test_loss,
				       &m->test_accuracy, err)
		       ? -1
		       : 0;
}

/* ---- norms (train.log_norms) */

static double block_norm(const float *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)x[i] * x[i];
	return sqrt(sum);
}

/* Fills t->extra; returns how many: root mean squares of each layer's output and of the loss's
 * gradient there, over the epoch's last batch; norms of each tensor after the epoch and of its last
 * gradient. */
static int norms_rows(struct trainer *t)
{
	const struct network *network = t->job->network;
	const float *gradient = engine_gradient(t->engine);
	struct store_metric *m = t->extra;

	for (int r = 0; r < network->n_rows; r++) {
		double elements = (double)t->norms.elements[r];

		*m++ = (struct store_metric){
			network->rows[r].path, "output_rms", sqrt(t->norms.output[r] / elements)};
		*m++ = (struct store_metric){network->rows[r].path, "output_gradient_rms",
			sqrt(t->norms.gradient[r] / elements)};
	}
	for (int i = 0; i < network->n_tensors; i++) {
		const struct tensor *tensor = &network->tensors[i];

		if (tensor->role == TENSOR_BUFFER)
			continue;
		*m++ = (struct store_metric){tensor->path, "norm",
			block_norm(t->state.trained + tensor->at, tensor->size)};
		*m++ = (struct store_metric){tensor->path, "gradient_norm",
			block_norm(gradient + tensor->at, tensor->size)};
	}
	return (int)(m - t->extra);
}

/* ---- the end of an epoch */

static double stop_value(const struct early_stopping *stop, const struct store_metrics *m)
{
	switch ((enum stop_metric)stop->metric) {
	case STOP_VAL_LOSS:
		return -m->val_loss;
	case STOP_VAL_ACCURACY:
		return m->val_accuracy;
	case STOP_TRAIN_LOSS:
		return -m->train_loss;
	default:
		return m->test_accuracy;
	}
}

/* Keeps the best epoch, by early stopping's metric or else by validation accuracy, if there is one;
 * true when early stopping says that it is enough. */
static bool epoch_judge(struct trainer *t, const struct store_metrics *m)
{
	const struct early_stopping *stop = &t->spec->early_stopping;
	double value = stop->given ? stop_value(stop, m) : m->val_accuracy;
	double least = stop->given ? stop->min_delta : 0;

	if (isnan(value))
		return false;
	if (!t->head.best_epoch || value > t->head.best + least) {
		t->head.best = value;
		t->head.best_epoch = t->head.epoch;
		t->head.waited = 0;
	} else {
		t->head.waited++;
	}
	return stop->given && t->head.waited >= stop->patience;
}

static void show_epoch(struct trainer *t, const struct store_epoch *epoch)
{
	const struct store_metrics *m = &epoch->metrics;
	struct progress_update u = {.epoch = epoch->epoch,
		.batch = t->batches,
		.batches = t->batches,
		.train_loss = m->train_loss,
		.train_accuracy = m->train_accuracy,
		.val_loss = m->val_loss,
		.val_accuracy = m->val_accuracy,
		.test_loss = m->test_loss,
		.test_accuracy = m->test_accuracy,
		.examples_per_second = epoch->examples_per_second,
		.seconds = epoch->seconds};

	progress_epoch(t->job->progress, &u);
}

bool at_chance(double accuracy, int classes)
{
	return classes > 1 && accuracy < fmin(1.5 / classes, 1.0 / classes + 0.05);
}

/* What a beginner cannot know: a loss that stays at ln(classes) is a plateau that this kind of
 * network leaves by itself. Said once, and once more when it is over. */
static void explain_plateau(struct trainer *t, const struct store_metrics *m, bool *on_plateau)
{
	int classes = t->job->selection->dataset->n_classes;
	double chance = classes > 1 ? log(classes) : 0;
	bool now = fabs(m->train_loss - chance) < 0.02 * chance &&
		   at_chance(m->train_accuracy, classes);

	if (now && !*on_plateau)
		progress_say(t->job->progress,
			"note: a loss near ln %d = %.3f is what guessing gives: a plateau. With "
			"sigmoids it is normal in the first epochs; on Fashion-MNIST LeNet leaves "
			"it in epoch 2 or 3.",
			classes, chance);
	if (!now && *on_plateau)
		progress_say(
			t->job->progress, "note: left the plateau in epoch %d.", t->head.epoch);
	*on_plateau = now;
}

/* The epoch is complete: its number and what it took, which goes over to the run's. */
static void epoch_close(struct trainer *t, struct store_epoch *epoch)
{
	struct checkpoint *head = &t->head;

	epoch->epoch = ++head->epoch;
	epoch->seconds = clock_seconds() - t->epoch_at;
	epoch->examples_per_second = examples_per_second(&head->epoch_effort);
	head->run_effort.seconds += head->epoch_effort.seconds;
	head->run_effort.examples += head->epoch_effort.examples;
	head->batch = 0;
	head->epoch_seconds = 0;
	head->epoch_effort = (struct effort){0};
	head->epoch_sums = (struct sums){0};
}

/* Evaluates, saves and shows the epoch that is complete. *enough: early stopping. */
static int epoch_end(struct trainer *t, struct train_result *result, bool *enough, struct err *err)
{
	const struct train_job *job = t->job;
	bool last = t->head.epoch + 1 == t->spec->epochs;
	struct store_checkpoint checkpoint;
	char hash[65];
	struct store_epoch epoch = {
		.weights_hash = hash, .points = t->points, .n_points = t->n_points};
	struct store_metrics *m = &epoch.metrics;

	m->train_loss = sums_loss(&t->head.epoch_sums);
	m->train_accuracy = sums_accuracy(&t->head.epoch_sums);
	if (evaluate_all(t, m, err) || check_losses(t, m, err) ||
		safetensors_hash(hash, job->network, t->state.trained, t->state.buffers, err))
		return -1;
	epoch.extra = t->extra;
	epoch.n_extra = t->spec->log_norms ? norms_rows(t) : 0;
	epoch.lr = schedule_lr(&t->spec->lr_schedule, t->spec->lr, t->spec->warmup_epochs,
		t->head.epoch, t->spec->epochs, t->batches - 1, t->batches);
	epoch_close(t, &epoch);
	*enough = epoch_judge(t, m);
	if (last || *enough || (clock_seconds() - t->saved_at) * 1000 > CHECKPOINT_MS) {
		checkpoint = checkpoint_make(t);
		epoch.checkpoint = &checkpoint;
	}
	if (store_epoch_save(job->store, job->run_id, &epoch, err))
		return -1;
	t->n_points = 0;
	result->last = *m;
	result->epochs_done = t->head.epoch;
	show_epoch(t, &epoch);
	return 0;
}

/* ---- the whole run */

enum { STOP_ASKED = 1 };

/* The batches of one epoch from head.batch on; STOP_ASKED after a checkpoint on a signal. */
static int train_epoch(struct trainer *t, struct err *err)
{
	t->epoch_at = clock_seconds() - t->head.epoch_seconds;
	epoch_order(t);
	for (int b = t->head.batch; b < t->batches; b++) {
		if (signals_stop())
			return checkpoint_save(t, err) ? -1 : STOP_ASKED;
		if (train_batch(t, b, err))
			return -1;
		t->head.batch = b + 1;
		point_add(t, b);
		show_batch(t, b);
		if ((clock_seconds() - t->saved_at) * 1000 > LONG_EPOCH_MS && b + 1 < t->batches &&
			checkpoint_save(t, err))
			return -1;
	}
	return 0;
}

/* All epochs; the status that the run ends with, in result. */
static int train_epochs(struct trainer *t, struct train_result *result, struct err *err)
{
	const struct early_stopping *stop = &t->spec->early_stopping;
	bool enough = stop->given && t->head.waited >= stop->patience && t->head.best_epoch;
	bool on_plateau = false;

	result->status = RUN_DONE;
	while (t->head.epoch < t->spec->epochs && !enough) {
		int got = train_epoch(t, err);

		if (got == STOP_ASKED) {
			result->status = RUN_INTERRUPTED;
			return 0;
		}
		if (!got)
			got = epoch_end(t, result, &enough, err);
		if (t->diverged) {
			result->status = RUN_DIVERGED;
			return 0;
		}
		if (got)
			return -1;
		explain_plateau(t, &result->last, &on_plateau);
	}
	result->stopped_early = enough && t->head.epoch < t->spec->epochs;
	return 0;
}

/* The curves of the epochs that were trained before, for the screen. */
static int show_history(struct trainer *t, struct train_result *result, struct err *err)
{
	struct store_epoch_row *rows;
	struct store_point *points;
	int n, n_points;

	if (store_epochs(t->job->store, t->job->run_id, &t->arena, &rows, &n, err) ||
		store_points(t->job->store, t->job->run_id, &t->arena, &points, &n_points, err))
		return -1;
	for (int i = 0; i < n_points; i++)
		progress_history(t->job->progress, points[i].position, points[i].train_loss,
			points[i].train_accuracy, NAN);
	for (int i = 0; i < n && rows[i].epoch <= t->head.epoch; i++) {
		progress_history(t->job->progress, (double)rows[i].epoch,
			rows[i].metrics.train_loss, rows[i].metrics.train_accuracy,
			rows[i].metrics.test_accuracy);
		result->last = rows[i].metrics;
	}
	result->epochs_done = t->head.epoch;
	return 0;
}

static int trainer_run(struct trainer *t, struct train_result *result, struct err *err)
{
	const struct train_job *job = t->job;
	struct store_metrics before;
	bool resumed;

	if (checkpoint_read(&t->head, &t->state, job->store, job->run_id, "last", &resumed, err) ||
		evaluate_all(t, &before, err))
		return -1;
	if (!resumed)
		t->head.untrained = before.test_accuracy;
	else if (show_history(t, result, err))
		return -1;
	else
		progress_say(job->progress, "going on after epoch %d, batch %d of %d",
			t->head.epoch, t->head.batch, t->batches);
	result->untrained_accuracy = t->head.untrained;
	t->saved_at = clock_seconds();
	return train_epochs(t, result, err);
}

int train(struct train_result *result, const struct train_job *job, struct err *err)
{
	struct trainer t = {.job = job, .spec = &job->experiment->train};
	struct store_prediction predictions = {"test", NULL, job->selection->n_test};
	struct store_result end = {.untrained_accuracy = NAN};
	struct err late = {0};
	int failed;

	*result = (struct train_result){.status = RUN_FAILED, .untrained_accuracy = NAN};
	failed = trainer_begin(&t, err) || trainer_run(&t, result, err);
	result->examples_per_second = examples_per_second(&t.head.run_effort);
	end.status = failed ? RUN_FAILED : result->status;
	end.error = err->set ? err->text : NULL;
	end.best_epoch = t.head.best_epoch;
	end.untrained_accuracy = result->untrained_accuracy;
	end.examples_per_second = result->examples_per_second;
	end.points = t.points;
	end.n_points = t.n_points;
	predictions.labels = t.predicted;
	if (end.status == RUN_DONE && job->selection->dataset->test.labels) {
		end.predictions = &predictions;
		end.n_predictions = 1;
	}
	if (store_run_finish(job->store, job->run_id, &end, failed ? &late : err))
		failed = -1;
	trainer_release(&t);
	return failed ? -1 : 0;
}
