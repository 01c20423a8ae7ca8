#!/bin/bash
# run.sh [unit [NAME ...]] -- runs the tests that `make tests` built and ends with a line that counts
# them: "N passed, N failed, N skipped". Exit status 0 only when none failed.
#
# Where the real data sets are not found (RUNNER_DATA, or ../shared/datasets), the tests that need them
# are skipped, each saying so.
set -u
build=${BUILD:-build}
only=${1:-all}
[ $# -gt 0 ] && shift
names=$*

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
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# count TEXT: the number in cmocka's line that starts with [ TEXT ].
count() {
	sed -n "s/^\[ *$1 *\] \([0-9][0-9]*\) test.*/\1/p" "$log" | tail -n 1
}

# program TITLE COMMAND ...: a cmocka program.
program() {
	local title=$1 code=0 p f s
	shift
	timeout 600 "$@" >"$log" 2>&1 || code=$?
	p=$(count PASSED) f=$(count FAILED) s=$(count SKIPPED)
	p=${p:-0} f=${f:-0} s=${s:-0}
	[ "$code" -ne 0 ] && [ "$f" -eq 0 ] && f=1
	[ "$code" -eq 0 ] && [ $((p + s)) -eq 0 ] && f=1
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	if [ "$f" -gt 0 ]; then
		echo "FAILED $title (exit $code)"
		grep -v '^\[ *\(RUN\|OK\) *\]' "$log" | tail -n 60 | sed 's/^/    /'
	else
		echo "ok     $title: $p passed${s:+$([ "$s" -gt 0 ] && echo ", $s skipped")}"
		[ "$s" -gt 0 ] && grep -i '^skip' "$log" | sort -u | sed 's/^/           /'
	fi
}

# script TITLE COMMAND ...: prints lines "ok NAME", "not ok NAME" and "skip NAME".
script() {
	local title=$1 code=0 p f s
	shift
	timeout 1800 "$@" >"$log" 2>&1 || code=$?
	p=$(grep -c '^ok ' "$log") f=$(grep -c '^not ok ' "$log") s=$(grep -c '^skip ' "$log")
	[ "$code" -ne 0 ] && [ "$f" -eq 0 ] && f=1
	[ $((p + f + s)) -eq 0 ] && f=1
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	if [ "$f" -gt 0 ]; then
		echo "FAILED $title (exit $code)"
		grep -v '^ok ' "$log" | tail -n 80 | sed 's/^/    /'
	else
		echo "ok     $title: $p passed$([ "$s" -gt 0 ] && echo ", $s skipped")"
		grep '^skip ' "$log" | sed 's/^/           /'
	fi
}

for t in "$build"/tests/test_*; do
	name=$(basename "$t")
	[ -x "$t" ] && [ -f "$t" ] || continue
	case $t in *.*) continue ;; esac
	[ -z "$names" ] || [[ " $names " == *" $name "* ]] || continue
	program "$name" "$t"
done
if [ "$only" = all ]; then
	for f in "$build"/tests/fuzz_*; do
		[ -x "$f" ] || continue
		name=$(basename "$f")
		script "$name" "$f" "tests/fuzz/corpus/${name#fuzz_}"
	done
	for s in tests/e2e/*.sh; do
		script "$s" bash "$s"
	done
fi
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
