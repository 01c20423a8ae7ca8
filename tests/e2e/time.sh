#!/bin/bash
# time.sh -- `runner time`: its tables have the rows and sums that they promise. No speed is tested.
. tests/e2e/common.bash

timed() {
	run time "$@" --seconds 0.02
}

# json PATH EXPECTED: what SQLite finds in the JSON of the last run.
json() {
	asked :memory: "SELECT json_extract(CAST(readfile('$out') AS TEXT), '$1')" "$2"
}

# of TABLE SQL EXPECTED: a query of one of the JSON's tables, its rows called j.
of() {
	asked :memory: "WITH j AS (SELECT value AS row FROM
		json_each(CAST(readfile('$out') AS TEXT), '\$.$1')) SELECT $2 FROM j" "$3"
}

timed "$configs/lenet.yaml" -j 2 --json
exits json 0
check json_silent silent "$err"
check names_the_batch json '$.machine[0].batch_size' 256
check names_the_input json '$.machine[0].input' 1x28x28
check peak_is_positive of machine "row->>'peak_gflops' > 0.01" 1
check speed_has_four_rows of speed "group_concat((row->>'what') || (row->>'threads'), ' ')" \
	"training1 training2 inference1 inference2"
check speed_is_of_its_time of speed \
	"max(abs((row->>'examples_per_second') - 1e6 / (row->>'us'))) <= 1" 1
check epoch_is_of_the_set of speed "max(row->>'epoch_images')" 60000
check epoch_takes_its_images of speed \
	"max(abs((row->>'epoch_seconds') / (row->>'epoch_images') * 1e6 / (row->>'us') - 1)) < 1e-9" 1
check five_lines_multiply of layers "count(row->>'forward_gflops')" 5
check macs_are_those_of_describe of layers \
	"round(sum((row->>'forward_gflops') * (row->>'forward_us') * 500))" 416520.0
check macs_back_too of layers \
	"round(sum((row->>'backward_gflops') * (row->>'backward_us') * 500))" 715440.0
# Of medians the parts may come to more than the whole; then there is no rest.
rest_is_what_is_left() {
	of layers "sum(iif(row->>'layer' = 'total', -1, 1) * (row->>'us')) > -1e-6 AND
		abs(sum(iif(row->>'layer' = '(rest)', row->>'us', 0)) - max(0, sum(CASE row->>'layer'
		WHEN '(rest)' THEN 0 WHEN 'total' THEN 1 ELSE -1 END * (row->>'us')))) < 1e-6" 1
}
check rest rest_is_what_is_left
check shares_are_of_the_total of layers \
	"max((row->>'us') / (row->>'time_percent')) - min((row->>'us') / (row->>'time_percent')) < 1e-6" 1
check no_time_is_negative of layers "min(row->>'us') >= 0" 1
check both_are_the_sum of layers \
	"max(abs((row->>'forward_us') + (row->>'backward_us') - (row->>'us'))) < 1e-9" 1
check every_layer_with_work_is_there of layers \
	"count(row->>'path') > 0 AND group_concat(row->>'layer', ' ') LIKE '%conv2d%sigmoid%avg_pool2d%linear%linear%linear%'" 1
check total_is_the_pace asked :memory: "WITH j AS (SELECT CAST(readfile('$out') AS TEXT) AS j)
	SELECT abs((SELECT value->>'us' FROM json_each(j, '\$.layers')
		WHERE value->>'layer' = 'total') - json_extract(j, '\$.speed[0].us')) < 1e-6 FROM j" 1

timed "$configs/lenet.yaml" -j 1
exits plain 0
check one_thread_has_two_rows [ "$(grep -c '^training\|^inference' "$out")" -eq 2 ]
check tells_of_random_images says "$out" "batches of 256 random images of 1x28x28"
timed "$configs/softmax.yaml" -j $(($(nproc) + 1))
check more_threads_than_cores says "$out" "$(($(nproc) + 1)) threads are more threads than cores"
timed "$configs/softmax.yaml" --csv train.batch_size=8
exits csv 0
check csv_heading says "$out" "path,layer,output,forward_us,forward_gflops,forward_peak_percent,backward_us,"
check csv_has_the_total [ "$(grep -c '^,total,' "$out")" -eq 1 ]
# The load of the last minute is told when it is clearly above half of the cores, and only then.
loaded=$(awk -v n="$(nproc --all)" '{ print(($1 > 0.7 * n) ? "yes" : ($1 < 0.3 * n) ? "no" : "nearly") }' \
	/proc/loadavg)
timed "$configs/softmax.yaml" -j 1
case $loaded in
yes) check load_is_told says "$out" "these figures suffer" ;;
no) check no_load_is_told lacks "$out" "these figures suffer" ;;
*) echo "skip load: it is near the limit" ;;
esac
timed "$configs/softmax.yaml" --md
check markdown [ "$(grep -c '^|' "$out")" -gt 8 ]
timed "$configs/softmax.yaml" dataset.validation=5000 dataset.train_limit=900 -j 1 --json
check limit_is_the_epoch json '$.speed[0].epoch_images' 900
timed "$configs/softmax.yaml" dataset.validation=5000 -j 1 --json
check validation_is_not_trained json '$.speed[0].epoch_images' 55000

# A block, whose gradients meet.
cat >block.yaml <<'END'
dataset: fashion-mnist
network:
  - residual: {body: [conv2d: {out_channels: 1, kernel_size: 3, padding: same}]}
  - flatten
  - linear: {out_features: 10}
train: {epochs: 1}
END
timed block.yaml --json
exits block 0
check block_rest rest_is_what_is_left

# The data's files are not needed, but the size of an image is.
timed "$configs/softmax.yaml" "${small[@]}"
exits unknown_shape 2
check unknown_shape_says_how says "$err" "--input CxHxW"
timed "$configs/softmax.yaml" "${small[@]}" --input 1x20x20 --json
exits told_shape 0
check told_shape_is_used json '$.machine[0].input' 1x20x20
check unknown_size_has_no_epoch json '$.speed[0].epoch_seconds' ''
check nothing_is_stored [ ! -e runner.db ]

run time "$configs"
exits several 2
check several_told says "$err" "one config at a time"
run time
exits none 2
run time "$configs/lenet.yaml" --seconds 0
exits bad_seconds 2
check bad_seconds_told says "$err" "--seconds takes a number"
run time "$configs/lenet.yaml" -j 0
exits bad_jobs 2
sed '/^train:/d' block.yaml >untrained.yaml
run time untrained.yaml
exits untrained 2
check untrained_told says "$err" 'no `train:` here'

# Memory that is out is nobody's mistake.
if (ulimit -v 800000 && "$runner" --version) >"$out" 2>&1; then
	(ulimit -v 800000 && exec "$runner" time "$configs/softmax.yaml" \
		train.batch_size=1048576 >"$out" 2>"$err")
	code=$?
	exits no_memory 1
	check no_memory_told says "$err" "memory"
else
	echo "skip no_memory: this program does not run in 800 MB of addresses"
fi

# What `make bench` measures stands in configs of its own.
run check "$root/tests/bench/configs"
exits bench_configs 0
