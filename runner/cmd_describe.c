/*
 * describe -- what a config's network is: shapes, parameters, costs, layer by layer.
 *
 * Multiplications (MACs) are of one image; backward counts the weight gradient and, except in a
 * first layer, the gradient of the input. A row's bytes are its output's, the memory below the
 * table is what is in fact kept: steps that run as one store nothing in between.
 */
#include <stdio.h>
#include <string.h>

#include "runner/arguments.h"
#include "runner/build.h"
#include "runner/commands.h"
#include "runner/look.h"
#include "runner/screen/term.h"

struct flags {
	enum table_format format;
	const char *input; /* "CxHxW": for data sets whose files are not at hand */
};

static const struct table_column columns[] = {
	{.name = "path", .kind = TABLE_TEXT, .rank = 5},
	{.name = "layer", .kind = TABLE_TEXT},
	{.name = "output", .kind = TABLE_TEXT},
	{.name = "how", .kind = TABLE_TEXT, .rank = 4},
	{.name = "parameters", .kind = TABLE_INT, .head = "params"},
	{.name = "macs", .kind = TABLE_INT, .rank = 1, .head = "MACs"},
	{.name = "macs_backward", .kind = TABLE_INT, .rank = 8, .head = "MACs back"},
	{.name = "receptive_field", .kind = TABLE_TEXT, .rank = 3, .head = "field"},
	{.name = "bytes", .kind = TABLE_INT, .rank = 7},
};

enum { COLUMNS = sizeof columns / sizeof *columns };

static void add_row(struct table *table, const struct network *network, const struct row *row)
{
	const struct value *out = &network->values[row->out];
	const struct layer_common *common = row->spec->common;
	char text[SHAPE_TEXT], name[128], reach[32];
	bool alias = out->root != row->out || row->in == row->out;

	snprintf(name, sizeof name, "%*s%s%s%s", 2 * row->depth, "", row->spec->kind->name,
		common && common->name ? " " : "", common && common->name ? common->name : "");
	snprintf(reach, sizeof reach, "%dx%d", out->reach.size.h, out->reach.size.w);
	table_text(table, row->path);
	table_text(table, name);
	table_text(table, shape_text(text, out->shape));
	table_text(table, row->formula);
	table_int(table, (int64_t)row->parameters);
	table_int(table, row->macs);
	table_int(table, row->macs_back);
	table_text(table, reach);
	table_int(table, alias ? 0 : (int64_t)(shape_size(out->shape) * sizeof(float)));
}

/* A step without a forward has left its work to the one before it. */
static bool has_joined_steps(const struct network *network)
{
	for (int s = 0; s < network->n_steps; s++)
		if (!network->steps[s].ops->forward)
			return true;
	return false;
}

static void print_totals(const struct experiment *x, const struct network *network)
{
	char in[SHAPE_TEXT], out[SHAPE_TEXT];

	putchar('\n');
	term_say(stdout,
		"%s: %s -> %s, %zu parameters, %lld MACs forward, %lld backward (an image)",
		x->name, shape_text(in, network->input), shape_text(out, network->output),
		network->parameters, (long long)network->macs, (long long)network->macs_back);
	term_say(stdout,
		"memory: weights %.1f KB; activations and their gradients %.1f KB an image in "
		"training",
		(double)network->parameters * sizeof(float) / 1024,
		(double)network_image_bytes(network, true) / 1024);
	if (has_joined_steps(network))
		term_say(stdout,
			"layers that run as one step (`runner time` shows which) do not store what "
			"lies between them");
	if (network->blas)
		term_say(stdout,
			"OpenBLAS computes linear layers of it: a training gives the same bits "
			"only with the same version and kernels of OpenBLAS (`runner doctor` shows "
			"what is here; without `compute: openblas` it is independent of them)");
}

static int describe(const struct experiment *x, const struct network *network,
	enum table_format format, struct err *err)
{
	struct table *table = table_new(columns, COLUMNS, err);
	int failed;

	if (!table)
		return -1;
	for (int i = 0; i < network->n_rows; i++)
		add_row(table, network, &network->rows[i]);
	failed = table_print(table, stdout, format, term_columns(stdout), err);
	table_free(table);
	if (!failed && format == TABLE_PLAIN)
		print_totals(x, network);
	return failed;
}

static int describe_file(struct arguments *a, int i, const struct flags *flags, struct diags *diags)
{
	struct experiment *x;
	struct network *network = NULL;
	struct err err = {0};
	struct shape shape;
	int n_classes, failed;

	if (arguments_load(a, i, &x, diags))
		return -1;
	failed = network_input(x, flags->input, &shape, &n_classes, &err) ||
		 network_build(&network, x, shape, n_classes, &err) ||
		 describe(x, network, flags->format, &err);
	if (failed)
		diags_add_err(diags, DIAG_ERROR, x->sources, &err);
	network_free(network);
	experiment_free(x);
	return failed ? -1 : 0;
}

static int flag_set_describe(void *context, const struct flag *flag, const char *value)
{
	struct flags *flags = context;

	if (!strcmp(flag->name, "input")) {
		flags->input = value;
		return 0;
	}
	return look_format(flag->name, &flags->format);
}

static int cmd_describe(int argc, char **argv)
{
	struct flags flags = {.format = TABLE_PLAIN};
	struct arguments arguments = {0};
	struct diags diags = {0};
	struct err err = {0};
	int n = flags_parse(&describe_command, argc, argv, flag_set_describe, &flags);
	int code = EXIT_DONE;

	if (n < 0)
		return n == FLAGS_HELP ? EXIT_DONE : EXIT_USAGE;
	if (arguments_split(&arguments, argv + 1, n - 1, &err)) {
		diags_add_err(&diags, DIAG_ERROR, NULL, &err);
		code = EXIT_USAGE;
	} else if (arguments_check_fit(&arguments, &diags)) {
		code = EXIT_USAGE;
	}
	for (int i = 0; code == EXIT_DONE && i < arguments.files.n; i++) {
		if (i)
			putchar('\n');
		if (describe_file(&arguments, i, &flags, &diags))
			code = EXIT_USAGE;
	}
	fflush(stdout);
	diags_print(&diags, stderr, term_look(stderr, false).colour);
	diags_release(&diags);
	arguments_release(&arguments);
	return code;
}

static const struct flag describe_flags[] = {
	{"input", 0, "CxHxW", "shape of the images, where only the data's files know it"},
	{"json", 0, NULL, "as JSON"},
	{"csv", 0, NULL, "as CSV"},
	{"md", 0, NULL, "as a Markdown table"},
	{0},
};

const struct command describe_command = {
	.name = "describe",
	.synopsis = "CONFIG|DIR ... [KEY=VALUE ...]",
	.help = "show a network layer by layer: shapes, parameters, MACs, receptive field, memory",
	.run = cmd_describe,
	.flags = describe_flags,
};
