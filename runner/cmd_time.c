/*
 * time -- how fast a config's network trains and infers on this machine, layer by layer.
 *
 * GFLOP/s count two for each multiplication that `describe` shows (MACs), padded positions
 * included, as everybody counts them; padded positions are not in fact multiplied, so a layer whose
 * window is large for its image can pass 100 % of the peak. The peak is what one core's multipliers
 * did in the same minutes.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers/core/team.h"
#include "layers/network/isa.h"
#include "runner/arguments.h"
#include "runner/build.h"
#include "runner/commands.h"
#include "runner/look.h"
#include "runner/measure.h"
#include "runner/screen/term.h"
#include "runner/timing.h"

static const double SECONDS = 4, LEAST_SECONDS = 0.01, MOST_SECONDS = 3600;

struct flags {
	enum table_format format;
	const char *input; /* "CxHxW": for data sets whose files are not at hand */
	int threads;
	double seconds;
};

/* What is shown of one config. */
struct shown {
	const struct experiment *experiment;
	const struct network *network;
	const struct timing *timing;
	enum table_format format;
	char load[MEASURE_TEXT]; /* that other programs disturb; "": they do not */
};

/* ---- where the time goes */

static const struct table_column layer_columns[] = {
	{.name = "path", .kind = TABLE_TEXT, .rank = 5},
	{.name = "layer", .kind = TABLE_TEXT},
	{.name = "output", .kind = TABLE_TEXT, .rank = 3},
	{.name = "forward_us", .kind = TABLE_REAL, .digits = 3, .head = "forward us"},
	{.name = "forward_gflops", .kind = TABLE_REAL, .digits = 1, .rank = 2, .head = "GF/s"},
	{.name = "forward_peak_percent", .kind = TABLE_REAL, .digits = 1, .head = "% of peak"},
	{.name = "backward_us", .kind = TABLE_REAL, .digits = 3, .head = "backward us"},
	{.name = "backward_gflops", .kind = TABLE_REAL, .digits = 1, .rank = 2, .head = "GF/s"},
	{.name = "backward_peak_percent", .kind = TABLE_REAL, .digits = 1, .head = "% of peak"},
	{.name = "us", .kind = TABLE_REAL, .digits = 3, .rank = 4, .head = "both us"},
	{.name = "time_percent", .kind = TABLE_REAL, .digits = 1, .head = "% of time"},
};

enum { LAYER_COLUMNS = sizeof layer_columns / sizeof *layer_columns, TEXT = 256 };

/* A line of the table: a layer, several whose work one step does, or what belongs to none. */
struct line {
	char path[TEXT], layer[TEXT], output[SHAPE_TEXT]; /* "": none */
	int64_t macs, macs_back;                          /* of an image; 0: none */
	double forward, backward, both;                   /* microseconds of an image; NAN: none */
};

static void append(char text[TEXT], const char *more)
{
	size_t used = strlen(text);

	snprintf(text + used, TEXT - used, "%s%s", used ? " + " : "", more);
}

static void line_add_row(struct line *line, const struct network *network, const struct row *row)
{
	const struct layer_common *common = row->spec->common;

	append(line->path, row->path);
	append(line->layer, common && common->name ? common->name : row->spec->kind->name);
	shape_text(line->output, network->values[row->out].shape);
	line->macs += row->macs;
	line->macs_back += row->macs_back;
}

/* Gathers the steps from `first` on that belong on one line; returns the first of the next line. A
 * step without a forward has left its work to the one before it. */
static int line_make(struct line *line, const struct shown *shown, int first)
{
	const struct network *network = shown->network;
	const struct step_times *times = shown->timing->times.steps;
	double each = 1e-3 / shown->timing->images;
	int s = first, row = -1;

	*line = (struct line){0};
	do {
		if (network->steps[s].row != row)
			line_add_row(line, network, &network->rows[network->steps[s].row]);
		row = network->steps[s].row;
		line->forward += each * (double)times[s].forward;
		line->backward += each * (double)times[s].backward;
		s++;
	} while (s < network->n_steps &&
		 (network->steps[s].row == row || !network->steps[s].ops->forward));
	line->both = line->forward + line->backward;
	return s;
}

static const char *text_or_none(const char *text)
{
	return *text ? text : NULL;
}

static double rate_of(int64_t macs, double us)
{
	return macs && us > 0 ? 2e-3 * (double)macs / us : NAN;
}

static void add_line(struct table *table, const struct shown *shown, const struct line *line)
{
	double total = 1e-3 * (double)shown->timing->wall / shown->timing->images;
	double forward = rate_of(line->macs, line->forward);
	double backward = rate_of(line->macs_back, line->backward);

	table_text(table, text_or_none(line->path));
	table_text(table, line->layer);
	table_text(table, text_or_none(line->output));
	table_real(table, line->forward);
	table_real(table, forward);
	table_real(table, 100 * forward / shown->timing->peak);
	table_real(table, line->backward);
	table_real(table, backward);
	table_real(table, 100 * backward / shown->timing->peak);
	table_real(table, line->both);
	table_real(table, 100 * line->both / total);
}

static void add_other(struct table *table, const struct shown *shown, const char *what, double ns)
{
	struct line line = {
		.forward = NAN, .backward = NAN, .both = 1e-3 * ns / shown->timing->images};

	append(line.layer, what);
	add_line(table, shown, &line);
}

static bool has_branches(const struct network *network)
{
	for (int i = 0; i < network->n_gradients; i++)
		if (network->gradients[i].into >= 0)
			return true;
	return false;
}

static void add_others(struct table *table, const struct shown *shown)
{
	const struct engine_times *times = &shown->timing->times;
	int64_t prepare = 0, known = times->load + times->loss + times->fold + times->update;

	for (int s = 0; s < shown->network->n_steps; s++) {
		prepare += times->steps[s].prepare;
		known += times->steps[s].forward + times->steps[s].backward;
	}
	known += prepare;
	add_other(table, shown, "(load images)", (double)times->load);
	add_other(table, shown, "(loss)", (double)times->loss);
	if (has_branches(shown->network)) {
		add_other(table, shown, "(join gradients of branches)", (double)times->add);
		known += times->add;
	}
	add_other(table, shown, "(sum gradients)", (double)times->fold);
	add_other(table, shown, "(update weights)", (double)times->update);
	add_other(table, shown, "(pack weights)", (double)prepare);
	/* Of medians the parts may come to more than the whole. */
	add_other(table, shown, "(rest)", fmax(0, (double)(shown->timing->wall - known)));
	add_other(table, shown, "total", (double)shown->timing->wall);
}

static int print_table(struct table *table, enum table_format format, struct err *err)
{
	int failed = table_print(table, stdout, format, term_columns(stdout), err);

	table_free(table);
	return failed;
}

static int print_layers(const struct shown *shown, struct err *err)
{
	struct table *table = table_new(layer_columns, LAYER_COLUMNS, err);
	struct line line;

	if (!table)
		return -1;
	for (int s = 0; s < shown->network->n_steps;) {
		s = line_make(&line, shown, s);
		add_line(table, shown, &line);
	}
	add_others(table, shown);
	return print_table(table, shown->format, err);
}

/* ---- how fast all of it is */

static const struct table_column pace_columns[] = {
	{.name = "what", .kind = TABLE_TEXT},
	{.name = "threads", .kind = TABLE_INT},
	{.name = "examples_per_second", .kind = TABLE_INT, .head = "examples/s"},
	{.name = "us", .kind = TABLE_REAL, .digits = 2, .head = "us an image"},
	{.name = "gflops", .kind = TABLE_REAL, .digits = 1, .head = "GF/s"},
	{.name = "peak_percent", .kind = TABLE_REAL, .digits = 1, .head = "% of peak"},
	{.name = "epoch_images", .kind = TABLE_INT, .rank = 2},
	{.name = "epoch_seconds", .kind = TABLE_REAL, .digits = 2, .rank = 1},
};

/* Those that so many threads have between them. */
static int cores_of(int threads)
{
	int granted = team_cores();

	return threads < granted ? threads : granted;
}

static void add_pace(struct table *table, const struct shown *shown, const char *what, int threads,
	double seconds, int64_t macs, int epoch)
{
	double rate = rate_of(macs, 1e6 * seconds);

	table_text(table, what);
	table_int(table, threads);
	table_int(table, (int64_t)(1 / seconds));
	table_real(table, 1e6 * seconds);
	table_real(table, rate);
	table_real(table, 100 * rate / (shown->timing->peak * cores_of(threads)));
	if (epoch)
		table_int(table, epoch);
	else
		table_none(table);
	table_real(table, epoch ? epoch * seconds : NAN);
}

static int print_paces(const struct shown *shown, struct err *err)
{
	struct table *table =
		table_new(pace_columns, sizeof pace_columns / sizeof *pace_columns, err);
	const struct timing *timing = shown->timing;
	const struct network *network = shown->network;
	int epoch = dataset_known_train(&shown->experiment->dataset);

	if (!table)
		return -1;
	table_optional(table, "epoch_images");
	table_optional(table, "epoch_seconds");
	for (int i = 0; i < timing->n_paces; i++)
		add_pace(table, shown, "training", timing->paces[i].threads, timing->paces[i].train,
			network->macs + network->macs_back, epoch);
	for (int i = 0; i < timing->n_paces; i++)
		add_pace(table, shown, "inference", timing->paces[i].threads,
			timing->paces[i].infer, network->macs, 0);
	return print_table(table, shown->format, err);
}

/* ---- on what */

static const struct table_column machine_columns[] = {
	{.name = "isa", .kind = TABLE_TEXT},
	{.name = "peak_gflops", .kind = TABLE_REAL, .digits = 1},
	{.name = "input", .kind = TABLE_TEXT},
	{.name = "batch_size", .kind = TABLE_INT},
	{.name = "runs", .kind = TABLE_INT},
};

static int print_machine(const struct shown *shown, struct err *err)
{
	struct table *table =
		table_new(machine_columns, sizeof machine_columns / sizeof *machine_columns, err);
	char input[SHAPE_TEXT];

	if (!table)
		return -1;
	table_text(table, isa_kinds()->isa);
	table_real(table, shown->timing->peak);
	table_text(table, shape_text(input, shown->network->input));
	table_int(table, shown->experiment->train.batch_size);
	table_int(table, TIMING_RUNS);
	return print_table(table, shown->format, err);
}

static void say_how(const struct shown *shown)
{
	int most = shown->timing->paces[shown->timing->n_paces - 1].threads;
	char input[SHAPE_TEXT];

	term_say(stdout,
		"%s: batches of %d random images of %s, medians of %d runs; %s, whose "
		"multipliers' peak is %.1f GFLOP/s a core",
		shown->experiment->name, shown->experiment->train.batch_size,
		shape_text(input, shown->network->input), TIMING_RUNS, isa_kinds()->isa,
		shown->timing->peak);
	if (cores_of(most) < most)
		term_say(stdout, "%d threads are more threads than cores (%d)", most,
			cores_of(most));
	if (*shown->load)
		term_say(stdout, "warning: %s", shown->load);
}

/* ---- output */

static int print_json(const struct shown *shown, struct err *err)
{
	int failed;

	printf("{\"machine\":\n");
	failed = print_machine(shown, err);
	printf(", \"speed\":\n");
	failed = failed || print_paces(shown, err);
	printf(", \"layers\":\n");
	failed = failed || print_layers(shown, err);
	printf("}\n");
	return -failed;
}

static int print_all(const struct shown *shown, struct err *err)
{
	if (shown->format == TABLE_JSON)
		return print_json(shown, err);
	if (shown->format == TABLE_CSV) /* one table is all that CSV holds */
		return print_layers(shown, err);
	say_how(shown);
	printf("\nTraining on one thread, an image:\n\n");
	if (print_layers(shown, err))
		return -1;
	putchar('\n');
	return print_paces(shown, err);
}

/* Returns the exit code; EXIT_USAGE where the config is to blame. */
static int time_experiment(const struct experiment *x, const struct flags *flags, struct err *err)
{
	struct network *network;
	struct timing timing;
	struct timing_request request = {
		.experiment = x, .threads = flags->threads, .seconds = flags->seconds};
	struct shown shown = {.experiment = x, .timing = &timing, .format = flags->format};
	struct shape input;
	int failed;

	if (!x->train.given) {
		err_at(err, x->network_place,
			"there is no `train:` here, so there is no training to time");
		return EXIT_USAGE;
	}
	if (network_input(x, flags->input, &input, &request.n_classes, err) ||
		network_build(&network, x, input, request.n_classes, err))
		return EXIT_USAGE;
	request.network = shown.network = network;
	if (!measure_disturbed(shown.load))
		*shown.load = '\0';
	failed = timing_measure(&timing, &request, err) || print_all(&shown, err);
	timing_release(&timing);
	network_free(network);
	return failed ? EXIT_RUN_FAILED : EXIT_DONE;
}

/* ---- the command */

static int parse_seconds(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	if (!*end && end != text && *seconds >= LEAST_SECONDS && *seconds <= MOST_SECONDS)
		return 0;
	command_error("--seconds takes a number from %g to %g, not '%s'", LEAST_SECONDS,
		MOST_SECONDS, text);
	return -1;
}

static int flag_set_time(void *context, const struct flag *flag, const char *value)
{
	struct flags *flags = context;

	if (!strcmp(flag->name, "input"))
		flags->input = value;
	else if (flag->letter == 'j')
		return flag_threads(value, &flags->threads);
	else if (!strcmp(flag->name, "seconds"))
		return parse_seconds(value, &flags->seconds);
	else
		return look_format(flag->name, &flags->format);
	return 0;
}

/* Exactly one config; *code is the exit code of what is wrong. */
static int load_one(struct arguments *arguments, struct experiment **x, struct diags *diags)
{
	if (arguments_check_fit(arguments, diags))
		return -1;
	if (arguments->files.n == 1)
		return arguments_load(arguments, 0, x, diags);
	diags_add(diags, DIAG_ERROR, NULL, (struct place){0},
		"`runner time` takes one config at a time; here are %d", arguments->files.n);
	return -1;
}

static int cmd_time(int argc, char **argv)
{
	struct flags flags = {.format = TABLE_PLAIN, .threads = team_cores(), .seconds = SECONDS};
	struct arguments arguments = {0};
	struct experiment *x = NULL;
	struct diags diags = {0};
	struct err err = {0};
	int n = flags_parse(&time_command, argc, argv, flag_set_time, &flags);
	int code = EXIT_USAGE;

	if (n < 0)
		return n == FLAGS_HELP ? EXIT_DONE : EXIT_USAGE;
	if (!isa_check(&err) && !arguments_split(&arguments, argv + 1, n - 1, &err) &&
		!load_one(&arguments, &x, &diags))
		code = time_experiment(x, &flags, &err);
	if (err.set)
		diags_add_err(&diags, DIAG_ERROR, x ? x->sources : NULL, &err);
	fflush(stdout);
	diags_print(&diags, stderr, term_look(stderr, false).colour);
	diags_release(&diags);
	experiment_free(x);
	arguments_release(&arguments);
	return code;
}

static const struct flag time_flags[] = {
	{"jobs", 'j', "N", "cores to use (default: all that this process may use)"},
	{"seconds", 0, "S",
		"how long to measure, about (default: 4)"},
	{"input", 0, "CxHxW", "shape of the images, where only the data's files know it"},
	{"json", 0, NULL, "as JSON"},
	{"csv", 0, NULL, "as CSV, the layers alone"},
	{"md", 0, NULL, "as Markdown tables"},
	{0},
};

const struct command time_command = {
	.name = "time",
	.synopsis = "CONFIG [KEY=VALUE ...]",
	.help = "measure how fast a network trains and infers here, and where its time goes",
	.run = cmd_time,
	.flags = time_flags,
	.notes = "The images are random bytes: no data set is needed. Nothing is stored. Each "
		 "figure is\n"
		 "the median of its own over several runs, so the parts add up to the total but "
		 "nearly.\n"
		 "GFLOP/s count padded positions, which are not in fact multiplied: a layer with "
		 "much\n"
		 "padding may pass 100 % of the peak.\n",
};
