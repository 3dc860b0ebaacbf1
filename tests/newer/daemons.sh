#!/usr/bin/env bash
# Unpacks the NTP services of Debian 13 below build/deps/daemons-13, and with them the libraries that they are linked
# with, so that they run on Debian 12 too. Nothing is installed. For `tests/run.sh --newer`.
set -euo pipefail
cd "$(dirname "$0")/../.."

release=trixie
root=$PWD/build/deps/daemons-13
libraries=$root/libraries/usr/lib/x86_64-linux-gnu
services=(chrony ntpsec systemd-timesyncd)
[ -e "$root/.complete" ] && exit 0

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch"/{lists/partial,cache/archives/partial,state,debs}
touch "$scratch/state/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $release main" \
  >"$scratch/sources.list"
# The machine's own lists and packages stay out of it.
apart=(-o "Dir::Etc::SourceList=$scratch/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State=$scratch/state"
       -o "Dir::State::Lists=$scratch/lists" -o "Dir::State::status=$scratch/state/status" -o "Dir::Cache=$scratch/cache"
       -o APT::Sandbox::User=root)

download() { (cd "$scratch/debs" && apt-get -qq "$@"); }

echo "newer: unpacking ${services[*]} of Debian 13 below ${root#"$PWD"/} (not installed)"
apt-get -qq "${apart[@]}" update
mapfile -t needed < <(apt-cache "${apart[@]}" depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
  --no-replaces --no-enhances "${services[@]}" | grep -E '^(lib|zlib)' | sort -u)
download "${apart[@]}" download "${services[@]}" "${needed[@]}"
download -o APT::Sandbox::User=root download patchelf

rm -rf "$root"
mkdir -p "$root/libraries"
for package in "${services[@]}" libsystemd-shared; do
  mkdir "$root/$package"
  dpkg -x "$scratch/debs/${package}"_*.deb "$root/$package"
done
ln -s usr/lib "$root/systemd-timesyncd/lib"
for package in "$scratch"/debs/{lib,zlib}*.deb; do dpkg -x "$package" "$root/libraries"; done
dpkg -x "$scratch"/debs/patchelf_*.deb "$scratch/patchelf"
shared=$(dirname "$(find "$root/libsystemd-shared" -name 'libsystemd-shared-*.so')")
for program in chrony/usr/sbin/chronyd chrony/usr/bin/chronyc ntpsec/usr/sbin/ntpd \
               systemd-timesyncd/usr/lib/systemd/systemd-timesyncd; do
  "$scratch/patchelf/usr/bin/patchelf" --set-interpreter "$libraries/ld-linux-x86-64.so.2" "$root/$program"
  "$scratch/patchelf/usr/bin/patchelf" --force-rpath --set-rpath "$libraries:$shared" "$root/$program"
done
"$scratch/patchelf/usr/bin/patchelf" --force-rpath --set-rpath "$libraries" "$shared"/libsystemd-shared-*.so
touch "$root/.complete"
