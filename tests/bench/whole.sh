#!/bin/bash
# whole.sh [RUNS [CONFIG [KEY=VALUE ...]]] -- what `runner CONFIG` takes beside training: the whole
# process against the time of forward, backward and update alone, and where the rest goes; medians of
# RUNS (5), on one core and on all. LeNet, ten epochs with evaluation and store, on the data of its
# config where that is here (RUNNER_DATA), else on glyphs; the config must train on all images. The aim
# is 1.15 times the pure training time. It measures; it fails nothing.
#
# The parts come from the clock outside and the times in the store:
#     start      a process that does nothing but say its version
#     config     reading and checking it (`runner check`, less the start)
#     data       until the run stands in the store: opening it, the data, the network
#     first      initial weights, the untrained network tested; and between epochs: commits
#     training   images / examples_per_second, summed over the epochs
#     testing    the rest of the epochs: testing, the hash of the weights, progress
#     end        after the run was finished: closing the store, giving memory back
set -u
runner=${RUNNER:-build/runner}
runs=${1:-5} config=${2:-configs/lenet.yaml}
shift $(($# < 2 ? $# : 2))
if [ -z "${RUNNER_DATA:-}" ] && [ -d ../shared/datasets ]; then
	export RUNNER_DATA=../shared/datasets
fi
[ -n "${RUNNER_DATA:-}" ] || set -- "$@" dataset=glyphs
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
db=$scratch/whole.db

now() { date +%s%N; }

# middle: the median of the numbers on stdin.
middle() {
	sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

# ms COMMAND: how long it takes, the median of 21.
ms() {
	local start
	for ((n = 0; n < 21; n++)); do
		start=$(now)
		"$@" >/dev/null 2>&1
		echo $(($(now) - start))
	done | middle | awk '{ print $1 / 1e6 }'
}

# once JOBS KEY=VALUE ...: one line with the parts in milliseconds.
once() {
	local start end
	rm -f "$db"*
	start=$(now)
	"$runner" run "$config" -j "$@" --db "$db" >/dev/null 2>&1 || return
	end=$(now)
	sqlite3 -readonly -separator ' ' "$db" "SELECT
		86400 * (julianday(created_at) - julianday('1970-01-01')),
		86400 * (julianday(finished_at) - julianday('1970-01-01')),
		(SELECT sum(seconds) FROM epoch),
		(SELECT sum(train_count / examples_per_second) FROM epoch, dataset) FROM run" |
		awk -v start="$start" -v end="$end" -v version="$version" -v check="$check" '{
			start /= 1e6; end /= 1e6
			created = 1e3 * $1; finished = 1e3 * $2; epochs = 1e3 * $3; training = 1e3 * $4
			print end - start, training, version, check - version,
				created - start - check, finished - created - epochs,
				training, epochs - training, end - finished
		}'
}

# median COLUMN
median() {
	awk -v c="$1" '{ print $c }' "$scratch/lines" | middle
}

version=$(ms "$runner" --version) check=$(ms "$runner" check "$config")
names=(whole training start config data first training testing end)
for jobs in 1 $(($(nproc) > 1 ? $(nproc) : 0)); do
	[ "$jobs" -gt 0 ] || continue
	: >"$scratch/lines"
	for ((i = 0; i < runs; i++)); do once "$jobs" "$@" >>"$scratch/lines"; done
	whole=$(median 1) training=$(median 2)
	echo "$whole $training" | awk -v what="runner $config${*:+ $*} -j $jobs" \
		'{ printf "%s: %.0f ms, training %.0f ms, ratio %.3f\n", what, $1, $2, $1 / $2 }'
	for ((c = 3; c <= 9; c++)); do
		printf '%10.1f ms  %s\n' "$(median $c)" "${names[c - 1]}"
	done
done
