#!/usr/bin/env bash
# From a fresh clone to the main job before your eyes: installs what is missing, builds, and lets ntpoptd move a real
# chronyd from poor servers to good ones, in namespaces of its own. This machine's clock, NTP service and network are not
# touched, and nothing is left behind but the build tree.
#
# usage: packaging/quickstart.sh        (as root, or as a user with sudo)
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  '') ;;
  -h | --help) sed -n '2,/^set -/s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) echo "packaging/quickstart.sh: it takes no argument; see --help" >&2; exit 2 ;;
esac

build=build/dev
sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo)

echo "== installing what is missing"
packaging/deps.sh build demo
echo "== building"
cmake --preset dev >build/configure.log || { cat build/configure.log; exit 1; }
cmake --build "$build" -j "$(nproc)" --target ntpoptd ntpopt-fetch ntpopt-notify ntpopt-apply ntpoptctl fakentp -- --quiet
"${sudo[@]}" env NTPOPT_BUILD="$PWD/$build" python3 tests/lab/quickstart.py

echo
if [ -d /run/systemd/system ]; then
  echo "To install it on this machine: packaging/install.sh (then: ntpoptctl status, ntpoptctl reoptimize --dry-run)"
else
  echo "systemd does not run this machine; on one where it does, packaging/install.sh installs and enables ntpoptd."
fi
echo "All tests: tests/run.sh"
