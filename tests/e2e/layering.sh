#!/bin/bash
# layering.sh -- a folder may include only what stands to its left:
#
#     layers/core  <-  layers  <-  datasets  <-  runner
#
# and none of them tests/. Some functions of C are not to be used at all, exit only in main.c. Each
# rule is also tried on a small tree with a fault planted in it: a check that cannot fail is none.
set -u

# sources DIR: the program's files, from DIR.
sources() {
	(cd "$1" && find layers datasets runner -name '*.[ch]' 2>/dev/null | sort)
}

# may FILE: the folders that it may include from, as a pattern.
may() {
	case $1 in
	layers/core/*) echo 'layers/core/' ;;
	layers/*) echo 'layers/' ;;
	datasets/*) echo '(layers|datasets)/' ;;
	*) echo '(layers|datasets|runner)/' ;;
	esac
}

# includes DIR: prints "FILE:LINE: ..." for each include that points to the right, or that is not
# relative to the root.
includes() {
	sources "$1" | while read -r file; do
		grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$1/$file" |
			grep -vE "include[[:space:]]*\"$(may "$file")" | sed "s|^|$file:|"
	done
}

# without_comments FILE: the same lines, with comments and texts blanked.
without_comments() {
	sed -E 's/\\"//g; s/"[^"]*"/""/g; s|/\*([^*]\|\*[^/])*\*/||g; s|//.*||' "$1" |
		awk '/\/\*/ && !/\*\// { sub(/\/\*.*/, ""); print; inside = 1; next }
			inside { if (sub(/.*\*\//, "")) { inside = 0; print } else print ""; next }
			{ print }'
}

# calls DIR PATTERN: prints each call of a function that the pattern matches.
calls() {
	sources "$1" | while read -r file; do
		without_comments "$1/$file" | grep -nE "(^|[^A-Za-z0-9_.>])($2)[[:space:]]*\(" |
			sed "s|^|$file:|"
	done
}

banned='strcpy|strcat|sprintf|vsprintf|strtok|gets|alloca|system|popen|mktemp|tmpnam'
exits='exit|_exit|_Exit|quick_exit|abort'

# verdict NAME FOUND
verdict() {
	if [ -z "$2" ]; then
		echo "ok $1"
	else
		echo "not ok $1"
		sed 's/^/    /' <<<"$2"
	fi
}

verdict includes "$(includes .)"
verdict banned_functions "$(calls . "$banned")"
verdict exit_only_in_main "$(calls . "$exits" | grep -v '^runner/main\.c:')"
verdict there_are_sources "$([ "$(sources . | wc -l)" -gt 50 ] || echo 'fewer than 50 files')"

# ---- the rules find what they are for

planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT

# finds NAME FILE TEXT CHECK ...: with TEXT in FILE, the check names the file.
finds() {
	local name=$1 file=$2 text=$3 found
	shift 3
	rm -rf "${planted:?}"/*
	mkdir -p "$planted/$(dirname "$file")"
	printf '%s\n' '#include "layers/core/err.h"' '/* exit(1); strcpy(a, b) */' \
		'static const char text[] = "system(x)";' "$text" >"$planted/$file"
	found=$("$@")
	case $found in
	"$file:4:"*) echo "ok finds_$name" ;;
	*) echo "not ok finds_$name: ${found:-nothing}" ;;
	esac
}

# passes NAME FILE TEXT CHECK ...
passes() {
	local name=$1
	[[ $(finds "$@") == "not ok finds_$name: nothing" ]] && echo "ok passes_$name" ||
		echo "not ok passes_$name"
}

finds core_on_layers layers/core/x.c '#include "layers/layer.h"' includes "$planted"
finds core_on_runner layers/core/x.h '#  include "runner/train.h"' includes "$planted"
finds layers_on_datasets layers/network/x.c '#include "datasets/dataset.h"' includes "$planted"
finds losses_on_runner layers/losses/x.c '#include "runner/train.h"' includes "$planted"
finds datasets_on_runner datasets/x.c '#include "runner/train.h"' includes "$planted"
finds runner_on_tests runner/store/x.c '#include "tests/ref/ref.h"' includes "$planted"
finds neighbour_by_name runner/store/x.c '#include "sql.h"' includes "$planted"
passes layers_on_core layers/x.c '#include "layers/core/shape.h"' includes "$planted"
passes runner_on_datasets runner/x.c '#include "datasets/dataset.h"' includes "$planted"
finds banned_call runner/x.c '	strcpy(to, from);' calls "$planted" "$banned"
finds banned_call_after_text runner/x.c '	f("\"/*", sprintf(to, "x"));' calls "$planted" "$banned"
passes longer_names runner/x.c '	strcpy_s(x); s.system(y); s->exit (z); snprintf(a);' \
	calls "$planted" "$banned|$exits"
finds exit_call layers/x.c '	if (bad) exit(1);' calls "$planted" "$exits"
