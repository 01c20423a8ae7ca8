#!/bin/bash
# doctor.sh -- what `runner doctor` says of this machine, and of what is planted in its way; and
# OpenBLAS where a network needs it.
. tests/e2e/common.bash

# fact PATH CONDITION: the value in the JSON, as SQL sees it, meets it: fact '$.speed.peak' '> 1'.
fact() {
	asked :memory: "SELECT json_extract(CAST(readfile('$out') AS TEXT), '$1') $2" 1
}

# warned WORDS: one of the warnings has them.
warned() {
	fact '$.warnings' "LIKE '%$1%'"
}

run doctor
exits page 0
check page_sections eval 'for s in machine "instruction set" OpenBLAS data store program; do
	grep -qx "$s" "$out" || exit 1; done'

RUNNER_DATA=$scratch/none run doctor --json
exits json 0
check json_peak fact '$."speed of one core".peak' '> 1'
check json_conv fact '$."speed of one core".conv2d' '> 0.1'
check json_cores fact '$.machine.cores_used' ">= 1"
check json_missing_data fact '$.data.mnist' "LIKE 'not here%'"
check json_no_fma_is_told fact '$."instruction set".fused_multiply_add' \
	"= NOT (json_extract(CAST(readfile('$out') AS TEXT), '\$.warnings') LIKE '%fused%')"

if [ "$(uname -m)" = x86_64 ]; then
	RUNNER_ISA=baseline run doctor --json
	check baseline_used fact '$."instruction set".used' "= 'baseline'"
	check baseline_warned warned 'fused multiply-add'
	run doctor --json
	if fact '$.OpenBLAS.found' '= 1' >/dev/null && grep -qw avx2 /proc/cpuinfo; then
		check own_kernels_are_right eval '! warned OPENBLAS_CORETYPE'
		OPENBLAS_CORETYPE=Prescott run doctor --json
		check slow_kernels_warned warned OPENBLAS_CORETYPE=Prescott
		OPENBLAS_CORETYPE=Prescott RUNNER_ISA=baseline run doctor
		check no_share_of_a_lesser_peak eval 'grep -q "sgemm .*GFLOP/s$" "$out"'
	else
		echo "skip slow_kernels: no OpenBLAS, or no AVX2"
	fi
fi
RUNNER_ISA=abacus run doctor --json
exits unknown_set 2
check unknown_set_told says "$err" 'RUNNER_ISA=abacus'

SLURM_CPUS_PER_TASK=1 run doctor --json
check slurm_heeded fact '$.machine.cores_used' "= 1"

RUNNER_DB=/nowhere/at/all.db run doctor --json
check store_warned warned 'cannot be written'

run doctor everything
exits argument 2

# Only who asks for it gets OpenBLAS.
cat >wide.yaml <<'YAML'
name: wide
dataset: glyphs
network: [flatten, linear: {out_features: 64, compute: openblas}, relu, linear: {out_features: 10}]
loss: cross_entropy
train: {epochs: 1}
YAML
run describe wide.yaml
check described grep -q 'by OpenBLAS' "$out"
run describe wide.yaml network.1.linear.compute=auto
check auto_described eval '! grep -q OpenBLAS "$out"'

# blas WHERE: of the environment of the last run.
blas() {
	asked runner.db "SELECT blas <> '' AND blas_kernels <> '' FROM environment
		JOIN run USING (environment_id) ORDER BY run_id DESC LIMIT 1" "$1"
}
run wide.yaml "${small[@]}" train.epochs=1
exits wide 0
check environment_has_blas blas 1
run wide.yaml "${small[@]}" train.epochs=1 network.1.linear.compute=batch
check environment_has_none blas 0

# Threads do not change the bits.
run wide.yaml "${small[@]}" train.epochs=1 --db one.db -j 1
run wide.yaml "${small[@]}" train.epochs=1 --db two.db -j 2
check same_bits [ "$(sqlite3 one.db 'SELECT weights_hash FROM run')" = \
	"$(sqlite3 two.db 'SELECT weights_hash FROM run')" ]

# Something in the library's place that is none.
mkdir fake
echo 'no library' >fake/libopenblas.so.0
cp fake/libopenblas.so.0 fake/libopenblas.so
export LD_LIBRARY_PATH=$PWD/fake
run doctor --json
exits without_blas 0
check without_blas_found fact '$.OpenBLAS.found' '= 0'
check without_blas_told warned 'libopenblas0-pthread'
run wide.yaml "${small[@]}" train.epochs=1 --db without.db
exits without_blas_run 1
check without_blas_says grep -q 'libopenblas0-pthread' "$err"
run describe wide.yaml
exits without_blas_describe 0
run wide.yaml "${small[@]}" train.epochs=1 --db without.db network.1.linear.compute=auto
exits without_blas_auto 0
