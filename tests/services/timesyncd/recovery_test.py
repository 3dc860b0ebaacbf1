"""kill -9 of the applier at every durable step of a change: afterwards timesyncd has the old set or the new one, whole.

Every step makes something durable by fsync, so killing at the Nth for N = 1, 2, ... until a change runs through stops on
both sides of every state. Each kill has a world of its own.
"""
import json
import unittest

from timesyncd_world import BASE_NAMES, FINAL, Refused, TimesyncdWorld, servers
import lab

NEW = ["n1.test", "n2.test"]


class Recovery(unittest.TestCase):
    MOST = 30

    def kill_at(self, number, names, verify_timeout):
        with TimesyncdWorld(config_lines=[f'verify_timeout = "{verify_timeout}"']) as world:
            pid = world.timesyncd.pid
            world.serve(under=["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e",
                               f"inject=fsync:signal=KILL:when={number}"])
            try:
                world.finish(world.call("apply", servers(names)))
                return False
            except Refused:  # killed before it could answer
                world.wait_for(lambda: not world.applier.is_running(), 60, "the kill")
            journal = world.directory / "apply-state" / "txn.json"
            found = json.loads(journal.read_text())["transaction"]["report"]["state"] if journal.exists() else "nothing"
            if number % 2:
                done = world.once("--recover")
                self.assertEqual(done.returncode, 0, done.stderr)
            else:
                world.run_applier()
                if found != "nothing":
                    world.wait_for(lambda: world.call("transaction", "0")["state"] in FINAL, 30, "recovery")
            report = json.loads(journal.read_text())["transaction"]["report"] if journal.exists() else {"state": "rolled_back"}
            listed = world.timesyncd.listed()
            with self.subTest(number=number, found=found, report=report, listed=listed):
                committed = report["state"] == "committed"
                self.assertIn(report["state"], FINAL[:2] + (("prepared",) if found == "nothing" else ()))
                self.assertEqual(listed, names if committed else BASE_NAMES)
                self.assertEqual(world.timesyncd.drop_in.exists(), committed)
                self.assertEqual(world.timesyncd.pid, pid)
                self.assertEqual(world.foreign_files(), world.foreign)
            self.states.add(found)
            return True

    def step_through(self, names, wanted, verify_timeout):
        self.states = set()
        kills = 0
        while self.kill_at(kills + 1, names, verify_timeout):
            kills += 1
            self.assertLess(kills, self.MOST, "no end of it")
        print(f"{kills} kills, found at {', '.join(sorted(self.states))}", flush=True)
        self.assertLessEqual(wanted, self.states)

    def test_forward(self):
        self.step_through(NEW, {"prepared", "files_written", "reloaded", "verifying", "verified", "base_removed"}, "20s")

    def test_while_it_is_undone(self):
        self.step_through(["dead1.test"], {"verifying", "rolling_back"}, "3s")


if __name__ == "__main__":
    lab.main()
