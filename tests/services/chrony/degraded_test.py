"""The old file did not come back, and a text of ours stands where nobody wanted it: it is ours still, and every way is open."""
import unittest

from applier_world import ApplierWorld, BASE_NAMES, servers
import lab

DEAD = ["dead1.test", "dead2.test"]


class DegradedWorld(ApplierWorld):
    """Its applier committed n1 and n2; degrade() then leaves dead servers in the file."""

    def __init__(self):
        super().__init__(config_lines=['verify_timeout = "12s"'])
        self.disk = self.small_disk(self.chrony.sources_dir)
        self.ours = self.chrony.sources_dir / "50-ntpopt.sources"
        self.serve()
        if self.apply(["n1.test", "n2.test"])["state"] != "committed":
            raise RuntimeError("n1 and n2 were not committed")


class Degraded(unittest.TestCase):
    def degrade(self, world, names=DEAD):
        report = world.degrade(world.disk, world.call("apply", servers(names), {"by_hand": True}))
        self.assertEqual(report["state"], "degraded", report)
        self.assertIn("dead1.test", world.ours.read_text())

    def assert_own_sources(self, world):
        self.assertFalse(world.ours.exists())
        self.assertEqual(world.distinct_names(), BASE_NAMES)

    def test_the_way_to_the_original_is_open(self):
        with DegradedWorld() as world:
            self.degrade(world)
            seen = world.call("observe")
            self.assertEqual((seen["drifted"], seen["refusals"]), (True, []))
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            self.assert_own_sources(world)

    def test_a_change_by_hand_works_again_and_what_was_committed_can_be_had_again(self):
        with DegradedWorld() as world:
            self.degrade(world)
            report = world.finish(world.call("reconverge"))
            self.assertEqual((report["state"], world.distinct_names()), ("committed", ["n1.test", "n2.test"]), report)
            self.degrade(world)
            report = world.finish(world.call("apply", servers(["n3.test", "n4.test"]), {"by_hand": True}))
            self.assertEqual((report["state"], world.distinct_names()), ("committed", ["n3.test", "n4.test"]), report)

    def test_an_attempt_that_is_rolled_back_since_does_not_close_the_way(self):
        with DegradedWorld() as world:
            self.degrade(world)
            report = world.finish(world.call("apply", servers(["dead3.test", "liar.test"]), {"by_hand": True}))
            self.assertEqual(report["state"], "rolled_back", report)
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            self.assert_own_sources(world)

    def test_a_removal_takes_it_away_although_the_original_was_committed_before(self):
        with DegradedWorld() as world:
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(world.finish(world.call("apply", servers(["n1.test", "n2.test"]), {"by_hand": True}))["state"], "committed")
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            # What is put back is no file at all, which needs no room: here it is kept from going.
            number = world.call("apply", servers(DEAD), {"by_hand": True})
            world.wait_for(lambda: world.call("transaction", str(number))["state"] == "verifying", 60, "the proof to begin")
            self.assertEqual(world.run(["mount", "-o", "remount,ro", world.disk.folder]).returncode, 0)
            report = world.finish(number)
            self.assertEqual(report["state"], "degraded", report)
            self.assertEqual(world.run(["mount", "-o", "remount,rw", world.disk.folder]).returncode, 0)
            self.assertTrue(world.ours.exists())
            world.applier.stop()
            done = world.once("--rollback-original")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assert_own_sources(world)

    def test_a_removal_while_chronyd_does_not_run_takes_it_away(self):
        with DegradedWorld() as world:
            self.degrade(world)
            world.applier.stop()
            world.chrony.process.stop()
            done = world.once("--rollback-original")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertFalse(world.ours.exists())

    def test_a_chronyd_that_cannot_be_told_to_reload_keeps_no_file_from_coming_back(self):
        """Members of its pool were deleted to make room, so that there is a reload before our file goes."""
        members = ["127.1.1.1", "127.1.2.1", "127.1.3.1"]
        with ApplierWorld(base=["pool pool.test iburst maxsources 3"], config_lines=['verify_timeout = "12s"']) as world:
            broken, script = world.directory / "broken", world.directory / "chronyc"
            script.write_text(f"""#!/bin/sh
case "$*" in *reload*) if [ -e {broken} ]; then echo "500 Failure"; exit 1; fi ;; esac
exec {" ".join(world.chrony.chronyc_argv)} "$@"
""")
            script.chmod(0o755)
            world.write_config(['verify_timeout = "12s"'], chronyc=script)
            world.serve()
            number = world.call("apply", servers(members))
            world.wait_for(lambda: world.call("transaction", str(number))["state"] == "verifying", 60, "the proof to begin")
            world.set_fakes(["pool.test"], "silent=yes")
            broken.touch()
            self.assertEqual(world.finish(number, timeout=150)["state"], "degraded")
            self.assertFalse((world.chrony.sources_dir / "50-ntpopt.sources").exists())


if __name__ == "__main__":
    lab.main()
