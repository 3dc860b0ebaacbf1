"""The evidence of a booted machine: as it was written by its own chain, by the applier's word and by what the machine's journald
holds; and found out where an older copy was put in its place or its end cut off. Steps of a day."""
from __future__ import annotations

import contextlib
import pathlib
import re
import sqlite3

SOUND = (r"^The evidence is as it was written: \d+ entries, 1 to \d+, the newest with hash [0-9a-f]{64}\.$",
         r"^Applier: was told of entry \d+\.$", r"^Journal: \d+ marks? compared, and found here\.$")


def is_as_written(day) -> None:
    day.sh("journalctl", "--sync")
    done = day.expect_exit(0, "report", "--verify", "--journal")
    for wanted in SOUND:
        day.check(re.search(wanted, done.stdout, re.M), f"{wanted} is not in: {done.stdout}")
    day.check("Alarm" not in done.stdout, done.stdout)
    verified = day.ctl_json("report", "--verify", "--journal")
    day.check(verified["ok"] and verified["journal_marks"] > 0 and verified["journal_fault"] is None, f"{verified}")
    kinds = {entry["kind"] for entry in day.ctl_json("report")["entries"]}
    day.check({"configuration", "operation", "requested", "changed", "sources"} <= kinds, f"only {kinds} in the evidence")
    day.say(f"evidence: {verified['entries']} entries, {verified['journal_marks']} marks of the journal fit")


def back_up(day) -> pathlib.Path:
    """A copy that is sound in itself."""
    day.sh("systemctl", "stop", "ntpoptd")
    copy = day.world.directory / "older.db"
    copy.write_bytes(database(day).read_bytes())
    day.sh("systemctl", "start", "ntpoptd")
    return copy


def forgeries_are_found_out(day, older: pathlib.Path) -> None:
    """`older` was taken before the last change. With the true file everything is as it was."""
    told = day.ctl_json("report", "--verify")["applier_seq"]
    day.sh("systemctl", "stop", "ntpoptd")
    true = day.world.directory / "true.db"
    true.write_bytes(database(day).read_bytes())
    put_in_place(day, older)
    is_found_out(day, "an older copy")
    day.sh("systemctl", "stop", "ntpoptd")
    put_in_place(day, cut_off(day, true, told))
    is_found_out(day, "a file without its end")
    day.sh("systemctl", "stop", "ntpoptd")
    put_in_place(day, true)
    is_as_written(day)


def database(day) -> pathlib.Path:
    return day.machine.root / "var/lib/ntpopt/ntpopt.db"


def put_in_place(day, copy: pathlib.Path) -> None:
    """Its owner stays whom it was."""
    day.check(not list(database(day).parent.glob("ntpopt.db-*")), "ntpoptd did not close its memory")
    database(day).write_bytes(copy.read_bytes())
    day.sh("systemctl", "start", "ntpoptd")
    day.machine.wait_for(day.is_active, 60, "ntpoptd with another memory")


def cut_off(day, true: pathlib.Path, told: int) -> pathlib.Path:
    """From what the applier was told last, with the head put right, so that the chain in itself is sound."""
    cut = day.world.directory / "cut.db"
    cut.write_bytes(true.read_bytes())
    with contextlib.closing(sqlite3.connect(cut)) as memory, memory:
        memory.execute("DELETE FROM evidence WHERE seq >= ?", (told,))
        memory.execute("UPDATE evidence_head SET seq = (SELECT max(seq) FROM evidence), "
                       "hash = (SELECT hash FROM evidence ORDER BY seq DESC LIMIT 1)")
    return cut


def is_found_out(day, what: str) -> None:
    """By the applier's word, by the journal, and in the status."""
    done = day.expect_exit(1, "report", "--verify")
    for wanted in (r"^The evidence is NOT as it was written: ", r"^Entry \d+: .*the applier was told of"):
        day.check(re.search(wanted, done.stdout, re.M), f"{what}: {wanted} is not in: {done.stdout}")
    done = day.expect_exit(1, "report", "--verify", "--journal")
    told = re.search(r"^Journal: .*the journal tells of (another )?entry \d+: .*$", done.stdout, re.M)
    day.check(told, f"{what} is not told by the journal: {done.stdout}")
    day.machine.wait_for(lambda: any("evidence is not as it was left" in alarm for alarm in day.ctl_json("status")["alarms"]), 60,
                         f"the alarm of {what}")
    day.say(f"{what} of the evidence is found out: {told[0]}")
