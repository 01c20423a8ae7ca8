#!/bin/bash
# golden.sh -- the configs of tests/golden end with the recorded bits, in every instruction set with
# fused multiply-add that this machine has and on any number of threads (THREADS: 1, 2 and 7).
#
# tests/golden/numerics-N.txt holds, for numerics version N (layers/network/numerics.h), the data's
# SHA-256 and, for each epoch, the weights hash and the losses. After a change that is meant to
# change bits: raise NUMERICS_VERSION, run `UPDATE=1 bash tests/e2e/golden.sh`, commit the new file
# and remove the old one. Never update the file of a version that others have results of.
. tests/e2e/common.bash

version=$(sed -n 's/.*NUMERICS_VERSION = \([0-9]*\).*/\1/p' "$root/layers/network/numerics.h")
golden=$root/tests/golden/numerics-$version.txt

# bits: trains all and prints what is recorded.
bits() {
	rm -f golden.db*
	RUNNER_ISA=$1 run -q -j "$2" "$root/tests/golden" --db golden.db
	[ "$code" -eq 0 ] || return 1
	sqlite3 -readonly -separator ' ' golden.db \
		"SELECT 'data', name, sha256 FROM dataset;
		SELECT name, epoch, epoch.weights_hash, printf('%.12g', epoch.train_loss),
			printf('%.12g', epoch.test_loss)
		FROM epoch JOIN run USING (run_id) ORDER BY name, epoch"
}

sets=$(instruction_sets | grep -v baseline)

if [ -z "$sets" ]; then
	echo "skip golden (no instruction set with fused multiply-add: bits differ)"
	exit 0
fi
if [ -n "${UPDATE:-}" ]; then
	bits "$(head -n 1 <<<"$sets")" 2 >"$golden" || told
	echo "wrote $golden"
fi
if [ ! -e "$golden" ]; then
	echo "not ok golden: there is no $golden; UPDATE=1 bash tests/e2e/golden.sh writes it"
	exit 1
fi

# explain NAME DIFFERENCES
explain() {
	echo "not ok $1: bits differ from $golden"
	sed 's/^/    /' <<<"$2"
	if grep -q '^[<>] data' <<<"$2"; then
		echo "    The glyphs themselves differ (line 'data'): datasets/glyphs.c draws others."
	fi
	echo "    If the change is meant, NUMERICS_VERSION (layers/network/numerics.h) must be raised,"
	echo "    since results of different bits must not be taken for one another; then UPDATE=1."
}

for set in $sets; do
	for threads in ${THREADS:-1 2 7}; do
		name=golden_${set}_${threads}_threads
		if ! bits "$set" "$threads" >found; then
			echo "not ok $name: exit status $code"
			told
		elif differences=$(diff "$golden" found); then
			echo "ok $name"
		else
			explain "$name" "$differences"
		fi
	done
done
