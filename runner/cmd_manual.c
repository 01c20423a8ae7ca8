/*
 * manual -- the man page, shell completion and the tables of README, all from the tables that the
 * program itself works by: commands with their flags, and everything that a config can name.
 */
#include <stdio.h>
#include <string.h>

#include "layers/families.h"
#include "runner/commands.h"
#include "runner/config/experiment.h"

enum output { MAN_PAGE, COMPLETION, TABLES };

/* ---- man page */

/* A line of text for roff: '-' and '\' as themselves, no control character at the start. */
static void roff(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++) {
		if (*text == '-' || *text == '\\')
			putchar('\\');
		putchar(*text == '\\' ? 'e' : *text);
	}
}

static void man_command(const struct command *c)
{
	printf(".TP\n.B ");
	roff(c->name);
	putchar(' ');
	roff(c->synopsis);
	putchar('\n');
	roff(c->help);
	printf(".\n");
	if (!c->flags)
		return;
	printf(".RS\n");
	for (const struct flag *f = c->flags; f->name; f++) {
		printf(".TP\n");
		if (f->letter)
			printf("\\fB\\-%c\\fR, ", f->letter);
		printf("\\fB\\-\\-");
		roff(f->name);
		printf("\\fR");
		if (f->value)
			printf(" \\fI%s\\fR", f->value);
		putchar('\n');
		roff(f->help);
		putchar('\n');
	}
	printf(".RE\n");
}

static const struct {
	const char *name, *what;
} variables[] = {
	{"RUNNER_DB", "the store, where --db is not given (default: runner.db)"},
	{"RUNNER_DATA", "a folder of data sets, looked at before the usual ones"},
	{"RUNNER_MIRROR", "an address to download data sets from before the usual ones"},
	{"RUNNER_ISA", "force an instruction set: avx512, avx2, baseline or neon"},
	{"NO_COLOR", "no colours, when set"},
};

static const struct {
	int code;
	const char *what;
} codes[] = {
	{EXIT_DONE, "all well"},
	{EXIT_RUN_FAILED, "a run failed or diverged, or something could not be done"},
	{EXIT_USAGE, "usage or config error; nothing was run"},
	{EXIT_NO_DATA, "a data set is neither on this machine nor reachable"},
	{EXIT_STOPPED, "another process is training the run; the same command goes on later"},
	{EXIT_INTERRUPTED, "interrupted (SIGINT) after a clean checkpoint"},
	{EXIT_TERMINATED, "terminated (SIGTERM) after a clean checkpoint"},
};

static void man_page(void)
{
	printf(".TH RUNNER 1 \"\" \"runner %s\" \"User Commands\"\n", RUNNER_VERSION);
	printf(".SH NAME\nrunner \\- train small convolutional networks declared in YAML\n"
	       ".SH SYNOPSIS\n.B runner\n[\\fICOMMAND\\fR] [\\fICONFIG\\fR|\\fIDIR\\fR ...] "
	       "[\\fIKEY\\fR=\\fIVALUE\\fR ...] [\\fIFLAGS\\fR]\n.SH DESCRIPTION\n"
	       "A config declares a network, its data and its training. \\fBrunner\\fR trains it "
	       "on\n"
	       "all cores, with the same bits on any number of them, and keeps every metric in "
	       "one\n"
	       "SQLite file. A path without a command means \\fBrun\\fR; KEY=VALUE changes a "
	       "config,\n"
	       "as in train.lr=0.1 or pooling=max_pool2d.\n.SH COMMANDS\n");
	for (const struct command *const *c = commands; *c; c++)
		man_command(*c);
	printf(".SH ENVIRONMENT\n");
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		printf(".TP\n.B %s\n", variables[i].name);
		roff(variables[i].what);
		putchar('\n');
	}
	printf(".SH EXIT STATUS\n");
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		printf(".TP\n.B %d\n", codes[i].code);
		roff(codes[i].what);
		putchar('\n');
	}
	printf(".SH SEE ALSO\n.BR sqlite3 (1)\n");
}

/* ---- completion for bash */

static void completion(void)
{
	printf("# bash completion for runner\n_runner() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} "
	       "command=${COMP_WORDS[1]} words=\n\tcase $command in\n");
	for (const struct command *const *c = commands; *c; c++) {
		printf("\t%s) words='--help", (*c)->name);
		for (const struct flag *f = (*c)->flags; f && f->name; f++)
			printf(" --%s", f->name);
		printf("' ;;\n");
	}
	printf("\tesac\n\tif [ \"$COMP_CWORD\" = 1 ]; then words='--help --version");
	for (const struct command *const *c = commands; *c; c++)
		printf(" %s", (*c)->name);
	printf("'; fi\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\") "
	       "$(compgen -f -- \"$cur\"))\n}\n"
	       "complete -o filenames -F _runner runner\n");
}

/* ---- tables */

static void tables_default(const struct option *o)
{
	if (!o->fallback)
		printf("required");
	else if (!strcmp(o->fallback, "null"))
		printf("-");
	else
		printf("`%s`", o->fallback);
}

/* `apart`: groups that have a table of their own are only named. */
static void tables_options(const char *prefix, const struct option *options, bool apart)
{
	for (const struct option *o = options; o && o->name; o++) {
		if (o->type == OPTION_GROUP) {
			char inner[64];

			snprintf(inner, sizeof inner, "%s%s.", prefix, o->name);
			printf("| `%s%s` | - | %s |\n", prefix, o->name, o->help);
			if (!apart || o->group == init_options)
				tables_options(inner, o->group, apart);
			continue;
		}
		printf("| `%s%s` | ", prefix, o->name);
		tables_default(o);
		printf(" | %s", o->help);
		for (int i = 0; o->choices && o->choices[i]; i++)
			printf("%s`%s`", i ? ", " : ": ", o->choices[i]);
		printf(" |\n");
	}
}

static void tables_family(const char *title, const struct family *family)
{
	printf("\n### %s\n\n| name | what it is | options (default) |\n| --- | --- | --- |\n",
		title);
	for (const struct kind *const *k = family->kinds; *k; k++) {
		printf("| `%s` | %s | ", (*k)->name, (*k)->help);
		for (const struct option *o = (*k)->options; o && o->name; o++) {
			printf("%s`%s` (", o == (*k)->options ? "" : ", ", o->name);
			tables_default(o);
			printf(")");
		}
		printf(" |\n");
	}
}

static void tables_keys(const char *title, const char *prefix, const struct option *options)
{
	printf("\n### %s\n\n| key | default | meaning |\n| --- | --- | --- |\n", title);
	tables_options(prefix, options, options == experiment_options);
}

static void tables(void)
{
	tables_family("Layers", layer_family());
	tables_keys("Keys that every layer has", "", layer_common_options);
	tables_family("Losses", loss_family());
	tables_family("Optimizers (`train.optimizer`)", optimizer_family());
	tables_family("Learning rate schedules (`train.lr_schedule`)", &schedule_family);
	tables_family("Initialisations (`init`, `init.weight`, `init.bias`)", &init_family);
	tables_keys("Keys of a config", "", experiment_options);
	tables_keys("Keys of `train`", "train.", train_options);
	tables_keys("Keys of `dataset`", "dataset.", dataset_options);
}

/* ---- the command */

static int flag_set_manual(void *context, const struct flag *flag, const char *value)
{
	(void)value;
	*(enum output *)context = !strcmp(flag->name, "tables") ? TABLES : COMPLETION;
	return 0;
}

static int cmd_manual(int argc, char **argv)
{
	enum output output = MAN_PAGE;
	int n = flags_parse(&manual_command, argc, argv, flag_set_manual, &output);

	if (n < 0)
		return n == FLAGS_HELP ? EXIT_DONE : EXIT_USAGE;
	if (n > 1) {
		command_error("`runner manual` takes no arguments; what is '%s' to mean?", argv[1]);
		return EXIT_USAGE;
	}
	if (output == TABLES)
		tables();
	else if (output == COMPLETION)
		completion();
	else
		man_page();
	return EXIT_DONE;
}

static const struct flag manual_flags[] = {
	{"completion", 0, NULL, "completion for bash instead"},
	{"tables", 0, NULL, "the tables of layers and keys instead, as in README.md"},
	{0},
};

const struct command manual_command = {
	.name = "manual",
	.synopsis = "[FLAGS]",
	.help = "print the man page",
	.run = cmd_manual,
	.flags = manual_flags,
};
