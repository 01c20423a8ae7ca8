#!/bin/bash
# missing.sh -- data sets that are neither here nor reachable: exit 69 and what to do. The proxy and
# the mirror are closed ports of this machine, so nothing leaves it.
. tests/e2e/common.bash

data=${RUNNER_DATA:-}
unset RUNNER_DATA no_proxy NO_PROXY
export RUNNER_MIRROR=http://127.0.0.1:9/ http_proxy=http://127.0.0.1:9 \
	https_proxy=http://127.0.0.1:9 all_proxy=http://127.0.0.1:9

helps() {
	exits "$1" 69
	check "$1_says_where_to_put_them" says "$err" "$XDG_CACHE_HOME/runner/datasets/$2"
	check "$1_names_the_variable" says "$err" RUNNER_MIRROR
	check "$1_names_the_built_in_set" says "$err" dataset=glyphs
	check "$1_not_on_stdout" silent "$out"
}

start=$(date +%s)
run "$configs/lenet.yaml"
helps run_without_data fashion-mnist
run fetch mnist
helps fetch_without_data mnist
check gives_up_within_seconds [ $(($(date +%s) - start)) -lt 20 ]
run "$configs/softmax.yaml" "$configs/lenet_mnist.yaml" "$configs/mlp.yaml" "$configs/lenet.yaml"
exits several_without_data 69
check each_set_is_looked_for_once [ "$(grep -c 'put its four files' "$err")" -eq 2 ]
check the_others_say_so_too [ "$(grep -c 'fashion-mnist is missing here too: see above' "$err")" -eq 2 ]

# What can be trained is trained, and what is worse than missing data decides the exit status.
mkdir study
printf 'extends: %s\nname: lacks\n' "$configs/softmax.yaml" >study/1.yaml
{
	printf 'extends: %s\nname: has\ntrain: {epochs: 2}\ndataset: {name: idx' "$configs/mlp.yaml"
	for option in "${small[@]:2}"; do printf ', %s: %s' "${option%%=*}" "${option#*=}"; done
	printf '}\n'
} | sed 's/dataset\.//g' >study/2.yaml
run study --db study.db -n
exits plan_without_data 0
check plan_says_what_is_missing says "$out" "epochs: new, data missing"
check plan_of_what_is_here [ "$(grep -c 'data missing' "$out")" -eq 1 ]
run study --db study.db
exits one_without_data 69
check no_blank_line_in_front [ -n "$(head -n 1 "$out")" ]
check one_without_data_is_told says "$err" "put its four files"
check the_other_is_trained asked study.db "SELECT name, status FROM run" "has|done"
run study train.lr=1e30 --db study.db
exits diverged_and_without_data 1

# A run that is done already needs no data to say so.
if [ -n "$data" ]; then
	once=("$configs/softmax.yaml" dataset.train_limit=256 dataset.test_limit=100 train.epochs=1)
	run "${once[@]}" --data-dir "$data"
	exits with_data 0
	run "${once[@]}"
	exits done_without_data 0
	check done_without_data_says_so says "$out" "This run is there already; -f trains it anew."
	run "${once[@]}" -n
	check done_without_data_is_planned says "$out" "done (run"
else
	echo "skip done_without_data (no RUNNER_DATA)"
fi

run "$configs/softmax.yaml" "${glyphs[@]}" train.epochs=1
exits built_in_set_needs_nothing 0
