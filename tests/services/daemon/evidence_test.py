"""The evidence of real changes: what a report of them says, and that a database put back from an older copy, or cut off at its
end, is noticed."""
import json
import os
import shutil
import sqlite3
import unittest

from home import settled_machine
import lab


class Evidence(unittest.TestCase):
    def setUp(self):
        self.machine = settled_machine()
        self.addCleanup(self.machine.close)

    @property
    def database(self):
        return self.machine.directory / "state" / "ntpopt.db"

    def stop(self):
        self.assertEqual(self.machine.daemon.stop(timeout=30), 0)

    def report(self):
        return self.machine.ctl_json("report", "--from", "1d")["entries"]

    def verify(self):
        done = self.machine.ctl("report", "--verify", "--json")
        return done.returncode, json.loads(done.stdout)

    def put_back(self, copy):
        """The file's owner stays whom it was."""
        self.database.write_bytes(copy.read_bytes())

    def test_what_was_done_is_told_and_an_older_copy_or_a_cut_tail_is_noticed(self):
        machine = self.machine
        first = json.loads(machine.ctl("reoptimize", "--json").stdout)
        self.assertEqual(first["outcome"], "applied", first["reason"])
        self.assertEqual(machine.ctl("blacklist", "add", "good6.test", "--for", "7d").returncode, 0)
        entries = self.report()
        kinds = [entry["kind"] for entry in entries]
        self.assertEqual([entry["seq"] for entry in entries], list(range(1, len(entries) + 1)))
        self.assertEqual(kinds[0], "configuration")
        operations = [entry["body"] for entry in entries if entry["kind"] == "operation"]
        self.assertEqual([(body["uid"], body["method"]) for body in operations],
                         [(os.geteuid(), "Reoptimize"), (os.geteuid(), "Blacklist")])
        self.assertLess(kinds.index("operation"), kinds.index("requested"))
        changed = next(entry["body"] for entry in entries if entry["kind"] == "changed")
        self.assertEqual((changed["state"], changed["transaction"]), ("committed", 1))
        self.assertEqual(sorted(changed["selected"]), sorted(first["selected"]))
        sources = next(entry["body"] for entry in entries if entry["kind"] == "sources")
        self.assertEqual(sources["servers"], ["old.test"])
        clock = [entry["body"] for entry in entries if entry["kind"] == "clock"]
        self.assertTrue(any(body["bound_ns"] for body in clock), clock)
        code, verified = self.verify()
        self.assertEqual((code, verified["ok"]), (0, True), verified)
        requested = entries[kinds.index("requested")]
        self.assertEqual((verified["applier_seq"], verified["applier_hash"]), (requested["seq"], requested["hash"]))

        self.stop()
        copy = machine.directory / "copy.db"
        shutil.copyfile(self.database, copy)
        machine.start_ntpoptd()
        back = json.loads(machine.ctl("rollback", "--original", "--json").stdout)
        self.assertEqual(back["outcome"], "applied", back["reason"])
        code, verified = self.verify()
        self.assertEqual(code, 0, verified)
        told = verified["applier_seq"]

        self.stop()
        late = machine.directory / "late.db"
        shutil.copyfile(self.database, late)
        self.put_back(copy)
        machine.start_ntpoptd()
        code, verified = self.verify()
        self.assertEqual(code, 1, verified)
        self.assertEqual(verified["applier_seq"], told)
        machine.wait_for(lambda: any("evidence is not as it was left" in alarm for alarm in machine.ctl_json("status")["alarms"]),
                         60, "the alarm")
        self.assertIn("alarm", [entry["kind"] for entry in self.report()])

        self.stop()
        self.put_back(late)
        with sqlite3.connect(self.database) as database:
            database.execute("DELETE FROM evidence WHERE seq >= ?", (told,))
            database.execute("UPDATE evidence_head SET seq = (SELECT max(seq) FROM evidence), "
                             "hash = (SELECT hash FROM evidence ORDER BY seq DESC LIMIT 1)")
        database.close()
        machine.start_ntpoptd()
        code, verified = self.verify()
        self.assertEqual(code, 1, verified)
        self.assertEqual(machine.ctl("report", "--verify").returncode, 1)


if __name__ == "__main__":
    lab.main(1)
