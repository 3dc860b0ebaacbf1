"""rollback: where there is nothing to go back to it says so, and afterwards what was measured is still known."""
import unittest

from home import settled_machine
import lab

WAYS = (("rollback",), ("rollback", "--original"))


class Rollback(unittest.TestCase):
    def setUp(self):
        self.machine = settled_machine()
        self.addCleanup(self.machine.close)

    def assert_there_is_nothing_to_go_back_to(self):
        self.assertEqual(self.machine.ctl_json("rollback", "--list"), [])
        for way in WAYS:
            done = self.machine.ctl(*way)
            self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
            self.assertRegex(done.stderr, "changed nothing yet|nothing to go back to")

    def test_nothing_to_go_back_to_is_an_error_and_no_run(self):
        self.assert_there_is_nothing_to_go_back_to()
        refused = self.machine.run(["busctl", "--system", "call", "org.ntpopt1", "/org/ntpopt1", "org.ntpopt1.Manager", "Rollback",
                                    "a{sv}", "0"])
        self.assertIn("changed nothing yet", refused.stderr)
        self.assertEqual(self.machine.ctl_json("history"), [])
        status = self.machine.ctl_json("status")
        self.assertEqual((status["last_run"], status["alarms"]), (None, []))
        self.assertNotIn("ntpopt_last_round_up", self.machine.ctl("metrics").stdout)

    def test_after_a_rollback_the_last_round_is_still_known(self):
        self.assertEqual(self.machine.ctl_json("reoptimize")["outcome"], "applied")

        def known():
            servers, why = self.machine.ctl_json("servers"), self.machine.ctl_json("explain")
            return ([(one["rank"], one["name"], one["address"], one["verdict"]) for one in servers["servers"]],
                    servers["timestamp"], *(why[key] for key in ("timestamp", "run_id", "outcome", "confidence", "selected", "sentences")))
        learnt = known()
        self.assertEqual((learnt[1], learnt[4]), (learnt[2], "applied"))

        def assert_known():
            self.assertEqual(known(), learnt)
            self.assertIn("chosen", self.machine.ctl("servers").stdout)
        self.assertEqual(self.machine.ctl("rollback").returncode, 0)
        self.assertEqual(self.machine.chrony.names(), ["old.test"])
        assert_known()
        runs = len(self.machine.ctl_json("history"))
        self.assert_there_is_nothing_to_go_back_to()
        self.assertEqual(len(self.machine.ctl_json("history")), runs)
        self.machine.daemon.stop()
        self.assert_there_is_nothing_to_go_back_to()
        self.machine.start_ntpoptd()
        assert_known()


if __name__ == "__main__":
    lab.main()
