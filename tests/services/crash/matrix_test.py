"""The applier is killed, or told that the disk is full or broken, at every system call of a change that touches its
journal, the service's files or another process. Afterwards the service follows the old set or the new one, whole, the
journal is closed, and nothing is left behind.

The whole matrix takes longer than one run of the tests may: a run tries a share of the points, another one each day. It is
a forty-eighth by hand, a sixteenth in CI (NTPOPT_MATRIX=sixteenth), a third where that is asked for (third), and all of them by
tests/run.sh --full (NTPOPT_MATRIX=all). The kills that stop chronyd's change on both sides of each state of its journal are tried in
every run, the disks that are full from there on in every run but those by hand.
"""
import concurrent.futures
import datetime
import itertools
import json
import os
import pathlib
import subprocess
import sys
import unittest

from points import points_of

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))
import lab  # noqa: E402

FAMILIES = ("own", "other", "dead", "back")  # from its own servers to a set, from set to set, to dead ones, to its own again
BY_HAND = 48
SHARES = {"all": 1, "third": 3, "sixteenth": 16}.get(os.environ.get("NTPOPT_MATRIX"), BY_HAND)
TODAYS = datetime.date.today().toordinal() % SHARES
# A disk that breaks while a change to dead servers is undone is met by the other families' points as well.
CHEATS = {"own": ("ENOSPC", "EIO"), "other": ("ENOSPC", "EIO"), "dead": (), "back": ("ENOSPC", "EIO")}
# What a point of a family takes: "own" and "back" return first, "dead" waits for the deadline and goes back.
COST = {"own": 3, "other": 2, "dead": 5, "back": 3}
CHANGES_SOMETHING = ("write", "fchmod", "fsync", "renameat", "renameat2", "unlinkat", "mkdirat")
CAN_FAIL = {"ENOSPC": ("openat", "write", "fsync", "mkdirat"), "EIO": ("openat", "write", "fsync", "renameat", "renameat2", "unlinkat")}


def run_side(service, family, what):
    done = subprocess.run([sys.executable, HERE / "side.py", service, family, what], capture_output=True, text=True, timeout=1500)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(("{", "["))]
    if done.returncode != 0 or not lines:
        raise AssertionError(f"{service} {family}: {done.stdout[-2000:]}{done.stderr[-4000:]}")
    return lines


def spread(points, most):
    """At most so many of them, evenly, the first and the last among them."""
    if len(points) <= most:
        return points
    return [points[round(i * (len(points) - 1) / (most - 1))] for i in range(most)]


def all_points(family, on_files, others):
    """Every point of one family, from the counts of undisturbed changes before and after."""
    before, after = on_files
    points = []
    for call in CHANGES_SOMETHING:
        if call in after:
            points += points_of({call: before.get(call, 0)}, {call: after[call]}, "kill")
    for what in CHEATS[family]:
        for call in CAN_FAIL[what]:
            if call in after:
                points += points_of({call: before.get(call, 0)}, {call: after[call]}, what)
    # Most of these are the same question asked again while it waits.
    return points + spread(points_of(*others, "kill"), 60 if family == "own" else 15)


class Matrix:
    service = ""
    parallel = 12  # worlds
    always = ()  # (call, what) of points that every run tries

    @classmethod
    def setUpClass(cls):
        with concurrent.futures.ThreadPoolExecutor(cls.parallel) as pool:
            counts = list(pool.map(lambda what: run_side(cls.service, *what)[0], itertools.product(FAMILIES, ("files", "others"))))
            families = {family: all_points(family, *counts[2 * i:2 * i + 2]) for i, family in enumerate(FAMILIES)}
            cls.known = {family: len(points) for family, points in families.items()}
            families = {family: [point for i, point in enumerate(points) if i % SHARES == TODAYS or point[0::2] in cls.always]
                        for family, points in families.items()}
            work = {family: COST[family] * len(points) for family, points in families.items()}
            worlds = []
            for family, points in families.items():
                share = max(1, round(cls.parallel * work[family] / sum(work.values())))
                worlds += [pool.submit(run_side, cls.service, family, json.dumps(points[i::share])) for i in range(share) if points[i::share]]
            cls.results = [result for world in worlds for result in world.result()]
            cls.asked = {family: len(points) for family, points in families.items()}

    def test_the_service_has_the_old_set_or_the_new_one_whole(self):
        for family in FAMILIES:
            mine = [result for result in self.results if result["family"] == family]
            kinds = {}
            for result in mine:
                kinds[result["point"][2]] = kinds.get(result["point"][2], 0) + 1
            print(f"{self.service}, {family}: {len(mine)} of {self.known[family]} points tried ({kinds}), "
                  f"{sum(bool(r.get('killed')) for r in mine)} kills, found at {sorted({r.get('found', '?') for r in mine})}, "
                  f"ended {sorted({r.get('state', '?') for r in mine})}, {sum(r.get('looks', 0) for r in mine)} looks, "
                  f"without a selected source for at most {max((r.get('choice_s', 0) for r in mine), default=0)} s", flush=True)
            self.assertEqual(len(mine), self.asked[family])
        for result in self.results:
            with self.subTest(**result):
                self.assertEqual(result["trouble"], [])

    def test_the_points_were_met(self):
        """Calls on files come in the same number each time. How often a change that waits asks others, it does not."""
        for on_files, least in ((True, 0.95), (False, 0.4)):
            kills = [result["killed"] for result in self.results if result["point"][2] == "kill" and "killed" in result
                     and (result["point"][0] in CHANGES_SOMETHING) == on_files]
            with self.subTest(on_files=on_files):
                self.assertGreaterEqual(sum(kills), least * len(kills) - 1)


class Chronyd(Matrix, unittest.TestCase):
    service = "chronyd"
    # Each durable step syncs before and after a file takes its place; a disk may be full from there on.
    always = (("fsync", "kill"),) if SHARES == BY_HAND else (("fsync", "kill"), ("fsync", "ENOSPC"))

    def test_every_state_of_the_journal_was_met(self):
        forward = {"prepared", "files_written", "reloaded", "verifying", "verified", "base_removed"}
        for family, states in (("own", forward), ("other", {"verified"}), ("dead", {"rolling_back"}), ("back", forward)):
            found = {result["found"] for result in self.results if result["family"] == family and result.get("killed")}
            with self.subTest(family=family):
                self.assertEqual(states - found, set())


class ChronydEdited(Matrix, unittest.TestCase):
    service = "chronyd-edited"


class Ntpd(Matrix, unittest.TestCase):
    service = "ntpd"
    parallel = 48  # a change waits for a restart and for names most of its half a minute


class Timesyncd(Matrix, unittest.TestCase):
    service = "timesyncd"


if __name__ == "__main__":
    lab.need_root()
    unittest.main(verbosity=2)
