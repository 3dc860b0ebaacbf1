"""The applier is killed, or told that the disk is full or broken, at every system call of a change that touches its
journal, the service's files or another process. Afterwards the service follows the old set or the new one, whole, the
journal is closed, and nothing is left behind.

The whole matrix takes longer than one run of the tests may. Each run tries a third of the points, another third each day;
NTPOPT_MATRIX=all (tests/run.sh --full) tries all of them.
"""
import concurrent.futures
import datetime
import json
import os
import pathlib
import subprocess
import sys
import unittest

from points import points_of

HERE = pathlib.Path(__file__).resolve().parent
PARALLEL = int(os.environ.get("NTPOPT_MATRIX_WORLDS", "12"))
FAMILIES = ("own", "other", "dead")
THIRD = None if os.environ.get("NTPOPT_MATRIX") == "all" else datetime.date.today().toordinal() % 3
# A disk that breaks while a change to dead servers is undone is met by the other families' points as well.
CHEATS = {"own": ("ENOSPC", "EIO"), "other": ("ENOSPC", "EIO"), "dead": ()}
CHANGES_SOMETHING = ("write", "fchmod", "fsync", "renameat", "unlinkat", "mkdirat")
CAN_FAIL = {"ENOSPC": ("openat", "write", "fsync", "mkdirat"), "EIO": ("openat", "write", "fsync", "renameat", "unlinkat")}


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


def all_points(service, family):
    """Every point of one family, as an undisturbed change shows them, and one after the last, which must not be met."""
    (before, after), (others_before, others_after) = run_side(service, family, "count")[0]
    points = []
    for call in CHANGES_SOMETHING:
        if call in after:
            points += points_of({call: before.get(call, 0)}, {call: after[call]}, "kill")
    for what in CHEATS[family]:
        for call in CAN_FAIL[what]:
            if call in after:
                points += points_of({call: before.get(call, 0)}, {call: after[call]}, what)
    others = points_of(others_before, others_after, "kill")
    # Most of these are the same question asked again while it waits.
    return points + spread(others, 60 if family == "own" else 15)


class Matrix:
    service = ""

    @classmethod
    def setUpClass(cls):
        with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
            families = dict(zip(FAMILIES, pool.map(lambda family: all_points(cls.service, family), FAMILIES)))
            cls.known = {family: len(points) for family, points in families.items()}
            if THIRD is not None:
                families = {family: points[THIRD::3] for family, points in families.items()}
            worlds = []
            for family, points in families.items():
                share = max(1, round(PARALLEL * len(points) / max(1, sum(map(len, families.values())))))
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
                  f"ended {sorted({r.get('state', '?') for r in mine})}, {sum(r.get('looks', 0) for r in mine)} looks", flush=True)
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
                self.assertGreaterEqual(sum(kills), least * len(kills))


class Chronyd(Matrix, unittest.TestCase):
    service = "chronyd"


class ChronydEdited(Matrix, unittest.TestCase):
    service = "chronyd-edited"


class Ntpd(Matrix, unittest.TestCase):
    service = "ntpd"


class Timesyncd(Matrix, unittest.TestCase):
    service = "timesyncd"


if __name__ == "__main__":
    unittest.main(verbosity=2)
