"""A Debian that systemd boots as PID 1 in namespaces of its own, below a world: `with lab.World() as world: Booted(world, ...)`.

Its root file system is a cached one (roots.py) with an overlay in memory, so nothing is left and every test begins with
the same. It cannot move this machine's clock (lab.enter() took the capability away), has this world's network, and an
internet of fake servers behind a veth. What cannot be tried in it stands in docs/sandboxing.md.
"""
from __future__ import annotations

import contextlib
import os
import pathlib
import re
import subprocess
import tempfile
import time

from lab.processes import TimedOut
from roots import root_of

UNITS = {"chrony": "chrony.service", "ntpsec": "ntpsec.service", "timesyncd": "systemd-timesyncd.service"}
# What has no sense in namespaces, or would work behind a test's back.
MASKED = ["sys-kernel-debug.mount", "sys-kernel-tracing.mount", "systemd-sysctl.service", "systemd-binfmt.service",
          "systemd-modules-load.service", "systemd-random-seed.service", "getty.target", "console-getty.service",
          "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer",
          "e2scrub_reap.service"]
# A container may not set the clock, so the services would not start; none of these lines lets one set it.
DROP_INS = {
    "chrony": "[Unit]\nConditionCapability=\n",
    "ntpsec": "[Unit]\nConditionCapability=\n[Service]\nExecStart=\n"
              "ExecStart=/usr/sbin/ntpd -p /run/ntpd.pid -c /etc/ntpsec/ntp.conf -g\n",
    "timesyncd": "[Unit]\nConditionCapability=\nConditionVirtualization=\n",
}
# An administrator's.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BOOT = pathlib.Path(__file__).resolve().parent / "boot.sh"


class Booted:
    """One machine. After power_cut() it may be booted again, with its disk as it was."""

    def __init__(self, world, service: str, names: dict):
        self.world = world
        self.service = service
        self.unit = UNITS[service]
        folder = world.directory / "machine"
        self.upper, work, self.root = (folder / name for name in ("upper", "work", "root"))
        for path in (self.upper, work, self.root):
            path.mkdir(parents=True)
        world.run(["mount", "-t", "overlay", "machine", "-o", f"lowerdir={root_of(service)},upperdir={self.upper},workdir={work}",
                   self.root]).check_returncode()
        self._set_up(names)
        self.pid = 0
        self._cgroup = None

    def _set_up(self, names: dict) -> None:
        etc = self.root / "etc"
        for unit in MASKED:
            (etc / "systemd/system" / unit).symlink_to("/dev/null")
        (etc / "systemd/system/default.target").symlink_to("/lib/systemd/system/multi-user.target")
        self.write(f"/etc/systemd/system/{self.unit}.d/container.conf", DROP_INS[self.service])
        if self.service == "chrony":
            self.write("/etc/default/chrony", 'DAEMON_OPTS="-F 1 -x"\n')
        self.write("/etc/hosts", "127.0.0.1 localhost machine\n" +
                   "".join(f"{address} {name}\n" for name, addresses in names.items() for address in addresses))
        self.write("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        self.write("/etc/hostname", "machine\n")

    def write(self, path: str, text: str) -> None:
        """A file of the machine, made with its folders; the shell's way, for what root would type."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def boot(self) -> float:
        """Returns when systemd has nothing more to start, with the seconds that took."""
        begun = time.monotonic()
        self._cgroup = pathlib.Path(tempfile.mkdtemp(prefix="ntpopt-system-", dir=_cgroup_mount()))
        starter = self.world.start(f"boot{len(self.world.processes)}", ["sh", BOOT, self.root, self._cgroup])
        children = pathlib.Path(f"/proc/{starter.pid}/task/{starter.pid}/children")
        self.pid = self.world.wait_for(lambda: int((children.read_text() or "0").split()[0]), 60, "PID 1 of the machine")
        (self._cgroup.parent / "cgroup.procs").write_text(str(starter.pid))  # it outlives a power cut, and buries PID 1
        self.world.wait_for(lambda: (self.inside("/run/systemd/private")).exists(), 60, "systemd")
        self.run("systemctl", "is-system-running", "--wait", timeout=300)
        return time.monotonic() - begun

    def inside(self, path: str) -> pathlib.Path:
        """A path of the running machine, with what is mounted there."""
        return pathlib.Path(f"/proc/{self.pid}/root{path}")

    def read(self, path: str) -> str:
        """A file as the running machine sees it, "" where there is none."""
        try:
            return self.inside(path).read_text(errors="replace")
        except OSError:
            return ""

    def exists(self, path: str) -> bool:
        return os.path.lexists(self.inside(path))

    def power_cut(self) -> None:
        """Nobody in it is asked, and what was in memory is gone. All at once (Linux 5.14): while PID 1 alone ends, the others see it
        go, and act."""
        (self._cgroup / "cgroup.kill").write_text("1")
        self.world.processes[-1].wait() if self.world.processes[-1].name.startswith("boot") else None
        self.world.wait_for(lambda: not pathlib.Path(f"/proc/{self.pid}").exists(), 60, "the machine to be off")
        self._remove_cgroup()

    def close(self) -> None:
        if self.pid and pathlib.Path(f"/proc/{self.pid}").exists():
            self.power_cut()

    def _remove_cgroup(self) -> None:
        for folder, _, _ in os.walk(self._cgroup, topdown=False):
            for _ in range(500):
                try:
                    os.rmdir(folder)
                    break
                except OSError:  # the last processes of it are being buried
                    time.sleep(0.02)

    def run(self, *argv, user: str | None = None, timeout: float = 120, env: dict | None = None) -> subprocess.CompletedProcess:
        """A program in the machine, as root or as somebody else; its output is text."""
        words = ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--",
                 "env", "-i", f"PATH={PATH}", "HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
                 *(f"{key}={value}" for key, value in (env or {}).items())]
        if user is not None:
            words += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        return subprocess.run([*words, *map(str, argv)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)

    def sh(self, *argv, **options) -> str:
        """What a program prints; it has to succeed."""
        done = self.run(*argv, **options)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout

    def wait_for(self, condition, timeout: float, what: str, pause: float = 0.1):
        """With the journal's last words where it does not come true."""
        try:
            return self.world.wait_for(condition, timeout, what, pause)
        except TimedOut:
            raise AssertionError(f"waited {timeout} s for {what}\n{self.run('journalctl', '--no-pager', '-n', 60).stdout}") from None

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def cgroup(self, unit: str) -> pathlib.Path:
        """As this world sees it; there only while the unit runs."""
        return self._cgroup / (self.show(unit, "ControlGroup").lstrip("/") or "none")

    def main_pid(self, unit: str) -> int:
        """As this world counts processes; 0 where the unit has none."""
        inner = self.show(unit, "MainPID")
        procs = self.cgroup(unit) / "cgroup.procs"
        if inner == "0" or not procs.exists():
            return 0
        for number in procs.read_text().split():
            with contextlib.suppress(OSError):  # a child that has ended meanwhile
                status = pathlib.Path(f"/proc/{number}/status").read_text()
                if re.search(r"^NSpid:.*\t" + inner + "$", status, re.M):
                    return int(number)
        return 0


def _cgroup_mount() -> str:
    """Where the unified hierarchy is mounted."""
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return place
    raise RuntimeError("no cgroup2 is mounted here: systemd cannot be booted")
