#!/usr/bin/env bash
# Builds ntpopt and installs it on a machine with systemd: programs, units, bus policy, user, example configuration.
# Enables and starts ntpoptd unless --no-enable is given. The NTP service itself is neither installed nor restarted.
#
# usage: packaging/install.sh [--no-enable] [--prefix DIR (/usr/local)] [--uninstall]
set -euo pipefail
cd "$(dirname "$0")/.."

prefix=/usr/local
enable=yes
uninstall=
while [ $# -gt 0 ]; do
  case $1 in
    --no-enable) enable= ;;
    --prefix) prefix=${2:?--prefix needs a folder}; shift ;;
    --uninstall) uninstall=yes ;;
    -h | --help) sed -n '2,/^set -/s/^# \{0,1\}//p' "$0" | grep -v '^set -'; exit 0 ;;
    *) echo "packaging/install.sh: unknown option '$1'; see --help" >&2; exit 2 ;;
  esac
  shift
done
sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo)
build=build/release
manifest=$build/install_manifest.txt

if [ ! -d /run/systemd/system ]; then
  echo "packaging/install.sh: systemd does not run this machine; packaging/quickstart.sh needs none" >&2
  exit 1
fi

if [ -n "$uninstall" ]; then
  [ -e "$manifest" ] || { echo "packaging/install.sh: $manifest is missing: nothing was installed from here" >&2; exit 1; }
  # Stopped first, so that nobody chooses again behind our back; then the NTP service goes back to its own servers.
  "${sudo[@]}" systemctl disable --now ntpoptd.service ntpopt-recover.service ntpopt-metrics.socket ntpopt-textfile.timer || true
  "${sudo[@]}" systemctl stop ntpopt-apply.service || true
  applier=$(grep '/ntpopt-apply$' "$manifest")
  "${sudo[@]}" "$applier" --rollback-original ||
    echo "packaging/install.sh: the NTP service keeps its present servers; see journalctl -t ntpopt-apply" >&2
  # Configuration and state stay; what was installed goes.
  grep -v '/etc/ntpopt/' "$manifest" | "${sudo[@]}" xargs -d '\n' rm -f --
  "${sudo[@]}" rm -f /var/lib/prometheus/node-exporter/ntpopt.prom
  "${sudo[@]}" systemctl daemon-reload
  "${sudo[@]}" systemctl reload dbus.service
  echo "ntpopt is removed; /etc/ntpopt, /var/lib/ntpopt and /var/lib/ntpopt-apply are left"
  exit 0
fi

packaging/deps.sh build
cmake --preset release -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_SYSCONFDIR=/etc \
  -DNTPOPT_DBUS_POLICY_DIR=/usr/share/dbus-1/system.d -DNTPOPT_DBUS_SERVICE_DIR=/usr/share/dbus-1/system-services \
  -DNTPOPT_DBUS_INTERFACE_DIR=/usr/share/dbus-1/interfaces -DNTPOPT_POLKIT_DIR=/usr/share/polkit-1/actions >/dev/null
cmake --build "$build" -j "$(nproc)" -- --quiet
"${sudo[@]}" cmake --install "$build" >/dev/null
"${sudo[@]}" systemd-sysusers
"${sudo[@]}" systemd-tmpfiles --create ntpopt.conf
"${sudo[@]}" journalctl --update-catalog
"${sudo[@]}" systemctl daemon-reload
"${sudo[@]}" systemctl reload dbus.service
if [ -n "$enable" ]; then
  "${sudo[@]}" systemctl enable --now ntpoptd.service
  echo "ntpoptd runs. Next: ntpoptctl status, ntpoptctl reoptimize --dry-run, journalctl -u ntpoptd"
else
  echo "installed. Next: systemctl enable --now ntpoptd"
fi
