#!/usr/bin/env bash
# Installs what building, running and testing ntpopt needs on Debian 12, and only what is missing.
# It never removes a package, and never upgrades the machine's systemd: a development package that would do either is
# downloaded and unpacked below build/deps instead. NTP daemons for the tests are unpacked there too, never installed,
# so that nobody's own NTP service is replaced or started.
#
# usage: packaging/deps.sh [build] [demo] [test] [fuzz] [package] [rpm] [system]      (default: build)
set -euo pipefail
cd "$(dirname "$0")/.."

deps=build/deps
apt_lock=(-o DPkg::Lock::Timeout=300)
sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo)
export DEBIAN_FRONTEND=noninteractive

build_packages=(g++ cmake ninja-build pkg-config libsdbus-c++-dev libsdbus-c++-bin libfmt-dev libtomlplusplus-dev
                nlohmann-json3-dev libc-ares-dev libsqlite3-dev nettle-dev
                libcli11-dev ccache)
# Only one of these can be installed, and each will do.
curl_packages=(libcurl4-openssl-dev libcurl4-gnutls-dev libcurl4-nss-dev)
# Development files that may be unpacked instead of installed (headers, and a link to a library that is there).
unpackable_packages=(libboost1.81-dev libsystemd-dev)
# What the daemons below build/deps/daemons are linked with, and what makes the small world they run in.
demo_packages=(python3 iproute2 dbus-daemon util-linux procps libseccomp2 libgnutls30 libnettle8 libcap2 libedit2)
test_packages=(googletest libgtest-dev libgmock-dev strace shellcheck tzdata openssl ca-certificates groff-base man-db
               libbsd0 libssl3 libacl1 libapparmor1 libblkid1 libgcrypt20 libip4tc2 libkmod2 liblz4-1 libmount1 libzstd1)
fuzz_packages=(clang libclang-rt-dev)
# What makes the .deb and judges it; the same for the .rpm; and what boots a Debian in namespaces.
package_packages=(debhelper dpkg-dev fakeroot lintian)
rpm_packages=(rpm rpmlint)
system_packages=(debootstrap python3 iproute2 util-linux)
daemon_packages=(chrony)
# timesyncd comes with the private library of its own version of systemd; ntpd links libbsd and OpenSSL.
test_daemon_packages=(chrony ntpsec systemd-timesyncd libsystemd-shared)
# The name server and the HTTPS server of the tests of discovery, and the mail server of those of notices.
server_packages=(unbound nginx exim4-daemon-light)
# What judges and scrapes the metrics: promtool, Prometheus itself, node_exporter with its text file collector.
metrics_packages=(prometheus prometheus-node-exporter)

say() { printf 'deps: %s\n' "$*"; }

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

updated=
update_lists() {
  [ -z "$updated" ] || return 0
  say "refreshing the package lists"
  "${sudo[@]}" apt-get "${apt_lock[@]}" -qq update
  updated=yes
}

# Would installing it remove a package, or upgrade one that is there?
disturbs() {
  local plan
  plan=$(apt-get install -s --no-remove --no-install-recommends "$1" 2>/dev/null) || return 0
  grep -qE '^(Remv|Inst [^ ]+ \[)' <<<"$plan"
}

unpack() {
  local package=$1 into=$2 folder
  folder=$(mktemp -d)
  (cd "$folder" && apt-get -qq download "$package" 2>/dev/null && dpkg -x ./*.deb unpacked) ||
    { say "cannot download $package"; return 1; }
  mkdir -p "$into"
  cp -a "$folder/unpacked/." "$into/"
  rm -rf "$folder"
}

# An unpacked development package says /usr in its .pc files and links to a library beside itself: both are put right.
repair_unpacked() {
  local file link library
  for file in "$deps"/usr/lib/*/pkgconfig/*.pc; do
    [ -e "$file" ] && sed -i "s|=/usr|=$PWD/$deps/usr|" "$file"
  done
  for link in "$deps"/usr/lib/*/lib*.so; do
    [ -L "$link" ] || continue
    library=/usr/lib/$(basename "$(dirname "$link")")/$(basename "$link").0
    [ -e "$library" ] && ln -sf "$library" "$link"
  done
}

want_packages() {
  local package missing=()
  for package in "$@"; do installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} = 0 ] && return 0
  update_lists
  say "installing ${missing[*]}"
  "${sudo[@]}" apt-get "${apt_lock[@]}" install -y -qq --no-remove --no-install-recommends "${missing[@]}" >/dev/null
}

# The first, unless another one is there.
want_one_of() {
  local package
  for package in "$@"; do installed "$package" && return; done
  want_packages "$1"
}

want_unpackable() {
  local package marker
  for package in "$@"; do
    marker=$deps/.unpacked-$package
    if installed "$package" || [ -e "$marker" ]; then continue; fi
    update_lists
    if disturbs "$package"; then
      say "unpacking $package below $deps, since installing it would replace something"
      unpack "$package" "$deps"
      repair_unpacked
      touch "$marker"
    else
      want_packages "$package"
    fi
  done
}

want_daemons() {
  local package
  for package in "$@"; do
    [ -d "$deps/daemons/$package" ] && continue
    update_lists
    say "unpacking $package below $deps/daemons (not installed)"
    unpack "$package" "$deps/daemons/$package.part"
    mv "$deps/daemons/$package.part" "$deps/daemons/$package"
  done
}

# Installs the libraries of unpacked servers where one is missing. Their packages have the release in their names, so the
# archive is asked for them.
want_libraries_of() {
  local package libraries
  for package in "$@"; do
    ldd "$deps/daemons/$package/usr/sbin/${package%-daemon-light}" | grep -q 'not found' || continue
    update_lists
    mapfile -t libraries < <(apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
      --no-enhances "$package" | sed -n 's/^ *Depends: \(\(lib\|zlib\)[^ <]*\)$/\1/p')
    want_packages "${libraries[@]}"
  done
}

[ $# -gt 0 ] || set -- build
command -v apt-get >/dev/null || { say "this script knows Debian's apt-get only; docs/dependencies.md lists what to install"; exit 1; }
mkdir -p "$deps"
for set in "$@"; do
  case $set in
    build)
      want_packages "${build_packages[@]}"
      want_one_of "${curl_packages[@]}"
      want_unpackable "${unpackable_packages[@]}"
      ;;
    demo) want_packages "${demo_packages[@]}"; want_daemons "${daemon_packages[@]}" ;;
    test)
      want_packages "${demo_packages[@]}" "${test_packages[@]}"
      want_daemons "${test_daemon_packages[@]}"
      # busctl is part of systemd, which a machine may do without: its tools are unpacked like the daemons.
      command -v busctl >/dev/null || want_daemons systemd
      want_daemons "${server_packages[@]}"
      want_libraries_of "${server_packages[@]}"
      want_daemons "${metrics_packages[@]}"
      ;;
    fuzz) want_packages "${fuzz_packages[@]}" ;;
    package) want_packages "${package_packages[@]}" ;;
    rpm) want_packages "${rpm_packages[@]}" ;;
    system) want_packages "${system_packages[@]}" ;;
    *) say "unknown set '$set': build, demo, test, fuzz, package, rpm, system"; exit 2 ;;
  esac
done
