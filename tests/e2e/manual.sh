#!/bin/bash
# manual.sh -- the man page, help by its two names, and what completion for bash offers.
. tests/e2e/common.bash

run manual
exits manual 0
cp "$out" runner.1
check manual_has_files says "$out" runner.db.lock
check manual_has_examples says "$out" ".SH EXAMPLES"
check manual_has_a_date grep -Eq '^\.TH RUNNER 1 "20[0-9]{2}-[0-9]{2}-[0-9]{2}"' "$out"
run manual
check manual_is_the_same_each_time cmp -s runner.1 "$out"
if command -v mandoc >/dev/null; then
	check manual_is_clean mandoc -T lint runner.1
else
	echo "skip manual_is_clean (no mandoc here)"
fi
run manual x
exits manual_takes_no_arguments 2

run run --help
cp "$out" help
run help run
exits help_of_a_command 0
check help_of_a_command_is_its_help cmp -s help "$out"
run help rnu
exits help_of_none 2
check help_of_none_says_what_is_near says "$err" "error: there is no command"
for command in $("$runner" help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
	run "$command" --help
	check "help_${command}_has_no_blank_ends" [ "$(grep -c ' $' "$out")" -eq 0 ]
done

# ---- completion

"$runner" manual --completion >completion
check completion_is_bash bash -n completion
. ./completion
mkdir folder
touch a.yaml a.txt

# offers NAME EXPECTED WORD ...: completes the last word of `runner WORD ...`.
offers() {
	local name=$1 expected=$2 got
	shift 2
	COMP_WORDS=(runner "$@") COMP_CWORD=$#
	_runner
	got=$(printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort | tr '\n' ' ')
	check "$name" [ "${got% }" = "$expected" ]
}

offers completes_commands "fetch" fe
offers completes_configs_without_a_command "a.yaml" a
offers completes_configs "a.yaml" run a
offers completes_folders "folder" check f
offers completes_flags "--data-dir" run --da
offers completes_data_sets "fashion-mnist mnist" fetch ""
offers completes_starts "lenet mlp softmax" new --from ""
offers completes_files_as_stores "a.txt a.yaml" ls --db a
offers completes_no_files_elsewhere "" ls a
