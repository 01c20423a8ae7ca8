#!/bin/bash
# interrupt.sh -- Ctrl-C and its like: the exit status, a clean checkpoint, and going on with the
# bits that an undisturbed run has.
. tests/e2e/common.bash

training=("$configs/mlp_dropout.yaml" "${small[@]}" train.epochs=60 train.batch_size=10)

# start STORE: trains in the background, and returns when its first epoch (that is not there yet) is
# in the store; false when there is none within a minute.
start() {
	local before waited=0
	before=$(epochs "$1")
	"$runner" "${training[@]}" --db "$1" >"$out" 2>"$err" </dev/null &
	pid=$!
	while [ "$(epochs "$1")" -le "$before" ]; do
		waited=$((waited + 1))
		[ "$waited" -lt 3000 ] && kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.02
	done
}

epochs() {
	local n
	n=$(sqlite3 -readonly "$1" "SELECT count(*) FROM epoch" 2>/dev/null)
	echo "${n:-0}"
}

ended() {
	code=0
	wait "$pid" 2>/dev/null || code=$?
}

# interrupted NAME SIGNAL STATUS
interrupted() {
	check "$1_began" start disturbed.db
	kill "-$2" "$pid"
	ended
	exits "$1" "$3"
	check "$1_is_answered" says "$err" "stopping at the next batch; once more to leave at once"
	check "$1_says_how_to_go_on" says "$out" "The same command goes on from here."
	check "$1_is_stored" asked disturbed.db "SELECT status FROM run" interrupted
	check "$1_has_a_checkpoint" asked disturbed.db \
		"SELECT count(*) FROM checkpoint WHERE kind = 'last'" 1
	check "$1_store_is_whole" asked disturbed.db "PRAGMA integrity_check" ok
}

hashes="SELECT group_concat(weights_hash) FROM (SELECT weights_hash FROM epoch ORDER BY epoch)"

run "${training[@]}" --db undisturbed.db
exits undisturbed 0
expected=$(sqlite3 undisturbed.db "$hashes")

interrupted ctrl_c INT 130
interrupted terminated TERM 143

# The second signal does not wait for a checkpoint.
check killed_began start disturbed.db
kill -INT "$pid"
kill -INT "$pid"
ended
exits twice 130
check twice_store_is_whole asked disturbed.db "PRAGMA integrity_check" ok

check killed_began start disturbed.db
kill -KILL "$pid"
ended
exits killed 137
"$runner" ls --csv --db disturbed.db >"$out" 2>"$err"
check killed_is_shown_as_interrupted says "$out" ,interrupted,

run "${training[@]}" --db disturbed.db
exits goes_on 0
check goes_on_says_from_where says "$err" "going on after epoch"
check ends_with_the_same_bits asked disturbed.db "$hashes" "$expected"
check no_epoch_twice asked disturbed.db "SELECT count(*) FROM epoch" 60
check one_run asked disturbed.db "SELECT count(*), max(status) FROM run" "1|done"
