/*
 * new -- writes a config to start from, with comments. Never writes over a file.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runner/arguments.h"
#include "runner/commands.h"
#include "layers/core/suggest.h"

struct start {
	const char *name;
	const char *network; /* from `params` on */
};

static const struct start starts[] = {
	{"lenet", "params:                    # knobs: try `runner FILE pooling=max_pool2d`\n"
		  "  activation: sigmoid      # or relu, tanh ...\n"
		  "  pooling: avg_pool2d      # or max_pool2d\n"
		  "network:\n"
		  "  - conv2d: {out_channels: 6, kernel_size: 5, padding: same}\n"
		  "  - $activation\n"
		  "  - $pooling: {kernel_size: 2}\n"
		  "  - conv2d: {out_channels: 16, kernel_size: 5}\n"
		  "  - $activation\n"
		  "  - $pooling: {kernel_size: 2}\n"
		  "  - flatten\n"
		  "  - linear: {out_features: 120}\n"
		  "  - $activation\n"
		  "  - linear: {out_features: 84}\n"
		  "  - $activation\n"
		  "  - linear: {out_features: 10}\n"
		  "init: xavier_uniform       # weights; biases start as in torch\n"
		  "train: {epochs: 10, batch_size: 256, lr: 0.9}\n"},
	{"mlp", "params:                    # knobs: try `runner FILE hidden=512`\n"
		"  hidden: 256\n"
		"  activation: relu\n"
		"network:\n"
		"  - flatten                # a vector of all pixels\n"
		"  - linear: {out_features: $hidden}\n"
		"  - $activation\n"
		"  - linear: {out_features: 10}\n"
		"init: {weight: {normal: {std: 0.01}}, bias: zeros}\n"
		"train: {epochs: 10, batch_size: 256, lr: 0.1}\n"},
	{"softmax", "network:                   # cross_entropy, the loss unless said, takes the "
		    "softmax\n"
		    "  - flatten                # a vector of all pixels\n"
		    "  - linear: {out_features: 10}\n"
		    "init: {weight: {normal: {std: 0.01}}, bias: zeros}\n"
		    "train: {epochs: 10, batch_size: 256, lr: 0.1}\n"},
};

enum { STARTS = sizeof starts / sizeof *starts };

static const struct start *find_start(const char *name)
{
	struct suggestion meant = {.wrong = name};
	char text[SUGGESTION_TEXT];

	for (int i = 0; i < STARTS; i++) {
		if (!strcmp(starts[i].name, name))
			return &starts[i];
		suggestion_try(&meant, starts[i].name);
	}
	command_error("there is no starter config '%s'%s", name,
		meant.best ? suggestion_text(&meant, text) : ": `runner new --help` lists them");
	return NULL;
}

static void write_config(FILE *file, const struct start *start)
{
	fprintf(file,
		"# One network, its data and its training. `runner describe FILE` shows the "
		"layers,\n"
		"# `runner check FILE` finds mistakes, `runner FILE` trains.\n"
		"dataset: fashion-mnist     # or mnist, or glyphs (built in: no download), or your "
		"own\n"
		"seed: 0                    # equal seeds give equal results, to the last bit\n"
		"%s",
		start->network);
}

static int create(const char *path, const struct start *start)
{
	FILE *file = fopen(path, "wx");
	int failed;

	if (!file) {
		command_error("cannot write '%s': %s", path,
			errno == EEXIST ? "it is there already" : strerror(errno));
		return EXIT_USAGE;
	}
	write_config(file, start);
	failed = ferror(file);
	if (fclose(file) || failed) {
		command_error("cannot write '%s': %s", path, strerror(errno));
		return EXIT_RUN_FAILED;
	}
	printf("%s is there. next: runner describe %s\n", path, path);
	return EXIT_DONE;
}

static int set_flag(void *context, const struct flag *flag, const char *value)
{
	(void)flag;
	*(const struct start **)context = find_start(value);
	return *(const struct start **)context ? 0 : -1;
}

static int cmd_new(int argc, char **argv)
{
	const struct start *start = &starts[0];
	int n = flags_parse(&new_command, argc, argv, set_flag, &start);
	const char *ending;
	char path[4096];

	if (n < 0)
		return n == FLAGS_HELP ? EXIT_DONE : EXIT_USAGE;
	if (n != 2) {
		command_error("name the one file to write, as in: runner new mine.yaml");
		return EXIT_USAGE;
	}
	ending = strrchr(argv[1], '.');
	snprintf(path, sizeof path, "%s%s", argv[1],
		ending && !strcmp(ending, ".yaml") ? "" : ".yaml");
	return create(path, start);
}

static const struct flag new_flags[] = {
	{"from", 0, "lenet|mlp|softmax", "what to start from (default: lenet)"},
	{0},
};

const struct command new_command = {
	.name = "new",
	.synopsis = "FILE [--from NAME]",
	.help = "write a config to start from",
	.run = cmd_new,
	.flags = new_flags,
};
