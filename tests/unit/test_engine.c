/*
 * Engine: the same bits on any number of threads and with any number of gradient blocks; and steps
 * that couple the images of a batch, proven by a layer made for this test: batch_mean subtracts
 * from each channel its mean over the batch, inside a residual block, with shards that have dead
 * lanes. Its gradients are compared with central differences of a plain reference in double.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "layers/conv2d.h"
#include "layers/core/blas.h"
#include "layers/core/clock.h"
#include "layers/core/rng.h"
#include "layers/linear.h"
#include "layers/network/engine.h"
#include "layers/residual.h"
#include "tests/support/trial.h"

/* ---- batch_mean: y = x - mean over batch, rows and columns of the channel
 *
 * Two steps: `mean` leaves each shard's sums in `partial` and merges them in meet; `subtract` reads
 * the mean from its partner. Backward, subtract leaves the sums of dy; mean's backward spreads
 * -sum(dy) / n over x, and the network adds that to what subtract passed on. */

struct mean_dims {
	int channels, plane;
};

static void channel_sums(float *sums, struct view x, const struct mean_dims *d, int live)
{
	for (int c = 0; c < d->channels; c++) {
		double sum = 0;

		for (int image = 0; image < live; image++)
			for (int i = 0; i < d->plane; i++)
				sum += view_group(x,
					image / GROUP)[(c * d->plane + i) * GROUP + image % GROUP];
		sums[c] = (float)sum;
	}
}

static void mean_forward(const struct step *s, const struct work *w)
{
	if (w->training)
		channel_sums(work_partial(w, s), work_x(w, s, 0), s->dims, w->live);
}

static void merge(const struct step *s, const struct meeting *m, int c)
{
	const struct mean_dims *d = s->dims;
	float sum = 0;

	for (int i = 0; i < m->n_shards; i++)
		sum += work_partial(&m->shards[i], s)[c];
	m->shared[c] = sum / (float)(m->live * d->plane);
}

/* dx of the mean: each element had the part 1 / n in it. Dead lanes stay 0. */
static void mean_backward(const struct step *s, const struct work *w)
{
	const struct mean_dims *d = s->dims;
	const float *dy_mean = work_partner(w, s);
	struct view dx = work_dx(w, s, 0);

	for (int image = 0; dx.at && image < w->groups * GROUP; image++)
		for (int i = 0; i < d->channels * d->plane; i++)
			view_group(dx, image / GROUP)[i * GROUP + image % GROUP] =
				image < w->live ? -dy_mean[i / d->plane] : 0;
}

static void subtract_forward(const struct step *s, const struct work *w)
{
	const struct mean_dims *d = s->dims;
	const float *mean = work_partner(w, s);

	for (int g = 0; g < w->groups; g++)
		for (int i = 0; i < d->channels * d->plane * GROUP; i++)
			view_group(work_y(w, s), g)[i] =
				view_group(work_x(w, s, 0), g)[i] -
				(w->training ? mean[i / GROUP / d->plane] : 0);
}

static void subtract_backward(const struct step *s, const struct work *w)
{
	const struct mean_dims *d = s->dims;
	struct view dy = work_dy(w, s), dx = work_dx(w, s, 0);

	channel_sums(work_partial(w, s), dy, d, w->live);
	for (int g = 0; dx.at && g < w->groups; g++)
		memcpy(view_group(dx, g), view_group(dy, g),
			(size_t)(d->channels * d->plane * GROUP) * sizeof(float));
}

static const struct step_ops mean_ops = {
	.name = "mean", .forward = mean_forward, .backward = mean_backward, .meet = merge};
static const struct step_ops subtract_ops = {
	.name = "subtract",
	.forward = subtract_forward,
	.backward = subtract_backward,
	.meet_back = merge,
};

static int batch_mean_plan(
	struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	struct shape x = plan_shape(plan, in);
	struct mean_dims *d = plan_take(plan, sizeof *d, err);
	struct step mean = {.ops = &mean_ops,
		.dims = d,
		.n_in = 1,
		.in = {in},
		.out = -1,
		.partial = (size_t)x.c,
		.shared = (size_t)x.c,
		.slices = x.c,
		.slices_back = x.c};
	struct step subtract = mean;
	int first, second;

	(void)spec;
	*d = (struct mean_dims){x.c, x.h * x.w};
	subtract.ops = &subtract_ops;
	subtract.out = *out = plan_value(plan, x, err);
	first = plan_step(plan, &mean, err);
	second = plan_step(plan, &subtract, err);
	plan_step_at(plan, first)->partner = second;
	plan_step_at(plan, second)->partner = first;
	return 0;
}

static const struct layer_kind batch_mean_kind = {
	.kind = {.name = "batch_mean", .help = "subtract the mean over the batch"},
	.plan = batch_mean_plan};

/* ---- the network: conv2d 1x1 (2 -> 3), residual(batch_mean, tanh), flatten, linear */

enum { IN = 2, MID = 3, H = 2, W = 3, PLANE = H * W, OUT = 2, IMAGES = 40 };

static struct network *coupled_network(void)
{
	static struct conv2d conv = {MID, {1, 1}, {1, 1}, {1, 1}, {0}, 1, true};
	static struct linear linear = {.out_features = OUT, .bias = true};
	static struct spec body[2], layers[4];
	static struct residual residual;
	struct specs specs = {4, layers};
	struct network_request request = {
		.layers = &specs, .input = {3, IN, H, W}, .input_gradient = true};
	struct network *network;
	struct err err = {0};

	body[0] = (struct spec){.kind = &batch_mean_kind.kind};
	body[1] = PLAIN(tanh);
	residual.body = (struct specs){2, body};
	layers[0] = trial_spec("conv2d", &conv);
	layers[1] = trial_spec("residual", &residual);
	layers[2] = PLAIN(flatten);
	layers[3] = trial_spec("linear", &linear);
	assert_int_equal(network_plan(&network, &request, &err), 0);
	return network;
}

/* The sum over images and outputs of weight * output, in double. t: the trained block by tensor. */
static double coupled_loss(double *const t[4], const double *x, const float *weight)
{
	static double z[IMAGES][MID][PLANE];
	double mean[MID] = {0}, loss = 0;

	for (int n = 0; n < IMAGES; n++)
		for (int c = 0; c < MID; c++)
			for (int p = 0; p < PLANE; p++) {
				double sum = t[1][c];

				for (int i = 0; i < IN; i++)
					sum += t[0][c * IN + i] * x[(n * IN + i) * PLANE + p];
				z[n][c][p] = sum;
				mean[c] += sum / (IMAGES * PLANE);
			}
	for (int n = 0; n < IMAGES; n++)
		for (int o = 0; o < OUT; o++) {
			double sum = t[3][o];

			for (int c = 0; c < MID; c++)
				for (int p = 0; p < PLANE; p++)
					sum += t[2][(o * MID + c) * PLANE + p] *
					       (z[n][c][p] + tanh(z[n][c][p] - mean[c]));
			loss += weight[n * OUT + o] * sum;
		}
	return loss;
}

struct fixture {
	struct network *network;
	struct state state;
	struct team *team;
	struct engine *engine;
	float x[IMAGES * IN * PLANE], dy[IMAGES * IN * PLANE], y[IMAGES * IN * PLANE],
		dx[IMAGES * IN * PLANE];
	struct examples examples;
};

static const struct spec no_loss;

static void fixture_make(struct fixture *f, int threads, size_t limit)
{
	struct rng rng = {.key = 3, .purpose = RNG_TEST};
	struct err err = {0};

	f->network = coupled_network();
	assert_int_equal(state_new(&f->state, f->network, NULL, &err), 0);
	assert_int_equal(team_new(&f->team, threads, &err), 0);
	assert_int_equal(engine_new(&f->engine, f->network, &no_loss, &f->state, f->team, &err), 0);
	if (limit)
		engine_limit(f->engine, limit);
	for (size_t i = 0; i < f->network->n_trained; i++)
		f->state.trained[i] = (float)rng_normal(&rng, (uint32_t)i) * 0.5f;
	rng.ordinal = 1;
	for (int i = 0; i < IMAGES * IN * PLANE; i++)
		f->x[i] = (float)rng_normal(&rng, (uint32_t)i);
	rng.ordinal = 2;
	for (int i = 0; i < IMAGES * OUT; i++)
		f->dy[i] = (float)rng_normal(&rng, (uint32_t)i);
	f->examples = (struct examples){.inputs = f->x};
}

static void fixture_free(struct fixture *f)
{
	engine_free(f->engine);
	team_free(f->team);
	state_release(&f->state);
	network_free(f->network);
}

static void fixture_backward(struct fixture *f)
{
	struct batch batch = {.examples = &f->examples,
		.n = IMAGES,
		.output_gradient = f->dy,
		.outputs = f->y,
		.input_gradient = f->dx};
	struct batch_result result;
	struct err err = {0};

	assert_int_equal(engine_backward(f->engine, &batch, &result, &err), 0);
}

static void near(double got, double want, const char *what, int i)
{
	if (fabs(got - want) > 2e-4 * (1 + fabs(want)))
		fail_msg("%s[%d] is %.9g, not %.9g", what, i, got, want);
}

static void test_coupled_step(void **unused)
{
	struct fixture f;
	double tensors[4][64], x[IMAGES * IN * PLANE], *t[4], sum = 0;
	const double h = 1e-5;

	(void)unused;
	fixture_make(&f, 2, 0);
	fixture_backward(&f);
	fixture_backward(&f); /* nothing of the first may be left in the second */
	for (int i = 0; i < 4; i++) {
		t[i] = tensors[i];
		for (size_t j = 0; j < f.network->tensors[i].size; j++)
			t[i][j] = f.state.trained[f.network->tensors[i].at + j];
	}
	for (int i = 0; i < IMAGES * IN * PLANE; i++)
		x[i] = f.x[i];
	for (int i = 0; i < IMAGES * OUT; i++)
		sum += (double)f.dy[i] * f.y[i];
	near(sum, coupled_loss(t, x, f.dy), "loss", 0);
	for (int i = 0; i < IMAGES * IN * PLANE; i++) {
		double before = x[i], high, low;

		x[i] = before + h, high = coupled_loss(t, x, f.dy);
		x[i] = before - h, low = coupled_loss(t, x, f.dy);
		x[i] = before;
		near(f.dx[i], (high - low) / (2 * h), "dx", i);
	}
	for (int i = 0; i < 4; i++)
		for (size_t j = 0; j < f.network->tensors[i].size; j++) {
			double before = t[i][j], high, low;

			t[i][j] = before + h, high = coupled_loss(t, x, f.dy);
			t[i][j] = before - h, low = coupled_loss(t, x, f.dy);
			t[i][j] = before;
			near(engine_gradient(f.engine)[f.network->tensors[i].at + j],
				(high - low) / (2 * h), f.network->tensors[i].path, (int)j);
		}
	fixture_free(&f);
}

/* Threads and gradient blocks (one is the least, for one thread) change no bit. */
static void test_same_bits(void **unused)
{
	static const struct {
		int threads;
		size_t limit;
	} ways[] = {{1, 0}, {1, 1}, {2, 0}, {7, 0}, {7, 1}};
	float gradient[256], dx[IMAGES * IN * PLANE];

	(void)unused;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct fixture f;
		size_t bytes;

		fixture_make(&f, ways[i].threads, ways[i].limit);
		bytes = f.network->n_trained * sizeof(float);
		assert_true(bytes <= sizeof gradient);
		for (int again = 0; again < 20; again++) {
			fixture_backward(&f);
			if (!i && !again) {
				memcpy(gradient, engine_gradient(f.engine), bytes);
				memcpy(dx, f.dx, sizeof dx);
			}
			assert_memory_equal(gradient, engine_gradient(f.engine), bytes);
			assert_memory_equal(dx, f.dx, sizeof dx);
		}
		fixture_free(&f);
	}
}

enum { WIDE_X = 263, WIDE_Y = 113 };

/* Whole-batch steps: neither threads nor gradient blocks change a bit, while training or not. */
static void test_whole_batch(void **unused)
{
	enum { WIDE_IN = 6, WIDE = 40, WIDE_OUT = 3, MANY = 300, SAME_BITS_RUNS = 10 };
	static const int threads[] = {1, 2, 7, 7};
	static struct linear first = {WIDE, true, LINEAR_BATCH};
	static struct linear second = {WIDE, true, LINEAR_OPENBLAS};
	static struct linear last = {WIDE_OUT, true, LINEAR_SHARDS};
	static float x[MANY * WIDE_IN], dy[MANY * WIDE_OUT], y[2][MANY * WIDE_OUT];
	static float want[2][MANY * WIDE_OUT], gradient[4096];
	struct spec layers[] = {trial_spec("linear", &first), PLAIN(tanh),
		trial_spec("linear", &second), PLAIN(tanh), trial_spec("linear", &last)};
	struct specs specs = {5, layers};
	struct network_request request = {.layers = &specs, .input = shape_vector(WIDE_IN)};
	struct examples examples = {.inputs = x};
	struct batch batch = {.examples = &examples, .n = MANY, .output_gradient = dy};
	struct batch_result result;
	struct err err = {0};

	if (blas_open(&err)) /* where it cannot be had, our own way twice */
		second.compute = LINEAR_BATCH;
	(void)unused;
	for (int i = 0; i < MANY * WIDE_IN; i++)
		x[i] = (float)sin(i);
	for (int i = 0; i < MANY * WIDE_OUT; i++)
		dy[i] = (float)cos(3 * i);
	for (int i = 0; i < 4 * SAME_BITS_RUNS; i++) {
		struct fixture f;
		size_t bytes;

		assert_int_equal(network_plan(&f.network, &request, &err), 0);
		assert_int_equal(state_new(&f.state, f.network, NULL, &err), 0);
		assert_int_equal(team_new(&f.team, threads[i % 4], &err), 0);
		assert_int_equal(
			engine_new(&f.engine, f.network, &no_loss, &f.state, f.team, &err), 0);
		engine_limit(f.engine, i % 4 == 3 ? 1 : 1 << 20);
		bytes = f.network->n_trained * sizeof(float);
		assert_true(bytes <= sizeof gradient &&
			    f.network->blas == (second.compute == LINEAR_OPENBLAS));
		for (size_t j = 0; j < f.network->n_trained; j++)
			f.state.trained[j] = (float)sin(0.7 * (double)j);
		batch.outputs = y[0];
		assert_int_equal(engine_backward(f.engine, &batch, &result, &err), 0);
		batch.outputs = y[1];
		assert_int_equal(engine_evaluate(f.engine, &batch, &result, &err), 0);
		if (!i) {
			memcpy(gradient, engine_gradient(f.engine), bytes);
			memcpy(want, y, sizeof want);
		}
		assert_memory_equal(gradient, engine_gradient(f.engine), bytes);
		assert_memory_equal(want, y, sizeof want);
		fixture_free(&f);
	}
}

/* The sums of a wide layer as its header has them: chains of fma in ascending order. */
static void chains(const float *w, const float *b, const float *x, const float *dy, int images,
	float *y, float *dx, float *dw)
{
	memset(dx, 0, (size_t)(images * WIDE_X) * sizeof *dx);
	memset(dw, 0, WIDE_Y * WIDE_X * sizeof *dw);
	for (int n = 0; n < images; n++, x += WIDE_X, dx += WIDE_X, dy += WIDE_Y)
		for (int o = 0; o < WIDE_Y; o++, y++) {
			const float *row = w + o * WIDE_X;

			*y = b[o];
			for (int i = 0; i < WIDE_X; i++) {
				*y = fmaf(row[i], x[i], *y);
				dx[i] = fmaf(row[i], dy[o], dx[i]);
				dw[o * WIDE_X + i] = fmaf(dy[o], x[i], dw[o * WIDE_X + i]);
			}
		}
}

/* Whatever the instruction set, the threads, the images of the batch, the windows of evaluation. */
static void test_wide_chains(void **unused)
{
	enum { IMAGES_MOST = 300 };
	static const int threads[] = {1, 2, 7}, images[] = {1, 32, 33, 257, IMAGES_MOST};
	static const int ways[] = {LINEAR_GRADIENT, LINEAR_BATCH};
	static float x[IMAGES_MOST * WIDE_X], dy[IMAGES_MOST * WIDE_Y], w[WIDE_Y * WIDE_X + WIDE_Y];
	static float y[2][IMAGES_MOST * WIDE_Y], dx[2][IMAGES_MOST * WIDE_X], dw[WIDE_Y * WIDE_X];
	struct linear options = {WIDE_Y, true, LINEAR_BATCH};
	struct kind_set sets[KIND_SETS];
	int n_sets = kind_sets(sets);

	(void)unused;
	for (int i = 0; i < IMAGES_MOST * WIDE_X; i++)
		x[i] = (float)sin(i);
	for (int i = 0; i < IMAGES_MOST * WIDE_Y; i++)
		dy[i] = (float)cos(3 * i);
	for (int i = 0; i < WIDE_Y * WIDE_X + WIDE_Y; i++)
		w[i] = (float)sin(0.7 * i);
	for (int i = 0; i < 5; i++) {
		size_t y_bytes = (size_t)(images[i] * WIDE_Y) * sizeof(float);
		size_t dx_bytes = (size_t)(images[i] * WIDE_X) * sizeof(float);

		chains(w, w + WIDE_Y * WIDE_X, x, dy, images[i], y[0], dx[0], dw);
		for (int j = 0; j < 6 * n_sets; j++) {
			const struct kind_set *set = &sets[j / 6];
			struct spec layer = {
				.kind = &kind_set_layer(set, "linear")->kind, .options = &options};
			struct specs specs = {1, &layer};
			struct network_request request = {.layers = &specs,
				.input = shape_vector(WIDE_X),
				.input_gradient = true};
			struct examples examples = {.inputs = x};
			struct batch batch = {.examples = &examples,
				.n = images[i],
				.output_gradient = dy,
				.outputs = y[1],
				.input_gradient = dx[1]};
			struct batch_result result;
			struct err err = {0};
			struct fixture f;

			if (!set->fused)
				continue;
			options.compute = ways[j / 3 % 2];
			assert_int_equal(network_plan(&f.network, &request, &err), 0);
			assert_int_equal(state_new(&f.state, f.network, NULL, &err), 0);
			assert_int_equal(team_new(&f.team, threads[j % 3], &err), 0);
			assert_int_equal(
				engine_new(&f.engine, f.network, &no_loss, &f.state, f.team, &err),
				0);
			memcpy(f.state.trained + f.network->tensors[0].at, w, sizeof dw);
			memcpy(f.state.trained + f.network->tensors[1].at, w + WIDE_Y * WIDE_X,
				WIDE_Y * sizeof *w);
			assert_int_equal(engine_backward(f.engine, &batch, &result, &err), 0);
			assert_memory_equal(y[0], y[1], y_bytes);
			assert_memory_equal(dx[0], dx[1], dx_bytes);
			assert_memory_equal(dw,
				engine_gradient(f.engine) + f.network->tensors[0].at, sizeof dw);
			memset(y[1], 0, y_bytes);
			assert_int_equal(engine_evaluate(f.engine, &batch, &result, &err), 0);
			assert_memory_equal(y[0], y[1], y_bytes);
			fixture_free(&f);
		}
	}
}

/* In evaluation there is no meeting: batch_mean passes its input on. */
static void test_evaluation(void **unused)
{
	struct fixture f;
	struct batch_result result;
	struct err err = {0};
	float alone[OUT];
	struct batch batch;

	(void)unused;
	fixture_make(&f, 2, 0);
	batch = (struct batch){.examples = &f.examples, .n = IMAGES, .outputs = f.y};
	assert_int_equal(engine_evaluate(f.engine, &batch, &result, &err), 0);
	batch = (struct batch){.examples = &f.examples,
		.index = (int32_t[]){IMAGES - 1},
		.n = 1,
		.outputs = alone};
	assert_int_equal(engine_evaluate(f.engine, &batch, &result, &err), 0);
	assert_memory_equal(alone, f.y + (IMAGES - 1) * OUT, sizeof alone);
	fixture_free(&f);
}

/* ---- networks at the edge */

enum { TINY = 3, FEW = 33 }; /* features, and images of a shard and one more */

static void tiny_make(struct fixture *f, struct specs specs, const struct spec *loss)
{
	struct network_request request = {
		.layers = &specs, .input = shape_vector(TINY), .input_gradient = true};
	struct err err = {0};

	assert_int_equal(network_plan(&f->network, &request, &err), 0);
	assert_int_equal(state_new(&f->state, f->network, NULL, &err), 0);
	assert_int_equal(team_new(&f->team, 2, &err), 0);
	assert_int_equal(engine_new(&f->engine, f->network, loss, &f->state, f->team, &err), 0);
	for (size_t i = 0; i < f->network->n_trained; i++)
		f->state.trained[i] = 1 + (float)i;
	for (int i = 0; i < FEW * TINY; i++) {
		f->x[i] = (float)i;
		f->dy[i] = (float)(1000 - i);
		f->dx[i] = -1;
	}
	f->examples = (struct examples){.inputs = f->x};
}

static struct batch tiny_batch(struct fixture *f)
{
	return (struct batch){.examples = &f->examples,
		.n = FEW,
		.output_gradient = f->dy,
		.outputs = f->y,
		.input_gradient = f->dx};
}

/* No layers, or none that does anything: what comes in goes out, and back likewise. A loss without
 * labels and targets is left out. */
static void test_no_steps(void **unused)
{
	const struct spec loss = {
		.kind = family_find(loss_family(), "cross_entropy"), .options = &(double){0}};
	struct fixture f;
	struct batch_result result;
	struct err err = {0};

	(void)unused;
	for (int flatten = 0; flatten < 2; flatten++) {
		struct spec layers[] = {PLAIN(flatten)};
		struct batch batch;

		tiny_make(&f, (struct specs){flatten, layers}, &loss);
		batch = tiny_batch(&f);
		assert_int_equal(f.network->n_steps, 0);
		assert_int_equal(engine_backward(f.engine, &batch, &result, &err), 0);
		assert_memory_equal(f.y, f.x, FEW * TINY * sizeof(float));
		assert_memory_equal(f.dx, f.dy, FEW * TINY * sizeof(float));
		memset(f.y, 0, sizeof f.y);
		batch.output_gradient = NULL;
		assert_int_equal(engine_evaluate(f.engine, &batch, &result, &err), 0);
		assert_memory_equal(f.y, f.x, FEW * TINY * sizeof(float));
		assert_true(result.loss == 0 && result.correct == 0);
		fixture_free(&f);
	}
}

static void stop_forward(const struct step *s, const struct work *w)
{
	for (int g = 0; g < w->groups; g++)
		memcpy(view_group(work_y(w, s), g), view_group(work_x(w, s, 0), g),
			TINY * GROUP * sizeof(float));
}

static const struct step_ops stop_ops = {.name = "stop", .forward = stop_forward};

static int stop_plan(struct plan *plan, const struct spec *spec, int in, int *out, struct err *err)
{
	struct step step = {.ops = &stop_ops, .n_in = 1, .in = {in}, .partner = -1};

	(void)spec;
	step.out = *out = plan_value(plan, plan_shape(plan, in), err);
	return plan_step(plan, &step, err) < 0 ? -1 : 0;
}

static const struct layer_kind stop_kind = {
	.kind = {.name = "stop", .help = "passes no gradient on"}, .plan = stop_plan};

/* Behind a step without backward, gradients are 0. */
static void test_no_gradient(void **unused)
{
	static struct linear options = {.out_features = TINY, .bias = true};
	struct spec layers[] = {trial_spec("linear", &options), {.kind = &stop_kind.kind},
		trial_spec("linear", &options)};
	struct fixture f;
	struct batch_result result;
	struct batch batch;
	struct err err = {0};

	(void)unused;
	tiny_make(&f, (struct specs){3, layers}, &no_loss);
	batch = tiny_batch(&f);
	assert_int_equal(engine_backward(f.engine, &batch, &result, &err), 0);
	for (int i = 0; i < f.network->n_tensors; i++)
		for (size_t j = 0; j < f.network->tensors[i].size; j++) {
			float g = engine_gradient(f.engine)[f.network->tensors[i].at + j];

			assert_true((g != 0) == (i >= 2));
		}
	for (int i = 0; i < FEW * TINY; i++)
		assert_true(f.dx[i] == 0);
	fixture_free(&f);
}

/* Taking times changes no bit; they are of work alone, and of the work since the last reading. */
static void test_times(void **unused)
{
	enum { THREADS = 2, BATCHES = 20, MOST_STEPS = 16 };
	struct step_times steps[MOST_STEPS];
	struct engine_times times = {.steps = steps};
	struct fixture plain, timed;
	struct batch batch = {.examples = &timed.examples, .n = IMAGES};
	struct batch_result result;
	struct err err = {0};
	int64_t sum = 0;
	double start, wall;

	(void)unused;
	fixture_make(&plain, THREADS, 0);
	fixture_make(&timed, THREADS, 0);
	assert_true(timed.network->n_steps <= MOST_STEPS);
	assert_int_equal(engine_time(timed.engine, &err), 0);
	start = clock_seconds();
	for (int i = 0; i < BATCHES; i++)
		fixture_backward(&timed);
	wall = clock_seconds() - start;
	fixture_backward(&plain);
	assert_memory_equal(engine_gradient(plain.engine), engine_gradient(timed.engine),
		plain.network->n_trained * sizeof(float));
	engine_times(timed.engine, &times);
	for (int s = 0; s < timed.network->n_steps; s++) {
		assert_true(steps[s].forward > 0);
		assert_true(steps[s].backward > 0);
		sum += steps[s].prepare + steps[s].forward + steps[s].backward;
	}
	assert_true(times.load > 0 && times.loss > 0 && times.add > 0 && times.fold > 0);
	assert_int_equal(times.update, 0);
	sum += times.load + times.loss + times.add + times.fold;
	assert_true(sum < (int64_t)(THREADS * 1e9 * wall));

	assert_int_equal(engine_evaluate(timed.engine, &batch, &result, &err), 0);
	engine_times(timed.engine, &times);
	for (int s = 0; s < timed.network->n_steps; s++)
		assert_int_equal(steps[s].backward, 0);
	assert_true(times.load > 0);
	assert_int_equal(times.fold, 0);
	fixture_free(&plain);
	fixture_free(&timed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_coupled_step),
		cmocka_unit_test(test_same_bits),
		cmocka_unit_test(test_whole_batch),
		cmocka_unit_test(test_wide_chains),
		cmocka_unit_test(test_evaluation),
		cmocka_unit_test(test_no_steps),
		cmocka_unit_test(test_no_gradient),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
