#!/usr/bin/env bash
# Installs what is missing, builds, runs the tests, and ends with one plain line: N passed, N failed, N skipped.
#
# usage: tests/run.sh [--quick | --full | --newer | --system] [--asan] [--fuzz] [--only REGEX]
#   --quick       pure, loop and bus tests only: no real NTP daemons, under three minutes
#   --full        every point of the crash matrix instead of the 48th (NTPOPT_MATRIX=sixteenth, third: so much) that is today's
#   --newer       those of real NTP services, with the chronyd, ntpd and timesyncd of Debian 13
#   --system      instead of all others those that build the packages and boot a Debian with them, for each NTP service
#   --asan        the same tests built with the address and undefined-behaviour sanitizers
#   --fuzz        the libFuzzer targets, each for NTPOPT_FUZZ_SECONDS (60)
#   --only REGEX  only tests whose name matches (as ctest -R)
# NTPOPT_PRESET chooses another CMake preset than "dev". Tests of real services need root: they run through sudo, which may
# ask for a password, and are skipped where there is none; everything is built as the user who calls this.
set -euo pipefail
umask 022 # tests make files that root's programs have to trust
cd "$(dirname "$0")/.."

preset=${NTPOPT_PRESET:-dev}
selection=(-LE system)
fuzz=
newer=
system=
while [ $# -gt 0 ]; do
  case $1 in
    --quick) selection=(-LE slow) ;;
    --full) export NTPOPT_MATRIX=all ;;
    --newer) selection=(-R '^services\.(chrony|crash|ntpd|timesyncd)\.') newer=yes ;;
    --system) selection=(-L system) system=yes ;;
    --asan) preset=asan ;;
    --fuzz) fuzz=yes ;;
    --only) selection+=(-R "${2:?--only needs a regular expression}"); shift ;;
    -h | --help) sed -n '2,/^set -/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "tests/run.sh: unknown option '$1'; see --help" >&2; exit 2 ;;
  esac
  shift
done
jobs=$(nproc)
as_root=()
if [ "$(id -u)" != 0 ]; then
  if sudo -n true 2>/dev/null || { [ -t 0 ] && sudo true; }; then
    as_root=(sudo)
  else
    echo "tests/run.sh: neither root nor sudo: tests of real services are skipped"
  fi
fi

if [ -n "$fuzz" ]; then
  packaging/deps.sh build test fuzz
  exec tests/fuzz/run.sh
fi

packaging/deps.sh build test
cmake --preset "$preset" >build/configure.log || { cat build/configure.log; exit 1; }
cmake --build "build/$preset" -j "$jobs" -- --quiet

if [ -n "$newer" ]; then
  tests/newer/daemons.sh
  export NTPOPT_TEST_DAEMONS=$PWD/build/deps/daemons-13
fi

if [ -n "$system" ]; then
  [ "$(id -u)" = 0 ] || [ ${#as_root[@]} != 0 ] || { echo "tests/run.sh: --system needs root or sudo" >&2; exit 1; }
  # What tests/system boots: the packages as they would be shipped, and a Debian for each NTP service (cached).
  packaging/deps.sh package rpm system
  packaging/build-deb.sh --worktree --lint
  packaging/build-rpm.sh --worktree --lint
  "${as_root[@]}" python3 tests/system/roots.py
fi

report=build/$preset/report.xml
rm -f "$report"
# The verdict comes from the report, so that a test that never ran cannot pass for one that did.
# Most tests wait for packets and processes, so six times as many as there are cores run side by side.
export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$((6 * jobs))}
# Variables by their names: sudo passes nothing on by itself.
environment=(PYTHONDONTWRITEBYTECODE=1)
for name in CTEST_PARALLEL_LEVEL NTPOPT_MATRIX NTPOPT_TEST_DAEMONS CI; do
  [ -z "${!name:-}" ] || environment+=("$name=${!name}")
done
"${as_root[@]}" env "${environment[@]}" \
  ctest --test-dir "build/$preset" --output-on-failure --output-junit "$PWD/$report" "${selection[@]}" || true
# What root left in the build tree is the caller's again, who could not build in it otherwise.
[ ${#as_root[@]} = 0 ] || sudo chown -R "$(id -u):$(id -g)" "build/$preset"
exec python3 tests/summary.py "$report"
