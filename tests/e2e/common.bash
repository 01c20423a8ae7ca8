# common.bash -- what the end-to-end scripts share. Sourced with the working directory at the
# repository's root; afterwards it is a new, empty folder, removed at the end.
#
# A check prints "ok NAME", or "not ok NAME" and what was seen. Nothing of the caller's environment
# that the program heeds is left.
set -u
root=$PWD
runner=${RUNNER:-$root/build/runner}
configs=$root/configs
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/home/work"
cd "$scratch/home/work" || exit 1
unset RUNNER_DB RUNNER_ISA RUNNER_MIRROR NO_COLOR OPENBLAS_CORETYPE
export HOME=$scratch/home XDG_CACHE_HOME=$scratch/home/cache
out=$scratch/out err=$scratch/err code=0

# Overrides that make a training short. Drawing the glyphs takes a second; so `small` is a data set
# in files, of noise (the program's own bytes), for where it does not matter what is learnt.
glyphs=(dataset=glyphs dataset.train_limit=500 dataset.test_limit=100 train.epochs=2)
small=(dataset=idx train.epochs=2)

# numbers N: 4 bytes.
numbers() {
	for n; do
		printf "\\x$(printf %02x $((n >> 24 & 255)))\\x$(printf %02x $((n >> 16 & 255)))"
		printf "\\x$(printf %02x $((n >> 8 & 255)))\\x$(printf %02x $((n & 255)))"
	done
}

# noise NAME COUNT: files NAME-images and NAME-labels in IDX format.
noise() {
	{
		numbers 0x803 "$2" 28 28
		cat "$runner" "$runner" "$runner" "$runner" | head -c $((784 * $2))
	} >"$scratch/$1-images"
	{
		numbers 0x801 "$2"
		for ((i = 0; i < $2; i += 10)); do printf '\0\1\2\3\4\5\6\7\10\11'; done
	} >"$scratch/$1-labels"
	small+=("dataset.$1_images=$scratch/$1-images" "dataset.$1_labels=$scratch/$1-labels")
}
noise train 500
noise test 100

# run ARGUMENTS: runs the program; its exit status in $code, its words in the files $out and $err.
run() {
	code=0
	"$runner" "$@" >"$out" 2>"$err" </dev/null || code=$?
}

told() {
	sed 's/^/    /' "$out" "$err" | head -n 20
}

# check NAME COMMAND: the command must succeed.
check() {
	local name=$1
	shift
	if "$@" >"$scratch/said" 2>&1; then
		echo "ok $name"
	else
		echo "not ok $name: $*"
		sed 's/^/    /' "$scratch/said" | head -n 20
		told
	fi
}

# exits NAME CODE: the last run ended so.
exits() {
	check "$1" [ "$code" -eq "$2" ]
}

# says FILE TEXT: $out or $err has the text. silent FILE: it has nothing.
says() {
	grep -qF -- "$2" "$1"
}

lacks() {
	! grep -qF -- "$2" "$1"
}

silent() {
	[ ! -s "$1" ]
}

# asked STORE SQL EXPECTED: the answer, its rows joined by blanks.
asked() {
	local got
	got=$(sqlite3 -readonly "$1" "$2" | tr '\n' ' ')
	got=${got% }
	[ "$got" = "$3" ] || {
		echo "got '$got', expected '$3'"
		false
	}
}

# instruction_sets: those that this machine has, the best first, as the program says to one that no
# machine has.
instruction_sets() {
	RUNNER_ISA=none run "$configs/softmax.yaml" --db none.db
	sed -n 's/.*this machine has //p' "$err" | tr -d ',' | tr ' ' '\n'
}
