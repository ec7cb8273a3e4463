#!/bin/sh
# Run every chapter in an empty folder with nothing but what is installed in the environment named by the first argument.
# The network is cut where the system allows it without asking (Linux name spaces); elsewhere this says that it was not.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=$(cd "$1" && pwd)/bin/python
empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
cp "$here"/../chapters/*.ipynb "$empty"
cd "$empty"
run="'$python' -m pytest -c /dev/null --rootdir . -p no:cacheprovider -q --nbval --nbval-sanitize-with '$here/nbval_sanitize.cfg' ."
if unshare -rn true 2>/dev/null && command -v ip >/dev/null; then
    unshare -rn sh -c "ip link set lo up && $run"
else
    echo "The network could not be cut here; the chapters run with it."
    sh -c "$run"
fi
