"""Changes that must not happen, and changes that are undone: whatever dies in the middle, timesyncd has a whole set."""
import pathlib
import time
import unittest

from timesyncd_world import BASE_NAMES, FINAL, Refused, TimesyncdWorld, servers
import lab

NEW = ["n1.test", "n2.test"]


class RefusingWorld(TimesyncdWorld):
    """A timesyncd that takes no list while it runs."""

    def timesyncd_policy(self):
        path = super().timesyncd_policy()
        path.write_text(path.read_text().replace("</busconfig>", """<policy user="root">
            <deny send_interface="org.freedesktop.timesync1.Manager" send_member="SetRuntimeNTPServers"/></policy></busconfig>"""))
        return path


class Failure(unittest.TestCase):
    def assert_untouched(self, world, names=BASE_NAMES):
        """The old set, and no file of ours."""
        self.assertEqual(world.timesyncd.listed(), names)
        self.assertFalse(world.timesyncd.drop_in.exists())
        self.assertEqual(list(world.timesyncd.drop_in.parent.glob(".*")), [], "no temporary file is left")
        self.assertEqual(world.foreign_files(), world.foreign)

    def begin(self, world, names):
        number = world.call("apply", servers(names))
        world.wait_for(lambda: world.call("transaction", "0")["state"] == "verifying", 60, "the proof to begin")
        return number

    def test_dead_servers_are_rolled_back_and_the_old_one_answers_at_once(self):
        with TimesyncdWorld(config_lines=['verify_timeout = "8s"']) as world:  # less than timesyncd waits for one server
            pid, before = world.timesyncd.pid, world.timesyncd.answer()
            world.serve()
            number = self.begin(world, ["dead1.test", "dead2.test"])
            # The false positive: the name of the new server, with the answer of the old one.
            seen = world.timesyncd.properties()
            self.assertEqual(seen["ServerName"], "dead1.test")
            self.assertEqual(world.timesyncd.answer(), before)
            self.assertGreater(before["stratum"], 0)
            begun = world.now_usec()
            report = world.finish(number)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertRegex(report["reason"], "dead1.test did not answer within")
            self.assert_untouched(world)
            ended = time.monotonic()
            world.wait_for(lambda: world.timesyncd.has_answer_of(BASE_NAMES, begun), 9, "an answer of the old server")
            print(f"the old server answered {time.monotonic() - ended:.2f} s after the roll-back", flush=True)
            self.assertEqual(world.timesyncd.pid, pid)
            seen = world.call("observe")
            self.assertFalse(seen["drifted"] or seen["paused"])

    def test_a_timesyncd_that_waits_for_exhausted_servers_is_woken(self):
        # One server, so that it is exhausted after its third question; then it would wait for the poll interval.
        with TimesyncdWorld(config_lines=['verify_timeout = "14s"']) as world:
            world.serve()
            poll = world.timesyncd.properties()["PollIntervalUSec"]
            number = self.begin(world, ["127.3.1.1"])
            world.wait_for(lambda: world.timesyncd.properties()["PollIntervalUSec"] > poll or
                           world.call("transaction", "0")["state"] in FINAL, 30, "timesyncd to give its only server up", pause=0.2)
            begun = world.now_usec()
            report = world.finish(number)
            self.assertEqual(report["state"], "rolled_back", report)
            world.wait_for(lambda: world.timesyncd.has_answer_of(BASE_NAMES, begun), 20, "an answer of the old server")
            self.assert_untouched(world)

    def test_all_new_servers_die_right_after_the_change(self):
        with TimesyncdWorld(config_lines=['verify_timeout = "4s"']) as world:
            world.serve()
            world.set_fakes(NEW, "silent=yes")  # they were measured a moment ago
            report = world.apply(NEW)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assert_untouched(world)

    def test_names_that_do_not_resolve_are_rolled_back(self):
        with TimesyncdWorld(config_lines=['verify_timeout = "5s"']) as world:
            world.serve()
            report = world.apply(["nowhere1.test", "nowhere2.test"])
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertRegex(report["reason"], "did not resolve|could be asked")
            self.assert_untouched(world)
            world.wait_for(lambda: world.timesyncd.server() == "base.test", 60, "the old server to be asked")

    def test_one_name_of_two_resolves_and_is_enough(self):
        with TimesyncdWorld() as world:
            world.serve()
            report = world.apply(["nowhere1.test", "n2.test"])
            self.assertEqual((report["state"], report["peer"]), ("committed", "n2.test"), report)

    def test_a_liar_that_would_step_the_clock_is_rolled_back(self):
        with TimesyncdWorld() as world:
            world.serve()
            report = world.apply(["liar.test", "liar2.test"])
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertRegex(report["reason"], "liar.test stepped a synchronised clock by 500 ms")
            self.assert_untouched(world)

    def test_a_server_that_is_not_where_it_was_measured_is_rolled_back(self):
        with TimesyncdWorld() as world:
            world.serve()
            world.set_fakes(["n1.test"], "offset=300ms")
            choices = [dict(choice, offset_s=0.001, error_s=0.002) for choice in servers(NEW)]
            report = world.finish(world.call("apply", choices))
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertRegex(report["reason"], r"n1.test is (299|300)\.\d ms away from this clock, and was measured at 1.0 ms")
            self.assert_untouched(world)

    def test_a_list_that_timesyncd_refuses_leaves_no_file(self):
        with RefusingWorld() as world:
            world.serve()
            report = world.apply(NEW)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assert_untouched(world)

    def test_timesyncd_that_is_killed_in_the_middle(self):
        with TimesyncdWorld(config_lines=['verify_timeout = "20s"']) as world:
            world.serve()
            number = self.begin(world, ["dead1.test", "dead2.test"])
            world.timesyncd.kill()
            report = world.finish(number)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertRegex(report["reason"], "ended meanwhile")
            world.timesyncd.start()
            self.assert_untouched(world)

    def test_timesyncd_that_is_restarted_in_the_middle(self):
        # The new one has read our file, which is taken away again: it must not keep what it read.
        with TimesyncdWorld(config_lines=['verify_timeout = "20s"']) as world:
            world.serve()
            number = self.begin(world, ["dead1.test", "dead2.test"])
            world.timesyncd.restart()
            report = world.finish(number)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertRegex(report["reason"], "(restarted|ended) meanwhile")
            self.assert_untouched(world)
            world.wait_for(lambda: world.timesyncd.has_answer_of(BASE_NAMES), 60, "an answer of the old server")

    def test_debian_s_timesyncd_that_is_restarted_in_the_middle_is_left_with_its_fallbacks(self):
        with TimesyncdWorld(base=["FallbackNTP=pool.test base.test"], config_lines=['verify_timeout = "20s"']) as world:
            world.serve()
            number = self.begin(world, ["dead1.test", "dead2.test"])
            world.timesyncd.restart()
            self.assertEqual(world.finish(number)["state"], "rolled_back")
            world.wait_for(lambda: world.timesyncd.has_answer_of(["pool.test"]), 60, "an answer of a fallback")

    def test_from_one_own_set_to_a_dead_one_and_back_to_the_own_one(self):
        with TimesyncdWorld(config_lines=['verify_timeout = "10s"']) as world:
            world.serve()
            self.assertEqual(world.apply(NEW)["state"], "committed")
            text = world.timesyncd.drop_in.read_text()
            self.assertEqual(world.apply(["dead1.test", "dead2.test"])["state"], "rolled_back")
            self.assertEqual((world.timesyncd.listed(), world.timesyncd.drop_in.read_text()), (NEW, text))
            self.assertFalse(world.call("observe")["drifted"])

    def test_somebody_sets_another_list_in_the_middle(self):
        with TimesyncdWorld(config_lines=['verify_timeout = "20s"']) as world:
            world.serve()
            number = self.begin(world, ["dead1.test", "dead2.test"])
            world.timesyncd.set_servers(["n6.test"])
            report = world.finish(number)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertRegex(report["reason"], "told another list meanwhile: n6.test")

    def test_an_edited_drop_in_is_left_alone(self):
        with TimesyncdWorld() as world:
            world.serve()
            self.assertEqual(world.apply(NEW)["state"], "committed")
            world.timesyncd.drop_in.write_text("[Time]\nNTP=mine.test\n")
            with self.assertRaisesRegex(Refused, "zz-ntpopt.conf was changed by somebody else"):
                world.call("apply", servers(["n3.test", "n4.test"]))
            seen = world.call("observe")
            self.assertTrue(seen["drifted"] and seen["refusals"])
            self.assertEqual(world.timesyncd.drop_in.read_text(), "[Time]\nNTP=mine.test\n")

    def test_what_a_full_disk_left_of_a_change_is_ours_still(self):
        with TimesyncdWorld(config_lines=['verify_timeout = "10s"']) as world:
            disk = world.small_disk(world.timesyncd.drop_in.parent)
            world.serve()
            self.assertEqual(world.apply(NEW)["state"], "committed")
            report = world.degrade(disk, world.call("apply", servers(["dead1.test", "dead2.test"])))
            self.assertEqual(report["state"], "degraded", report)
            self.assertIn("dead1.test", world.timesyncd.drop_in.read_text())
            seen = world.call("observe")
            self.assertEqual((seen["drifted"], seen["refusals"]), (True, []))
            report = world.finish(world.call("apply", servers(["n3.test", "n4.test"]), {"by_hand": True}))
            self.assertEqual((report["state"], world.timesyncd.listed()), ("committed", ["n3.test", "n4.test"]), report)
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            self.assert_untouched(world)

    def test_refusals(self):
        later = pathlib.Path("/run/systemd/timesyncd.conf.d/zzz-mine.conf")
        with TimesyncdWorld() as world:
            world.serve()

            def refusal(choices):
                with self.assertRaises(Refused) as caught:
                    world.call("apply", choices)
                return str(caught.exception)

            def measured(name, offset_s):
                return dict(servers([name])[0], offset_s=offset_s, error_s=0.001)

            self.assertRegex(refusal([{"name": "n1.test", "port": 1234}]), "port 123 only")
            self.assertRegex(refusal([{"name": "bad name!"}]), "InvalidArgs")
            self.assertRegex(refusal([{"name": "n1.test\nNTP=evil"}]), "InvalidArgs")
            self.assertRegex(refusal([measured("n1.test", 0), measured("n2.test", 0.1)]), "Refused.*(apart|agree)")
            self.assertRegex(refusal([measured("n1.test", 0.5), measured("n2.test", 0.5)]), "Refused.*step")
            later.parent.mkdir()
            later.write_text("[Time]\nNTP=n6.test\n")
            self.assertRegex(refusal(servers(NEW)), "zzz-mine.conf is read after zz-ntpopt.conf and sets NTP=")
            later.write_text("[Time]\nPollIntervalMaxSec=1h\n")
            self.assertEqual(world.apply(NEW)["state"], "committed")

    def test_a_folder_that_cannot_be_written_leaves_everything_as_it_was(self):
        with TimesyncdWorld() as world:
            world.timesyncd.drop_in.parent.symlink_to("/tmp")
            world.serve()
            with self.assertRaises(Refused):
                world.call("apply", servers(NEW))
            self.assertEqual(world.timesyncd.listed(), BASE_NAMES)


if __name__ == "__main__":
    lab.main()
