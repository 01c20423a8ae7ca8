#!/bin/bash
# README.md says what the program does: its tables are those of `runner manual --tables`, its commands
# and configs exist; configs/schema.json is what `runner schema` prints. UPDATE=1 writes both anew.
set -u
runner=${RUNNER:-build/runner}
readme=README.md
tables=$(mktemp) block=$(mktemp)
trap 'rm -f "$tables" "$block"' EXIT

"$runner" manual --tables >"$tables"
if [ -n "${UPDATE:-}" ]; then
	sed -i -e '/<!-- tables: begin -->/,/<!-- tables: end -->/{//!d}' \
		-e "/<!-- tables: begin -->/r $tables" $readme
fi
sed -n '/<!-- tables: begin -->/,/<!-- tables: end -->/{//!p}' $readme >"$block"
if cmp -s "$tables" "$block"; then
	echo "ok tables"
else
	echo "not ok tables: README.md differs from runner manual --tables (UPDATE=1 bash $0)"
	diff "$tables" "$block" | head -n 10
fi
[ -z "${UPDATE:-}" ] || "$runner" schema >configs/schema.json
if "$runner" schema | cmp -s - configs/schema.json; then
	echo "ok schema"
else
	echo "not ok schema: configs/schema.json differs from runner schema (UPDATE=1 bash $0)"
fi
if [[ $(<$readme) == *"$("$runner" describe configs/lenet.yaml | sed 's/^./    &/')"* ]]; then
	echo "ok describe"
else
	echo "not ok describe: README.md does not have what runner describe configs/lenet.yaml prints"
fi
if grep -q '@@' $readme; then
	echo "not ok complete: README.md has an unfilled place"
else
	echo "ok complete"
fi
for config in configs/*.yaml; do
	name=$(basename "$config" .yaml)
	if grep -q "\`$name\`" $readme && "$runner" check "$config" >/dev/null 2>&1; then
		echo "ok config $name"
	else
		echo "not ok config $name: not in README.md, or not right"
	fi
done
for command in $("$runner" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
	if "$runner" "$command" --help >/dev/null 2>&1; then
		echo "ok help $command"
	else
		echo "not ok help $command"
	fi
done
