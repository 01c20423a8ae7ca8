/*
 * main -- finds the command and runs it. A path without a command means run; `runner` alone prints
 * a guide.
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runner/arguments.h"
#include "runner/commands.h"
#include "layers/core/blas.h"
#include "layers/core/suggest.h"

const struct command *const commands[] = {
	&run_command,
	&check_command,
	&config_command,
	&describe_command,
	&time_command,
	&schema_command,
	&new_command,
	&ls_command,
	&show_command,
	&sql_command,
	&export_command,
	&fetch_command,
	&doctor_command,
	&manual_command,
	NULL,
};

static const char guide[] =
	"runner trains small convolutional networks that are declared in YAML and keeps every\n"
	"result in one SQLite file.\n"
	"\n"
	"  runner configs/lenet_maxpool.yaml               train one network\n"
	"  runner configs/lenet.yaml pooling=max_pool2d    the same, with one knob turned\n"
	"  runner describe configs/lenet.yaml              its layers, shapes and costs\n"
	"  runner check configs                            look for mistakes\n"
	"  runner ls; runner show 1                        what was trained, and how it went\n"
	"  sqlite3 runner.db 'SELECT * FROM leaderboard'   ask the results anything\n"
	"\n"
	"runner --help lists all commands; runner COMMAND --help explains one.\n";

static int print_help(void)
{
	printf("usage: runner [COMMAND] [CONFIG|DIR ...] [KEY=VALUE ...] [FLAGS]\n\ncommands:\n");
	for (const struct command *const *c = commands; *c; c++)
		printf("  %-10s %s\n", (*c)->name, (*c)->help);
	printf("\nA path without a command means run. runner COMMAND --help explains a command;\n"
	       "runner --version tells the version. Environment: RUNNER_DB, RUNNER_DATA,\n"
	       "RUNNER_MIRROR, RUNNER_ISA, NO_COLOR.\n");
	return EXIT_DONE;
}

static const struct command *find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

/* Looks like a config or a folder, rather than like a command that does not exist. */
static bool is_path(const char *text)
{
	return text[0] == '-' || strpbrk(text, "/.=") || !access(text, F_OK);
}

static int unknown(const char *name)
{
	struct suggestion meant = {.wrong = name};
	char text[SUGGESTION_TEXT];

	for (const struct command *const *c = commands; *c; c++)
		suggestion_try(&meant, (*c)->name);
	command_error(
		"there is no command, file or folder '%s'%s", name, suggestion_text(&meant, text));
	fprintf(stderr, "runner --help lists the commands\n");
	return EXIT_USAGE;
}

/* `runner help COMMAND` is `runner COMMAND --help`. */
static int help(int argc, char **argv)
{
	const struct command *command = argc > 2 ? find(argv[2]) : NULL;

	if (argc < 3)
		return print_help();
	if (!command)
		return unknown(argv[2]);
	command_help(command);
	return EXIT_DONE;
}

static int run(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		fputs(guide, stdout);
		return EXIT_DONE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return help(argc, argv);
	if (!strcmp(argv[1], "--version")) {
		printf("runner %s\n", RUNNER_VERSION);
		return EXIT_DONE;
	}
	command = find(argv[1]);
	if (command)
		return command->run(argc - 1, argv + 1);
	return is_path(argv[1]) ? run_command.run(argc, argv) : unknown(argv[1]);
}

int main(int argc, char **argv)
{
	int code;

	blas_choose_kernels();
	setlocale(LC_CTYPE, "C.UTF-8");
	signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a write error with words */
	code = run(argc, argv);
	if (fflush(stdout) || ferror(stdout)) {
		command_error("cannot write the output");
		return code ? code : EXIT_RUN_FAILED;
	}
	return code;
}
