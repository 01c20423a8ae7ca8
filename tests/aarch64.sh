#!/bin/bash
# aarch64.sh PACKAGE ... -- the whole program built for aarch64 and run on an emulated CPU: the
# numeric tests hold there, and the golden configs end with the bits that all other CPUs give.
#
# The libraries come from the Debian packages named, with what these need, unpacked below the build
# folder: nothing is installed, and root is not needed. Where a tool or the packages cannot be had
# the test is skipped, saying so.
set -eu
build=build/aarch64
root=$PWD/$build/root
emulated=$build/emulated
tests='test_team test_engine test_rng test_vec test_vmath test_dmath test_layers test_losses
	test_optimizers test_init test_safetensors test_idx test_sha256 golden'

skip() {
	echo "skip aarch64 ($*)"
	exit 0
}

# foreign COMMAND ...: apt-get for arm64, with lists and archives of its own.
foreign() {
	APT_CONFIG=$PWD/$build/apt/conf apt-get -qq "$@" >"$build/apt/log" 2>&1
}

# unpack PACKAGE ...: what they need and they into $root, unless they are there.
unpack() {
	[ "$(cat "$root/packages" 2>/dev/null)" != "$*" ] || return 0
	rm -rf "$root" "$build/apt"
	mkdir -p "$root" "$build"/apt/{lists,archives}/partial
	: >"$build/apt/status"
	cat >"$build/apt/conf" <<-END
		APT::Architecture "arm64";
		APT::Architectures { "arm64"; };
		APT::Sandbox::User "";
		Dir::State::lists "$PWD/$build/apt/lists";
		Dir::State::status "$PWD/$build/apt/status";
		Dir::Cache "$PWD/$build/apt";
	END
	foreign update && foreign install -y --no-install-recommends --download-only "$@" || return 1
	for deb in "$build"/apt/archives/*.deb; do dpkg-deb -x "$deb" "$root"; done
	rm -rf "$build"/apt/{archives,lists}
	echo "$*" >"$root/packages"
}

for tool in aarch64-linux-gnu-gcc qemu-aarch64 apt-get dpkg-deb; do
	command -v "$tool" >/dev/null || skip "no $tool here"
done
unpack "$@" || skip "the packages for arm64 cannot be had: $(tail -n 1 "$build/apt/log")"

PKG_CONFIG_SYSROOT_DIR=$root \
PKG_CONFIG_LIBDIR=$root/usr/lib/aarch64-linux-gnu/pkgconfig:$root/usr/share/pkgconfig \
	make --no-print-directory -j"$(nproc)" STRICT=1 ARCH=aarch64 BUILD="$build" \
	CC="aarch64-linux-gnu-gcc --sysroot=$root" tests

# Each program once more, as one that runs itself in the emulator.
mkdir -p "$emulated/tests"
for program in runner $(cd "$build" && echo tests/test_*); do
	printf '#!/bin/sh\nexec qemu-aarch64 -L %s %s "$@"\n' \
		"$root" "$PWD/$build/$program" >"$emulated/$program"
	chmod +x "$emulated/$program"
done
BUILD=$emulated THREADS=2 bash tests/run.sh $tests
