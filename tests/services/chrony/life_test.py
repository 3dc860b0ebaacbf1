"""The life of the applier's process: it starts when called, recovers first, goes when idle, survives a full disk."""
import json
import unittest

from applier_world import ApplierWorld, BASE_NAMES, FINAL, Refused, servers
import lab


class Life(unittest.TestCase):
    def test_it_leaves_when_nobody_needs_it(self):
        with ApplierWorld() as world:
            world.serve(idle_exit=True)
            world.call("observe")
            self.assertEqual(world.applier.wait(45), 0)
            self.assertIn("ending: idle", world.applier.log())

    def test_a_full_disk_undoes_the_change(self):
        """From the third file on nothing new takes its place: the journal says "prepared", our file is written."""
        with ApplierWorld() as world:
            world.serve(under=["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat,renameat2", "-e", "inject=renameat2:error=ENOSPC",
                               "-e", "inject=renameat:error=ENOSPC:when=3+"])
            report = world.apply(["n1.test", "n2.test"])
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertIn("No space left on device", report["reason"])
            self.assertEqual(world.distinct_names(), BASE_NAMES)
            self.assertTrue(world.chrony.is_synchronised())

    def test_a_damaged_journal_is_set_aside(self):
        with ApplierWorld() as world:
            state = world.directory / "apply-state"
            state.mkdir(mode=0o700)
            (state / "txn.json").write_text('{"version": 1, "transac')
            world.serve()
            self.assertIn("damaged", world.applier.log())
            self.assertTrue((state / "txn.json.damaged").exists())
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")

    def test_the_way_back_is_there_without_a_record(self):
        """Somebody, or a disk, took the applier's state; what it did to chronyd is still to be taken back."""
        with ApplierWorld() as world:
            world.serve()
            with self.assertRaisesRegex(Refused, "has changed nothing yet"):
                world.call("rollback", {"original": True})
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            world.lose_state()
            with self.assertRaisesRegex(Refused, "has changed nothing yet"):
                world.call("rollback")
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(world.distinct_names(), BASE_NAMES)
            self.assertFalse((world.chrony.sources_dir / "50-ntpopt.sources").exists())
            world.wait_for(world.chrony.is_synchronised, 60, "chronyd to follow its own sources")

    def test_a_mistake_in_the_configuration_closes_no_way_back(self):
        """Neither by the bus, nor before a removal, nor after a power cut."""
        with ApplierWorld(config_lines=['verify_timeout = "30s"']) as world:
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            faultless = world.config.read_text()
            mistaken = faultless + "max_bakups = 3\n"
            world.config.write_text(mistaken)
            world.applier.stop()
            world.run_applier()
            self.assertIn("apply.max_bakups: unknown key", world.applier.log())
            for call in (("apply", servers(["n3.test"])), ("reconverge",)):
                with self.assertRaisesRegex(Refused, "max_bakups"):
                    world.call(*call)
            self.assertIn("max_bakups", " ".join(world.call("observe")["refusals"]))
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(world.distinct_names(), BASE_NAMES)

            for way in ("--rollback-original", "--recover"):
                world.config.write_text(faultless)
                world.applier.stop()
                world.run_applier()
                world.call("apply", servers(["dead1.test", "dead2.test"]), {"by_hand": True})
                world.wait_for(lambda: world.call("transaction", "0")["state"] == "verifying", 60, "the middle")
                world.applier.kill()
                world.config.write_text(mistaken)
                done = world.once(way)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("max_bakups", done.stderr)
                self.assertFalse((world.chrony.sources_dir / "50-ntpopt.sources").exists(), way)
                self.assertEqual(world.distinct_names(), BASE_NAMES, way)

    def test_the_applier_ends_a_change_whose_caller_died(self):
        with ApplierWorld() as world:
            world.serve()
            world.call("apply", servers(["n1.test", "n2.test"]))  # the caller has left the bus by now
            journal = world.directory / "apply-state" / "txn.json"
            world.wait_for(lambda: json.loads(journal.read_text())["transaction"]["report"]["state"] in FINAL, 30, "the end")
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test"])

    def test_recovery_before_chronyd_starts_needs_neither_bus_nor_chronyd(self):
        """What a power cut leaves: files of a change in the middle, a journal, no process."""
        with ApplierWorld(config_lines=['verify_timeout = "30s"']) as world:
            world.serve()
            world.call("apply", servers(["dead1.test", "dead2.test"]))
            ours = world.chrony.sources_dir / "50-ntpopt.sources"
            world.wait_for(lambda: world.call("transaction", "0")["state"] == "verifying", 60, "the middle")
            world.applier.kill()
            world.chrony.process.kill()
            self.assertTrue(ours.exists())
            world.env["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nonexistent"
            done = world.once("--recover")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertFalse(ours.exists())
            world.chrony.start()
            world.wait_for(world.chrony.is_synchronised, 60, "chronyd to follow its own sources")
            self.assertEqual(world.distinct_names(), BASE_NAMES)


if __name__ == "__main__":
    lab.main()
