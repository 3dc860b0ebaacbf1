"""kill -9 of the applier at every durable step of a change; afterwards chronyd has the old set or the new one, whole.

Each step makes something durable by fsync, once before and once after a file takes its place, so killing at the Nth fsync
for N = 1, 2, ... until a change runs through stops on both sides of every state. Each kill has a world of its own.
"""
import concurrent.futures
import json
import os
import subprocess
import sys
import threading
import unittest

from applier_world import ApplierWorld, FINAL, NAMES, servers
import lab

NEW = ["n1.test", "n2.test", "n3.test"]
OWN = ["n3.test", "n4.test", "n5.test"]
DEAD = ["dead1.test", "dead2.test"]
PARALLEL = 12
# What is changed to what: the service's own set to ours, one of ours to another, and one that is undone.
FAMILIES = {"base": (None, NEW), "own": (OWN, NEW), "dead": (None, DEAD)}


class Watch(threading.Thread):
    """Looks at chronyd all the time; remembers when it was not synchronised."""

    def __init__(self, chrony):
        super().__init__(daemon=True)
        self.chrony, self.end, self.looks, self.lapses = chrony, threading.Event(), 0, []

    def run(self):
        while not self.end.wait(0.1):
            leap = self.chrony.leap()
            self.looks += 1
            if leap == "Not synchronised":
                self.lapses.append(self.looks)


def kill_at(family: str, number: int) -> dict:
    """One world: a change whose applier is killed at its `number`th fsync, recovery, and what is left."""
    first, target = FAMILIES[family]
    with ApplierWorld(config_lines=['verify_timeout = "6s"'] if family == "dead" else []) as world:
        world.serve()
        if first and world.apply(first)["state"] != "committed":
            raise RuntimeError("the first set was not committed")
        world.applier.stop()
        old, pid = world.chrony.names(), world.chrony.pid
        watch = Watch(world.chrony)
        watch.start()

        arguments = ["--config", world.config, "--state-dir", world.directory / "apply-state", "--user", "nobody", "--no-idle-exit"]
        program = world.program("daemon/apply/ntpopt-apply")
        world.applier = world.start("killed", ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e",
                                               f"inject=fsync:signal=KILL:when={number}", program, *arguments])
        world.wait_for(lambda: world.has_owner("org.ntpopt1.Applier"), 20, "the applier on the bus")
        try:
            world.call("apply", servers(target))
        except Exception:  # killed before it could answer
            pass
        journal = world.directory / "apply-state" / "txn.json"

        def ended():
            state = json.loads(journal.read_text())["transaction"]["report"]["state"] if journal.exists() else ""
            done = state in FINAL and world.run(
                [world.program("tests/services/applier_call/applier_call"), "transaction", "0"]).returncode == 0
            return not world.applier.is_running() or (done and json.loads(journal.read_text())["last_transaction"] > (1 if first else 0))
        world.wait_for(ended, 90, "the kill or the end", pause=0.2)
        killed = not world.applier.is_running()
        found = "nothing"
        if journal.exists():
            transaction = json.loads(journal.read_text())["transaction"]
            found = transaction["report"]["state"] if transaction["report"]["transaction"] == (2 if first else 1) else "nothing"
        if killed and number % 2 == 1:
            recovered = world.run([program, *arguments[:-1], "--recover"], timeout=120)
            if recovered.returncode != 0:
                raise RuntimeError(recovered.stderr)
        elif killed:
            world.start_applier(world.config)
            if found != "nothing":
                world.wait_for(lambda: world.call("transaction", "0")["state"] in FINAL, 60, "recovery", pause=0.2)
        watch.end.set()
        watch.join()
        report = json.loads(journal.read_text())["transaction"]["report"] if journal.exists() else {}
        leftovers = [name for name in os.listdir(world.chrony.sources_dir) if name.endswith(".sources")]
        return {"killed": killed, "found": found, "state": report.get("state"), "reason": report.get("reason"), "old": old,
                "new": sorted(target), "names": world.chrony.names(), "same_pid": world.chrony.pid == pid and
                world.chrony.process.is_running(), "synchronised": world.chrony.is_synchronised(), "lapses": watch.lapses,
                "looks": watch.looks, "files": leftovers}


def kill_between_deletes(new_ones_die: bool) -> dict:
    """One world: the applier is killed when some of the old sources are deleted already; with `new_ones_die` nothing of the
    new set answers any more when it comes back."""
    with ApplierWorld() as world:
        world.write_config(['verify_timeout = "8s"'], chronyc=world.kill_at_delete(5))
        world.serve()
        old, pid = world.chrony.names(), world.chrony.pid
        watch = Watch(world.chrony)
        watch.start()
        world.call("apply", servers(NEW))
        world.wait_for(lambda: not world.applier.is_running(), 30, "the kill")
        middle = len(world.chrony.names()) - len(NEW)
        if new_ones_die:
            for address in (NAMES[name][0] for name in NEW):
                world.fakes.command(f"set {world.fake_names[address]} silent=yes")
            world.chrony.chronyc("reset", "sources")
        done = world.run([world.program("daemon/apply/ntpopt-apply"), "--config", world.config, "--state-dir",
                          world.directory / "apply-state", "--user", "nobody", "--recover"], timeout=120)
        if new_ones_die:
            world.wait_for(world.chrony.is_synchronised, 20, "chronyd to follow its own sources again")
        watch.end.set()
        watch.join()
        report = json.loads((world.directory / "apply-state" / "txn.json").read_text())["transaction"]["report"]
        return {"state": report["state"], "reason": report["reason"], "status": done.returncode, "log": done.stderr, "old": old,
                "names": world.chrony.names(), "middle": middle, "lapses": watch.lapses, "same_pid": world.chrony.pid == pid}


def case(family: str, number: int) -> dict:
    done = subprocess.run([sys.executable, __file__, family, str(number)], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError(f"{family} {number}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


class Recovery(unittest.TestCase):
    MOST = {"base": 18, "own": 20, "dead": 18, "deletes": 2}

    @classmethod
    def setUpClass(cls):
        pool = concurrent.futures.ThreadPoolExecutor(PARALLEL)
        cls.cases = {family: [pool.submit(case, family, number) for number in range(1, most + 1)]
                     for family, most in cls.MOST.items()}

    def step_through(self, family):
        results = [future.result() for future in self.cases[family]]
        self.assertFalse(results[-1]["killed"], "more steps than the test kills at")
        killed_at = sorted({result["found"] for result in results if result["killed"]})
        print(f"{family}: {sum(r['killed'] for r in results)} kills, found at {', '.join(killed_at)}; "
              f"{sum(r['looks'] for r in results)} looks at tracking", flush=True)
        for number, result in enumerate(results, 1):
            with self.subTest(family=family, number=number, **result):
                self.assertIn(result["names"], (result["old"], result["new"]))
                if result["found"] != "nothing":
                    self.assertIn(result["state"], ("committed", "rolled_back"))
                    self.assertEqual(result["names"], result["new"] if result["state"] == "committed" else result["old"])
                self.assertTrue(result["same_pid"] and result["synchronised"])
                self.assertEqual(result["lapses"], [])
                self.assertGreater(result["looks"], 0)
        return killed_at

    def test_from_the_service_s_own_sources(self):
        states = self.step_through("base")
        for state in ("prepared", "files_written", "reloaded", "verifying", "verified", "base_removed"):
            self.assertIn(state, states)

    def test_from_one_set_of_ours_to_another(self):
        self.assertIn("verified", self.step_through("own"))

    def test_while_a_change_is_undone(self):
        self.assertIn("rolling_back", self.step_through("dead"))

    def test_between_two_deletes(self):
        result = self.cases["deletes"][0].result()
        self.assertTrue(0 < result["middle"] < len(result["old"]), result)
        self.assertEqual((result["state"], result["names"]), ("committed", NEW), result)
        self.assertEqual((result["status"], result["lapses"], result["same_pid"]), (0, [], True))

    def test_between_two_deletes_and_then_the_new_ones_die(self):
        result = self.cases["deletes"][1].result()
        self.assertTrue(0 < result["middle"] < len(result["old"]), result)
        self.assertEqual((result["state"], result["names"]), ("rolled_back", result["old"]), result)
        self.assertEqual((result["status"], result["same_pid"]), (0, True))  # the test itself made chronyd forget


if __name__ == "__main__":
    if len(sys.argv) == 3:
        lab.enter()
        family, number = sys.argv[1], int(sys.argv[2])
        print(json.dumps(kill_between_deletes(number == 2) if family == "deletes" else kill_at(family, number)))
    else:
        unittest.main(verbosity=2)
