"""What ntpoptd remembers: over a restart, with a full disk, with a damaged file, and of its first version's files."""
import json
import os
import sqlite3
import subprocess
import unittest

from home import settled_machine
import lab

NOBODY = 65534


class Memory(unittest.TestCase):
    def setUp(self):
        self.machine = settled_machine()
        self.addCleanup(self.machine.close)

    @property
    def state(self):
        return self.machine.directory / "state"

    def stop(self):
        self.assertEqual(self.machine.daemon.stop(timeout=30), 0)

    def restart(self):
        self.stop()
        self.machine.start_ntpoptd()

    def look(self, sql):
        """As docs/memory.md says that one may look while the daemon runs."""
        with sqlite3.connect(f"file:{self.state}/ntpopt.db?immutable=1", uri=True) as database:
            return database.execute(sql).fetchall()

    def round(self):
        done = self.machine.ctl("reoptimize", "--json")
        return json.loads(done.stdout)

    def record_stage(self, report):
        return [stage for stage in report["stages"] if stage["stage"] == "record"][0]

    def test_rounds_bias_blacklist_and_interval_survive_a_restart(self):
        first = self.round()
        self.assertEqual(first["outcome"], "applied", first["reason"])
        self.assertEqual(self.machine.ctl("blacklist", "add", "good6.test", "--for", "7d").returncode, 0)
        self.assertEqual(self.machine.ctl("interval", "3h").returncode, 0)
        known = self.look("SELECT address, bias_ms FROM servers WHERE bias_ms IS NOT NULL ORDER BY address")
        self.assertGreaterEqual(len(known), 4)
        self.restart()
        self.assertEqual(self.look("SELECT address, bias_ms FROM servers WHERE bias_ms IS NOT NULL ORDER BY address"), known)
        self.assertEqual([entry["server"] for entry in self.machine.ctl_json("blacklist")], ["good6.test"])
        self.assertEqual(self.machine.ctl_json("status")["interval_s"], 3 * 3600)
        second = self.round()
        self.assertEqual(second["run_id"], first["run_id"] + 1)
        rounds = self.machine.ctl_json("history")
        self.assertEqual([entry["run_id"] for entry in rounds], [first["run_id"], second["run_id"]])
        for entry, report in zip(rounds, (first, second)):
            self.assertEqual(entry["timestamp"], report["timestamp"])
            self.assertEqual(list(entry)[:3], ["timestamp", "region", "servers"])
            for server, row in zip(report["servers"], entry["servers"]):
                self.assertEqual(list(row)[:6], ["hostname", "offset", "jitter", "stratum", "reachability", "score"])
                self.assertEqual(row["hostname"], server["name"])
                self.assertLessEqual(set(server), set(row))
                self.assertEqual(row["verdict"], server["verdict"])
        self.assertEqual([row["verdict"] for row in rounds[1]["servers"] if row["hostname"] == "good6.test"], ["blacklisted"])
        changes = [report["run_id"] for report in (first, second) if report["selected"] != report["previous"]]
        self.assertEqual([row[0] for row in self.look("SELECT run_id FROM selections")], changes)
        # Everything that the bus tells about the past agrees.
        self.assertEqual(json.loads(self.machine.ctl("history", "--json", "--limit", "1").stdout), rounds[1:])
        trend = self.machine.ctl("history", "good1.test").stdout.splitlines()
        self.assertEqual(len(trend), 3, trend)
        self.assertEqual(len(self.machine.ctl("history", "--csv").stdout.splitlines()), 1 + sum(len(r["servers"]) for r in rounds))
        whole = self.machine.run(["busctl", "--system", "--json=short", "call", "org.ntpopt1", "/org/ntpopt1", "org.ntpopt1.Manager",
                                  "GetHistory", "a{sv}", "1", "limit", "u", "1"])
        row = json.loads(whole.stdout)["data"][0][0]
        self.assertEqual(row["timestamp"]["data"], second["timestamp"])
        self.assertEqual(len(row["servers"]["data"]), len(second["servers"]))

    def test_with_a_full_disk_rounds_run_and_say_that_they_were_not_recorded(self):
        self.stop()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=512k,mode=0700,uid={NOBODY},gid={NOBODY}", "small", self.state], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.state], check=False)
        self.machine.start_ntpoptd()
        first = self.round()
        self.assertTrue(self.record_stage(first)["ok"])
        filler = self.state / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        full = self.round()
        self.assertEqual(full["outcome"], "unchanged", full["reason"])
        self.assertFalse(self.record_stage(full)["ok"])
        self.assertRegex(self.record_stage(full)["detail"], "could not be recorded: .*(full|No space)")
        self.assertTrue([a for a in self.machine.ctl_json("status")["alarms"] if "cannot be remembered" in a])
        # Also from the start on, and without a loss of what was there.
        self.restart()
        self.assertEqual([entry["run_id"] for entry in self.machine.ctl_json("history")], [first["run_id"]])
        self.assertFalse(self.record_stage(self.round())["ok"])
        filler.unlink()
        last = self.round()
        self.assertTrue(self.record_stage(last)["ok"])
        self.assertEqual(self.machine.ctl_json("status")["alarms"], [])
        self.assertEqual([entry["run_id"] for entry in self.machine.ctl_json("history")], [first["run_id"], last["run_id"]])

    def test_a_first_start_on_a_full_disk_remembers_as_soon_as_there_is_room(self):
        self.stop()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=512k,mode=0700,uid={NOBODY},gid={NOBODY}", "small", self.state], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.state], check=False)
        subprocess.run(["dd", "if=/dev/zero", f"of={self.state}/filler", "bs=4k"], check=False, stderr=subprocess.DEVNULL)
        self.machine.start_ntpoptd()
        self.assertFalse(self.record_stage(self.round())["ok"])
        (self.state / "filler").unlink()
        self.assertTrue(self.record_stage(self.round())["ok"])
        self.assertEqual(len(self.machine.ctl_json("history")), 1)

    def test_a_damaged_file_is_set_aside_loudly(self):
        self.round()
        self.stop()
        database = self.state / "ntpopt.db"
        with database.open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(16384))
        self.machine.start_ntpoptd()
        self.assertTrue((self.state / "ntpopt.db.damaged").exists())
        self.assertRegex(self.machine.daemon.log(), "was damaged .* set aside as .*ntpopt.db.damaged")
        self.assertTrue([a for a in self.machine.ctl_json("status")["alarms"] if "set aside" in a])
        self.assertEqual(self.machine.ctl_json("history"), [])
        self.assertTrue(self.record_stage(self.round())["ok"])

    def test_the_files_of_the_first_version_are_taken_over(self):
        self.stop()
        (self.state / "ntpopt.db").unlink()
        for name, document in {"overrides": {"interval": "2h"},
                               "selection": {"penalties": {"good1.test": {"by_hand": True, "blacklisted_until_s": 1e15, "touched_s": 1.7e9}}}}.items():
            path = self.state / f"{name}.json"
            path.write_text(json.dumps(document))
            os.chown(path, NOBODY, NOBODY)
        self.machine.start_ntpoptd()
        self.assertEqual(self.machine.ctl_json("status")["interval_s"], 7200)
        self.assertEqual([entry["server"] for entry in self.machine.ctl_json("blacklist")], ["good1.test"])
        self.assertEqual(sorted(path.name for path in self.state.iterdir() if "json" in path.name),
                         ["overrides.json.migrated", "selection.json.migrated"])


if __name__ == "__main__":
    lab.main(4)
