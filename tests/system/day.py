"""What happens to a machine in an administrator's day, step by step, whatever NTP service it has. A test boots a Debian, calls
the steps in the order of a day, and each fails with the journal's last words where something is not as the manuals say."""
from __future__ import annotations

import functools
import json
import os
import pathlib
import re
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lab  # noqa: E402
import sandbox  # noqa: E402
import scrapes  # noqa: E402
import traces  # noqa: E402
import web  # noqa: E402
from booted import Booted  # noqa: E402
from lab.world import ROOT  # noqa: E402

PACKAGES = ROOT / "build" / "package"
GOOD = {f"good{i}.test": [f"10.77.{20 + i}.1"] for i in range(1, 11)}
POOL = {f"{i}.debian.pool.ntp.org": [f"10.77.{10 + i}.1"] for i in range(4)}
OURS = ("ntpoptd.service", "ntpopt-apply.service", "ntpopt-recover.service")
METRICS = ("ntpopt-metrics.socket", "ntpopt-textfile.timer")
# Who is on a list only, in a file and on the web; such names may not lead to private addresses, as these do.
LISTED = {"file.listed.test": ["10.77.41.1"], "web.listed.test": ["10.77.42.1"]}
LIST_FILE, LIST_PAGE = "/etc/ntpopt/servers.txt", "/servers.txt"
CONFIG = f"""[schedule]
boot_delay = "1h"
[discovery]
servers = {json.dumps(list(GOOD))}
lists = ["file://{LIST_FILE}", "https://{web.NAME}{LIST_PAGE}"]
regional = false
global = false
"""
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# systemctl waits until ntpoptd says that it is ready; a machine may be busy.
AT_ONCE_S = 30
# What is kept until a purge.
KEPT = (r"/etc/ntpopt(/.*)?", r"/var/lib/ntpopt(-apply)?(/.*)?")


class Day:
    """A booted machine, its internet, and the steps; what the NTP service says of itself is the subclass's to know."""

    service = ""
    drop_in = ""

    def __init__(self, world: lab.World):
        self.world = world
        self.begun = time.monotonic()
        internet = world.start_internet()
        names = GOOD | POOL
        specs = [f"{addresses[0]} name={self.fake(name)} stratum=2 refid=10.99.{index}.1 " +
                 ("forward=60ms backward=90ms" if name in POOL else f"delay={index + 1}ms jitter=0.1ms")
                 for index, (name, addresses) in enumerate(names.items())]
        self.servers = world.start_fake_servers(specs, under=internet.under)
        self.web = web.Web(world.directory / "web", {LIST_PAGE: "web.listed.test\n"})
        self.machine = Booted(world, self.service, names | LISTED | {web.NAME: [web.ADDRESS]})
        trusted = self.machine.root / CERTIFICATES.lstrip("/")
        self.machine.write(CERTIFICATES, trusted.read_text() + self.web.ca.read_text())
        # What a program of ours may not call would end it here, where the units as shipped let the call fail.
        for unit in (*OURS, *scrapes.SERVICES):
            self.machine.write(f"/etc/systemd/system/{unit}.d/strict.conf", "[Service]\nSystemCallErrorNumber=kill\n")
        self.machine.write("/etc/systemd/system/ntpoptd.service.d/watchdog.conf", "[Service]\nWatchdogSec=4s\nRestartSec=1s\n")
        self.traces = traces.Traces(self.machine)
        self.say(f"booted in {self.machine.boot():.1f} s")

    @staticmethod
    def fake(name: str) -> str:
        """What fakentp calls the server behind a name."""
        return name if name in GOOD else "pool" + name[0]

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.begun:6.1f} s  {self.service}: {text}", flush=True)

    def check(self, condition, what: str) -> None:
        if not condition:
            raise AssertionError(f"{what}\n{self.machine.run('journalctl', '--no-pager', '-n', 60).stdout}")

    def sh(self, *argv, **options) -> str:
        return self.machine.sh(*argv, **options)

    def ctl(self, *words, **options):
        return self.machine.run("ntpoptctl", *words, timeout=120, **options)

    def ctl_json(self, *words) -> dict:
        done = self.ctl("--json", *words)
        self.check(done.stdout.strip(), f"ntpoptctl {' '.join(words)}: exit {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def expect_exit(self, code: int, *words, says: str = "", **options):
        """A call of ntpoptctl that ends with this code, and says on stderr what it should."""
        done = self.ctl(*words, **options)
        self.check(done.returncode == code,
                   f"ntpoptctl {' '.join(words)}: exit {done.returncode} instead of {code}: {done.stdout}{done.stderr}")
        self.check(says in done.stderr, f"ntpoptctl {' '.join(words)}: '{says}' is not in: {done.stderr}")
        return done

    def asked(self) -> list | None:
        """The names that the NTP service says it uses; None where it does not answer."""
        raise NotImplementedError

    def followed(self) -> list:
        """The names that the NTP service uses now, by its own word. A look that met a restart is made again."""
        pid = functools.partial(self.machine.show, self.machine.unit, "MainPID")

        def look():
            before, names = pid(), self.asked()
            return (names,) if names is not None and before == pid() else None
        return self.machine.wait_for(look, 60, f"{self.service} to say what it follows")[0]

    def is_synchronised(self) -> bool:
        raise NotImplementedError

    def follows(self, names) -> bool:
        """It uses nothing but these servers, and is synchronised to one of them."""
        used = set(self.followed())
        return bool(used) and used <= set(names) and self.is_synchronised()

    def follows_chosen(self) -> bool:
        """It uses the whole chosen set and nothing else, and is synchronised to one of it."""
        return set(self.followed()) == self.chosen and self.is_synchronised()

    def is_active(self) -> bool:
        return self.machine.show("ntpoptd.service", "ActiveState") == "active" and \
            "org.ntpopt1 " in self.machine.run("busctl", "--no-legend", "--acquired", "list").stdout

    # -- the steps ---------------------------------------------------------------------------------------------------

    def install(self) -> None:
        """apt install; nothing is enabled, nothing runs, and what systemd reads is clean."""
        debs = [deb for deb in PACKAGES.glob("ntpopt*.deb") if "dbgsym" not in deb.name]
        self.check(debs, f"there are no packages in {PACKAGES}: packaging/build-deb.sh makes them")
        for deb in debs:
            shutil.copy(deb, self.machine.root / "root")
        self.packages = [f"/root/{deb.name}" for deb in debs]
        self.before = self.traces.look()
        self.sh("apt-get", "-y", "install", *self.packages, timeout=300)
        self.is_disabled()
        sandbox.units_are_sound(self)
        self.configure()
        self.say("installed by apt, disabled")

    def is_disabled(self) -> None:
        for unit in ("ntpoptd.service", "ntpopt-recover.service", *METRICS):
            self.check(self.machine.run("systemctl", "is-enabled", unit).stdout == "disabled\n", f"{unit} is not disabled")
            self.check(self.machine.show(unit, "ActiveState") == "inactive", f"{unit} runs")

    def configure(self) -> None:
        self.machine.write("/etc/ntpopt/conf.d/50-site.toml", CONFIG)
        self.machine.write(LIST_FILE, "file.listed.test\n")
        self.installed = self.traces.look()

    def enable(self) -> None:
        begun = time.monotonic()
        self.sh("systemctl", "enable", "--now", "ntpoptd")
        took = time.monotonic() - begun
        self.check(self.is_active(), "ntpoptd is not active after systemctl enable --now")
        self.check(took < AT_ONCE_S, f"ntpoptd is active after {took:.1f} s, and not at once")
        self.is_enabled()
        self.say(f"systemctl enable --now ntpoptd: active after {took:.2f} s")
        self.machine.wait_for(lambda: self.follows(POOL), 60, f"{self.service} to follow its own servers")
        self.own = set(self.followed())
        self.expect_exit(0, "status")

    def is_enabled(self) -> None:
        """With ntpoptd goes what closes a change that a power cut left open."""
        for unit in ("ntpoptd.service", "ntpopt-recover.service"):
            self.check(self.machine.run("systemctl", "is-enabled", unit).stdout == "enabled\n", f"{unit} is not enabled")

    def reoptimize(self, after_a_failure: bool = False) -> None:
        """To the good set; after a failure the servers of the set that failed count less for a while, and others join."""
        report = self.ctl_json("reoptimize")
        good = GOOD | POOL if after_a_failure else GOOD
        self.check(report["outcome"] == "applied" and set(report["selected"]) <= set(good),
                   f"reoptimize: {report['outcome']}, {report['reason']}, {report['selected']}")
        self.lists_were_read(report)
        self.check(self.machine.exists(self.drop_in), f"{self.drop_in} is missing")
        self.chosen = set(report["selected"])
        self.machine.wait_for(self.follows_chosen, 30, f"{self.service} to follow the chosen set, not {self.followed()}")
        self.say(f"reoptimize: {', '.join(report['selected'])} after {report['duration_s']:.1f} s")

    def lists_were_read(self, report: dict) -> None:
        """In the sandbox, the one on the web by ntpopt-fetch; what ended a child would stand behind "lists:"."""
        detail = next(stage["detail"] for stage in report["stages"] if stage["stage"] == "discover")
        self.check("lists 2" in detail and "lists:" not in detail, f"the lists were not read: {detail}")
        self.check(LISTED.keys() <= {server["name"] for server in report["servers"]}, f"not in the report: {list(LISTED)}")
        self.check(LIST_PAGE in self.web.asked, "the list on the web was not asked for")

    def no_call_was_forbidden(self) -> None:
        """A process of a unit would have ended by SIGSYS, and a child of one with 128 and that signal's number."""
        said = self.machine.run("journalctl", "--no-pager", "--grep", "31/SYS|SIGSYS|status 159").stdout
        self.check("ntpopt" not in said, f"a system call was forbidden: {said}")

    def restart_of_the_service(self) -> None:
        """An administrator restarts the NTP service: it has to be brought back to the chosen set."""
        self.sh("systemctl", "restart", self.machine.unit)
        begun = time.monotonic()
        self.machine.wait_for(self.follows_chosen, 60, f"{self.service} to be brought back, not {self.followed()}")
        self.say(f"{self.machine.unit} restarted: reconverged after {time.monotonic() - begun:.1f} s")

    def back_to_its_own(self) -> None:
        """Wherever the service is; where it is back already there is nothing to go back to."""
        done = self.ctl("rollback", "--original")
        self.check(done.returncode == 0 or (done.returncode == 1 and "nothing to go back to" in done.stderr),
                   f"rollback --original: exit {done.returncode}: {done.stderr}")
        self.machine.wait_for(lambda: self.follows(POOL), 60, f"{self.service} to follow its own servers again")

    def remove(self) -> None:
        """Removal goes back to the service's own servers, and leaves the configuration and what was learnt."""
        self.check(self.machine.exists(self.drop_in), "nothing is applied before the removal")
        self.sh("systemctl", "enable", "--now", *METRICS)
        self.sh("apt-get", "-y", "remove", "ntpopt", "ntpoptctl", timeout=300)
        for unit in ("ntpoptd.service", *METRICS):
            self.check(self.machine.show(unit, "ActiveState") == "inactive", f"{unit} is active after the removal")
        self.machine.wait_for(lambda: self.follows(POOL), 60, f"{self.service} on its own servers, not {self.followed()}")
        self.nothing_is_left_but(KEPT)
        self.say("removed: on its own servers, and nothing but configuration and state is left")

    def purge(self) -> None:
        """After it the file system is what it was."""
        self.sh("apt-get", "-y", "purge", "ntpopt", "ntpoptctl", timeout=300)
        self.nothing_is_left_but(())
        self.say("purged: the file system is what it was")

    def nothing_is_left_but(self, kept: tuple) -> None:
        """Of what came since the beginning; and nothing else is gone or changed."""
        left = traces.difference(self.before, self.traces.look(), (*traces.OTHERS, *kept))
        self.check(not left, f"left by us, gone or changed: {left}")

    def nothing_is_written_elsewhere(self) -> None:
        """Since the packages were there; a reboot lies between."""
        drop_in = (re.escape(self.drop_in), re.escape(os.path.dirname(self.drop_in)))
        found = traces.difference(self.installed, self.traces.look(), (*traces.OTHERS, *traces.OURS, *drop_in))
        self.check(not found, f"written outside our places: {found}")
        self.say("no file outside /var/lib/ntpopt*, /run/ntpopt* and the drop-in was written")


def run(day_class) -> None:
    """One day in namespaces of its own; ends the program."""
    lab.enter()
    with lab.World() as world:
        day = day_class(world)
        try:
            day.live()
            day.say("a whole day")
        finally:
            day.machine.close()
