#!/bin/bash
# config.sh -- the commands about configs: check, config, schema, new. What `check` says to single
# configs is in cases.sh.
set -u
runner=${RUNNER:-$PWD/build/runner}
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir -p set/sub
printf 'dataset: mnist\nparams: {pool: max_pool2d}\nnetwork: [$pool: {kernel_size: 2}]\n' >set/a.yaml
printf 'dataset: mnist\nnetwork: [flatten]\n' >set/sub/b.yaml
printf 'dataset: nowhere\n' >set/_base.yaml
printf 'dataset: mnist\nnetwork: [rellu]\n' >bad.yaml

# expect NAME CODE COMMAND ...: runs it; leaves its output in out and err.
expect() {
	local name=$1 wanted=$2 code=0
	shift 2
	"$@" >out 2>err </dev/null || code=$?
	if [ "$code" -eq "$wanted" ]; then
		echo "ok $name"
	else
		echo "not ok $name: exit code $code, not $wanted"
		cat out err
	fi
}

# says NAME FILE TEXT: the file has this line.
says() {
	if grep -qxF -- "$3" "$2"; then
		echo "ok $1"
	else
		echo "not ok $1: no line '$3' in $2"
		cat "$2"
	fi
}

expect "check: a folder" 0 "$runner" check set
says "check: every config of it" out "set/sub/b.yaml: ok"
[ "$(wc -l <out)" -eq 2 ] && echo "ok check: bases are left out" || echo "not ok check: bases are left out"
[ -s err ] && echo "not ok check: silent on stderr" || echo "ok check: silent on stderr"
expect "check: goes on after a bad one" 2 "$runner" check bad.yaml set/a.yaml
says "check: ... and says so" out "set/a.yaml: ok"
says "check: counts errors" err "bad.yaml: 1 error"
expect "check: an override for some" 0 "$runner" check set pool=avg_pool2d
expect "check: an override for none" 2 "$runner" check set pol=avg_pool2d
says "check: ... names it" err \
	"command line: error: 'pol' is neither a key of a config nor a knob of this one; did you mean 'pool'?"
expect "check: no such file" 2 "$runner" check set/aa.yaml
says "check: ... names the nearest" err \
	"error: there is no file or folder 'set/aa.yaml'; did you mean 'set/a.yaml'?"
expect "check: no file at all" 2 "$runner" check
expect "check: an unknown flag" 2 "$runner" check --colour set/a.yaml
expect "check: help" 0 "$runner" check --help
says "check: ... shows flags" out "usage: runner check CONFIG|DIR ... [KEY=VALUE ...]"

expect "config: resolved" 0 "$runner" config --plain set/a.yaml pool=avg_pool2d
says "config: ... with overrides" out "  - avg_pool2d: {kernel_size: 2}"
expect "config: with origins" 0 "$runner" config set/a.yaml
grep -q '# a.yaml:2' out && echo "ok config: names lines" || echo "not ok config: names lines"
cp out again.yaml
expect "config: can be read again" 0 "$runner" check again.yaml
expect "config: as JSON" 0 "$runner" config --json set/a.yaml
says "config: ... canonical" out \
	'{"dataset":{"name":"mnist"},"network":[{"max_pool2d":{"kernel_size":2}}],"params":{"pool":"max_pool2d"}}'
expect "config: a bad one" 2 "$runner" config bad.yaml
[ -s out ] && echo "not ok config: prints nothing then" || echo "ok config: prints nothing then"

expect "schema" 0 "$runner" schema
cmp -s out "$root/configs/schema.json" && echo "ok schema: is configs/schema.json" ||
	echo "not ok schema: is configs/schema.json"
expect "schema: takes no arguments" 2 "$runner" schema configs

for start in lenet mlp softmax; do
	expect "new: $start" 0 "$runner" new "$start" --from "$start"
	expect "new: $start is a config" 0 "$runner" check "$start.yaml"
	[ -s err ] && echo "not ok new: $start has no warnings" || echo "ok new: $start has no warnings"
done
expect "new: lenet unless said" 0 "$runner" new mine.yaml
cmp -s mine.yaml lenet.yaml && echo "ok new: the same lenet" || echo "not ok new: the same lenet"
expect "new: never writes over a file" 2 "$runner" new bad.yaml
says "new: ... says why" err "error: cannot write 'bad.yaml': it is there already"
says "new: ... and leaves it alone" bad.yaml "network: [rellu]"
expect "new: an unknown start" 2 "$runner" new x --from lennet
says "new: ... names the nearest" err "error: there is no starter config 'lennet'; did you mean 'lenet'?"
expect "new: without a name" 2 "$runner" new
