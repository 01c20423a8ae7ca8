#!/bin/bash
# isa.sh -- one program for every x86-64 CPU: emulated ones (qemu-user) that have this and lack that
# start it, take the best instruction set of theirs, and end with the bits that this machine ends
# with in that set. A CPU with just what the set is said to need shows that the compiler used no
# more. Emulation has no AVX-512; golden.sh compares it where the machine has it.
. tests/e2e/common.bash

if [ "$(uname -m)" != x86_64 ]; then
	echo "skip isa (the machine is no x86-64)"
	exit 0
fi
if ! command -v qemu-x86_64 >/dev/null; then
	echo "skip isa (no qemu-x86_64 here: package qemu-user)"
	exit 0
fi
if grep -qaE '__(asan|tsan)_init' "$runner"; then
	echo "skip isa (the sanitizers' shadow memory is too much for the emulator)"
	exit 0
fi

less='qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+xsave,+avx'
# Emulated arithmetic takes long: some images of the configs that have every kind of layer.
short=("$root"/tests/golden/{adam,blocks,shapes}.yaml "${small[@]}" dataset.train_limit=20
	dataset.test_limit=10 train.epochs=1)

# bits COMMAND ...: what trainings by `COMMAND runner` end with.
bits() {
	rm -f isa.db*
	"$@" "$runner" -q -j 2 "${short[@]}" --db isa.db >"$out" 2>"$err"
	sqlite3 -readonly isa.db 'SELECT name, instruction_set, weights_hash FROM run
		JOIN environment USING (environment_id) ORDER BY name'
}

# same NAME CPU SET: with the emulated CPU the program takes the set, and ends with its bits.
same() {
	bits qemu-x86_64 -cpu "$2" >found
	bits env RUNNER_ISA="$3" >expected
	check "isa_$1" diff expected found
	check "isa_$1_trained" [ "$(grep -c "$3" found)" -eq 3 ]
}

same first qemu64 baseline
same no_fma "$less,+avx2" baseline
same no_avx2 "$less,+fma" baseline
if instruction_sets | grep -q avx2; then
	same just_avx2 "$less,+avx2,+fma" avx2
	same all max avx2
else
	echo "skip isa_avx2 (this machine lacks it, and has nothing to compare with)"
fi
