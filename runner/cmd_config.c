/*
 * config -- shows a config as it is carried out: with what it extends, overrides, knobs and every
 * `each` put in, and where each value was written. With --json the form that a run's hash is made
 * of: what is at its default is left out there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/arguments.h"
#include "runner/commands.h"
#include "runner/config/canonical.h"
#include "runner/config/diag.h"
#include "runner/config/experiment.h"
#include "runner/config/resolved.h"
#include "runner/screen/term.h"

struct flags {
	bool json, plain, no_color;
};

static int print_config(const struct experiment *x, const struct flags *flags)
{
	char *text = flags->json ? canonical_text(x->canonical)
				 : resolved_text(x->tree, flags->plain ? NULL : x->sources);

	if (!text)
		return -1;
	printf("%s%s", text, flags->json ? "\n" : "");
	free(text);
	return 0;
}

static int show_file(struct arguments *a, int i, const struct flags *flags, struct diags *diags)
{
	struct experiment *x;
	int failed;

	if (arguments_load(a, i, &x, diags))
		return -1;
	if (!flags->json && a->files.n > 1)
		printf("%s# %s\n", i ? "\n" : "", x->path);
	failed = print_config(x, flags);
	if (failed)
		diags_add(diags, DIAG_ERROR, NULL, (struct place){0}, "out of memory");
	experiment_free(x);
	return failed;
}

static int set_flag(void *context, const struct flag *flag, const char *value)
{
	struct flags *flags = context;

	(void)value;
	if (!strcmp(flag->name, "json"))
		flags->json = true;
	else if (!strcmp(flag->name, "plain"))
		flags->plain = true;
	else
		flags->no_color = true;
	return 0;
}

static int cmd_config(int argc, char **argv)
{
	struct flags flags = {0};
	struct arguments arguments = {0};
	struct diags diags = {0};
	struct err err = {0};
	int n = flags_parse(&config_command, argc, argv, set_flag, &flags);

	if (n < 0)
		return n == FLAGS_HELP ? EXIT_DONE : EXIT_USAGE;
	if (arguments_split(&arguments, argv + 1, n - 1, &err))
		diags_add_err(&diags, DIAG_ERROR, NULL, &err);
	else
		arguments_check_fit(&arguments, &diags);
	for (int i = 0; !diags_failed(&diags) && i < arguments.files.n; i++)
		show_file(&arguments, i, &flags, &diags);
	fflush(stdout);
	diags_print(&diags, stderr, term_look(stderr, flags.no_color).colour);
	n = diags_failed(&diags) ? EXIT_USAGE : EXIT_DONE;
	diags_release(&diags);
	arguments_release(&arguments);
	return n;
}

static const struct flag config_flags[] = {
	{"json", 0, NULL, "as canonical JSON, of which run hashes are made; defaults left out"},
	{"plain", 0, NULL, "without the comments that say where values were written"},
	{"no-color", 0, NULL, "no colours (as NO_COLOR=1)"},
	{0},
};

const struct command config_command = {
	.name = "config",
	.synopsis = "CONFIG|DIR ... [KEY=VALUE ...]",
	.help = "show a config as it is carried out, and where each value was written",
	.run = cmd_config,
	.flags = config_flags,
};
