"""What ends our processes, or the whole machine, at rest and in the middle of a change; and what is there afterwards: the NTP
service with a whole set, which it had all the while, and a daemon that answers. Steps of a day."""
from __future__ import annotations

import contextlib
import json
import os
import signal
import time

from day import GOOD, POOL

DAEMON, APPLIER, RECOVER = "ntpoptd.service", "ntpopt-apply.service", "ntpopt-recover.service"
RECOVERED = "2590c1791974459e9d9c0e3b3549568b"


# -- at rest ---------------------------------------------------------------------------------------------------------------

def killed(day) -> None:
    before = restarts(day)
    os.kill(pid_of(day, DAEMON), signal.SIGKILL)
    stays_whole(day, lambda: restarts(day) == before + 1 and day.is_active(), 60, "ntpoptd after SIGKILL")
    day.say("SIGKILL: back by itself, the chosen set was followed all the while")


def stopped(day) -> None:
    before, begun = restarts(day), time.monotonic()
    os.kill(pid_of(day, DAEMON), signal.SIGSTOP)
    day.expect_exit(1, "--timeout", "1s", "status")
    stays_whole(day, lambda: restarts(day) == before + 1 and day.is_active(), 60, "the watchdog to notice SIGSTOP")
    day.say(f"SIGSTOP: --timeout 1s ends with 1; the watchdog restarted it, back after {time.monotonic() - begun:.0f} s, "
            "the chosen set was followed all the while")


def bus_restarted(day) -> None:
    pid = day.machine.show(DAEMON, "MainPID")
    day.sh("systemctl", "restart", "dbus.service")
    stays_whole(day, lambda: day.is_active() and day.machine.show(DAEMON, "MainPID") != pid, 60, "ntpoptd after the bus")
    day.say("bus restarted: back by itself, the chosen set was followed all the while")


def pid_of(day, unit: str) -> int:
    pid = day.machine.main_pid(unit)
    day.check(pid, f"{unit} does not run")
    return pid


def restarts(day) -> int:
    return int(day.machine.show(DAEMON, "NRestarts"))


def stays_whole(day, condition, timeout: float, what: str) -> None:
    """Until the condition is true, and then, the service follows the whole chosen set and nothing else."""
    def look():
        day.check(set(day.followed()) == day.chosen, f"while waiting for {what}, {day.service} follows {day.followed()}, not {day.chosen}")
        return condition()
    day.machine.wait_for(look, timeout, what)
    day.check(day.is_synchronised(), f"{day.service} is not synchronised after waiting for {what}")
    status = knows(day, day.chosen)
    day.check(not status["alarms"], f"status: {status['alarms']}")


def knows(day, whole: set) -> dict:
    """The daemon answers with the set that the service follows."""
    status = day.ctl_json("status")
    day.check(set(status["selected"]) == whole, f"{day.service} follows {whole}, and status says {status['selected']}")
    return status


# -- in the middle of a change ---------------------------------------------------------------------------------------------

def transaction(day) -> dict:
    """The last one, read from the disk as it is written."""
    with contextlib.suppress(OSError, ValueError):
        document = json.loads((day.machine.root / "var/lib/ntpopt-apply/txn.json").read_text())
        return (document.get("transaction") or {"report": {}})["report"]
    return {}


def state_of(day) -> str:
    return transaction(day).get("state", "")


def is_in_the_middle(day) -> bool:
    """A change is under way that a crash would leave half done."""
    return state_of(day) in ("files_written", "reloaded", "verifying")


def begin_a_change(day) -> None:
    """One of timesyncd's takes less than a second, so this looks often, and begins another where it came too late."""
    for _ in range(5):
        day.back_to_its_own()
        before = transaction(day)
        day.expect_exit(0, "reoptimize", "--no-wait")
        ended = lambda: state_of(day) in ("committed", "rolled_back") and transaction(day) != before
        day.machine.wait_for(lambda: is_in_the_middle(day) or ended(), 60, "a change to be under way", pause=0.002)
        if is_in_the_middle(day):
            return
        day.machine.wait_for(lambda: day.ctl_json("status")["state"] == "idle", 60, "the round to end")
    raise AssertionError("five changes ended before they were seen")


def applier_killed_in_the_middle(day) -> None:
    """Nobody calls but ntpoptd, which waits for the end of its change."""
    state, daemon = kill_the_applier(day), day.machine.show(DAEMON, "MainPID")
    begun = time.monotonic()
    closed = comes_back(day)
    day.check(day.machine.show(DAEMON, "MainPID") == daemon, "ntpoptd did not outlive the applier")
    day.say(f"the applier killed at \"{state}\": {closed} by the next one after {time.monotonic() - begun:.1f} s, whole")


def kill_the_applier(day) -> str:
    """Where the change was; frozen first, so that it is known. Once more where it had ended by then."""
    for _ in range(3):
        day.back_to_its_own()
        applier = pid_of(day, APPLIER)
        begin_a_change(day)
        os.kill(applier, signal.SIGSTOP)
        state, middle = state_of(day), is_in_the_middle(day)
        os.kill(applier, signal.SIGKILL if middle else signal.SIGCONT)
        if middle:
            return state
        day.machine.wait_for(lambda: day.ctl_json("status")["state"] == "idle", 60, "the round to end")
    raise AssertionError("three changes ended before the applier could be killed")


def bus_restarted_in_the_middle(day) -> None:
    day.sh("systemctl", "reset-failed", DAEMON)  # as often as this nobody restarts it
    begin_a_change(day)
    pid = day.machine.show(DAEMON, "MainPID")
    day.sh("systemctl", "restart", "dbus.service")
    begun = time.monotonic()
    closed = comes_back(day, lambda: day.machine.show(DAEMON, "MainPID") != pid and day.is_active())
    day.say(f"bus restarted in the middle of a change: {closed}, and ntpoptd back after {time.monotonic() - begun:.1f} s, whole")


def comes_back(day, too=lambda: True) -> str:
    """Without a call of ours the change is closed, and at no look the service was left with neither set."""
    def closed():
        used = set(day.followed())
        day.check(used and used <= GOOD.keys() | POOL.keys(), f"{day.service} follows {used}")
        state = state_of(day)
        return state if state in ("rolled_back", "committed") and too() else None
    state = day.machine.wait_for(closed, 90, "the change to be closed")
    is_whole(day, state)
    return state


def is_whole(day, state: str) -> None:
    """The old set after a change that was undone, the new one otherwise; and the daemon knows it."""
    chosen = set(transaction(day)["selected"])
    whole = day.own if state == "rolled_back" else chosen
    day.machine.wait_for(lambda: set(day.followed()) == whole and day.is_synchronised(), 60,
                         f"{day.service} to follow {whole} after a change that is {state}, not {day.followed()}")
    day.machine.wait_for(lambda: day.ctl_json("status")["state"] == "idle", 60, "the round to end")
    knows(day, whole)
    if whole == chosen:
        day.chosen = chosen


def power_cut_in_the_middle(day) -> None:
    state = cut_in_the_middle(day)
    begun = time.time()
    took = day.machine.boot()
    closed = state_of(day)
    day.check(closed in ("rolled_back", "committed"), f"the change was cut at {state} and is at {closed}")
    day.machine.wait_for(day.is_active, 60, "ntpoptd after the reboot")
    recovered_before_the_service_started(day, begun)
    is_whole(day, closed)
    if closed == "rolled_back":
        day.reoptimize(after_a_failure=True)
    day.say(f"power cut at \"{state}\", up again in {took:.1f} s: {closed} by ntpopt-recover, whole")


def cut_in_the_middle(day) -> str:
    """Where the change was; once more where it had ended between the look and the cut."""
    for _ in range(3):
        begin_a_change(day)
        day.machine.power_cut()
        if is_in_the_middle(day):
            return state_of(day)
        day.machine.boot()
        day.machine.wait_for(day.is_active, 60, "ntpoptd after the reboot")
    raise AssertionError("three changes ended before the power could be cut")


def recovered_before_the_service_started(day, since: float) -> None:
    """It was ntpopt-recover.service, and not the applier that ntpoptd has started since, which would do it too. The process
    is told by its number: it may be gone before the journal can look up the unit."""
    day.sh("journalctl", "--sync")
    lines = day.sh("journalctl", "--no-pager", "-o", "json", f"MESSAGE_ID={RECOVERED}").splitlines()
    found = [entry["_PID"] for entry in map(json.loads, lines) if int(entry["__REALTIME_TIMESTAMP"]) > since * 1e6]
    day.check(day.machine.show(RECOVER, "Result") == "success", f"{RECOVER} failed")
    day.check(found == [day.machine.show(RECOVER, "ExecMainPID")], f"closed by {found}, and not by {RECOVER} alone")
    ended = int(day.machine.show(RECOVER, "ExecMainExitTimestampMonotonic"))
    service, ours = (int(day.machine.show(name, "InactiveExitTimestampMonotonic")) for name in (day.machine.unit, DAEMON))
    day.check(0 < ended < service < ours, f"{RECOVER} ended at {ended}, {day.machine.unit} began at {service}, ntpoptd at {ours}")
