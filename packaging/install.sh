#!/usr/bin/env bash
# Builds ntpopt and installs it on a machine with systemd: programs, units, bus policy, user, example configuration.
# Enables and starts ntpoptd unless --no-enable is given; where it runs already, it is restarted. The NTP service itself is
# neither installed nor restarted.
#
# usage: packaging/install.sh [--no-enable] [--prefix DIR (/usr/local)] [--uninstall]
# NTPOPT_PRESET chooses another CMake preset than "release".
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
preset=${NTPOPT_PRESET:-release}
build=build/$preset
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
    echo "packaging/install.sh: the NTP service could not be taken back to its own servers; its next restart will do it" >&2
  # Gone already where the NTP service ran; where it did not, it starts with its own servers.
  "${sudo[@]}" rm -f /etc/chrony/sources.d/50-ntpopt.sources /etc/chrony/sources.d/ntpopt-restore.sources \
    /run/chrony-dhcp/50-ntpopt.sources \
    /etc/ntpsec/ntp.d/50-ntpopt.conf \
    /etc/systemd/timesyncd.conf.d/zz-ntpopt.conf \
    /var/lib/prometheus/node-exporter/ntpopt.prom
  # Configuration and state stay; what was installed goes, with the folders that are ours and those made for drop-ins.
  installed=$(grep -v '^/etc/' "$manifest")
  "${sudo[@]}" xargs -d '\n' rm -f -- <<<"$installed"
  sed -n 's|^\(.*/ntpopt\)/.*|\1|p' <<<"$installed" | sort -u |
    "${sudo[@]}" xargs -d '\n' sh -c 'find "$@" -depth -type d -empty -delete 2>/dev/null || true' sh \
      /etc/ntpsec/ntp.d /etc/systemd/timesyncd.conf.d
  "${sudo[@]}" journalctl --update-catalog
  "${sudo[@]}" systemctl daemon-reload
  "${sudo[@]}" systemctl reload dbus.service
  rm -f "$manifest" 2>/dev/null || true
  echo "ntpopt is removed; /etc/ntpopt, /var/lib/ntpopt and /var/lib/ntpopt-apply are left, and the users ntpopt and ntpopt-metrics"
  exit 0
fi

packaging/deps.sh build
cmake --preset "$preset" -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_SYSCONFDIR=/etc \
  -DNTPOPT_DBUS_POLICY_DIR=/usr/share/dbus-1/system.d -DNTPOPT_DBUS_SERVICE_DIR=/usr/share/dbus-1/system-services \
  -DNTPOPT_DBUS_INTERFACE_DIR=/usr/share/dbus-1/interfaces -DNTPOPT_POLKIT_DIR=/usr/share/polkit-1/actions >/dev/null
cmake --build "$build" -j "$(nproc)" -- --quiet
"${sudo[@]}" cmake --install "$build" >/dev/null
"${sudo[@]}" systemd-sysusers
"${sudo[@]}" systemd-tmpfiles --create ntpopt.conf
"${sudo[@]}" journalctl --update-catalog
"${sudo[@]}" systemctl daemon-reload
"${sudo[@]}" systemctl reload dbus.service
"${sudo[@]}" systemctl try-restart ntpoptd.service
if [ -n "$enable" ]; then
  "${sudo[@]}" systemctl enable --now ntpoptd.service
  echo "ntpoptd runs. Next: ntpoptctl status, ntpoptctl reoptimize --dry-run, journalctl -u ntpoptd"
else
  echo "installed. Next: systemctl enable --now ntpoptd"
fi
