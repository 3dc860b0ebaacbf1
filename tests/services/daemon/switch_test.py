"""reoptimize moves a real chronyd, without a restart and without a moment unsynchronised; what fails is undone."""
import json
import subprocess
import unittest

from home import GOOD, settled_machine
import lab


def reoptimize_in_background(machine):
    return subprocess.Popen([str(machine.program("ctl/ntpoptctl")), "reoptimize", "--json"], env=machine.env,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Switch(unittest.TestCase):
    def setUp(self):
        self.machine = settled_machine()
        self.addCleanup(self.machine.close)

    def test_moves_to_the_good_servers_and_stays_there(self):
        pid = self.machine.chrony.pid
        done = self.machine.ctl("reoptimize", "--json")
        self.assertEqual(done.returncode, 0, done.stderr + self.machine.daemon.log() + self.machine.bus_log())
        report = json.loads(done.stdout)
        self.assertEqual(report["outcome"], "applied", report["reason"])
        self.assertEqual(len(report["selected"]), 4)
        self.assertLessEqual(set(report["selected"]), set(GOOD))
        self.assertEqual(report["previous"], ["old.test"])
        self.assertEqual(self.machine.chrony.names(), sorted(report["selected"]))
        self.assertIn(self.machine.chrony.selected(), report["selected"])
        self.assertTrue(self.machine.chrony.process.is_running())
        self.assertEqual(self.machine.chrony.pid, pid)

        status = self.machine.ctl_json("status")
        self.assertTrue(status["synchronised"])
        self.assertEqual(sorted(status["selected"]), sorted(report["selected"]))
        self.assertEqual(status["service"]["name"], "chronyd")
        self.assertLess(status["clock_error_bound_ms"], 100)

        again = self.machine.ctl_json("reoptimize")
        self.assertEqual(again["outcome"], "unchanged", again["reason"])

    def test_a_dry_run_shows_the_plan_and_changes_nothing(self):
        report = self.machine.ctl_json("reoptimize", "--dry-run")
        self.assertEqual(report["outcome"], "would_apply", report["reason"])
        self.assertIn("50-ntpopt.sources", report["diff"])
        self.assertEqual(self.machine.chrony.names(), ["old.test"])

    def test_servers_that_die_after_the_change_are_rolled_back_with_exit_code_6(self):
        pid = self.machine.chrony.pid
        running = reoptimize_in_background(self.machine)
        self.machine.wait_for(lambda: "50-ntpopt.sources" in "".join(
            path.name for path in [*self.machine.chrony.sources_dir.iterdir(), *self.machine.chrony.dhcp_dir.iterdir()]),
            30, "the new sources to be written")
        for name in GOOD:
            self.machine.fakes.command(f"set {name.split('.')[0]} silent=yes")
        out, err = running.communicate(timeout=120)
        self.assertEqual(running.returncode, 6, err + out[-300:] + self.machine.daemon.log())
        self.assertEqual(json.loads(out)["outcome"], "rolled_back")
        self.assertEqual(self.machine.chrony.names(), ["old.test"])
        self.assertTrue(self.machine.chrony.is_synchronised())
        self.assertEqual(self.machine.chrony.pid, pid)

    def test_nothing_usable_is_exit_code_5_and_changes_nothing(self):
        for name in GOOD:
            self.machine.fakes.command(f"set {name.split('.')[0]} silent=yes")
        self.machine.fakes.command("set old silent=yes")
        done = self.machine.ctl("reoptimize", "--json")
        self.assertEqual(done.returncode, 5, done.stderr + done.stdout[-300:])
        self.assertEqual(self.machine.chrony.names(), ["old.test"])

    def test_rollback_brings_the_old_sources_back(self):
        self.assertEqual(self.machine.ctl_json("reoptimize")["outcome"], "applied")
        pid = self.machine.chrony.pid
        kept = self.machine.ctl_json("rollback", "--list")
        self.assertEqual([(one["selected"], one["original"]) for one in kept], [([], True)])
        self.assertEqual([one["original"] for one in self.machine.ctl_json("status")["kept"]], [True])
        self.assertIn("as before ntpopt", self.machine.ctl("rollback", "--list").stdout)
        done = self.machine.ctl("rollback", "--original")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.assertEqual(self.machine.chrony.names(), ["old.test"])
        self.machine.wait_for(self.machine.chrony.is_synchronised, 30, "chronyd to follow its old server again")
        self.assertEqual(self.machine.chrony.pid, pid)


if __name__ == "__main__":
    lab.main()
