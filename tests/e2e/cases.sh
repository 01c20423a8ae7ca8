#!/bin/bash
# cases.sh -- configs and what `runner check` says to them.
#
# tests/cases/ok/*.yaml are accepted, with exactly the words of their .expected on stderr where there
# is one, and none where there is not. tests/cases/bad/*.yaml are refused with exit code 2 and exactly
# the words of their .expected. A first line "# args: ..." holds overrides, quoted as in a shell. UPDATE=1 writes the
# .expected files anew; read them before committing.
set -u
runner=${RUNNER:-$PWD/build/runner}
here=$(cd "$(dirname "$0")/../cases" && pwd)
out=$(mktemp) err=$(mktemp)
trap 'rm -f "$out" "$err"' EXIT

# check FILE WANTED: 0 when the exit code and stderr are as they should be.
check() {
	local file=$1 wanted=$2 code=0
	local -a args=()
	eval "args=($(sed -n '1s/^# args: //p' "$file" | tr -d '\0'))"
	NO_COLOR=1 "$runner" check "$file" "${args[@]}" >"$out" 2>"$err" </dev/null || code=$?
	if [ "$code" -ne "$wanted" ]; then
		echo "exit code $code, not $wanted"
		cat "$err"
		return 1
	fi
	if [ -n "${UPDATE:-}" ]; then
		rm -f "${file%.yaml}.expected"
		[ -s "$err" ] && cp "$err" "${file%.yaml}.expected"
		return 0
	fi
	if [ -e "${file%.yaml}.expected" ]; then
		diff -u "${file%.yaml}.expected" "$err"
	else
		diff -u /dev/null "$err"
	fi
}

# folder NAME WANTED
folder() {
	local file report
	cd "$here/$1" || exit 1
	for file in *.yaml; do
		case $file in _*) continue ;; esac
		if report=$(check "$file" "$2"); then
			echo "ok $1/$file"
		else
			echo "not ok $1/$file"
			echo "$report"
		fi
	done
}

folder ok 0
folder bad 2
