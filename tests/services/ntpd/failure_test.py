"""Changes that must not be kept, and what ntpd says of itself that proves nothing. Afterwards ntpd has its old sources."""
import unittest

from ntpd_world import DEAD, GOOD, POOLS, NtpdWorld
import lab


class Failure(unittest.TestCase):
    def assert_own_sources(self, world):
        world.wait_for(lambda: world.ntpd.names() == POOLS, 60, "ntpd to have its own sources")
        world.wait_for(world.ntpd.is_synchronised, 40, "ntpd to follow its own sources")
        self.assertFalse(world.ntpd.drop_in.exists())
        self.assertEqual(world.ntpd.config.read_bytes(), world.pristine)

    def assert_rolled_back(self, report, pattern):
        self.assertEqual(report["state"], "rolled_back", report)
        self.assertRegex(report["reason"], pattern)

    def test_dead_servers_are_rolled_back_at_the_deadline(self):
        with NtpdWorld(config_lines=['verify_timeout = "12s"']) as world:
            self.assert_rolled_back(world.apply(DEAD), r"dead1.test \(unreachable\).* within 12 s")
            self.assert_own_sources(world)
            seen = world.call("observe")
            self.assertFalse(seen["drifted"] or seen["paused"])

    def test_servers_that_die_right_after_the_change_are_rolled_back(self):
        with NtpdWorld(config_lines=['verify_timeout = "15s"']) as world:
            number = world.begin(GOOD)
            world.wait_state("verifying")
            world.set_fakes(GOOD, "silent=yes")
            self.assert_rolled_back(world.finish(number), "ntpd is not synchronised; 4 of the new sources")
            self.assert_own_sources(world)

    def test_what_an_administrator_adds_in_the_middle_is_no_failure_of_the_way_back(self):
        with NtpdWorld(config_lines=['verify_timeout = "12s"']) as world:
            number = world.begin(DEAD)
            world.wait_for(lambda: world.ntpd.names() == DEAD, 60, "ntpd to have read its files")
            with open(world.ntpd.config, "a") as config:
                config.write("server n5.test iburst\n")
            self.assert_rolled_back(world.finish(number, timeout=120), r"dead1.test \(unreachable\)")
            world.wait_for(lambda: sorted(world.ntpd.names()) == sorted([*POOLS, "n5.test"]), 60, "ntpd to have its own sources")

    def test_two_that_answer_never_count_where_minsane_is_3(self):
        with NtpdWorld(config_lines=['verify_timeout = "25s"']) as world:
            self.assertEqual(world.apply(GOOD)["state"], "committed")
            report = world.apply(["n5.test", "n6.test", "dead1.test", "dead2.test"])
            self.assert_rolled_back(report, r"not synchronised; 2 of the new sources .* dead1.test \(unreachable\), dead2.test")
            self.assertEqual(world.ntpd.names(), GOOD, "back to our own earlier set")
            world.wait_for(world.ntpd.is_synchronised, 40, "ntpd to follow it")

    def test_names_that_do_not_resolve_are_rolled_back(self):
        with NtpdWorld(config_lines=['verify_timeout = "18s"']) as world:
            report = world.apply(["n1.test", "nowhere1.test", "nowhere2.test", "nowhere3.test"])
            self.assert_rolled_back(report, r"nowhere1.test \(unresolved\)")
            self.assert_own_sources(world)

    def test_liars_whom_the_daemon_believed_are_rolled_back_before_ntpd_follows_them(self):
        with NtpdWorld() as world:
            report = world.apply(["liar1.test", "liar2.test", "liar3.test", "liar4.test"])
            self.assert_rolled_back(report, r"liar\d.test is -?\d+\.\d+ ms away from the clock, which was synchronised")
            self.assert_own_sources(world)

    def test_an_ntpd_that_was_synchronised_once_says_so_for_long_and_is_not_believed(self):
        """All sources of a running ntpd die, and it goes on to say leap 0 and a system peer; only a restart counts."""
        with NtpdWorld(config_lines=['verify_timeout = "12s"']) as world:
            world.set_fakes(POOLS, "silent=yes")
            self.assertTrue(world.ntpd.is_synchronised())
            report = world.apply(DEAD)
            self.assert_rolled_back(report, "ntpd is not synchronised")
            self.assertFalse(world.ntpd.is_synchronised())
            world.set_fakes(POOLS, "silent=no")
            self.assert_own_sources(world)

    def test_an_ntpd_that_does_not_start_with_the_new_files_comes_back(self):
        with NtpdWorld() as world:
            wrapper = world.directory / "ntpd-wrapper"
            wrapper.write_text(f"#!/bin/sh\n[ -e {world.ntpd.drop_in} ] && exit 1\nexec {' '.join(map(str, world.ntpd.argv))}\n")
            wrapper.chmod(0o755)
            world.ntpd.start_as(wrapper)
            world.wait_for(world.ntpd.is_synchronised, 40, "ntpd to follow its own sources")
            self.assert_rolled_back(world.apply(GOOD), "restart|start|ended")
            self.assert_own_sources(world)

    def test_a_way_back_on_which_ntpd_does_not_start_is_undone(self):
        with NtpdWorld() as world:
            self.assertEqual(world.apply(GOOD)["state"], "committed")
            wrapper = world.directory / "ntpd-wrapper"
            wrapper.write_text(f"#!/bin/sh\n[ -e {world.ntpd.drop_in} ] || exit 1\nexec {' '.join(map(str, world.ntpd.argv))}\n")
            wrapper.chmod(0o755)
            world.ntpd.start_as(wrapper)
            world.wait_for(world.ntpd.is_synchronised, 40, "ntpd to follow our set")
            self.assert_rolled_back(world.finish(world.call("rollback", {"original": True})), "restart|start|ended")
            self.assertEqual(world.ntpd.names(), GOOD)
            self.assertTrue(world.ntpd.drop_in.exists())

    def test_a_line_that_ntpd_does_not_take_is_found_out(self):
        """ntpd starts whatever its files say, and drops what it does not understand; here somebody's script drops it."""
        with NtpdWorld() as world:
            wrapper = world.directory / "ntpd-wrapper"
            wrapper.write_text(f"#!/bin/sh\nsed -i '/n3.test/d' {world.ntpd.drop_in} 2>/dev/null\n"
                               f"exec {' '.join(map(str, world.ntpd.argv))}\n")
            wrapper.chmod(0o755)
            world.ntpd.start_as(wrapper)
            world.wait_for(world.ntpd.is_synchronised, 40, "ntpd to follow its own sources")
            report = world.apply(GOOD)
            self.assert_rolled_back(report, "ntpd did not take n3.test .*changed by somebody else meanwhile")
            self.assertEqual(world.ntpd.config.read_bytes(), world.pristine)

    def test_killed_in_the_middle_it_is_started_with_its_own_sources(self):
        with NtpdWorld() as world:
            number = world.begin(DEAD)
            world.wait_state("verifying")
            world.systemd.kill("ntpsec.service")
            self.assert_rolled_back(world.finish(number), "ntpd ended meanwhile")
            self.assert_own_sources(world)

    def test_stopped_by_its_administrator_in_the_middle_it_stays_stopped(self):
        with NtpdWorld() as world:
            number = world.begin(DEAD)
            world.wait_state("verifying")
            world.systemd.stop("ntpsec.service")
            self.assert_rolled_back(world.finish(number), "ntpd ended meanwhile")
            self.assertEqual(world.ntpd.pid, 0)
            self.assertFalse(world.ntpd.drop_in.exists())

    def test_what_a_full_disk_left_of_a_change_is_ours_still(self):
        with NtpdWorld(config_lines=['verify_timeout = "25s"']) as world:
            disk = world.small_disk(world.ntpd.drop_in.parent)
            self.assertEqual(world.apply(GOOD)["state"], "committed")
            report = world.degrade(disk, world.begin(DEAD))
            self.assertEqual(report["state"], "degraded", report)
            self.assertIn("dead1.test", world.ntpd.drop_in.read_text())
            seen = world.call("observe")
            self.assertEqual((seen["drifted"], seen["refusals"]), (True, []))
            report = world.finish(world.call("rollback", {"original": True}), timeout=120)
            self.assertEqual(report["state"], "committed", report)
            self.assert_own_sources(world)

    def test_restarted_by_somebody_else_in_the_middle(self):
        with NtpdWorld() as world:
            number = world.begin(DEAD)
            world.wait_state("verifying")
            world.ntpd.restart()
            self.assert_rolled_back(world.finish(number), "restarted by somebody else|ended meanwhile")
            self.assert_own_sources(world)


if __name__ == "__main__":
    lab.main(parallel=12)  # ntpd takes half a minute to follow anybody, and most of it waits
