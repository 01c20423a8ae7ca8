/*
 * manual -- the man page, shell completion and the tables of README, all from the tables that the
 * program itself works by: commands with their flags, and everything that a config can name.
 */
#include <stdio.h>
#include <string.h>

#include "datasets/catalogue.h"
#include "datasets/dataset.h"
#include "layers/families.h"
#include "runner/commands.h"
#include "runner/config/experiment.h"

/* When this version was released; not the day of the build, so that builds are the same. */
#define RELEASED "2026-11-22"

enum output { MAN_PAGE, COMPLETION, TABLES };

/* ---- man page */

enum { ROFF_LINE = 76 };

/* A paragraph for roff: '-' and '\' as themselves, no control character at the start of a line, a
 * new line behind each sentence. */
static void roff(const char *text)
{
	for (int column = 0; *text; text++) {
		bool sentence = column && *text == ' ' && strchr(".:;", text[-1]);

		if (!column && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		column++;
		if (*text == ' ' &&
			(sentence || column + (int)strcspn(text + 1, " ") > ROFF_LINE)) {
			putchar('\n');
			column = 0;
			continue;
		}
		if (*text == '-' || *text == '\\')
			putchar('\\');
		putchar(*text == '\\' ? 'e' : *text);
	}
}

static void man_command(const struct command *c)
{
	printf(".TP\n.B ");
	fputs(c->name, stdout);
	if (*c->synopsis) {
		putchar(' ');
		roff(c->synopsis);
	}
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

static const struct {
	const char *name, *what;
} files[] = {
	{"runner.db", "the store: an SQLite file with every run, epoch, prediction and checkpoint. "
		      "While it is in use its log is beside it (runner.db-wal, runner.db-shm)"},
	{"runner.db.lock", "empty. Each process that trains holds a lock on a byte of it, so that "
			   "a run whose process has died is known; it may be removed when "
			   "nothing trains"},
	{"data, ../data, datasets/data", "folders that are looked at for data sets, after "
					 "--data-dir and RUNNER_DATA"},
	{"~/.cache/runner/datasets", "looked at last; downloads go there (below XDG_CACHE_HOME "
				     "where that is set)"},
};

static const struct {
	const char *command, *what;
} examples[] = {
	{"runner configs/lenet_maxpool.yaml", "train one network"},
	{"runner configs/lenet.yaml pooling=max_pool2d train.lr=0.5 seed=1",
		"the same, with a knob, a key and the seed changed"},
	{"runner -n experiments", "what a folder of configs would run, and what is done already"},
	{"runner describe configs/lenet.yaml", "its layers, shapes and costs"},
	{"runner time configs/lenet.yaml", "how fast it trains here, and where its time goes"},
	{"runner show 1", "what run 1 is, and how it went"},
	{"runner sql 'SELECT * FROM leaderboard'", "ask the results anything"},
	{"runner export 1 -o lenet.safetensors", "the weights for other programs"},
};

static void man_page(void)
{
	printf(".TH RUNNER 1 \"%s\" \"runner %s\" \"User Commands\"\n", RELEASED, RUNNER_VERSION);
	printf(".SH NAME\nrunner \\- train small convolutional networks declared in YAML\n"
	       ".SH SYNOPSIS\n.B runner\n[\\fICOMMAND\\fR] [\\fICONFIG\\fR|\\fIDIR\\fR ...]\n"
	       "[\\fIKEY\\fR=\\fIVALUE\\fR ...] [\\fIFLAGS\\fR]\n.SH DESCRIPTION\n");
	roff("A config declares a network, its data and its training. runner trains it on all "
	     "cores, with the same bits on any number of them, and keeps every metric in one "
	     "SQLite file. A path without a command means run; KEY=VALUE changes a config, as in "
	     "train.lr=0.1 or pooling=max_pool2d.");
	printf("\n.SH COMMANDS\n");
	for (const struct command *const *c = commands; *c; c++)
		man_command(*c);
	printf(".SH ENVIRONMENT\n");
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		printf(".TP\n.B %s\n", variables[i].name);
		roff(variables[i].what);
		putchar('\n');
	}
	printf(".SH FILES\n");
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		printf(".TP\n.I ");
		roff(files[i].name);
		putchar('\n');
		roff(files[i].what);
		putchar('\n');
	}
	printf(".SH EXIT STATUS\n");
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		printf(".TP\n.B %d\n", codes[i].code);
		roff(codes[i].what);
		putchar('\n');
	}
	printf(".SH EXAMPLES\n");
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		printf(".TP\n.B ");
		roff(examples[i].command);
		putchar('\n');
		roff(examples[i].what);
		putchar('\n');
	}
	printf(".SH SEE ALSO\n.BR sqlite3 (1)\n");
}

/* ---- completion for bash */

/* What stands on a command's line beside flags. */
static const struct {
	const char *command, *what;
} words[] = {
	{"run", "configs"},
	{"check", "configs"},
	{"config", "configs"},
	{"describe", "configs"},
	{"time", "configs"},
	{"fetch", "datasets"},
	{"new", "configs"},
};

static const char *completion_words(const char *command)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(words[i].command, command))
			return words[i].what;
	return "none";
}

/* "lenet|mlp": a flag's value that is one of these. */
static void completion_choices(const char *value)
{
	printf("kind=none words='");
	for (; *value; value++)
		putchar(*value == '|' ? ' ' : *value);
	putchar('\'');
}

static void completion_commands(void)
{
	for (const struct command *const *c = commands; *c; c++) {
		printf("\t%s)\n\t\tkind=%s flags='--help", (*c)->name,
			completion_words((*c)->name));
		for (const struct flag *f = (*c)->flags; f && f->name; f++)
			printf(" --%s", f->name);
		printf("'\n");
		/* the value of a flag that takes one: its choices, else a file or a folder */
		printf("\t\tcase $before in\n");
		for (const struct flag *f = (*c)->flags; f && f->name; f++) {
			if (!f->value)
				continue;
			printf("\t\t--%s%s%c) ", f->name, f->letter ? "|-" : "",
				f->letter ? f->letter : ' ');
			if (strchr(f->value, '|'))
				completion_choices(f->value);
			else if (!strcmp(f->value, "FILE") || !strcmp(f->value, "DIR"))
				printf("kind=files words=");
			else
				printf("kind=none words=");
			printf(" ;;\n");
		}
		printf("\t\tesac ;;\n");
	}
}

static void completion(void)
{
	printf("# bash completion for runner\n_runner() {\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tlocal command=${COMP_WORDS[1]} flags= words= kind=configs IFS=$' \\t\\n'\n"
	       "\tcase $command in\n");
	completion_commands();
	printf("\tesac\n\tif [ \"$COMP_CWORD\" = 1 ]; then\n\t\tkind=configs flags='--help "
	       "--version' words='help");
	for (const struct command *const *c = commands; *c; c++)
		printf(" %s", (*c)->name);
	printf("'\n\tfi\n\tcase $kind in datasets) words+=' ");
	for (int i = 0; dataset_names[i]; i++)
		if (catalogue_find(dataset_names[i]))
			printf("%s ", dataset_names[i]);
	printf("' ;; esac\n"
	       "\t[[ $cur == -* ]] && kind=none words=$flags\n"
	       "\tlocal IFS=$'\\n'\n"
	       "\tCOMPREPLY=($(IFS=$' '; compgen -W \"$words\" -- \"$cur\"))\n"
	       "\tcase $kind in\n"
	       "\tconfigs) COMPREPLY+=($(compgen -f -X '!*.yaml' -- \"$cur\") "
	       "$(compgen -d -- \"$cur\")) ;;\n"
	       "\tfiles) COMPREPLY+=($(compgen -f -- \"$cur\")) ;;\n"
	       "\tesac\n}\n"
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
