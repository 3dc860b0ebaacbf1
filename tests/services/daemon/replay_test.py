"""Fifty live rounds with a restart, a change that was undone by hand and a blacklisting among them: what they decided is
exported and decided again, byte for byte the same."""
import json
import unittest

from home import GOOD, settled_machine
import lab

ROUNDS = 50


class Replay(unittest.TestCase):
    def test_fifty_live_rounds_are_decided_again_byte_for_byte(self):
        machine = settled_machine()
        self.addCleanup(machine.close)
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


if __name__ == "__main__":
    lab.main()
