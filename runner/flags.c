/* flags -- see command.h. getopt_long does the parsing; the tables are translated for it. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/command.h"

enum { LONG_ONLY = 256, HELP = 'h', SHORT_TEXT = 128, MAX_THREADS = 1024 };

static int flags_count(const struct flag *flags)
{
	int n = 0;

	while (flags && flags[n].name)
		n++;
	return n;
}

void command_help(const struct command *command)
{
	printf("usage: runner %s%s%s\n%s\n", command->name, *command->synopsis ? " " : "",
		command->synopsis, command->help);
	if (command->flags)
		printf("\nflags:\n");
	for (const struct flag *f = command->flags; f && f->name; f++) {
		char name[48];

		snprintf(name, sizeof name, "--%s%s%s", f->name, f->value ? " " : "",
			f->value ? f->value : "");
		printf("  %c%c%c %-20s %s\n", f->letter ? '-' : ' ', f->letter ? f->letter : ' ',
			f->letter ? ',' : ' ', name, f->help);
	}
	if (command->notes)
		printf("\n%s", command->notes);
}

/* The table as getopt wants it: val is the row's number + LONG_ONLY, or the letter. */
static struct option *flags_translate(const struct flag *flags, int n, char letters[SHORT_TEXT])
{
	struct option *options = calloc((size_t)n + 2, sizeof *options);
	size_t used = 0;

	letters[used++] = ':'; /* tells a missing value from an unknown flag */
	letters[used++] = 'h';
	for (int i = 0; options && i < n; i++) {
		options[i].name = flags[i].name;
		options[i].has_arg = flags[i].value ? required_argument : no_argument;
		options[i].val = LONG_ONLY + i;
		if (flags[i].letter && used + 3 < SHORT_TEXT) {
			letters[used++] = flags[i].letter;
			if (flags[i].value)
				letters[used++] = ':';
		}
	}
	letters[used] = 0;
	if (options)
		options[n] = (struct option){"help", no_argument, NULL, HELP};
	return options;
}

static const struct flag *flags_find(const struct flag *flags, int n, int val)
{
	if (val >= LONG_ONLY)
		return &flags[val - LONG_ONLY];
	for (int i = 0; i < n; i++)
		if (flags[i].letter == val)
			return &flags[i];
	return NULL;
}

/* getopt's `val` and optopt tell what it found wrong with an argument. */
static void flags_wrong(const struct command *command, int val, const char *text)
{
	const char letter[] = {'-', (char)optopt, 0}; /* it may be one of several in `text` */
	bool is_letter = optopt > 0 && optopt < LONG_ONLY;

	command_flag_wrong(command, is_letter ? letter : text,
		val == ':'            ? FLAG_WITHOUT_VALUE
		: optopt >= LONG_ONLY ? FLAG_WITH_VALUE
				      : FLAG_UNKNOWN);
}

int flags_parse(const struct command *command, int argc, char **argv, flag_set *set, void *context)
{
	int n = flags_count(command->flags), val, result = 0;
	char letters[SHORT_TEXT];
	struct option *options = flags_translate(command->flags, n, letters);

	if (!options) {
		command_error("out of memory");
		return FLAGS_BAD;
	}
	opterr = 0; /* flags_wrong tells */
	optind = 0; /* begin anew; glibc then permutes the arguments */
	while (!result && (val = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		const struct flag *flag = flags_find(command->flags, n, val);

		if (val == HELP && !flag) {
			command_help(command);
			result = FLAGS_HELP;
		} else if (!flag) {
			flags_wrong(command, val, argv[optind - 1]);
			result = FLAGS_BAD;
		} else if (set(context, flag, optarg)) {
			result = FLAGS_BAD;
		}
	}
	free(options);
	if (result)
		return result;
	memmove(argv + 1, argv + optind, (size_t)(argc - optind) * sizeof *argv);
	return argc - optind + 1;
}

int flag_threads(const char *text, int *threads)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < 1 || n > MAX_THREADS) {
		command_error(
			"-j takes a number of cores from 1 to %d, not '%s'", MAX_THREADS, text);
		return -1;
	}
	*threads = (int)n;
	return 0;
}
