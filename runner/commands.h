/* Every command: cmd_NAME.c ends in NAME_command. */
#ifndef RUNNER_COMMANDS_H
#define RUNNER_COMMANDS_H

#include "runner/command.h"

extern const struct command run_command, check_command, config_command, describe_command, time_command,
	schema_command, new_command, ls_command, show_command, sql_command, export_command,
	fetch_command, doctor_command, manual_command;

#endif
