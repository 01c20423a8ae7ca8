#!/bin/bash
# startup.sh [RUNS] -- how long the program takes to do next to nothing, as a whole process: the
# median of RUNS (200) starts each. The aim is 10 ms at most. It measures; it fails nothing.
set -u
runner=${RUNNER:-build/runner}
runs=${1:-200}

# median COMMAND: in microseconds, of a command that prints into nothing.
if command -v hyperfine >/dev/null; then
	median() {
		hyperfine -N -w 5 -r "$runs" --export-csv /dev/stdout --style none "$*" 2>/dev/null |
			awk -F, '$4 + 0 > 0 { print int(1e6 * $4) }'
	}
else
	median() {
		local start end
		for ((i = 0; i < runs; i++)); do
			start=$(date +%s%N)
			"$@" >/dev/null 2>&1
			end=$(date +%s%N)
			echo $(((end - start) / 1000))
		done | sort -n | sed -n "$((runs / 2 + 1))p"
	}
fi

# What a start costs that does nothing at all: fork, exec, and the measuring.
floor=$(median /bin/true)
printf 'median of %d starts; /bin/true takes %d.%03d ms of each\n' "$runs" \
	$((floor / 1000)) $((floor % 1000))
measure() {
	local micros
	micros=$(median "$runner" "$@")
	printf '%4d.%03d ms  runner %s\n' $((micros / 1000)) $((micros % 1000)) "$*"
}
measure
measure --help
measure --version
measure check configs/lenet.yaml
