#!/bin/bash
# usage.sh -- what the program says and which exit status it has where nothing is trained.
. tests/e2e/common.bash

run
exits guide 0
check guide_is_short [ "$(wc -l <"$out")" -le 15 ]
check guide_names_a_command says "$out" "runner configs/lenet_maxpool.yaml"
check guide_not_on_stderr silent "$err"

run --help
exits help 0
check help_on_stdout says "$out" "usage: runner"
commands=$(sed -n 's/^  \([a-z]*\)  .*/\1/p' "$out")
check help_lists_commands [ "$(wc -w <<<"$commands")" -ge 10 ]
for command in $commands; do
	run "$command" --help
	exits "help_$command" 0
	check "help_${command}_says_usage" says "$out" "usage: runner $command"
	check "help_${command}_not_on_stderr" silent "$err"
done

run --version
exits version 0
check version_is_a_line grep -Eqx 'runner [0-9]+\.[0-9]+\.[0-9]+' "$out"

# ---- mistakes: exit 2, on stderr, and nothing is made

mistake() {
	local name=$1 text=$2
	shift 2
	run "$@"
	exits "$name" 2
	check "${name}_says_why" says "$err" "$text"
	check "${name}_not_on_stdout" silent "$out"
}

cp "$configs/lenet.yaml" .
cp "$configs/softmax.yaml" .
sed 's/kernel_size/kernal_size/' lenet.yaml >wrong.yaml
sed '/^train:/d' softmax.yaml >untrained.yaml
mkdir empty

mistake unknown_command "did you mean 'describe'?" descrbe
mistake mistyped_path "did you mean 'lenet.yaml'?" lenett.yaml
mistake mistyped_path_elsewhere "did you mean '$configs/lenet_maxpool.yaml'?" \
	"$configs/lenet_maxpol.yaml"
mistake path_without_ending "did you mean 'lenet.yaml'?" run lenet
mistake empty_folder "holds no configs" empty/
mistake no_config "name a config" run
mistake unknown_flag "runner run --help" lenet.yaml --no-such-flag
mistake unknown_flag_with_a_near_one "error: there is no flag --forse of" lenet.yaml --forse
mistake two_formats "error: one format at a time" describe lenet.yaml --json --csv
mistake key_as_flag "write train.epochs=VALUE" lenet.yaml --epochs 3
mistake key_as_flag_with_value "write train.batch_size=64" lenet.yaml --batch-size=64
mistake blanks_around_sign "write pooling=max_pool2d" lenet.yaml pooling = max_pool2d
mistake blank_before_sign "write pooling=max_pool2d" lenet.yaml 'pooling =max_pool2d'
mistake blank_after_sign "write pooling=max_pool2d" lenet.yaml pooling= max_pool2d
mistake full_width_sign "write pooling=max_pool2d" lenet.yaml pooling＝max_pool2d
mistake full_width_colon "write pooling=max_pool2d" lenet.yaml pooling：max_pool2d
mistake no_sign "write train.lr=0.2" lenet.yaml train.lr 0.2
mistake cut_by_the_shell "write 'hidden=[120, 84]'" lenet.yaml hidden=[120, 84]
mistake no_cores "-j takes a number of cores" lenet.yaml -j 0
mistake many_cores "-j takes a number of cores" lenet.yaml -j 1000000
mistake half_a_number "-j takes a number of cores" lenet.yaml -j 2x
mistake unknown_key "did you mean 'lr'?" lenet.yaml train.lrr=0.1
mistake wrong_type "expects a number" lenet.yaml train.lr=fast
mistake wrong_config "wrong.yaml:" wrong.yaml
mistake wrong_among_right "wrong.yaml:" softmax.yaml wrong.yaml
mistake no_train "nothing to run" untrained.yaml
mistake unknown_dataset "expected mnist, fashion-mnist" lenet.yaml dataset=cifar10
mistake mistyped_dataset "did you mean 'fashion-mnist'?" lenet.yaml dataset=fashion-mnsit
mistake override_that_fits_none "did you mean 'seed'?" lenet.yaml softmax.yaml seeed=3
mistake wrong_shape "kernel" lenet.yaml kernel_size=31 'convs=[{channels: 6, padding: 0}]'
check nothing_was_made [ ! -e runner.db ]

RUNNER_ISA=mmx run softmax.yaml
exits unknown_instruction_set 2
check unknown_instruction_set_says_what_there_is says "$err" "this machine has"
rm -f runner.db*

run -n lenet.yaml softmax.yaml seed=7
exits dry_run 0
check dry_run_tells_both [ "$(grep -c 'seed 7' "$out")" -eq 2 ]
check dry_run_knows_nothing_yet [ "$(grep -cE '10 epochs: new(, data missing)?$' "$out")" -eq 2 ]
check dry_run_makes_nothing [ ! -e runner.db ]

run "$configs/lenet_relu.yaml" "${small[@]}"
run -n "$configs/lenet_relu.yaml" "$configs/softmax.yaml" "${small[@]}"
exits dry_run_with_a_store 0
check dry_run_tells_what_is_done says "$out" "lenet_relu on idx, seed 0, 2 epochs: done (run 1)"
check dry_run_tells_what_is_new says "$out" "softmax on idx, seed 0, 2 epochs: new"
run -n -f "$configs/lenet_relu.yaml" "${small[@]}"
check dry_run_with_force says "$out" "2 epochs: again (run 1)"
run -n "$configs/lenet_relu.yaml" "${small[@]}" train.epochs=1
check dry_run_of_one_epoch says "$out" "1 epoch: new"
sqlite3 runner.db "UPDATE run SET status = 'interrupted', epochs_done = 1"
run -n "$configs/lenet_relu.yaml" "${small[@]}"
check dry_run_tells_what_goes_on says "$out" "2 epochs: goes on after epoch 1 (run 1)"
check dry_run_trains_nothing asked runner.db "SELECT count(*) FROM run" 1
rm -f runner.db*

# ---- check

run check "$configs"
exits check 0
check check_told_each [ "$(grep -c ': ok' "$out")" -eq "$(ls "$configs"/[!_]*.yaml | wc -l)" ]
run check softmax.yaml wrong.yaml
exits check_wrong 2
check check_wrong_tells_the_right_one says "$out" "softmax.yaml: ok"
for command in check config describe; do
	mistake "${command}_override_that_fits_none" "did you mean 'seed'?" \
		"$command" lenet.yaml softmax.yaml seeed=3
	check "${command}_tells_it_once" [ "$(wc -l <"$err")" -eq 3 ]
done

# ---- colours: on a terminal alone, and not where NO_COLOR is set

terminal() {
	script -qec "$*" /dev/null </dev/null >"$out" 2>"$err" || true
}

if command -v script >/dev/null; then
	terminal "TERM=xterm $runner check wrong.yaml"
	check colours_on_a_terminal says "$out" $'\033['
	terminal "NO_COLOR=1 TERM=xterm $runner check wrong.yaml"
	check no_color_variable lacks "$out" $'\033['
	terminal "TERM=xterm $runner check --no-color wrong.yaml"
	check no_color_flag lacks "$out" $'\033['
else
	echo "skip colours_on_a_terminal (no script(1) here)"
fi
run check wrong.yaml
check no_colours_elsewhere lacks "$err" $'\033['

# ---- what cannot be written

# A file that may not grow stands for a full disk, where there is no /dev/full.
full() {
	code=0
	(ulimit -f 0 && exec "$runner" "$@" >"$out" 2>/dev/null) || code=$?
	exits "full_output_of_$1" 1
}
run "$configs/softmax.yaml" "${small[@]}" -q
full time "$configs/softmax.yaml" --seconds 0.01
full doctor
full ls
full describe "$configs/softmax.yaml"
full sql 'SELECT * FROM run'
if [ -c /dev/full ]; then
	code=0
	"$runner" --help >/dev/full 2>"$err" || code=$?
	: >"$out"
	exits full_output 1
	check full_output_says_so says "$err" "cannot write"
	code=0
	"$runner" describe "$configs/lenet.yaml" >/dev/full 2>"$err" || code=$?
	exits full_output_of_a_table 1
	check full_output_is_told_once [ "$(wc -l <"$err")" -eq 1 ]
fi
