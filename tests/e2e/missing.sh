#!/bin/bash
# missing.sh -- data sets that are neither here nor reachable: exit 69 and what to do. The proxy and
# the mirror are closed ports of this machine, so nothing leaves it.
. tests/e2e/common.bash

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
run "$configs/softmax.yaml" "$configs/lenet_mnist.yaml"
exits several_without_data 69

run "$configs/softmax.yaml" "${glyphs[@]}" train.epochs=1
exits built_in_set_needs_nothing 0
