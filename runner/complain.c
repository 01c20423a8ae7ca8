/* complain -- how every command says what is wrong (command.h): one look for all errors, that of
 * diagnostics. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "layers/core/suggest.h"
#include "runner/command.h"
#include "runner/config/diag.h"
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

static void flag_unknown(const struct command *command, const char *text)
{
	struct suggestion meant = {.wrong = text + strspn(text, "-")};
	char nearest[SUGGESTION_TEXT];

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
