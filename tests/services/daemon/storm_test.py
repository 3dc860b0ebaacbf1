"""A storm of hostile callers while a round runs: nothing stops the daemon, the round or its outcome."""
import concurrent.futures
import json
import pathlib
import subprocess
import unittest

from home import QUICK, settled_machine
import lab

STRANGER = 1
CALLERS = 100
MANAGER = ["org.ntpopt1", "/org/ntpopt1", "org.ntpopt1.Manager"]
APPLIER = ["org.ntpopt1.Applier", "/org/ntpopt1/applier", "org.ntpopt1.Applier"]
HUGE = "x" * 100_000
NASTY = [
    ["call", *MANAGER, "Reoptimize", "s", "wrong type"],
    ["call", *MANAGER, "Reoptimize", "a{sv}", "1", "dry_run", "s", HUGE],
    ["call", *MANAGER, "Explain", "s", HUGE],
    ["call", *MANAGER, "Explain", "s", "a\nb"],
    ["call", *MANAGER, "GetHistory", "a{sv}", "1", "limit", "u", "4294967295"],
    ["call", *MANAGER, "SetInterval", "t", "18446744073709551615"],
    ["call", *MANAGER, "Blacklist", "st", "good1.test", "0"],
    ["call", *MANAGER, "GetRun", "t", "18446744073709551615"],
    ["call", *MANAGER, "NoSuchMethod"],
    ["call", *MANAGER, "GetStatus"],
    ["call", *APPLIER, "Apply", "aa{sv}a{sv}", "0", "0"],
    ["call", *APPLIER, "Rollback", "a{sv}", "0"],
    ["emit", "/org/ntpopt1", "org.ntpopt1.Manager", "RunFinished", "ta{sv}", "1", "1", "outcome", "s", "failed"],
    ["emit", "/org/ntpopt1/applier", "org.ntpopt1.Applier", "TransactionChanged", "tsa{sv}", "1", "rolled_back", "0"],
    ["emit", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "JobRemoved", "uoss", "1",
     "/org/freedesktop/systemd1/job/1", "chrony.service", "failed"],
]


class Storm(unittest.TestCase):
    def flood(self, machine):
        """A thousand calls at once from a hundred connections, and another thousand from a single one; every one that stays
        to hear it gets an answer, and none of them is obeyed."""
        program = machine.program("tests/services/flood/flood")
        floods = [(100, 10), (1, 1000)]
        running = [subprocess.Popen(["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", program, *map(str, numbers)],
                                    env=machine.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for numbers in floods]
        for (connections, calls), process in zip(floods, running):
            out, complaint = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, complaint)
            answers = json.loads(out)
            print(connections, "connections,", calls, "calls each:", answers, flush=True)
            staying = connections - connections // 10
            self.assertEqual(sum(answers.values()), staying * calls)
            self.assertLessEqual(answers["answered"], staying * calls * 2 // 10, "two calls in ten only ask")
            self.assertEqual({"NoReply", "Timeout", "Disconnected"} & {name.rsplit(".", 1)[-1] for name in answers}, set())

    def test_hostile_callers_change_neither_the_daemon_nor_a_round(self):
        machine = settled_machine(QUICK.replace("100ms", "10s"))  # the round is to outlast the flood
        self.addCleanup(machine.close)
        config_before = machine.ctl_json("config")
        running = subprocess.Popen([str(machine.program("ctl/ntpoptctl")), "reoptimize", "--json"], env=machine.env,
                                   stdout=subprocess.PIPE, text=True)
        machine.wait_for(lambda: machine.property("State") == 's "probe"', 30, "the round to ask its servers")
        self.flood(machine)
        self.assertIsNone(running.poll(), "the flood came during the round")

        def attack(number):
            for words in NASTY[number % len(NASTY):] + NASTY[:number % len(NASTY)]:
                argv = ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", "busctl", "--system", *words]
                if number % 10 == 9:  # one in ten dies in the middle of its call
                    argv = ["timeout", "--signal=KILL", "0.01", *argv]
                machine.run(argv)

        with concurrent.futures.ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(attack, range(CALLERS)))
        out, _ = running.communicate(timeout=120)
        self.assertEqual(running.returncode, 0)
        self.assertEqual(json.loads(out)["outcome"], "applied")
        self.assertTrue(machine.daemon.is_running())
        self.assertEqual(machine.chrony.names(), sorted(json.loads(out)["selected"]))
        self.assertEqual(machine.ctl_json("config"), config_before)
        self.assertEqual(machine.ctl_json("blacklist", "list"), [])
        threads = len(list(pathlib.Path(f"/proc/{machine.daemon.pid}/task").iterdir()))
        self.assertEqual(threads, 1, "one thread, whatever comes")


if __name__ == "__main__":
    lab.main()
