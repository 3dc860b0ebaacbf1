#!/usr/bin/env bash
# Builds the RPM packages of what is committed (or, with --worktree, of what lies here) into build/rpm, on Debian: its rpm
# with stand-ins for Fedora's macros (packaging/rpm/macros.debian). That shows that the spec builds, what it packs and what
# its scriptlets do. The names in BuildRequires are Fedora's and not looked for; the libraries are Debian's, so what comes
# out is for tests, and a package for Fedora is built on Fedora.
#
# It compiles where packaging/build-deb.sh does and with the same flags, so that after that one ccache has every object.
#
# usage: packaging/build-rpm.sh [--worktree] [--lint]
#   --worktree   package the files as they are, committed or not
#   --lint       fail on anything that rpmlint says
set -euo pipefail
cd "$(dirname "$0")/.."

worktree=
lint=
while [ $# -gt 0 ]; do
  case $1 in
    --worktree) worktree=yes ;;
    --lint) lint=yes ;;
    -h | --help) sed -n '2,/^set -/s/^# \{0,1\}//p' "$0" | grep -v '^set -'; exit 0 ;;
    *) echo "packaging/build-rpm.sh: unknown option '$1'; see --help" >&2; exit 2 ;;
  esac
  shift
done

packaging/deps.sh build package rpm
out=$PWD/build/rpm
spec=packaging/rpm/ntpopt.spec
version=$(sed -n 's/^Version: *//p' "$spec")
name=ntpopt-$version
tree=$PWD/build/package
rm -rf "$out" "${tree:?}/$name"
mkdir -p "$out/SOURCES" "$tree"
packaging/stage.sh ${worktree:+--worktree} "$tree/$name"
tar -czf "$out/SOURCES/$name.tar.gz" -C "$tree" --owner=0 --group=0 "$name"
flags() { (cd "$tree/$name" && DEB_BUILD_MAINT_OPTIONS=hardening=+all dpkg-buildflags --get "$1"); }
# debhelper's locale instead of rpm's: to ccache a result in another language is another result.
compile="env -u LANG ${LANG+LANG=$LANG} LC_ALL=C.UTF-8 cmake --build"
rpmbuild -ba --nodeps --quiet --load "$PWD/packaging/rpm/macros.debian" \
  --define "_topdir $out" --define "_builddir $tree" --define "_dbpath $out/db" --define "_compile $compile" \
  --define "_vpath_builddir obj-$(dpkg-architecture -qDEB_HOST_GNU_TYPE)" --define "_smp_mflags -j$(nproc)" \
  --define "optflags $(flags CXXFLAGS) -g0 $(flags CPPFLAGS)" --define "build_ldflags $(flags LDFLAGS)" \
  --define "ntpopt_cmake -DNTPOPT_DEPS_PREFIX=$(realpath -m build/deps/usr)" \
  "$spec" >"$out/build.log" 2>&1 || { tail -n 40 "$out/build.log" | cut -c1-300; exit 1; }

if [ -n "$lint" ]; then
  rpmlint --strict --config packaging/rpm/rpmlint.toml "$spec" "$out"/SRPMS/*.rpm "$out"/RPMS/*/*.rpm
fi
ls "$out"/RPMS/*/*.rpm
