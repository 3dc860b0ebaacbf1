#!/usr/bin/env bash
# Builds the Debian packages, source and binaries, of what is committed (or, with --worktree, of what lies here) into
# build/package. The build happens in a staged copy, always at the same place, so that ccache makes the second one short.
#
# usage: packaging/build-deb.sh [--worktree] [--lint]
#   --worktree   package the files as they are, committed or not
#   --lint       fail on anything that lintian says
set -euo pipefail
cd "$(dirname "$0")/.."

worktree=
lint=
while [ $# -gt 0 ]; do
  case $1 in
    --worktree) worktree=yes ;;
    --lint) lint=yes ;;
    -h | --help) sed -n '2,/^set -/s/^# \{0,1\}//p' "$0" | grep -v '^set -'; exit 0 ;;
    *) echo "packaging/build-deb.sh: unknown option '$1'; see --help" >&2; exit 2 ;;
  esac
  shift
done

packaging/deps.sh build package
out=$PWD/build/package
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' packaging/debian/changelog)
stage=$out/ntpopt-$version
rm -rf "$out"
packaging/stage.sh ${worktree:+--worktree} "$stage"
mv "$stage/packaging/debian" "$stage/debian"

# Development files that deps.sh unpacked instead of installing are found by CMake, not by dpkg-checkbuilddeps.
checked=()
dpkg-checkbuilddeps "$stage/debian/control" 2>/dev/null || checked=(-d)
jobs=$(nproc)
(
  cd "$stage"
  # Without debug symbols, which would be half of the work and are stripped anyway.
  export DEB_BUILD_OPTIONS="noautodbgsym ${DEB_BUILD_OPTIONS:-}" DEB_CXXFLAGS_APPEND=-g0
  # debhelper gives the build an empty home, where ccache would find nothing.
  ! command -v ccache >/dev/null || export CCACHE_DIR="${CCACHE_DIR:-$(ccache --get-config cache_dir)}"
  NTPOPT_CMAKE="-DNTPOPT_DEPS_PREFIX=$(realpath -m "$out/../deps/usr")" \
    dpkg-buildpackage -us -uc "-j$jobs" "${checked[@]}"
) >"$out/build.log" 2>&1 || { tail -n 40 "$out/build.log" | cut -c1-300; exit 1; }

if [ -n "$lint" ]; then
  lintian --fail-on error,warning "$out"/*.changes
fi
ls "$out"/*.deb
