"""Fifty live rounds with a restart, a change that was undone by hand and a blacklisting among them: what they decided is
exported and decided again, byte for byte the same."""
import json
import unittest

from home import GOOD, settled_machine
import lab

ROUNDS = 50


class Replay(unittest.TestCase):
    def test_fifty_live_rounds_are_decided_again_byte_for_byte(self):
        machine = settled_machine(old="iburst minpoll -2 maxpoll -2")
        self.addCleanup(machine.close)
        self.let_chronyd_know_its_server(machine)
        live = []
        for number in range(ROUNDS):
            if number == 10:
                self.assertEqual(machine.daemon.stop(), 0)
                machine.start_ntpoptd()
            if number == 20:
                self.assertEqual(machine.ctl("rollback", "--original").returncode, 0)
            if number == 30:
                self.assertEqual(machine.ctl("blacklist", "add", sorted(GOOD)[0]).returncode, 0)
            if number == 40:
                machine.fakes.command("set good2 silent=yes")
            dry = [] if number in (0, 25) else ["--dry-run"]
            done = machine.ctl("reoptimize", "--json", *dry)
            self.assertEqual(done.returncode, 0, done.stderr)
            live.append(json.loads(done.stdout))

        exported = machine.ctl("history", "--trace")
        self.assertEqual(exported.returncode, 0, exported.stderr)
        trace = machine.directory / "trace.jsonl"
        trace.write_text(exported.stdout)
        self.check_that_the_known_server_was_asked_once(exported.stdout)
        again = machine.run([machine.program("daemon/ntpoptd"), "--replay", trace])
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(again.stderr, "", "a decision came out otherwise than it was recorded")

        decided = [json.loads(line) for line in again.stdout.splitlines()]
        self.assertEqual(len(decided), ROUNDS)
        for number, (then, now) in enumerate(zip(live, decided)):
            with self.subTest(round=number):
                verdicts = {server["name"]: server["verdict"] for server in then["servers"]}
                self.assertEqual({server["name"]: server["verdict"] for server in now["servers"]}, verdicts)
                scores = {server["name"]: server["score"] for server in then["servers"]}
                self.assertEqual({server["name"]: server["score"] for server in now["servers"]}, scores)
                if then["outcome"] in ("applied", "would_apply"):
                    self.assertEqual(now["selected"], then["selected"])

    def let_chronyd_know_its_server(self, machine):
        """Eight polls, and then none for as long as the test may take, so that none of the eight goes by being late."""
        reach = lambda: [source["reach"] for source in machine.chrony.sources()]
        machine.wait_for(lambda: reach() == ["377"], 60, "eight polls of the old server")
        for word in ("maxpoll", "minpoll"):
            machine.chrony.chronyc(word, "127.30.1.1", "10")
        machine.wait_for(lambda: reach() == ["377"], 60, "the old server to be reached")

    def check_that_the_known_server_was_asked_once(self, trace: str):
        rounds = [line for line in map(json.loads, trace.splitlines()) if "candidates" in line]
        known = {candidate["name"]: candidate for candidate in rounds[0]["candidates"]}
        self.assertEqual(len(known["old.test"]["samples"]), 1)
        spared = known["old.test"]["spared"]
        self.assertEqual(spared["requests"], 2)
        self.assertGreaterEqual(spared["samples"], 4)
        self.assertTrue(0 < spared["deviation_s"] < 1, spared)
        self.assertEqual([len(known[name]["samples"]) for name in GOOD], [3] * len(GOOD))


if __name__ == "__main__":
    lab.main()
