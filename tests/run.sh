#!/bin/bash
# run.sh [unit | NAME ...] -- runs the tests that `make tests` built, all of them, the unit tests, or
# those named (test_tree, fuzz_idx, golden), as many at a time as there are cores (JOBS), and ends
# with a line that counts them: "N passed, N failed, N skipped". Exit status 0 only when none failed.
#
# Where the real data sets are not found (RUNNER_DATA, or ../shared/datasets), the tests that need them
# are skipped, each saying so.
set -u
build=${BUILD:-build}
jobs=${JOBS:-$(nproc)}

if [ -z "${RUNNER_DATA:-}" ] && [ -d ../shared/datasets ]; then
	RUNNER_DATA=$PWD/../shared/datasets
fi
[ -z "${RUNNER_DATA:-}" ] && echo "No real data here (RUNNER_DATA): the tests that need it are skipped."
export RUNNER_DATA=${RUNNER_DATA:-}
case $build in
/*) export RUNNER=$build/runner ;;
*) export RUNNER=$PWD/$build/runner ;;
esac
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# ---- what there is: prints names. Those that take longest come first, so that none is left over
# for the end.
slow='test_train golden test_training'

programs() {
	for t in "$build/tests/$1"_*; do
		case ${t##*/} in *.*) continue ;; esac
		[ -f "$t" ] && [ -x "$t" ] && echo "${t##*/}"
	done
}

all() {
	programs test
	programs fuzz
	for s in tests/e2e/*.sh; do basename "$s" .sh; done
}

chosen() {
	case ${1:-all} in
	all) all ;;
	unit) programs test ;;
	*) printf '%s\n' "$@" ;;
	esac
}

ordered() {
	local names
	names=$(cat)
	{
		for s in $slow; do grep -x "$s" <<<"$names"; done
		echo "$names"
	} | awk '!seen[$0]++'
}

# ---- one of them. Each is a cmocka program, or prints lines "ok NAME", "not ok NAME", "skip NAME".

perform() {
	case $1 in
	test_*) timeout 600 "$build/tests/$1" ;;
	fuzz_*) timeout 600 "$build/tests/$1" "tests/fuzz/corpus/${1#fuzz_}" ;;
	*) timeout 1800 bash "tests/e2e/$1.sh" ;;
	esac
}

# count LOG WORD LINE: what cmocka counts in its line "[  WORD  ] N test(s)", and lines "LINE NAME".
count() {
	local n
	n=$(sed -n "s/^\[ *$2 *\] \([0-9][0-9]*\) test.*/\1/p" "$1" | tail -n 1)
	echo $((${n:-0} + $(grep -c "^$3 " "$1")))
}

# report NAME LOG EXIT-STATUS SECONDS: prints, and leaves the counts in the file NAME.
report() {
	local p f s
	p=$(count "$2" PASSED ok) f=$(count "$2" FAILED 'not ok') s=$(count "$2" SKIPPED skip)
	[ "$3" -ne 0 ] && [ "$f" -eq 0 ] && f=1
	[ $((p + f + s)) -eq 0 ] && f=1
	echo "$p $f $s" >"$results/$1"
	if [ "$f" -gt 0 ]; then
		echo "FAILED $1 (exit $3, $4 s)"
		grep -v -e '^\[ *\(RUN\|OK\) *\]' -e '^ok ' "$2" | tail -n 80 | sed 's/^/    /'
	else
		echo "ok     $1: $p passed$([ "$s" -gt 0 ] && echo ", $s skipped") ($4 s)"
		[ "$s" -eq 0 ] || grep -i '^skip' "$2" | sort -u | sed 's/^/           /'
	fi
}

one() {
	local log=$results/$1.log code=0 start=$SECONDS
	perform "$1" >"$log" 2>&1 </dev/null || code=$?
	report "$1" "$log" "$code" $((SECONDS - start)) >"$results/$1.report"
	flock "$results" cat "$results/$1.report"
}

# ---- all of them

names=$(chosen "$@" | ordered)
for name in $names; do
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
	one "$name" &
done
wait
echo
for name in $names; do cat "$results/$name"; done | awk -v tests="$(wc -w <<<"$names")" '
	{ passed += $1; failed += $2; skipped += $3 }
	END {
		failed += tests - NR # those that did not come to an end
		printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
		exit failed > 0
	}'
