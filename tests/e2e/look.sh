#!/bin/bash
# look.sh -- ls, show, describe and sql after a training: every format can be read by a program.
. tests/e2e/common.bash

run "$configs/lenet_relu.yaml" "$configs/softmax.yaml" "${small[@]}"
exits run 0

# Validity by sqlite3: JSON by its functions, CSV by its import.
is_json() {
	asked :memory: "SELECT json_valid(CAST(readfile('$out') AS TEXT))" 1
}

json() {
	asked :memory: "SELECT json_extract(CAST(readfile('$out') AS TEXT), '$1')" "$2"
}

# csv ROWS COLUMN VALUE: so many rows; the last one's column has that value.
csv() {
	local got
	got=$(sqlite3 :memory: ".mode csv" ".import $out t" ".mode list" \
		"SELECT count(*) || ' ' || (SELECT \"$2\" FROM t ORDER BY rowid DESC LIMIT 1) FROM t")
	[ "$got" = "$1 $3" ] || {
		echo "got '$got', expected '$1 $3'"
		false
	}
}

# markdown ROWS: tables whose lines have as many bars as their first one.
markdown() {
	awk -F'|' -v wanted="$1" '
		/^\|/ { if (!bars) bars = NF; if (NF != bars) bad = 1; rows++; next }
		{ bars = 0 }
		END { exit bad || rows != wanted }' "$out"
}

run ls
exits ls 0
check ls_lists_both [ "$(grep -c ' 0  done ' "$out")" -eq 2 ]
run ls --json
check ls_json is_json
check ls_json_has_names json '$[0].name' lenet_relu
check ls_json_has_numbers json '$[1].epochs_done' 2
run ls --csv
check ls_csv csv 2 name softmax
run ls --md
check ls_md markdown 4
run ls 'lenet*' --csv
check ls_by_name csv 1 name lenet_relu

run show
exits show 0
check show_is_of_the_latest says "$out" "run 2  softmax"
check show_has_the_data says "$out" "  data        idx, "
check show_has_the_training says "$out" "  train       optimizer sgd, lr 0.1, lr_schedule constant, batch_size 256, epochs 2"
check show_has_the_loss says "$out" "  loss        cross_entropy"
check show_has_the_init says "$out" "weight {normal: {std: 0.01}}"
check show_has_the_knobs lacks "$out" "  params "
run show lenet_relu
check show_has_a_knob_a_line says "$out" "              pooling: max_pool2d"
check show_by_name says "$out" "run 1  lenet_relu"
run show 1 --json
check show_json is_json
check show_json_has_knobs json '$.run[0].params.pooling' max_pool2d
check show_json_has_layers json '$.layers[3].macs' 240000
check show_json_has_epochs json '$.epochs[1].epoch' 2
run show 1 --csv
check show_csv csv 2 epoch 2
run show 1 --md
check show_md markdown 18
check show_md_has_no_blank_ends [ "$(grep -c ' $' "$out")" -eq 0 ]
run export 9
exits export_of_none 2
run show 9
exits show_of_none 2
check show_of_none_not_on_stdout silent "$out"

run describe "$configs/lenet.yaml"
exits describe 0
check describe_has_the_formula says "$out" "floor((28-5+2*2)/1)+1 = 28"
check describe_has_totals says "$out" "61706 parameters"
check describe_has_macs says "$out" "416520 MACs"
run describe "$configs/lenet.yaml" "$configs/softmax.yaml" 'hidden=[30]'
exits describe_several 0
check describe_several_with_what_fits_one says "$out" "12000"
run describe "$configs/lenet.yaml" --json
check describe_json is_json
check describe_json_has_shapes json '$[0].output' 6x28x28
run describe "$configs/lenet.yaml" --csv
check describe_csv csv 12 parameters 850
run describe "$configs/lenet.yaml" --md
check describe_md markdown 14

run sql "SELECT count(*) AS n, max(name) AS name FROM run" --csv
exits sql 0
check sql_csv csv 1 name softmax
run sql "SELECT run_id AS the_run FROM run"
check sql_heads_are_names says "$out" the_run
run sql "DELETE FROM run"
exits sql_only_reads 2
check nothing_was_deleted asked runner.db "SELECT count(*) FROM run" 2

rm -rf runner.db*
run ls
exits no_store 2
check no_store_is_not_made [ ! -e runner.db ]
