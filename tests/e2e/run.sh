#!/bin/bash
# run.sh -- configs are trained: what is said, what the store holds, and what is not done twice.
. tests/e2e/common.bash

# ---- one network

run "$configs/softmax.yaml" "${glyphs[@]}"
exits run 0
check run_names_data_and_status says "$out" "softmax on glyphs, seed 0: done (run 1 in runner.db)"
check run_says_what_to_type_next says "$out" "next: runner show 1"
check progress_on_stderr grep -q '^epoch 1/2 .*examples/s' "$err"
check no_progress_on_stdout lacks "$out" "epoch 1/2"
check no_result_on_stderr lacks "$err" "next:"
check stored asked runner.db \
	"SELECT status, epochs_done, name, dataset, seed FROM run" "done|2|softmax|glyphs|0"
check layers_stored asked runner.db "SELECT group_concat(kind) FROM layer" "flatten,linear"
check environment_stored asked runner.db \
	"SELECT count(*) FROM run JOIN environment USING (environment_id) WHERE cores > 0" 1
check store_is_whole asked runner.db "PRAGMA integrity_check" ok

run "$configs/softmax.yaml" "${glyphs[@]}" -j 1
exits done_already 0
check done_already_says_so says "$out" "This run is there already; -f trains it anew."
check done_already_shows_the_result says "$out" "softmax on glyphs, seed 0: done (run 1"
check done_already_trains_nothing lacks "$err" epoch
check done_already_draws_nothing lacks "$err" drawing
run -n "$configs/softmax.yaml" "${glyphs[@]}"
check done_already_is_planned says "$out" "done (run 1)"
check done_already_is_planned_without_drawing silent "$err"

run -f -q "$configs/softmax.yaml" "${glyphs[@]}"
exits again 0
check again_is_a_new_run says "$out" "done (run 2 in runner.db)"
check quiet silent "$err"
check again_sets_the_old_one_aside asked runner.db \
	"SELECT run_id, run_hash IS NULL FROM run ORDER BY run_id" "1|1 2|0"
check again_has_the_same_bits asked runner.db \
	"SELECT count(*), count(DISTINCT weights_hash) FROM run" "2|1"

echo old >weights.safetensors
run export 2 -o weights.safetensors
exits export 0
check export_says_what_it_wrote says "$out" "weights.safetensors: 7850 parameters of run 2"
check export_replaces_the_file grep -q '"1.weight"' weights.safetensors
check export_leaves_nothing_beside [ ! -e weights.safetensors.part ]
run export 2 -o none/weights.safetensors
exits export_without_folder 1

# ---- several, a folder, overrides

mkdir study study/deeper
cp "$configs/softmax.yaml" study/_base.yaml
printf 'extends: _base.yaml\nname: one\ntrain: {batch_size: 100}\n' >study/one.yaml
printf 'extends: ../_base.yaml\nname: two\nparams: {}\n' >study/deeper/two.yaml
run "$configs/mlp.yaml" study "${small[@]}" --db several.db seed=3 'hidden=[32]'
exits several 0
check several_are_trained asked several.db \
	"SELECT name, seed, epochs_done, status FROM run ORDER BY run_id" \
	"mlp|3|2|done two|3|2|done one|3|2|done"
check overrides_are_kept asked several.db \
	"SELECT value FROM run_param WHERE key = 'params.hidden'" "[32]"
check next_names_the_store says "$out" "runner show 3 --db several.db"

RUNNER_DB=named.db run "$configs/softmax.yaml" "${small[@]}" -q
check store_by_variable [ -e named.db ]

# ---- runs that fail

run "$configs/mlp.yaml" "$configs/softmax.yaml" "${small[@]}" train.lr=1e30 --db diverged.db
exits diverged 1
check diverged_says_why grep -Eq \
	'^the loss became (NaN|infinite) in epoch 1, batch [0-9]+ of 2' "$out"
check diverged_is_stored asked diverged.db \
	"SELECT status FROM run WHERE name = 'mlp'" diverged
check the_next_one_is_run_all_the_same asked diverged.db \
	"SELECT count(*) FROM run WHERE name = 'softmax'" 1

run "$configs/softmax.yaml" dataset=glyphs dataset.train_limit=70000
exits too_many_images 2
check too_many_images_says_how_many says "$err" "there are 60000 training images"

# Twenty images of 2 x 5 of one's own, two of each class: only the files tell what fits them.
{ printf '\0\0\10\3\0\0\0\24\0\0\0\2\0\0\0\5' && head -c 200 /dev/zero; } >images
printf '\0\0\10\1\0\0\0\24\0\1\2\3\4\5\6\7\10\11\0\1\2\3\4\5\6\7\10\11' >labels
own() {
	printf 'dataset: {name: idx, train_images: images, train_labels: labels, '
	printf 'test_images: images, test_labels: labels}\n'
	printf 'network: [flatten, linear: {out_features: %s}]\ntrain: {epochs: 1}\n' "$1"
}
own 10 >own.yaml
own 3 >misfit.yaml
run misfit.yaml --db own.db
exits misfit_of_own_data 2
check misfit_of_own_data_says_why says "$err" "ends in 3 numbers, but idx has 10 classes"
run misfit.yaml own.yaml --db own.db
exits misfit_beside_a_run 1
check misfit_beside_a_run_trains_the_other says "$out" "own on idx, seed 0: done"

: >file
run "$configs/softmax.yaml" "${small[@]}" --db file/runner.db
exits no_folder_for_the_store 1
check no_folder_for_the_store_is_named says "$err" file/runner.db
echo "something else" >notes.db
run "$configs/softmax.yaml" "${small[@]}" --db notes.db
exits not_a_store 1
check not_a_store_is_left_alone [ "$(cat notes.db)" = "something else" ]
if [ "$(id -u)" -ne 0 ]; then
	mkdir sealed
	chmod 555 sealed
	run "$configs/softmax.yaml" "${small[@]}" --db sealed/runner.db
	exits unwritable_store 1
	check unwritable_store_is_named says "$err" sealed/runner.db
else
	echo "skip unwritable_store (root may write everywhere)"
fi
