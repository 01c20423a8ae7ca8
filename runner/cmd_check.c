/*
 * check -- looks for mistakes in configs without training anything: the language, the values, and
 * the shapes of the network where the data set's are known. Says "FILE: ok" on stdout for each that
 * is, and everything else on stderr. A file is told when it has been looked at, so that the errors
 * of hundreds do not wait for the last.
 */
#include <stdio.h>

#include "runner/arguments.h"
#include "runner/build.h"
#include "runner/commands.h"
#include "runner/screen/term.h"

static void tell(const char *path, struct diags *diags, bool colour)
{
	char summary[DIAGS_SUMMARY];

	diags_print(diags, stderr, colour);
	diags_summary(diags, summary);
	if (!path)
		return;
	if (diags_failed(diags))
		fprintf(stderr, "%s: %s\n", path, summary);
	else
		printf("%s: ok%s%s\n", path, *summary ? ", " : "", summary);
}

static bool check_file(struct arguments *a, int i, bool colour)
{
	struct diags diags = {0};
	struct experiment *x;
	bool failed;

	if (!arguments_load(a, i, &x, &diags)) {
		network_check(x, &diags);
		experiment_free(x);
	}
	failed = diags_failed(&diags);
	tell(a->files.at[i], &diags, colour);
	diags_release(&diags);
	return !failed;
}

static bool check_fit(struct arguments *a, bool colour)
{
	struct diags diags = {0};
	bool fits = !arguments_check_fit(a, &diags);

	tell(NULL, &diags, colour);
	diags_release(&diags);
	return fits;
}

static int set_flag(void *context, const struct flag *flag, const char *value)
{
	(void)flag;
	(void)value;
	*(bool *)context = true;
	return 0;
}

static int cmd_check(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct err err = {0};
	bool no_color = false, colour, failed = false;
	int n = flags_parse(&check_command, argc, argv, set_flag, &no_color), wrong = 0;

	if (n < 0)
		return n == FLAGS_HELP ? EXIT_DONE : EXIT_USAGE;
	if (arguments_split(&arguments, argv + 1, n - 1, &err))
		failed = command_failed(&err, true);
	colour = term_look(stderr, no_color).colour;
	failed = failed || !check_fit(&arguments, colour);
	for (int i = 0; !failed && i < arguments.files.n; i++) {
		fflush(stdout); /* keeps the order where stdout and stderr are the same */
		wrong += !check_file(&arguments, i, colour);
	}
	arguments_release(&arguments);
	return failed || wrong ? EXIT_USAGE : EXIT_DONE;
}

static const struct flag check_flags[] = {
	{"no-color", 0, NULL, "no colours (as NO_COLOR=1)"},
	{0},
};

const struct command check_command = {
	.name = "check",
	.synopsis = "CONFIG|DIR ... [KEY=VALUE ...]",
	.help = "look for mistakes in configs, without training",
	.run = cmd_check,
	.flags = check_flags,
};
