"""What docs/sandboxing.md promises of the units, held to what is installed and to what runs. Steps of a day."""
from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import time

from lab.world import ROOT

APPLIER = "ntpopt-apply.service"
PACKET = "import socket, sys; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(bytes(48), (sys.argv[1], 123))"


def units_are_sound(day) -> None:
    """What systemd reads is clean, and as exposed as the document says; offline, since a systemd that runs in a container shows
    less than there is elsewhere."""
    rows = re.findall(r"^\| `(\S+\.service)` \|.*\| ([\d.]+) \| ([\d.]+) \|$", (ROOT / "docs/sandboxing.md").read_text(), re.M)
    paths = [day.machine.show(unit.replace("@", "@x"), "FragmentPath") for unit, _, _ in rows]
    day.check(all(paths) and {os.path.basename(path) for path in paths} == {unit for unit, _, _ in rows}, f"{rows} are at {paths}")
    installed = {path for path in os.listdir(day.machine.inside(os.path.dirname(paths[0]))) if re.fullmatch(r"ntpopt.*\.service", path)}
    day.check(installed == {unit for unit, _, _ in rows}, f"docs/sandboxing.md has no row for one of {installed}")
    verified = day.machine.run("systemd-analyze", "verify", "--man=no", *paths)  # man-db is not there
    day.check(verified.returncode == 0 and "ntpopt" not in verified.stderr, f"systemd-analyze verify: {verified.stderr}")
    scored = day.sh("systemd-analyze", "security", "--no-pager", "--offline=true", *paths)
    found = re.findall(r"Overall exposure level for \S+: ([\d.]+)", scored)
    day.check(found == [score for _, score, _ in rows], f"systemd-analyze security: {found}, and docs/sandboxing.md: {rows}")
    day.check(all(float(score) <= float(wanted) for _, score, wanted in rows), f"docs/sandboxing.md: {rows}")
    day.say("systemd-analyze security: " + ", ".join(f"{unit} {score}" for unit, score, _ in rows))


def processes(day) -> None:
    """What the units promise, seen on the processes themselves."""
    call_applier(day)
    for unit, no_new, capabilities in (("ntpoptd.service", "1", "0000000000000000"), (APPLIER, "0", "000000000008000f")):
        status = pathlib.Path(f"/proc/{day.machine.main_pid(unit)}/status").read_text()
        found = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        day.check(found["NoNewPrivs"] == no_new and found["Seccomp"] == "2",
                  f"{unit}: NoNewPrivs {found['NoNewPrivs']}, Seccomp {found['Seccomp']}")
        day.check(found["CapBnd"] == capabilities, f"{unit}: bounding set {found['CapBnd']}")
    no_packet_leaves_the_applier(day)
    day.say("sandbox as promised, and no packet of the applier's unit leaves the machine")


def no_packet_leaves_the_applier(day) -> None:
    """A process that joins the unit reaches this machine and no other; outside of the unit it reaches both."""
    abroad = "10.77.21.1"
    for unit, address, refused in ((APPLIER, abroad, True), (APPLIER, "127.0.0.1", False), ("ntpoptd.service", abroad, False)):
        group = day.machine.cgroup(unit)
        day.check((group / "cgroup.procs").read_text(), f"{unit} does not run")
        done = subprocess.run([sys.executable, "-c", PACKET, address], capture_output=True, text=True,
                              preexec_fn=lambda: (group / "cgroup.procs").write_text("0"))
        day.check(("PermissionError" in done.stderr) == refused and (done.returncode != 0) == refused,
                  f"a packet of {unit} to {address}: {done.returncode} {done.stderr}")


def applier_ends_when_idle(day) -> None:
    """By itself, and the next call starts another one."""
    pid, begun = call_applier(day), time.monotonic()
    day.machine.wait_for(lambda: day.machine.show(APPLIER, "ActiveState") == "inactive", 120, "the applier to end", pause=0.5)
    took = time.monotonic() - begun
    day.check(day.machine.show(APPLIER, "Result") == "success", "the applier did not end well")
    # systemd tells it to end as soon as it has left the bus; nobody stopped the unit.
    day.sh("journalctl", "--sync")
    said = day.sh("journalctl", "--no-pager", "-o", "cat", "-u", APPLIER)
    day.check("ending: " in said and f"Stopping {APPLIER}" not in said, f"the applier did not end by itself: {said}")
    day.check(call_applier(day) != pid, "no other applier was started")
    day.say(f"idle: the applier ended by itself {took:.0f} s after a call, and the next one started another")


def call_applier(day) -> str:
    """Whoever calls it starts it where it does not run; its number in the machine."""
    day.sh("busctl", "call", "org.ntpopt1.Applier", "/org/ntpopt1/applier", "org.ntpopt1.Applier", "Observe")
    return day.machine.show(APPLIER, "MainPID")
