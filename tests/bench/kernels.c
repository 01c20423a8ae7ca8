/*
 * kernels -- how near the convolution and linear kernels come to the machine's multipliers, for
 * every kind of shape that a config can name: the table that shows where the next hour belongs.
 *
 *     bench_kernels [-t MS] [-n NTH] [TEXT ...]
 *
 * Each shape is a network of one layer, run by the engine on one thread: a shard of 32 images, for
 * `linear` a batch of 256. Shown are GFLOP/s as a share of the FMA peak measured in the same run:
 * forward, weight gradient alone (what a first layer does) and both gradients. A shape's time is
 * the best of as many batches as fit in MS (3) milliseconds, but two at least.
 * Flops are two for each multiplication that is done: none is at padded positions. Bytes are those
 * of input, output and weights, each once. Shapes of more than DENSE flop a byte are to reach half
 * of the peak; they come first, the worst first, the others behind them. Only shapes with every TEXT in
 * their names are run, and of these every NTH. RUNNER_ISA=avx2 measures AVX2 by its own peak.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layers/conv2d.h"
#include "layers/core/clock.h"
#include "layers/linear.h"
#include "layers/network/engine.h"
#include "layers/network/isa.h"

enum { IMAGES = 256, PLACES = 16, STEPS = 4, NAME = 80, MOST = 8192 };

static const double DENSE = 20, WANTED = 0.5;

enum direction { FORWARD, WEIGHTS, BACKWARD, DIRECTIONS };
static const char *const direction_names[DIRECTIONS] = {"forward", "weights", "backward"};

struct trial {
	char name[NAME];
	const char *kind;
	struct conv2d conv; /* one of the two, as `kind` says */
	struct linear linear;
	struct shape in;
	int images;

	double macs, bytes;         /* of `images` */
	double seconds[DIRECTIONS]; /* best */
	double share[DIRECTIONS];   /* of the peak */
};

static struct {
	struct trial at[MOST];
	int n;
	double ms;
	int nth;
	char **texts;
	int n_texts;
} trials = {.ms = 3, .nth = 1};

static _Noreturn void fail(const char *what, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", what, err->text);
	exit(1);
}

/* ---- the shapes */

static bool asked_for(const char *name)
{
	for (int i = 0; i < trials.n_texts; i++)
		if (!strstr(name, trials.texts[i]))
			return false;
	return true;
}

static void trial_add(const struct trial *trial)
{
	static int seen;

	if (!asked_for(trial->name) || seen++ % trials.nth)
		return;
	if (trials.n == MOST) {
		fprintf(stderr, "more than %d shapes\n", MOST);
		exit(1);
	}
	trials.at[trials.n++] = *trial;
}

/* Window positions inside the image along one axis, summed over the outputs. */
static double taps_inside(int n, int out, int k, int stride, int before, int dilation)
{
	int count = 0;

	for (int o = 0; o < out; o++)
		for (int i = 0; i < k; i++) {
			int at = o * stride - before + i * dilation;

			count += at >= 0 && at < n;
		}
	return count;
}

/* One axis: its outputs, 0 where the window does not fit, and the taps inside. */
static int conv_axis(const struct conv2d *c, int n, double *taps)
{
	int k = c->kernel_size.h, stride = c->stride.h, dilation = c->dilation.h;
	int before = 0, after = 0, out;

	if (c->padding.same)
		shape_pad_same(n, k, stride, dilation, &before, &after);
	out = shape_window(n, k, stride, before, after, dilation, false);
	*taps = taps_inside(n, out, k, stride, before, dilation);
	return out < 1 ? 0 : out;
}

static void add_conv(int channels, int size, const struct conv2d *conv)
{
	struct trial t = {.kind = "conv2d",
		.conv = *conv,
		.in = shape_image(channels, size, size),
		.images = SHARD_GROUPS * GROUP};
	double taps, weights;
	int out = conv_axis(conv, size, &taps);
	char more[32] = "";

	if (!out)
		return;
	t.conv.bias = true;
	weights = (double)channels / conv->groups * conv->out_channels;
	t.macs = taps * taps * weights * t.images;
	weights *= conv->kernel_size.h * conv->kernel_size.w;
	t.bytes = sizeof(float) *
		  (weights + t.images * ((double)shape_size(t.in) +
						(double)out * out * conv->out_channels));
	if ((size > 14 && t.macs > 1e9) || (size > 7 && t.macs > 4e9))
		return; /* as fast as on a smaller image, which is in the table too */
	if (conv->dilation.h > 1)
		snprintf(more, sizeof more, " dilation %d", conv->dilation.h);
	if (conv->groups > 1)
		snprintf(more, sizeof more, " groups %d", conv->groups);
	snprintf(t.name, sizeof t.name, "conv2d %dx%d %d->%d on %dx%d stride %d %s%s",
		conv->kernel_size.h, conv->kernel_size.w, channels, conv->out_channels, size, size,
		conv->stride.h, conv->padding.same ? "same" : "0", more);
	trial_add(&t);
}

static void add_linear(int in, int out)
{
	struct trial t = {.kind = "linear",
		.linear = {.out_features = out, .bias = true},
		.in = shape_vector(in),
		.images = IMAGES};

	t.macs = (double)in * out * t.images;
	t.bytes = sizeof(float) * ((double)in * out + t.images * ((double)in + out));
	snprintf(t.name, sizeof t.name, "linear %d->%d", in, out);
	trial_add(&t);
}

static struct conv2d conv_of(int out, int kernel, int stride, bool same)
{
	return (struct conv2d){.out_channels = out,
		.kernel_size = {kernel, kernel},
		.stride = {stride, stride},
		.dilation = {1, 1},
		.padding = {.same = same},
		.groups = 1};
}

static void add_grid(void)
{
	static const int kernels[] = {1, 2, 3, 4, 5, 7, 9, 11},
			 channels[] = {1, 3, 6, 16, 32, 64, 128};
	static const int sizes[] = {7, 14, 28};

	for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++)
		for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
			for (size_t o = 0; o < sizeof channels / sizeof *channels; o++)
				for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
					for (int v = 0; v < 4; v++) {
						struct conv2d c = conv_of(
							channels[o], kernels[k], 1 + v / 2, v % 2);

						add_conv(channels[i], sizes[s], &c);
					}
}

/* What the grid leaves out, by samples: other strides, dilation, groups, colour images. */
static void add_samples(void)
{
	for (int k = 3; k <= 11; k += 2) {
		struct conv2d c = conv_of(32, k, 1, true);

		for (c.dilation.h = 2; c.dilation.h < 4; c.dilation.h++) {
			c.dilation.w = c.dilation.h;
			add_conv(32, 14, &c);
			add_conv(32, 28, &c);
		}
		for (int groups = 2; groups <= 32; groups *= 4) {
			c = conv_of(32, k, 1, true);
			c.groups = groups;
			add_conv(32, 14, &c);
		}
		for (int stride = 1; stride <= 4; stride++) {
			c = conv_of(16, k, stride, true);
			add_conv(3, 96, &c);
		}
		c = conv_of(64, k, 3, false);
		add_conv(16, 28, &c);
	}
}

static void add_all(void)
{
	static const int features[] = {10, 84, 120, 400, 784, 1024, 4096};

	add_grid();
	add_samples();
	for (size_t i = 0; i < sizeof features / sizeof *features; i++)
		for (size_t o = 0; o < sizeof features / sizeof *features; o++)
			add_linear(features[i], features[o]);
}

/* ---- running one */

/* Numbers around 0, the same in each run. */
static float *numbers_new(size_t n)
{
	float *x = aligned_alloc(64, (n * sizeof *x + 63) / 64 * 64);
	uint32_t state = 1;

	if (!x)
		abort();
	for (size_t i = 0; i < n; i++) {
		state = state * 1664525 + 1013904223;
		x[i] = (float)(int32_t)state / 2147483648.0F;
	}
	return x;
}

static void keep_best(double *best, int64_t ns)
{
	if (*best == 0 || 1e-9 * (double)ns < *best)
		*best = 1e-9 * (double)ns;
}

/* Batches until the time is over; the best forward and backward of the one layer. */
static void run_batches(struct engine *engine, int n_steps, const struct batch *batch,
	double *forward, double *backward, struct err *err)
{
	double end = clock_seconds() + 1e-3 * trials.ms;
	struct batch_result result;
	struct step_times steps[STEPS];
	struct engine_times times = {.steps = steps};

	for (int i = 0; i < 2 || clock_seconds() < end; i++) {
		struct step_times all = {0};

		if (engine_backward(engine, batch, &result, err))
			fail("engine", err);
		engine_times(engine, &times);
		for (int s = 0; s < n_steps; s++) {
			all.forward += steps[s].forward;
			all.backward += steps[s].backward;
		}
		keep_best(forward, all.forward);
		keep_best(backward, all.backward);
	}
}

static void run_network(
	struct trial *t, const struct network *network, struct team *team, double *backward)
{
	const struct spec none = {0};
	struct state state;
	struct engine *engine;
	struct err err = {0};
	float *inputs = numbers_new(shape_size(network->input) * (size_t)t->images);
	float *gradient = numbers_new(shape_size(network->output) * (size_t)t->images);
	float *weights = numbers_new(network->n_trained);
	const struct examples examples = {.inputs = inputs};
	const struct batch batch = {
		.examples = &examples, .n = t->images, .output_gradient = gradient};

	if (state_new(&state, network, NULL, &err) ||
		engine_new(&engine, network, &none, &state, team, &err) ||
		engine_time(engine, &err))
		fail(t->name, &err);
	memcpy(state.trained, weights, network->n_trained * sizeof *weights);
	run_batches(engine, network->n_steps, &batch, &t->seconds[FORWARD], backward, &err);
	engine_free(engine);
	state_release(&state);
	free(inputs);
	free(gradient);
	free(weights);
}

static void trial_run(struct trial *t, struct team *team)
{
	static const struct place places[PLACES];
	struct spec spec = {.kind = family_find(layer_family(), t->kind),
		.options = strcmp(t->kind, "conv2d") ? (void *)&t->linear : (void *)&t->conv,
		.places = places};
	struct specs layers = {1, &spec};

	for (int dx = 0; dx < 2; dx++) {
		struct network_request request = {
			.layers = &layers, .input = t->in, .input_gradient = dx};
		struct network *network;
		struct err err = {0};

		if (network_plan(&network, &request, &err) || network->n_steps > STEPS)
			fail(t->name, &err);
		run_network(t, network, team, &t->seconds[dx ? BACKWARD : WEIGHTS]);
		network_free(network);
	}
}

/* ---- the table */

static double worst_share(const struct trial *t)
{
	double worst = t->share[0];

	for (int i = 1; i < DIRECTIONS; i++)
		if (t->share[i] < worst)
			worst = t->share[i];
	return worst;
}

static bool is_dense(const struct trial *t)
{
	return 2 * t->macs > DENSE * t->bytes;
}

static int by_worst(const void *a, const void *b)
{
	const struct trial *x = a, *y = b;
	double difference = worst_share(x) - worst_share(y);

	if (is_dense(x) != is_dense(y))
		return is_dense(x) ? -1 : 1;
	return difference < 0 ? -1 : difference > 0;
}

static void trial_print(const struct trial *t)
{
	for (int i = 0; i < DIRECTIONS; i++)
		printf("%6.1f %% ", 100 * t->share[i]);
	printf("%9.1f %9.1f   %s\n", 2 * t->macs / t->bytes, 1e6 * t->seconds[FORWARD], t->name);
}

static void print_table(double peak)
{
	int dense = 0, below = 0;
	double worst = INFINITY;

	qsort(trials.at, (size_t)trials.n, sizeof *trials.at, by_worst);
	printf("%s, FMA peak %.1f GFLOP/s; shares of it, the worst first\n", isa_kinds()->isa,
		peak);
	for (int i = 0; i < DIRECTIONS; i++)
		printf("%8s ", direction_names[i]);
	printf("flop/byte  forw. us   shape\n");
	for (int i = 0; i < trials.n; i++) {
		const struct trial *t = &trials.at[i];

		if (i && is_dense(t) != is_dense(t - 1))
			printf("---- of at most %.0f flop a byte:\n", DENSE);
		trial_print(t);
		if (!is_dense(t))
			continue;
		dense++;
		below += worst_share(t) < WANTED;
		worst = fmin(worst, worst_share(t));
	}
	printf("%d shapes, %d of them of more than %.0f flop a byte: %d below %.0f %% of the peak",
		trials.n, dense, DENSE, below, 100 * WANTED);
	if (dense)
		printf(", the worst at %.1f %%", 100 * worst);
	putchar('\n');
}

static _Noreturn void usage(const char *name)
{
	fprintf(stderr, "usage: %s [-t MS] [-n NTH] [TEXT ...]\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	struct team *team;
	struct err err = {0};
	double peak;
	int flag;

	while ((flag = getopt(argc, argv, "t:n:")) != -1) {
		if (flag == 't')
			trials.ms = atof(optarg);
		else if (flag == 'n')
			trials.nth = atoi(optarg);
		if (flag == '?' || trials.ms <= 0 || trials.nth < 1)
			usage(argv[0]);
	}
	trials.texts = argv + optind;
	trials.n_texts = argc - optind;
	if (isa_check(&err) || team_new(&team, 1, &err))
		fail("kernels", &err);
	add_all();
	peak = isa_fma_peak();
	for (int i = 0; i < trials.n; i++) {
		trial_run(&trials.at[i], team);
		if (i % 256 == 255)
			peak = fmax(peak, isa_fma_peak());
	}
	peak = fmax(peak, isa_fma_peak());
	for (int i = 0; i < trials.n; i++)
		for (int w = 0; w < DIRECTIONS; w++)
			trials.at[i].share[w] = (w == BACKWARD ? 4 : 2) * trials.at[i].macs /
						trials.at[i].seconds[w] / peak * 1e-9;
	print_table(peak);
	team_free(team);
	return 0;
}
