/* look -- see look.h. */
#include "runner/look.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runner/screen/term.h"

static int look_set(void *context, const struct flag *flag, const char *value)
{
	struct look *look = context;
	char dashed[32];

	snprintf(dashed, sizeof dashed, "--%s", flag->name);
	if (!strcmp(flag->name, "db"))
		look->db = value;
	else if (!strcmp(flag->name, "all"))
		look->all = true;
	else
		table_flag(dashed, &look->format);
	return 0;
}

bool look_parse(struct look *look, const struct command *command, int argc, char **argv, int *code)
{
	int n;

	*look = (struct look){.command = command, .db = store_default_path()};
	n = flags_parse(command, argc, argv, look_set, look);
	*code = n == FLAGS_HELP ? EXIT_DONE : EXIT_USAGE;
	if (n < 0)
		return false;
	if (n > 2) {
		fprintf(stderr, "runner %s: one thing at a time; what is '%s' to mean?\n",
			command->name, argv[2]);
		return false;
	}
	look->arg = n > 1 ? argv[1] : NULL;
	*code = EXIT_DONE;
	return true;
}

int look_failed(const struct look *look, const struct err *err, int code)
{
	fprintf(stderr, "runner %s: %s\n", look->command->name, err->text);
	return code;
}

struct store *look_open(const struct look *look, int *code)
{
	struct err err = {0};
	struct store *store;
	int failed = store_open(&store, look->db, STORE_READ, STORE_WAIT_MS, &err);

	if (failed)
		*code = look_failed(
			look, &err, failed == STORE_MISSING ? EXIT_USAGE : EXIT_RUN_FAILED);
	return store;
}

int look_width(void)
{
	int columns, rows;

	if (!isatty(STDOUT_FILENO))
		return 0;
	term_size(stdout, &columns, &rows);
	return columns;
}
