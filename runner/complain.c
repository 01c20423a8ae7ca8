/* complain -- how every command says what is wrong (command.h): one look for all errors, that of
 * diagnostics. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "layers/core/suggest.h"
#include "runner/command.h"
#include "runner/config/diag.h"
#include "runner/config/override.h"
#include "runner/screen/term.h"

int command_failed(struct err *err, int code)
{
	struct diags diags = {0};

	diags_add_err(&diags, DIAG_ERROR, NULL, err);
	diags_print(&diags, stderr, term_look(stderr, false).colour);
	diags_release(&diags);
	return code;
}

void command_error(const char *format, ...)
{
	struct err err = {0};
	char text[sizeof err.text];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	err_set(&err, "%s", text);
	command_failed(&err, 0);
}

/* `--batch-size=64`, which is an override here. */
static bool is_key(const char *flag, char hint[SUGGESTION_TEXT])
{
	const char *name = flag + strspn(flag, "-"), *equals = strchr(name, '=');
	char text[OVERRIDE_KEY / 2], key[OVERRIDE_KEY];

	snprintf(text, sizeof text, "%.*s", (int)strcspn(name, "="), name);
	for (char *c = text; (c = strchr(c, '-'));)
		*c = '_';
	if (!override_whole_key(text, key))
		return false;
	snprintf(hint, SUGGESTION_TEXT, "; to set a key, write %s=%s", key,
		equals ? equals + 1 : "VALUE");
	return true;
}

static void flag_unknown(const struct command *command, const char *text)
{
	struct suggestion meant = {.wrong = text + strspn(text, "-")};
	char nearest[SUGGESTION_TEXT];

	if (!strncmp(text, "--", 2) && is_key(text, nearest)) {
		command_error("there is no flag %s of `runner %s`%s", text, command->name, nearest);
		return;
	}
	for (const struct flag *f = command->flags; f && f->name; f++)
		suggestion_try(&meant, f->name);
	command_error("there is no flag %s of `runner %s`%s", text, command->name,
		strncmp(text, "--", 2) ? "" : suggestion_text(&meant, nearest));
}

void command_flag_wrong(const struct command *command, const char *text, enum flag_trouble trouble)
{
	if (trouble == FLAG_UNKNOWN)
		flag_unknown(command, text);
	else
		command_error("the flag %s %s", text,
			trouble == FLAG_WITHOUT_VALUE ? "needs a value" : "takes no value");
	fprintf(stderr, "`runner %s --help` lists the flags\n", command->name);
}
