/* look -- see look.h. */
#include "runner/look.h"

#include <stdio.h>
#include <string.h>

int look_format(const char *name, enum table_format *format)
{
	enum table_format before = *format;

	if (!table_flag(name, format) || before == TABLE_PLAIN || before == *format)
		return 0;
	command_error("one format at a time: --json, --csv or --md");
	return -1;
}

static int look_set(void *context, const struct flag *flag, const char *value)
{
	struct look *look = context;

	if (!strcmp(flag->name, "db"))
		look->db = value;
	else if (!strcmp(flag->name, "all"))
		look->all = true;
	else
		return look_format(flag->name, &look->format);
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
		command_error("`runner %s` takes one thing at a time; what is '%s' to mean?",
			command->name, argv[2]);
		return false;
	}
	look->arg = n > 1 ? argv[1] : NULL;
	*code = EXIT_DONE;
	return true;
}

struct store *look_open(const struct look *look, int *code)
{
	struct err err = {0};
	struct store *store;
	int failed = store_open(&store, look->db, STORE_READ, STORE_WAIT_MS, &err);

	if (failed)
		*code = command_failed(
			&err, failed == STORE_MISSING ? EXIT_USAGE : EXIT_RUN_FAILED);
	return store;
}
