#!/bin/bash
# team.sh [CONFIG [KEY=VALUE ...]] -- what the second core gives one training, and what is left of it
# when another process takes a core for itself: images/s of the training alone, medians of ROUNDS (5)
# rounds in which each way comes once. The aims: at least 1.9 times one thread; with the foreign
# process, which takes half a core from two threads, more than one thread makes alone. It measures;
# it fails nothing.
set -u
runner=${RUNNER:-build/runner}
config=${1:-configs/lenet.yaml}
[ $# -gt 0 ] && shift
[ $# -eq 0 ] && set -- dataset.test_limit=256 train.epochs=3
rounds=${ROUNDS:-5}
if [ -z "${RUNNER_DATA:-}" ] && [ -d ../shared/datasets ]; then
	export RUNNER_DATA=../shared/datasets
fi
[ -n "${RUNNER_DATA:-}" ] || set -- "$@" dataset=glyphs
scratch=$(mktemp -d)
hog=
trap '[ -z "$hog" ] || kill "$hog"; rm -rf "$scratch"' EXIT

# speed THREADS FILE KEY=VALUE ...: adds a line with images/s, over all epochs.
speed() {
	local threads=$1 file=$2
	shift 2
	rm -f "$scratch"/run.db*
	"$runner" -q -j "$threads" --db "$scratch/run.db" "$config" "$@" >"$scratch/said" 2>&1 ||
		cat "$scratch/said"
	"$runner" sql --db "$scratch/run.db" --csv 'SELECT examples_per_second FROM run' |
		tail -n 1 >>"$scratch/$file"
}

# A process that does nothing but keep the last core busy.
hog_start() {
	taskset -c $(($(nproc) - 1)) bash -c 'while :; do :; done' &
	hog=$!
}

hog_end() {
	kill "$hog"
	wait "$hog" 2>/dev/null
	hog=
}

for ((i = 0; i < rounds; i++)); do
	speed 1 one "$@"
	speed 2 two "$@"
	hog_start
	speed 2 two_hog "$@"
	hog_end
done

median() {
	sort -g "$scratch/$1" | sed -n "$((rounds / 2 + 1))p"
}
awk -v one="$(median one)" -v two="$(median two)" -v hog="$(median two_hog)" 'BEGIN {
	printf "%-40s %9.0f images/s\n", "1 thread", one
	printf "%-40s %9.0f images/s, %.2f times 1 thread\n", "2 threads", two, two / one
	printf "%-40s %9.0f images/s, %.2f times 1 thread\n", "2 threads, another process on a core", hog, hog / one
}'
