"""The world itself: names, fake servers, chronyds, a private bus, our own programs. Call lab.enter() before making one."""
from __future__ import annotations

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading

from lab.internet import Internet
from lab.namespaces import confined
from lab.ntpd import Ntpd
from lab.processes import PATIENCE_S, Process, TimedOut, wait_for
from lab.systemd import Systemd, policy_file
from lab.timesyncd import Timesyncd
from lab.timesyncd import policy_file as timesyncd_policy_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOBODY = 65534


def build_dir() -> pathlib.Path:
    """The build tree under test: NTPOPT_BUILD, as ctest sets it."""
    return pathlib.Path(os.environ.get("NTPOPT_BUILD", ROOT / "build" / "dev"))


def daemon_root(package: str) -> pathlib.Path:
    """Where a package is unpacked."""
    root = pathlib.Path(os.environ.get("NTPOPT_TEST_DAEMONS", ROOT / "build" / "deps" / "daemons")) / package
    if not root.exists():
        raise FileNotFoundError(f"{root} is missing; packaging/deps.sh unpacks it")
    return root


def daemon_program(package: str, path: str) -> pathlib.Path:
    """A program of an unpacked NTP daemon: daemon_program("chrony", "usr/sbin/chronyd")."""
    root = pathlib.Path(os.environ.get("NTPOPT_TEST_DAEMONS", ROOT / "build" / "deps" / "daemons"))
    for candidate in (root / package / path, root / path):
        if candidate.exists():
            return candidate
    raise FileNotFoundError(f"{package}'s {path} is not below {root}; packaging/deps.sh unpacks it there")


class FakeServers:
    """A running fakentp; command("set liar offset=1s") changes its servers."""

    def __init__(self, process: Process):
        self.process = process

    def command(self, text: str) -> str:
        """The last line of the answer."""
        self.process.popen.stdin.write(text.encode() + b"\n")
        self.process.popen.stdin.flush()
        answer = self.process.popen.stdout.readline().decode().strip()
        if answer.startswith("error"):
            raise ValueError(f"fakentp: {text}: {answer}")
        return answer


class Chrony:
    """A running chronyd of the world and its chronyc."""

    def __init__(self, world: "World", name: str, directory: pathlib.Path):
        self.world = world
        self.name = name
        self.directory = directory
        self.config = directory / "chrony.conf"
        self.socket = directory / "run" / "chronyd.sock"
        self.sources_dir = directory / "sources.d"
        self.dhcp_dir = pathlib.Path("/run/chrony-dhcp")
        self.process: Process | None = None

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def chronyc_argv(self) -> list:
        return [str(self.world.service_program("chrony", "usr/bin/chronyc")), "-h", str(self.socket)]

    @property
    def argv(self) -> list:
        return [self.world.service_program("chrony", "usr/sbin/chronyd"), "-x", "-u", "root", "-d", "-f", self.config]

    def start(self, under: list = ()) -> None:
        """Started through `under`, which ends in an exec, where that is given."""
        self.process = self.world.start(self.name, [*under, *self.argv])
        self.world.wait_for(self.answers, PATIENCE_S, f"{self.name} to listen")

    def answers(self) -> bool:
        return subprocess.run([*self.chronyc_argv, "-n", "tracking"], capture_output=True).returncode == 0

    def restart(self) -> None:
        self.process.stop()
        self.start()

    def chronyc(self, *words) -> str:
        for _ in range(3):  # on a machine under heavy load chronyc now and then does not get its socket open
            done = subprocess.run([*self.chronyc_argv, *map(str, words)], capture_output=True, text=True, timeout=PATIENCE_S)
            if "Could not open connection" not in done.stdout + done.stderr:
                break
        if done.returncode != 0:
            raise RuntimeError(f"chronyc {' '.join(map(str, words))}: {done.stdout}{done.stderr}")
        return done.stdout

    def sources(self) -> list:
        """One dict a source, unresolved ones too: mode, state, id, name, stratum, reach."""
        keys = ("mode", "state", "id", "stratum", "poll", "reach", "last_rx", "offset", "measured", "error")
        def listed():  # two calls: they belong together where nothing was added or deleted in between
            try:
                rows = [dict(zip(keys, line.split(","))) for line in self.chronyc("-c", "-n", "sources", "-a").splitlines()]
                names = [line.split(",")[2] for line in self.chronyc("-c", "-N", "sources", "-a").splitlines()]
            except RuntimeError as error:
                if "503" in str(error):  # a source went while chronyc listed them one by one
                    return None
                raise
            return (rows, names) if len(rows) == len(names) else None
        rows, names = wait_for(listed, PATIENCE_S, f"a list of {self.name}'s sources")
        for row, name in zip(rows, names):
            row["name"] = name
        return rows

    def glance(self) -> tuple:
        """Its leap status and its sources by address, from one run of chronyc; cheaper than leap() and sources()."""
        def listed():
            try:
                tracking, *sources = self.chronyc("-m", "-c", "-n", "tracking", "sources -a").splitlines()
            except RuntimeError as error:
                if "503" in str(error):  # as in sources()
                    return None
                raise
            return tracking.split(",")[13], [dict(zip(("mode", "state", "id"), line.split(","))) for line in sources]
        return wait_for(listed, PATIENCE_S, f"a look at {self.name}")

    def names(self) -> list:
        """The configured names of all sources, sorted, pools once a member."""
        return sorted(row["name"] for row in self.sources())

    def selected(self) -> str:
        """The configured name of the selected source, or ""."""
        return next((row["name"] for row in self.sources() if row["state"] == "*"), "")

    def leap(self) -> str:
        return self.chronyc("-c", "-n", "tracking").strip().split(",")[13]

    def is_synchronised(self) -> bool:
        return self.leap() != "Not synchronised" and self.selected() != ""


class World:
    """One world at a time; leaving the `with` block ends all of its programs."""

    def __init__(self):
        if os.getpid() != 1:
            raise RuntimeError("call lab.enter() first: a world lives in namespaces of its own")
        self.directory = _mount_point()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "ntpopt-lab", self.directory], check=True)
        self.env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(self.directory)}
        if "LD_LIBRARY_PATH" in os.environ:
            self.env["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        if not shutil.which("busctl", path=self.env["PATH"]):
            self._use_unpacked_busctl()
        self.processes: list[Process] = []
        self._mounts: list[pathlib.Path] = []
        self._hosts = self.directory / "hosts"
        self._hosts.write_text("127.0.0.1 localhost\n::1 localhost\n")
        self.bind(self._hosts, pathlib.Path("/etc/hosts"))
        resolv = self.directory / "resolv.conf"
        resolv.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        self.bind(resolv, pathlib.Path(os.path.realpath("/etc/resolv.conf")))
        self._private_run()

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        for process in reversed(self.processes):
            if process.is_running():
                os.killpg(process.pid, signal.SIGKILL)
            with process.popen:  # closes its pipes and waits
                pass
        for mount in reversed(self._mounts):
            subprocess.run(["umount", "-l", mount], check=False)
        subprocess.run(["umount", "-l", self.directory], check=False)

    def bind(self, source: pathlib.Path, target: pathlib.Path) -> None:
        """Covers a file or folder of the machine by one of ours, in this world only."""
        if target.exists():
            subprocess.run(["mount", "--bind", source, target], check=True)
            self._mounts.append(target)

    def _use_unpacked_busctl(self) -> None:
        """For a machine without systemd; its private library is beside the one that timesyncd needs. The quickstart asks
        nothing by it, and what it needs does not bring it."""
        try:
            busctl = daemon_program("systemd", "usr/bin/busctl")
        except FileNotFoundError:
            return
        self.env["PATH"] += f":{busctl.parent}"
        library = next(daemon_program("libsystemd-shared", "usr/lib").glob("*/systemd"))
        self.env["LD_LIBRARY_PATH"] = ":".join(filter(None, (self.env.get("LD_LIBRARY_PATH"), str(library))))

    def _private_run(self) -> None:
        """/run/chrony-dhcp is chrony's compiled-in place for volatile sources: ours covers the machine's /run."""
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "ntpopt-lab", "/run"], check=True)
        self._mounts.append(pathlib.Path("/run"))

    def wait_for(self, condition, timeout: float, what: str, pause: float = 0.1):
        try:
            return wait_for(condition, timeout, what, pause)
        except TimedOut as late:
            told = "".join(f"\n--- {p.name} (status {p.popen.poll()}):\n{p.log()[-2000:]}" for p in self.processes)
            raise TimedOut(f"{late}{told}") from None

    def start(self, name: str, argv: list, **options) -> Process:
        """A program of the world; its output goes to NAME.log."""
        # The leak check of a sanitizer build is a tracer itself, so it cannot work under another one.
        traced = {"ASAN_OPTIONS": "detect_leaks=0"} if "strace" in argv[:1] else {}
        options.setdefault("env", self.env | traced)
        process = Process(name, argv, str(self.directory / f"{name}.log"), **options)
        self.processes.append(process)
        return process

    def run(self, argv: list, timeout: float = 120, input: str | None = None) -> subprocess.CompletedProcess:
        """A program that ends by itself."""
        return subprocess.run([str(word) for word in argv], env=self.env, capture_output=True, text=True, timeout=timeout,
                              **({"stdin": subprocess.DEVNULL} if input is None else {"input": input}))

    def program(self, relative: str) -> pathlib.Path:
        """A program of the build tree, reachable for every user of the world wherever the tree lies."""
        source = build_dir() / relative
        return _install(source, self.directory / "bin" / source.name)

    def service_program(self, package: str, path: str) -> pathlib.Path:
        """daemon_program() as it would be installed: root's, in folders that only root can change, whoever built the tree.
        The applier runs no other."""
        return _install(daemon_program(package, path), self.directory / "installed" / package / path)

    def add_names(self, names: dict) -> None:
        """Host names of this world: {"pool.test": ["127.1.1.1", "127.1.2.1"]}. A name given again is replaced."""
        kept = [line for line in self._hosts.read_text().splitlines() if line.split()[1] not in names]
        added = [f"{address} {name}" for name, addresses in names.items() for address in addresses]
        with open(self._hosts, "r+") as hosts:  # in place: the bind mount shows this very file
            hosts.write("\n".join(kept + added) + "\n")
            hosts.truncate()

    def start_fake_servers(self, specs: list, seed: int = 1, extra: list = (), under: list = ()) -> FakeServers:
        """Fake NTP servers; a spec is a line of fakentp ("127.1.1.1 name=a delay=2ms"), port 123 where it names none.
        `under`: as Internet.under."""
        lines = [spec if ":" in spec.split()[0] else " ".join([spec.split()[0] + ":123", *spec.split()[1:]]) for spec in specs]
        process = self.start(f"fakentp{len(self.processes)}", [*under, self.program("tests/fakentp/fakentp"), "--commands", "--seed", seed, *extra, *lines],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if process.popen.stdout.readline().decode().strip() != "ready":
            raise RuntimeError(f"fakentp did not start: {process.log()}")
        return FakeServers(process)

    def _chrony(self, name: str) -> Chrony:
        directory = self.directory / name
        directory.mkdir(mode=0o755)
        (directory / "run").mkdir(mode=0o770)
        (directory / "sources.d").mkdir(mode=0o755)
        return Chrony(self, name, directory)

    def start_chronyd_server(self, address: str, stratum: int = 2, extra: list = ()) -> Chrony:
        """A real chronyd that serves its own clock, in a mount namespace of its own: it is the internet, not this machine."""
        server = self._chrony(f"server-{address}")
        server.config.write_text("\n".join([
            f"bindaddress {address}", "port 123", "allow", f"local stratum {stratum}", "cmdport 0",
            f"bindcmdaddress {server.socket}", f"pidfile {server.directory}/run/pid", *extra]) + "\n")
        server.process = self.start(server.name, ["unshare", "--mount", daemon_program("chrony", "usr/sbin/chronyd"), "-x", "-u", "root",
                                                  "-d", "-f", server.config])
        self.wait_for(server.socket.exists, PATIENCE_S, f"{server.name} to listen")
        return server

    def start_chronyd_client(self, lines: list, name: str = "chrony", source_dirs: bool = True) -> Chrony:
        """A real chronyd that follows what `lines` say, with a sourcedir of its own and one for DHCP, or with none."""
        client = self._chrony(name)
        client.dhcp_dir.mkdir(mode=0o755, exist_ok=True)
        client.config.write_text("\n".join([
            *lines, *([f"sourcedir {client.dhcp_dir}", f"sourcedir {client.sources_dir}"] if source_dirs else []), "port 0", "cmdport 0",
            f"bindcmdaddress {client.socket}", f"pidfile {client.directory}/run/pid"]) + "\n")
        client.start()
        return client

    def start_internet(self) -> Internet:
        """Another host, for servers beside an ntpd, which takes port 123 of all addresses of its own."""
        return Internet(self)

    def start_ntpd_client(self, systemd: Systemd, lines: list) -> Ntpd:
        """A real ntpd of ntpsec that follows what `lines` say, as a unit of the fake systemd."""
        client = Ntpd(self, systemd, "\n".join(lines) + "\n", self.service_program("ntpsec", "usr/sbin/ntpd"))
        client.start()
        return client

    def timesyncd_policy(self) -> pathlib.Path:
        """For start_bus(), where start_timesyncd_client() is to follow."""
        return timesyncd_policy_file(self, daemon_root("systemd-timesyncd"))

    def start_timesyncd_client(self, lines: list, systemd: Systemd | None = None, old: bool = False) -> Timesyncd:
        """A real timesyncd with these lines in [Time] of its configuration, as a unit of `systemd` where that is given;
        `old` is one whose list cannot be set while it runs. The bus comes first."""
        client = Timesyncd(self, self.service_program("systemd-timesyncd", "lib/systemd/systemd-timesyncd"),
                           daemon_root("libsystemd-shared") / "usr/lib/x86_64-linux-gnu/systemd", lines, old)
        client.systemd = systemd
        client.start()
        return client

    def start_bus(self, policies: list = ()) -> None:
        """A private system bus with these policy files; our programs find it through the environment."""
        path = self.directory / "bus.sock"
        config = self.directory / "bus.conf"
        policies = [policy_file(self.directory), *policies]
        includes = "\n".join(f'  <include ignore_missing="no">{policy}</include>' for policy in policies)
        config.write_text(f"""<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
{includes}
</busconfig>
""")
        self.env["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={path}"
        self.start("dbus", ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--nosyslog"])
        self.wait_for(lambda: _accepts(path), PATIENCE_S, "the private bus")

    def start_systemd(self) -> Systemd:
        """A fake systemd1 on the private bus (start_bus() comes first) that starts real programs as its units."""
        return Systemd(self.start("systemd", [self.program("tests/fakesystemd/fakesystemd")], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE))

    def has_owner(self, name: str) -> bool:
        """Whether somebody owns this name on the private bus."""
        done = self.run(["dbus-send", "--system", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus",
                         "org.freedesktop.DBus.NameHasOwner", f"string:{name}"])
        return "true" in done.stdout

    def start_applier(self, config: pathlib.Path, user: str = "nobody", extra: list = (), idle_exit: bool = False,
                      under: list = ()) -> Process:
        """ntpopt-apply as root (started through `under`, say strace), and waits until it is on the bus."""
        stay = [] if idle_exit else ["--no-idle-exit"]
        process = self.start("ntpopt-apply", [*under, self.program("daemon/apply/ntpopt-apply"), "--config", config, "--state-dir",
                                              self.directory / "apply-state", "--user", user, *stay, *extra])
        self.wait_for(lambda: self.has_owner("org.ntpopt1.Applier") or not process.is_running(), PATIENCE_S, "ntpopt-apply on the bus")
        return process

    def start_daemon(self, config: pathlib.Path, extra: list = ()) -> Process:
        """ntpoptd as nobody without any capability, who can write its two directories only, and waits until it is on the bus."""
        for name in ("state", "runtime"):
            (self.directory / name).mkdir(exist_ok=True, mode=0o700)
            os.chown(self.directory / name, NOBODY, NOBODY)
        own = [self.directory / "state", self.directory / "runtime"]
        process = self.start("ntpoptd", [
            *confined(*own), "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all",
            "--bounding-set=-all", "--no-new-privs", self.program("daemon/ntpoptd"), "--config", config,
            "--state-dir", own[0], "--runtime-dir", own[1], *extra])
        self.wait_for(lambda: self.has_owner("org.ntpopt1") or not process.is_running(), PATIENCE_S, "ntpoptd on the bus")
        return process

    def ctl(self, *words, timeout: float = 120) -> subprocess.CompletedProcess:
        """ntpoptctl as root on the private bus."""
        return self.run([self.program("ctl/ntpoptctl"), *words], timeout)


_installing = threading.Lock()  # of threads that call the same program one runs it before another has copied it


def _install(source: pathlib.Path, target: pathlib.Path) -> pathlib.Path:
    with _installing:
        if not target.exists():
            # Not by ourselves: a child that another thread forks meanwhile would hold the copy open for writing until its
            # exec, and what is open for writing cannot be run.
            subprocess.run(["install", "-D", "-m", "755", source, target], check=True)
    return target


def _mount_point() -> pathlib.Path:
    """A directory that every system has and that hides nothing of ours: the mount is seen in our namespace only."""
    for name in ("/mnt", "/media", "/srv"):
        if os.path.isdir(name) and not any(str(path).startswith(name + "/") for path in (ROOT, build_dir())):
            return pathlib.Path(name)
    raise RuntimeError("no place for the world's files: /mnt, /media and /srv are missing or hold the tree under test")


def _accepts(path: pathlib.Path) -> bool:
    with socket.socket(socket.AF_UNIX) as sock:
        return sock.connect_ex(str(path)) == 0
