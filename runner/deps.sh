#!/bin/sh
# deps.sh PACKAGE ... -- installs the Debian packages of the list that are missing, and only those.
# Without root and sudo it prints the command instead and fails.
set -eu

if ! command -v dpkg-query >/dev/null; then
	echo "This is no Debian system; install the equivalents of: $*"
	exit 0
fi
missing=
for package; do
	case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
	*" installed") ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0
install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
	sudo=sudo
else
	echo "These packages are missing; as root, run:"
	echo "    apt-get update && $install"
	exit 1
fi
echo "installing:$missing"
# The lists of packages may be old or missing: they are fetched when installing fails without them.
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! $sudo $install >"$log" 2>&1; then
	$sudo apt-get update -q >"$log" 2>&1 && $sudo $install >"$log" 2>&1 || {
		cat "$log"
		exit 1
	}
fi
