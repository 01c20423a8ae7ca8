#!/bin/bash
# memory.sh [CONFIG [KEY=VALUE ...]] -- peak resident memory of one training with everything in it,
# the data set included. LeNet on the data of its config where that is here (RUNNER_DATA), else on
# glyphs. The aim is 150 MB at most. It measures; it fails nothing.
set -u
runner=${RUNNER:-build/runner}
config=${1:-configs/lenet.yaml}
[ $# -gt 0 ] && shift
[ $# -eq 0 ] && set -- train.epochs=2
if [ -z "${RUNNER_DATA:-}" ] && [ -d ../shared/datasets ]; then
	export RUNNER_DATA=../shared/datasets
fi
[ -n "${RUNNER_DATA:-}" ] || set -- "$@" dataset=glyphs
time=$(command -v /usr/bin/time) || {
	echo "memory.sh needs /usr/bin/time (Debian package time)"
	exit 0
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

peak() {
	"$time" -f %M -o "$scratch/peak" "$runner" "$@" --db "$scratch/memory.db" >/dev/null 2>&1 ||
		echo "(runner $* failed)"
	awk -v what="runner $*" '{ kb = $1 } END { printf "%7.1f MB  %s\n", kb / 1024, what }' \
		"$scratch/peak"
}
peak "$config" "$@"
peak "$config" "$@" -f -j 1
