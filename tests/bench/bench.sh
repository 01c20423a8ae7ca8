#!/bin/bash
# bench.sh [NAME ...] -- how fast this program is, beside PyTorch and beside what the machine can do
# at most, all measured in one run. NAME: a config of tests/bench/configs, a path to another config,
# or `process` (start, load, evaluate, commit, a whole training); all of them unless said. It
# measures; it fails nothing.
#
# ROUNDS times (5), one after the other so that a busy minute meets all alike: the peaks, and for
# each network this program and PyTorch, on 1 and on 2 threads. Shown are medians; a ratio is the
# median of the rounds' ratios. PyTorch runs with the settings it comes with: its environment is ours,
# so OPENBLAS_CORETYPE=SkylakeX make bench tries another.
set -u
build=${BUILD:-build}
runner=${RUNNER:-$build/runner}
parts=$build/tests/bench_parts
here=tests/bench
rounds=${ROUNDS:-5}
seconds=0.4 # of each of PyTorch's measurements; ours take as long together
if [ -z "${RUNNER_DATA:-}" ] && [ -d ../shared/datasets ]; then
	export RUNNER_DATA=../shared/datasets
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
raw=$scratch/raw # lines: NETWORK THREADS QUANTITY ROUND VALUE

networks=() process=
[ $# -gt 0 ] || set -- lenet lenet_relu lenet_wide lenet_deep mlp softmax vgg process
for name; do
	case $name in
	process) process=yes ;;
	*.yaml) networks+=("$name") ;;
	*) networks+=("$here/configs/$name.yaml") ;;
	esac
done

# ---- the machine

fact() {
	printf '%-10s %s\n' "$1" "$2"
}

facts() {
	local cpu clock load
	cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
	clock=$(sed -n 's/^cpu MHz[^:]*: //p' /proc/cpuinfo | head -n 1)
	load=$(cut -d' ' -f1 /proc/loadavg)
	fact CPU "${cpu:-$(uname -m)}, $(nproc) cores${clock:+, ${clock%.*} MHz now}"
	fact system "$(uname -sr), load $load$(awk -v l="$load" \
		'BEGIN { if (l > 0.5) print ": it is not idle, figures suffer" }')"
	fact runner "$("$runner" --version)${RUNNER_ISA:+, RUNNER_ISA=$RUNNER_ISA}"
	fact BLAS "$("$parts" blas | cut -d' ' -f2-)"
	fact peer "$peer"
	fact measured "medians of $rounds rounds, $(date -u '+%Y-%m-%d %H:%M UTC')"
}

# ---- the peer

torch_python() {
	local python
	for python in ${PYTHON:-} python3 /usr/bin/python3; do
		"$python" -c 'import torch, yaml' 2>/dev/null && echo "$python" && return
	done
}

# Starts it, once; $peer says what it is, or why there is none.
torch_start() {
	local python
	peer="PyTorch is not installed here (Debian: python3-torch): no ratios"
	python=$(torch_python)
	[ -n "$python" ] || return
	coproc TORCH { exec "$python" $here/torch_peer.py 2>"$scratch/torch.err"; }
	read -r peer <&"${TORCH[0]}" || peer="PyTorch does not start: $(tail -n 1 "$scratch/torch.err")"
}

# torch CONFIG SHAPE THREADS WHAT: examples a second, or nothing.
torch() {
	local answer
	[ -n "${TORCH[1]:-}" ] || return
	echo "$1 $2 $3 $4 $seconds" >&"${TORCH[1]}"
	read -r answer <&"${TORCH[0]}" && echo "$answer"
}

# ---- one network, one round

record() { # NETWORK THREADS QUANTITY ROUND VALUE, where there is a value
	[ -n "${5:-}" ] && echo "$*" >>"$raw"
}

# What `runner time` says, a line of its table `speed` each: training 1 39139 88.6
ours() {
	"$runner" time "$1" -j 2 --seconds "$(awk -v s=$seconds 'BEGIN { print 3 * s }')" --json \
		>"$scratch/time" || exit 1
	sqlite3 -separator ' ' :memory: "SELECT value->>'what', value->>'threads',
		value->>'examples_per_second', value->>'gflops'
		FROM json_each(CAST(readfile('$scratch/time') AS TEXT), '\$.speed')"
}

measure() { # CONFIG ROUND
	local name shape what threads rate gflops resolved
	name=$(basename "$1" .yaml)
	resolved=$scratch/$name.yaml
	"$runner" config "$1" >"$resolved" || exit 1
	while read -r what threads rate gflops; do
		record "$name" "$threads" "$what" "$2" "$rate"
		record "$name" "$threads" "$what-gflops" "$2" "$gflops"
	done < <(ours "$1")
	shape=$(sqlite3 :memory: "SELECT json_extract(CAST(readfile('$scratch/time') AS TEXT),
		'\$.machine[0].input')")
	for threads in 1 2; do
		record "$name" "$threads" torch-training "$2" \
			"$(torch "$resolved" "$shape" $threads train)"
		record "$name" "$threads" torch-inference "$2" \
			"$(torch "$resolved" "$shape" $threads infer)"
	done
}

peaks() { # ROUND
	local name value rest
	while read -r name value rest; do
		[ "$value" != - ] && record peak 1 "$name" "$1" "$value"
	done < <("$parts" fma sgemm)
}

# ---- the table

# median: of the numbers on stdin; "-" where there are none.
median() {
	sort -g | awk '{ x[NR] = $1 } END { print NR ? x[int((NR + 1) / 2)] : "-" }'
}

# of NETWORK THREADS QUANTITY: its median over the rounds.
of() {
	awk -v n="$1" -v t="$2" -v q="$3" '$1 == n && $2 == t && $3 == q { print $5 }' "$raw" | median
}

# ratio NETWORK THREADS QUANTITY: of our rates to PyTorch's, round by round.
ratio() {
	awk -v n="$1" -v t="$2" -v q="$3" '
		$1 != n || $2 != t { next }
		$3 == q { ours[$4] = $5 }
		$3 == "torch-" q { theirs[$4] = $5 }
		END { for (r in theirs) print ours[r] / theirs[r] }' "$raw" | median
}

row() {
	printf '%-12s %7s %11s %7s %6s %8s %11s %6s %13s %9s %6s\n' "$@"
}

# decimals N VALUE [FACTOR], "-" staying what it is
decimals() {
	awk -v n="$1" -v x="$2" -v f="${3:-1}" 'BEGIN { if (x == "-") print x; else printf "%.*f\n", n, x * f }'
}

share() { # GFLOPS PEAK THREADS
	awk -v g="$1" -v p="$2" -v t="$3" 'BEGIN { if (g == "-" || p == "-") print "-"; else printf "%.1f\n", 100 * g / p / t }'
}

ms() { # of 10,000 images at that rate
	awk -v r="$1" 'BEGIN { if (r == "-") print r; else printf "%.1f\n", 1e7 / r }'
}

table() {
	local fma sgemm config name threads gflops
	fma=$(of peak 1 fma) sgemm=$(of peak 1 sgemm)
	printf '\none core: FMA peak %s GFLOP/s, sgemm %s GFLOP/s\n\n' \
		"$(decimals 1 "$fma")" "$(decimals 1 "$sgemm")"
	row '' '' training 'GF/s' '% of' '% of' PyTorch '' '10,000 images' PyTorch ''
	row network threads examples/s '' FMA sgemm examples/s ratio 'inferred, ms' ms ratio
	for config in "${networks[@]}"; do
		name=$(basename "$config" .yaml)
		for threads in 1 2; do
			gflops=$(of "$name" $threads training-gflops)
			row "$name" $threads "$(of "$name" $threads training)" \
				"$(decimals 1 "$gflops")" "$(share "$gflops" "$fma" $threads)" \
				"$(share "$gflops" "$sgemm" $threads)" \
				"$(decimals 0 "$(of "$name" $threads torch-training)")" \
				"$(decimals 2 "$(ratio "$name" $threads training)")" \
				"$(ms "$(of "$name" $threads inference)")" \
				"$(ms "$(of "$name" $threads torch-inference)")" \
				"$(decimals 2 "$(ratio "$name" $threads inference)")"
		done
	done
}

# Where the time goes, network by network.
layers() {
	local config
	for config in "${networks[@]}"; do
		echo
		"$runner" time "$config" -j 1 --seconds 1
	done
}

# ---- the process around the training

item() { # WHAT VALUE UNIT
	printf '%-58s %8s %s\n' "$1" "$2" "$3"
}

process() {
	local name value why
	export RUNNER=$runner
	printf '\nThe process around it:\n'
	bash $here/startup.sh 50 | sed 's/^/  /'
	while read -r name value why; do
		case $name in
		load) item "  Fashion-MNIST found, read and checked" "$value" "ms ${why%%:*}" ;;
		commit) item "  an epoch committed, with LeNet's checkpoint" "$value" "ms ${why%%:*}" ;;
		esac
	done < <("$parts" load commit)
	bash $here/whole.sh 1 | sed 's/^/  /' # more runs: tests/bench/whole.sh by itself
	bash $here/memory.sh 2>/dev/null | sed 's/^/  /'
}

# ----

command -v sqlite3 >/dev/null || {
	echo "bench.sh needs sqlite3 (Debian package sqlite3)"
	exit 1
}
torch_start
facts
for ((round = 1; round <= rounds && ${#networks[@]}; round++)); do
	peaks "$round"
	for config in "${networks[@]}"; do
		measure "$config" "$round"
	done
done
[ ${#networks[@]} -eq 0 ] || {
	layers
	table
}
[ -z "$process" ] || process
