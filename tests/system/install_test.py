"""packaging/install.sh in the life of a machine that has no packages of ours: it installs, installs once more, and takes back.
The script runs as shipped, as somebody who is not root, and its sudo does to the booted Debian what would be done to this
machine. It takes the build tree of the tests, below an overlay, so there is nothing to compile and nothing is left in it."""
import pathlib

import day
import sandbox
from day import POOL, ROOT
from lab.world import build_dir
from timesyncd_test import TimesyncdDay

# cmake installs from here into the machine's root, everything else runs in the machine.
SUDO = """#!/bin/sh
if [ "$1" = cmake ]; then
  DESTDIR=/proc/{pid}/root exec "$@"
fi
exec nsenter --target={pid} --mount --pid --uts --ipc --cgroup -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"
"""
ID = "#!/bin/sh\necho 1000\n"
EDITED = "# the administrator's\n"


class InstallDay(TimesyncdDay):
    def live(self):
        self.prepare()
        self.install()
        self.enable()
        self.reoptimize()
        self.explained()
        sandbox.processes(self)
        self.upgraded()
        self.no_call_was_forbidden()
        self.uninstalled_without_going_back()
        self.installed_again()
        self.uninstalled()

    def prepare(self):
        """An overlay where the tree is, in the namespace of this test; and who stands in for whom."""
        self.check(build_dir() == ROOT / "build" / build_dir().name, f"{build_dir()} is not the build of a preset of this tree")
        upper, work, self.bin = (self.world.directory / name for name in ("tree-upper", "tree-work", "stand-ins"))
        for folder in (upper, work, self.bin):
            folder.mkdir()
        self.world.run(["mount", "-t", "overlay", "tree", "-o", f"lowerdir={ROOT},upperdir={upper},workdir={work}",
                        ROOT]).check_returncode()
        for name, text in (("sudo", SUDO.format(pid=self.machine.pid)), ("id", ID)):
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)
        pathlib.Path("/run/systemd/system").mkdir(parents=True)  # in this world's own /run

    def script(self, *words, says: str):
        """packaging/install.sh; its only words are these."""
        done = self.world.run(["env", f"PATH={self.bin}:{self.world.env['PATH']}", f"NTPOPT_PRESET={build_dir().name}",
                               ROOT / "packaging/install.sh", *words], timeout=300)
        self.check(done.returncode == 0 and done.stdout.strip().splitlines()[-1].startswith(says),
                   f"install.sh {words}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def install(self):
        self.before = self.traces.look()
        self.script("--no-enable", says="installed. Next: systemctl enable --now ntpoptd")
        self.is_disabled()
        sandbox.units_are_sound(self)
        self.configure()
        self.say("installed by packaging/install.sh, disabled")

    def explained(self):
        self.sh("journalctl", "--sync")
        explained = self.sh("journalctl", "--no-pager", "-x", "-u", "ntpoptd")
        self.check("The NTP service was moved to other servers" in explained, explained[-3000:])

    def upgraded(self):
        """Once more: configuration and state stay, and nothing is restarted but ntpoptd."""
        self.sh("ntpoptctl", "interval", "8h")
        toml = "/etc/ntpopt/ntpopt.toml"
        self.machine.write(toml, self.machine.read(toml) + EDITED)
        pids = {unit: self.machine.show(unit, "MainPID") for unit in ("ntpoptd.service", self.machine.unit, "dbus.service")}
        self.script(says="ntpoptd runs. Next: ntpoptctl status")
        self.machine.wait_for(self.is_active, 60, "ntpoptd after the upgrade")
        changed = {unit for unit, pid in pids.items() if self.machine.show(unit, "MainPID") != pid}
        self.check(changed == {"ntpoptd.service"}, f"restarted by the upgrade: {changed}")
        self.is_enabled()
        self.check(self.ctl_json("status")["interval_s"] == 8 * 3600, "the upgrade lost the interval")
        self.check(self.machine.read(toml).endswith(EDITED), "the upgrade lost the configuration")
        self.check(self.follows_chosen(), "the upgrade changed the servers")
        self.say("installed once more: configuration and state kept, only ntpoptd restarted")

    def uninstalled_without_going_back(self):
        """What says that the next restart of the NTP service goes back is right."""
        self.sh("ln", "-sf", "/bin/false", "/usr/local/libexec/ntpopt-apply")
        done = self.script("--uninstall", says="ntpopt is removed; ")
        self.check("its next restart will do it" in done.stderr, done.stderr)
        self.check(not self.machine.exists(self.drop_in) and self.follows_chosen(), f"it follows {self.followed()}")
        self.sh("systemctl", "restart", self.machine.unit)
        self.machine.wait_for(lambda: self.follows(POOL), 60, f"{self.service} on its own servers, not {self.followed()}")
        self.say("uninstalled by an applier that fails: on its own servers after a restart, as it says")

    def installed_again(self):
        """The applier that failed has committed what it did; that is made true again."""
        self.script(says="ntpoptd runs. Next: ntpoptctl status")
        self.expect_exit(0, "reoptimize")
        self.machine.wait_for(self.follows_chosen, 30, f"{self.service} to follow the chosen set, not {self.followed()}")

    def uninstalled(self):
        self.check(self.machine.exists(self.drop_in), "nothing is applied before")
        done = self.script("--uninstall", says="ntpopt is removed; ")
        self.check("could not" not in done.stderr, done.stderr)
        self.machine.wait_for(lambda: self.follows(POOL), 60, f"{self.service} on its own servers, not {self.followed()}")
        running = self.machine.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "ntpopt*").stdout
        self.check("running" not in running and "listening" not in running, f"runs still: {running}")
        self.check("ntpopt" not in self.sh("journalctl", "--list-catalog"), "the journal explains still what is gone")
        # Folders that cmake made for others' files, too, are nobody's.
        folders = {path: held for path, held in self.traces.look().items() if held[0].startswith("d") and "ntpopt" not in path}
        self.before = folders | self.before
        self.nothing_is_left_but(day.KEPT)
        self.say("uninstalled: on its own servers; only /etc/ntpopt and /var/lib/ntpopt* are left")


if __name__ == "__main__":
    day.run(InstallDay)
