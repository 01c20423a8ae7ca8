/*
 * schema -- prints the JSON Schema of configs. A YAML language server that is given it completes
 * keys, shows help and underlines mistakes; configs/schema.json is its output.
 */
#include <stdio.h>

#include "runner/commands.h"
#include "runner/config/schema.h"

static int no_flags(void *context, const struct flag *flag, const char *value)
{
	(void)context;
	(void)flag;
	(void)value;
	return 0;
}

static int cmd_schema(int argc, char **argv)
{
	int n = flags_parse(&schema_command, argc, argv, no_flags, NULL);
	json_t *schema;

	if (n < 0)
		return n == FLAGS_HELP ? EXIT_DONE : EXIT_USAGE;
	if (n > 1) {
		command_error("`runner schema` takes no arguments; what is '%s' to mean?", argv[1]);
		return EXIT_USAGE;
	}
	schema = schema_make();
	if (!schema) {
		command_error("out of memory for the schema");
		return EXIT_RUN_FAILED;
	}
	/* main says so when stdout cannot be written */
	json_dumpf(schema, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(schema);
	return EXIT_DONE;
}

const struct command schema_command = {
	.name = "schema",
	.synopsis = "",
	.help = "print the JSON Schema of configs, for editors",
	.run = cmd_schema,
};
