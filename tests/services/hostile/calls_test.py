"""A daemon that was taken over calls the applier: with names, addresses, types, signals and numbers of calls that it should not.
Nothing outside root's policy is written, and what is written is written no more often than root allows."""
import concurrent.futures
import json
import pathlib
import re
import unittest

from hostile_world import HOSTILE, HostileWorld
from applier_world import BASE_NAMES, FINAL, Refused, servers
import lab

# Ways to say an address, or nothing at all, that a resolver would take although no whitelist names them.
NO_NAMES = ["0x7f040101", "127.4.0x101", "0177.4.1.1", "2130706433", "127.4.257", "127.4.1.1.", "[127.4.1.1]", "::ffff:127.4.1.1%lo",
            "liar.test ", " liar.test", "liar.test\t", "liar.test\nserver liar2.test", "liar.test iburst", "liar.test#.n1.test",
            "n1.test,liar.test", "n1.test\x00.liar.test", "l\u0131ar.test", "ｎ1.test", "n1。test", "*.test", "", ".", "..test",
            "-n1.test", "n1_.test", "a" * 64 + ".test", "a." * 127 + "test", "n1.test/24", "unix:/run/x", "n1.test:0", "n1.test:99999"]
# Names and addresses that are ones, and that the whitelist does not have.
NOT_LISTED = ["127.4.1.1", "::ffff:127.4.1.1", "::1", "liar.test.evil", "xn--n1-test.evil", "evil", "test", "n1.test.evil."]


class Calls(unittest.TestCase):
    def refusal(self, world, *words):
        with self.assertRaises(Refused, msg=repr(words)[:300]) as caught:
            world.hostile_call(*words)
        return str(caught.exception)

    def assert_nothing_was_written(self, world):
        self.assertEqual((world.lines(), world.distinct_names()), ([], BASE_NAMES))
        self.assertEqual(list(world.chrony.sources_dir.iterdir()), [])

    def test_names_that_pass_no_whitelist_reach_no_file(self):
        with HostileWorld(["[selection]", 'whitelist = ["*.test", "127.2.0.0/16"]']) as world:
            world.serve()
            for name in NO_NAMES:
                if "\x00" in name:
                    continue  # no bus carries it
                answer = self.refusal(world, "apply", [{"name": name}, {"name": "n1.test"}])
                self.assertRegex(answer, "InvalidArgs|Refused", name)
            for name in NOT_LISTED:
                self.assertRegex(self.refusal(world, "apply", [{"name": name}, {"name": "n1.test"}]), "whitelist", name)
            self.assert_nothing_was_written(world)
            self.assertEqual(world.call("observe")["refusals"], [])

    def test_what_is_written_is_the_name_and_nothing_that_came_with_it(self):
        with HostileWorld(["[selection]", 'whitelist = ["*.test", "127.2.0.0/16"]']) as world:
            world.serve()
            choices = [{"name": "N1.Test.", "address": "127.4.1.1", "region": "x\nallow 0/0", "timescale": "utc"},
                       {"name": "n2.test", "address": "127.4.2.1", "port": 123}, {"name": "127.2.3.1", "address": "127.4.1.1"}]
            self.assertRegex(self.refusal(world, "apply", choices), "one address", "an address is claimed twice")
            del choices[2]["address"]
            report = world.finish(world.hostile_call("apply", choices))
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.lines(), ["server n1.test iburst", "server n2.test iburst", "server 127.2.3.1 iburst"])
            self.assertEqual({row["id"] for row in world.chrony.sources()}, {"127.2.1.1", "127.2.2.1", "127.2.3.1"})

    def test_arguments_of_other_types_are_refused(self):
        with HostileWorld() as world:
            world.serve()
            good = servers(["n1.test", "n2.test"])
            for options in ({"by_hand": "yes"}, {"by_hand": 1}, {"byhand": True}, {"by_hand": [True]}, {"by_hand": True, "x": 1},
                            {"original": True}):
                self.assertIn("InvalidArgs", self.refusal(world, "apply", good, options))
            for evidence in ({"evidence_seq": 5}, {"evidence_head": "a" * 64}, {"evidence_seq": 0, "evidence_head": "a" * 64},
                             {"evidence_seq": -1, "evidence_head": "a" * 64}, {"evidence_seq": 5, "evidence_head": "A" * 64},
                             {"evidence_seq": 5, "evidence_head": "a" * 65}, {"evidence_seq": "5", "evidence_head": "a" * 64}):
                self.assertIn("InvalidArgs", self.refusal(world, "apply", good, evidence))
                self.assertIn("InvalidArgs", self.refusal(world, "reconverge", evidence))
            for options in ({"original": "true"}, {"original": 1.0}, {"Original": True}, {"original": {"a": 1}}):
                self.assertIn("InvalidArgs", self.refusal(world, "rollback", options))
            for server in ({}, {"name": 5}, {"name": ["n1.test"]}, {"name": {"a": "n1.test"}}, {"name": "n1.test", "port": "123"},
                           {"name": "n1.test", "port": -1}, {"name": "n1.test", "port": 1.5}, {"name": "n1.test", "port": 70000},
                           {"name": "n1.test", "address": "n2.test"}, {"name": "n1.test", "address": "255.255.255.255"},
                           {"name": "n1.test", "maxsources": 17}, {"name": "n1.test", "timescale": "UTC"},
                           {"name": "127.2.1.1", "pool": True}):
                self.assertRegex(self.refusal(world, "apply", [server]), "InvalidArgs", server)
            self.assertRegex(self.refusal(world, "apply", [{"name": f"n{i}.test"} for i in range(17)]), "InvalidArgs")
            self.assertRegex(self.refusal(world, "apply", [good[0], good[0]]), "InvalidArgs")
            self.assert_nothing_was_written(world)
            self.assertTrue(world.applier.is_running())

    def test_offsets_that_would_step_the_clock_or_contradict_each_other_are_refused(self):
        with HostileWorld() as world:
            world.serve()
            a, b = servers(["n1.test", "n2.test"])
            self.assertRegex(self.refusal(world, "apply", [a | {"offset_s": 2.0, "error_s": 5.0}, b]), "steps the clock")
            self.assertRegex(self.refusal(world, "apply", [a | {"offset_s": 0.2, "error_s": 0.001}, b]), "apart")
            self.assertRegex(self.refusal(world, "apply", [a | {"timescale": "smear-24h"}, b]), "timescale")
            plan = world.hostile_call("plan", [a | {"offset_s": 2.0}, b | {"timescale": "smear-meta"}])
            self.assertEqual(len(plan["refusals"]), 2, plan["refusals"])
            self.assert_nothing_was_written(world)

    def test_the_catalogue_knows_better_who_smears(self):
        data = pathlib.Path(lab.world.ROOT) / "conf"
        with HostileWorld() as world:
            (world.directory / "data").mkdir()
            (world.directory / "data" / "catalogue.toml").write_bytes((data / "catalogue.toml").read_bytes())
            world.serve(extra=["--data-dir", world.directory / "data"])
            answer = self.refusal(world, "apply", [{"name": "time.google.com", "timescale": "utc"}, {"name": "n1.test", "timescale": "utc"}])
            self.assertIn("time.google.com tells smear-24h", answer)

    def test_what_root_says_of_a_server_counts_before_the_catalogue(self):
        with HostileWorld() as world:
            (world.directory / "data").mkdir()
            (world.directory / "data" / "catalogue.toml").write_bytes((pathlib.Path(lab.world.ROOT) / "conf/catalogue.toml").read_bytes())
            entry = """[[server]]\noperator = "Site"\nnames = ["%s"]\nterms = "ours"\ntimescale = "%s"
                       timescale_source = "site"\nas_of = "2026-01"\n"""
            (world.directory / "catalogue.d").mkdir()
            own = world.directory / "catalogue.d" / "10-site.toml"
            own.write_text(entry % ("time.google.com", "utc") + entry % ("n2.test", "smear-24h"))
            world.serve(extra=["--data-dir", world.directory / "data"])
            plan = world.hostile_call("plan", [{"name": "time.google.com", "timescale": "utc"}, {"name": "n1.test"}])
            self.assertFalse([why for why in plan["refusals"] if "tells" in why], plan["refusals"])
            answer = self.refusal(world, "apply", [{"name": "n1.test", "timescale": "utc"}, {"name": "n2.test", "timescale": "utc"}])
            self.assertIn("n2.test tells smear-24h", answer)
            # A faulty file of root's: what root wants is not known.
            own.write_text("[[server]]\n")
            world.applier.stop()
            world.run_applier()
            answer = self.refusal(world, "apply", servers(["n1.test", "n3.test"]))
            self.assertRegex(answer, "nothing is changed: .*10-site.toml: line 1: ")
            self.assert_nothing_was_written(world)

    def test_ten_thousand_calls(self):
        with HostileWorld(["max_changes_per_day = 2"]) as world:
            # In a sanitizer build: what it keeps of freed memory is not the applier's.
            world.env["ASAN_OPTIONS"] = "quarantine_size_mb=8"
            world.serve()
            done = world.hostile(world.program("tests/services/applier_call/applier_call"), "storm", "10000",
                                 json.dumps(servers(["n1.test", "n2.test"])), json.dumps(servers(["n3.test", "n4.test"])), timeout=400)
            self.assertEqual(done.returncode, 0, done.stderr)
            answers = json.loads(done.stdout)
            print(answers, flush=True)
            self.assertEqual(sum(answers.values()), 10000)
            self.assertTrue(world.applier.is_running())
            world.wait_for(lambda: world.call("transaction", "0")["state"] in FINAL, 60, "the last transaction to end", pause=0.2)
            journal = json.loads((world.directory / "apply-state" / "txn.json").read_text())
            self.assertLessEqual(len(journal["changes_usec"]), 2)
            self.assertLessEqual(len(journal["begun_usec"]), 200)
            self.assertEqual(len(journal["begun_usec"]), answers["begun"])
            memory = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{world.applier.pid}/status").read_text())[1])
            self.assertLess(memory, 200 * 1024, "kB")
            self.assertTrue(world.chrony.is_synchronised())
            # Root's way back is open whatever the limits say.
            try:
                self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            except Refused as refused:  # the storm's last change was just that
                self.assertIn("nothing to go back to", str(refused))
            self.assertEqual(world.distinct_names(), BASE_NAMES)

    def test_after_two_hundred_transactions_only_root_rolls_back(self):
        with HostileWorld() as world:
            state = world.directory / "apply-state"
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            world.applier.stop()
            journal = json.loads((state / "txn.json").read_text())
            journal["begun_usec"] = [journal["begun_usec"][0]] * 200
            (state / "txn.json").write_text(json.dumps(journal))
            world.run_applier()
            for words in (("apply", servers(["n3.test", "n4.test"])), ("reconverge",), ("rollback", {"original": True})):
                self.assertRegex(self.refusal(world, *words), "200 transactions in the last 24 hours")
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test"])
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(world.distinct_names(), BASE_NAMES)

    def most_memory(self, world) -> int:
        """Of the applier, in kB, since it began."""
        return int(re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{world.applier.pid}/status").read_text())[1])

    def test_enormous_arguments_cost_root_next_to_nothing(self):
        with HostileWorld() as world:
            world.env["ASAN_OPTIONS"] = "quarantine_size_mb=8"
            world.serve()
            at_rest = self.most_memory(world)
            big = "x" * 1_000_000
            calls = [("plan", [{"name": big} for _ in range(16)]), ("plan", [{"name": "n1.test", big: True}]),
                     ("plan", [{"name": "n1.test"}] * 20_000), ("apply", servers(["n1.test"]), {"by_hand": big}),
                     ("rollback", {f"k{i}": big for i in range(16)}), ("reconverge", {"evidence_head": big})]
            for call in calls:
                self.assertIn("InvalidArgs", self.refusal(world, *call))
            # The bus itself turns calls away that a busy machine's applier has no time for.
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                for answer in pool.map(lambda call: self.refusal(world, *call), [calls[0]] * 16):
                    self.assertRegex(answer, "InvalidArgs|LimitsExceeded.*full message queue")
            self.assertLess(self.most_memory(world) - at_rest, 90_000)
            self.assert_nothing_was_written(world)

    def test_forged_signals_decide_nothing(self):
        with HostileWorld(['verify_timeout = "6s"']) as world:
            world.serve()
            number = world.hostile_call("apply", servers(["dead1.test", "dead2.test"]))
            emit = ["busctl", "--system", "emit"]
            to_applier = ["--destination=org.ntpopt1.Applier"]
            for forged in (["/org/ntpopt1/applier", "org.ntpopt1.Applier", "TransactionChanged", "tsa{sv}", str(number), "committed", "0"],
                           ["/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "JobRemoved", "uoss", "1",
                            "/org/freedesktop/systemd1/job/1", "chrony.service", "done"],
                           ["/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged", "sss", "org.freedesktop.systemd1", "", ":1.1"],
                           ["/org/freedesktop/timesync1", "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as",
                            "org.freedesktop.timesync1.Manager", "0", "0"]):
                for where in ([], to_applier):
                    world.hostile(*emit[:2], *where, *emit[2:], *forged)
            report = world.finish(number)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertEqual(world.distinct_names(), BASE_NAMES)
            for name in ("org.ntpopt1.Applier", "org.freedesktop.systemd1"):
                done = world.hostile("busctl", "--system", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", "RequestName", "su", name, "4")
                self.assertNotEqual(done.returncode, 0, name)
            self.assertTrue(world.applier.is_running())
            self.assertEqual(HOSTILE, 65534)


if __name__ == "__main__":
    lab.main()
