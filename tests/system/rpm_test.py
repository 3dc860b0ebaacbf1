"""The RPM packages in the life of a machine: rpm itself installs, upgrades and erases them in a Debian that runs, which has
the libraries they were built with. What Fedora's systemd brings for its packages, Debian's does not, so a stand-in is put
there first."""
import day
from chrony_test import ChronyDay
from day import POOL, ROOT

HELPER = "/usr/lib/systemd/systemd-update-helper"
# What systemd's helper does for the scriptlets of a package; after the transaction a trigger of systemd's own package calls
# it once more.
STAND_IN = """#!/bin/sh
verb=$1
shift
case $verb in
install-system-units) systemctl --no-reload preset "$@" ;;
remove-system-units) systemctl --no-reload disable --now "$@" ;;
mark-restart-system-units) for unit; do systemctl set-property "$unit" Markers=+needs-restart; done ;;
system-reload-restart) systemctl daemon-reload && systemctl reload-or-restart --marked ;;
esac
"""
# Fedora's filesystem and dbus packages own them, so ours do not.
FOLDERS = ("/usr/share/dbus-1/interfaces", "/usr/share/fish/vendor_completions.d", "/usr/share/licenses",
           "/usr/share/zsh/site-functions")


class RpmDay(ChronyDay):
    def live(self):
        self.install()
        self.enable()
        self.reoptimize()
        self.upgraded()
        self.erased()

    def rpm(self, *words, says: str = "") -> None:
        """rpm of the machine that the test runs on, with that one as its root. Its database is the test's: SQLite takes the link
        /proc/PID/root for the "/" that it shows, so what rpm calls below its root would be this machine's."""
        pid = self.machine.pid
        done = self.world.run(["nsenter", f"--target={pid}", "--pid", "--uts", "--ipc", "--cgroup", "--",
                               "rpm", f"--root=/proc/{pid}/root", f"--dbpath={self.database}", "--force-debian",
                               "--nodeps", "--noplugins", *words])
        # rpm goes on where a scriptlet fails, and says so.
        complaints = [line for line in done.stderr.splitlines() if line.startswith(("error:", "warning:", "ntpopt:"))]
        self.check(done.returncode == 0 and len(complaints) == bool(says) and says in done.stderr,
                   f"rpm {words}: exit {done.returncode}: {done.stdout}{done.stderr}")
        self.sh(HELPER, "system-reload-restart")

    def install(self):
        self.packages = sorted((ROOT / "build/rpm/RPMS").glob("*/*.rpm"))
        self.check(len(self.packages) == 2, "packaging/build-rpm.sh makes the packages")
        self.machine.write(HELPER, STAND_IN)
        (self.machine.root / HELPER.lstrip("/")).chmod(0o755)
        self.database = self.world.directory / "rpm"
        for folder in (*FOLDERS, str(self.database)):
            (self.machine.root / folder.lstrip("/")).mkdir(parents=True)
        self.database.mkdir()
        self.before = self.traces.look()
        self.rpm("--install", *self.packages)
        self.is_disabled()
        for user in ("ntpopt", "ntpopt-metrics"):
            self.sh("getent", "passwd", user)
        self.configure()
        # Before the applier runs, which leaves when its configuration changes.
        self.edited = self.machine.read("/etc/ntpopt/ntpopt.toml") + "# the administrator's\n"
        self.machine.write("/etc/ntpopt/ntpopt.toml", self.edited)
        self.say("installed by rpm, disabled")

    def upgraded(self):
        """The same version once more: configuration and state stay, and nothing is restarted but ntpoptd."""
        self.sh("ntpoptctl", "interval", "8h")
        self.expect_exit(0, "status")  # starts the applier
        units = ("ntpoptd.service", "ntpopt-apply.service", self.machine.unit, "dbus.service")
        pids = {unit: self.machine.show(unit, "MainPID") for unit in units}
        self.check("0" not in pids.values(), f"not running before the upgrade: {pids}")
        self.rpm("--upgrade", "--replacepkgs", *self.packages)
        self.machine.wait_for(self.is_active, 60, "ntpoptd after the upgrade")
        changed = {unit for unit, pid in pids.items() if self.machine.show(unit, "MainPID") != pid}
        self.check(changed == {"ntpoptd.service"}, f"restarted by the upgrade: {changed}")
        self.check(self.machine.run("systemctl", "is-enabled", "ntpoptd").stdout == "enabled\n", "the upgrade disabled ntpoptd")
        self.check(self.ctl_json("status")["interval_s"] == 8 * 3600, "the upgrade lost the interval")
        self.check(self.machine.read("/etc/ntpopt/ntpopt.toml") == self.edited, "the upgrade lost the configuration")
        self.check(self.follows_chosen(), "the upgrade changed the servers")
        self.say("upgraded: configuration and state kept, only ntpoptd restarted")

    def erased(self):
        self.check(self.machine.exists(self.drop_in), "nothing is applied before the packages are erased")
        self.rpm("--erase", "ntpopt", "ntpoptctl", says="/etc/ntpopt/ntpopt.toml saved as")
        self.check(not self.machine.exists(self.drop_in), f"{self.drop_in} is left")
        self.machine.wait_for(lambda: self.follows(POOL), 60, f"{self.service} on its own servers, not {self.followed()}")
        running = self.machine.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "ntpopt*").stdout
        self.check("running" not in running and "listening" not in running, f"runs still: {running}")
        self.nothing_is_left_but((*day.KEPT, f"{self.database}(/.rpm.lock)?"))
        self.say("erased: on its own servers; only /etc/ntpopt and /var/lib/ntpopt* are left")


if __name__ == "__main__":
    day.run(RpmDay)
