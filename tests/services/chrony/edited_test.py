"""A chronyd that reads no source directory (RHEL 8): changed by chronyc, and by marks in its configuration file."""
import json
import os
import shutil
import unittest

from applier_world import ApplierWorld, BASE, BASE_NAMES, Refused, servers
import lab

EDIT = ["edit_files = true"]
DEAD = [*EDIT, 'verify_timeout = "12s"']


class EditedWorld(ApplierWorld):
    """As an administrator of RHEL 8 has it: odd blanks, comments, a mode and an owner, a last line without newline."""

    def __init__(self, config_lines=EDIT, base=("# Our servers.", "pool  pool.test   iburst", "server base.test iburst minpoll 5"), unended=True):
        super().__init__(base=base, config_lines=config_lines, source_dirs=False)
        if unended:
            self.chrony.config.write_text(self.chrony.config.read_text().rstrip("\n"))
        self.chrony.config.chmod(0o640)
        os.chown(self.chrony.config, 0, 993)
        self.before = self.image()
        self.serve()

    def image(self):
        found = self.chrony.config.stat()
        return self.chrony.config.read_bytes(), oct(found.st_mode), found.st_uid, found.st_gid

    def text(self):
        return self.chrony.config.read_text()

    def leftovers(self):
        """Files beside the configuration that nobody should see."""
        return sorted(path.name for path in self.chrony.directory.iterdir() if path.name not in ("chrony.conf", "run", "sources.d"))


class Edited(unittest.TestCase):
    def assert_untouched(self, world):
        self.assertEqual(world.image(), world.before)
        self.assertEqual(world.leftovers(), [])
        self.assertEqual(world.distinct_names(), BASE_NAMES)
        world.wait_for(world.chrony.is_synchronised, 60, "chronyd to follow its own sources")
        self.assertIn(world.chrony.selected(), BASE_NAMES)

    def test_without_leave_nothing_is_touched_and_the_refusal_says_what_to_do(self):
        with EditedWorld(config_lines=()) as world:
            pattern = r"edit_files = true, or add the line \"sourcedir /etc/chrony/sources\.d\" to .*/chrony\.conf.*restart chronyd"
            with self.assertRaisesRegex(Refused, pattern):
                world.call("apply", servers(["n1.test", "n2.test"]))
            self.assertRegex("\n".join(world.call("observe")["refusals"]), pattern)
            self.assert_untouched(world)

    def test_a_folder_that_the_unit_s_sandbox_keeps_read_only_is_named_with_what_to_do(self):
        with EditedWorld() as world:
            for directory in (world.chrony.directory, world.chrony.directory / "run"):
                world.bind(directory, directory)
            self.assertEqual(world.run(["mount", "-o", "remount,bind,ro", world.chrony.directory]).returncode, 0)
            with self.assertRaisesRegex(Refused, f"is read-only here.*ReadWritePaths={world.chrony.directory}"):
                world.call("apply", servers(["n1.test", "n2.test"]))
            self.assert_untouched(world)

    def test_there_and_further_and_a_restart_and_back(self):
        with EditedWorld() as world:
            chrony, pid = world.chrony, world.chrony.pid
            plan = world.call("plan", servers(["n1.test", "n2.test", "newpool.test"]))
            self.assertIn("+#ntpopt# pool  pool.test   iburst\n", plan["files"][0]["diff"])
            self.assertIn("chronyc add pool newpool.test iburst maxsources 2", plan["commands"])
            self.assertFalse(plan["files"][0]["world_readable"])
            self.assert_untouched(world)

            report = world.apply(["n1.test", "n2.test", "newpool.test"])
            self.assertEqual((report["state"], report.get("reason")), ("committed", None), world.applier.log())
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test", "newpool.test"])
            self.assertIn(chrony.selected(), report["selected"])
            self.assertEqual(report["previous"], ["pool.test", "base.test"])
            self.assertIn("\nserver n1.test iburst\nserver n2.test iburst\npool newpool.test iburst maxsources 2\n#ntpopt# end\n", world.text())
            self.assertEqual(world.image()[1:], world.before[1:], "mode and owner stay")
            seen = world.call("observe")
            self.assertEqual((seen["drifted"], seen["refusals"], seen["base_names"]), (False, [], ["pool.test", "base.test"]))
            self.assertEqual(chrony.pid, pid)
            again = world.image()
            self.assertEqual(world.apply(["n1.test", "n2.test", "newpool.test"])["state"], "committed")
            self.assertEqual(world.image(), again, "the same again writes the same")

            chrony.restart()
            world.wait_for(chrony.is_synchronised, 60, "the new chronyd to follow our servers")
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test", "newpool.test"], "a restart brings only ours")
            self.assertFalse(world.call("observe")["drifted"])

            report = world.apply(["base.test", "n3.test"])
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.distinct_names(), ["base.test", "n3.test"])
            report = world.finish(world.call("rollback"))
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test", "newpool.test"])

            pid = chrony.pid
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(chrony.pid, pid)
            self.assert_untouched(world)

    def test_a_removal_while_chronyd_does_not_run_leaves_its_configuration_as_it_was(self):
        with EditedWorld() as world:
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            world.applier.stop()
            world.chrony.process.stop()
            for attempt in range(2):
                done = world.once("--rollback-original")
                self.assertEqual(done.returncode, 0, (attempt, done.stderr))
                self.assertEqual((world.image(), world.leftovers()), (world.before, []), attempt)

    def test_dead_servers_are_rolled_back(self):
        with EditedWorld(config_lines=DEAD) as world:
            pid = world.chrony.pid
            report = world.apply(["dead1.test", "dead2.test", "dead3.test"])
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertIn("dead1.test (unreachable)", report["reason"])
            self.assertEqual(world.chrony.pid, pid)
            self.assert_untouched(world)

    def test_a_name_that_does_not_resolve_is_rolled_back_at_once(self):
        with EditedWorld() as world:
            report = world.apply(["n1.test", "nobody.test"])
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertIn("add nobody.test", report["reason"])
            self.assert_untouched(world)

    def test_servers_that_are_members_of_the_old_pool(self):
        with EditedWorld() as world:
            report = world.apply(["127.1.1.1", "127.1.2.1", "127.1.3.1"])
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.distinct_names(), ["127.1.1.1", "127.1.2.1", "127.1.3.1"])
            self.assertFalse(world.call("observe")["drifted"])

    def test_all_die_after_the_old_ones_went_and_names_resolve_no_more(self):
        with EditedWorld(config_lines=DEAD) as world:
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            script = world.kill_at_delete(2)
            world.write_config(DEAD, chronyc=script)
            world.applier.stop()
            world.applier = world.start_applier(world.config)
            world.call("apply", servers(["n3.test", "n4.test"]))
            world.applier.wait(60)
            for name in ("n1.test", "n2.test", "n3.test", "n4.test"):
                world.add_names({name: []})
            for fake in (world.fake_names["127.2.3.1"], world.fake_names["127.2.4.1"]):
                world.fakes.command(f"set {fake} loss=1")
            journal = world.directory / "apply-state" / "txn.json"
            document = json.loads(journal.read_text())
            document["transaction"]["report"]["state"] = "rolling_back"
            journal.write_text(json.dumps(document))
            world.write_config(DEAD)
            done = world.once("--recover")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual({row["id"] for row in world.chrony.sources()}, {"127.2.1.1", "127.2.2.1"}, done.stderr)
            self.assertIn("\nserver n1.test iburst\nserver n2.test iburst\n#ntpopt# end\n", world.text())

    def test_chronyd_that_is_restarted_in_the_middle_is_left_with_its_own_sources(self):
        with EditedWorld(config_lines=[*EDIT, 'verify_timeout = "20s"']) as world:
            number = world.call("apply", servers(["dead1.test", "dead2.test"]))
            world.wait_for(lambda: world.call("transaction", "0")["state"] == "verifying", 60, "the proof to begin")
            world.chrony.restart()
            report = world.finish(number)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assert_untouched(world)

    def begin(self, world, names):
        number = world.call("apply", servers(names))
        world.wait_for(lambda: world.call("transaction", str(number))["state"] == "verifying", 60, "the proof to begin", pause=0.05)
        return number

    def test_an_edit_elsewhere_in_the_middle_stays_and_every_line_of_ours_goes(self):
        with EditedWorld(config_lines=[*EDIT, 'verify_timeout = "8s"']) as world:
            number = self.begin(world, ["dead1.test", "dead2.test"])
            world.chrony.config.write_text(world.text() + "makestep 1 3\n")
            report = world.finish(number)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertNotIn("left alone", report["reason"])
            self.assertEqual(world.chrony.config.read_bytes(), world.before[0] + b"\nmakestep 1 3\n")
            self.assertEqual((world.image()[1:], world.leftovers()), (world.before[1:], []))
            self.assertEqual(world.distinct_names(), BASE_NAMES)

    def test_an_edit_elsewhere_in_the_middle_of_a_further_change_leaves_the_committed_lines_and_closes_no_way(self):
        with EditedWorld(config_lines=[*EDIT, 'verify_timeout = "10s"']) as world:
            self.assertEqual(world.apply(["n3.test", "n4.test"])["state"], "committed")
            committed = world.text()
            number = self.begin(world, ["dead1.test", "liar.test"])
            world.chrony.config.write_text(world.text().replace("port 0\n", "port 0\nallow 10.0.0.0/8\n"))
            report = world.finish(number)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertEqual(world.text(), committed.replace("port 0\n", "port 0\nallow 10.0.0.0/8\n"))
            self.assertEqual(world.distinct_names(), ["n3.test", "n4.test"])
            seen = world.call("observe")
            self.assertEqual((seen["drifted"], seen["refusals"]), (False, []))
            self.assertEqual(world.finish(world.call("reconverge"))["state"], "committed")
            self.assertEqual(world.finish(world.call("apply", servers(["n5.test", "n6.test"]), {"by_hand": True}))["state"], "committed")
            self.assertEqual(world.finish(world.call("rollback"))["state"], "committed")
            self.assertEqual(world.distinct_names(), ["n3.test", "n4.test"])
            world.applier.stop()
            done = world.once("--rollback-original")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(world.chrony.config.read_bytes(), world.before[0].replace(b"port 0\n", b"port 0\nallow 10.0.0.0/8\n"))
            self.assertEqual(world.distinct_names(), BASE_NAMES)

    def test_an_edit_between_the_marks_in_the_middle_is_left_alone_and_chronyd_follows_its_old_sources(self):
        with EditedWorld(config_lines=[*EDIT, 'verify_timeout = "8s"']) as world:
            number = self.begin(world, ["dead1.test", "dead2.test"])
            theirs = world.text().replace("server dead1.test", "server n6.test")
            world.chrony.config.write_text(theirs)
            report = world.finish(number)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertRegex(report["reason"], "chrony.conf was changed by somebody else meanwhile and is left alone")
            self.assertEqual(world.text(), theirs)
            self.assertEqual(world.distinct_names(), BASE_NAMES)
            self.assertRegex("\n".join(world.call("observe")["refusals"]), "changed by somebody else")
            with self.assertRaisesRegex(Refused, "changed by somebody else"):
                world.call("apply", servers(["n1.test", "n2.test"]), {"by_hand": True})
            self.assertEqual(world.text(), theirs)

    def test_an_edit_elsewhere_in_the_file_survives_the_way_back(self):
        with EditedWorld() as world:
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            world.chrony.config.write_text("# mine\n" + world.text())
            self.assertFalse(world.call("observe")["drifted"])
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.chrony.config.read_bytes(), b"# mine\n" + world.before[0])

    def test_an_edit_between_the_marks_stops_us(self):
        with EditedWorld() as world:
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            theirs = world.text().replace("server n1.test", "server n6.test")
            world.chrony.config.write_text(theirs)
            with self.assertRaisesRegex(Refused, "changed by somebody else"):
                world.call("apply", servers(["n3.test", "n4.test"]))
            world.chrony.config.write_text(world.text().replace("#ntpopt# end\n", ""))
            with self.assertRaisesRegex(Refused, "changed by somebody else"):
                world.call("apply", servers(["n3.test", "n4.test"]))

    def test_the_first_edit_of_two_around_a_crash_stops_us_and_takes_no_place(self):
        with EditedWorld() as world:
            first = world.chrony.directory / ".chrony.conf.ntpopt-old"
            first.write_text("# hers\n")
            for words in (["apply", servers(["n1.test", "n2.test"])], ["plan", servers(["n1.test", "n2.test"])]):
                with self.assertRaisesRegex(Refused, r"see which of them you want, and remove \.chrony\.conf\.ntpopt-old"):
                    world.call(*words)
            self.assertEqual((world.image(), first.read_text()), (world.before, "# hers\n"))
            first.unlink()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")

    def test_a_managed_file_is_refused(self):
        with EditedWorld(base=["# Ansible managed", "pool pool.test iburst", "server base.test iburst"]) as world:
            with self.assertRaisesRegex(Refused, "managed by Ansible"):
                world.call("apply", servers(["n1.test", "n2.test"]))
            self.assert_untouched(world)

    def test_a_link_in_the_place_of_the_file_is_not_followed(self):
        with EditedWorld() as world:
            real = world.chrony.directory / "run" / "real.conf"
            os.replace(world.chrony.config, real)
            world.chrony.config.symlink_to(real)
            with self.assertRaises(Refused):
                world.call("apply", servers(["n1.test", "n2.test"]))
            self.assertEqual(real.read_bytes(), world.before[0])
            self.assertEqual(world.distinct_names(), BASE_NAMES)

    def test_what_was_added_by_chronyc_is_dhcp_s_and_stays(self):
        with EditedWorld() as world:
            world.chrony.chronyc("add", "server", "127.2.6.1", "iburst")
            report = world.apply(["n1.test", "n2.test"])
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.distinct_names(), ["127.2.6.1", "n1.test", "n2.test"])
            world.chrony.chronyc("add", "server", "127.2.5.1", "iburst")
            self.assertTrue(world.call("observe")["drifted"])
            self.assertEqual(world.finish(world.call("reconverge"))["state"], "committed")
            self.assertEqual(world.distinct_names(), ["127.2.5.1", "127.2.6.1", "n1.test", "n2.test"])
            self.assertFalse(world.call("observe")["drifted"])

    def test_where_none_of_its_own_servers_can_be_resolved_ours_stay(self):
        with EditedWorld() as world:
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            world.add_names({name: [] for name in BASE_NAMES})
            report = world.finish(world.call("rollback", {"original": True}), 60)
            self.assertEqual((report["state"], world.distinct_names()), ("rolled_back", ["n1.test", "n2.test"]), report)

    def test_a_removal_that_leaves_our_lines_says_so(self):
        """The record is lost, and chronyc cannot delete."""
        with EditedWorld() as world:
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            world.applier.kill()
            shutil.rmtree(world.directory / "apply-state")
            script = world.directory / "chronyc"
            script.write_text(f"""#!/bin/sh
case "$*" in *delete* | *add*) echo "500 Failure"; exit 1 ;; esac
exec {" ".join(world.chrony.chronyc_argv)} "$@"
""")
            script.chmod(0o755)
            world.write_config(EDIT, chronyc=script)
            self.assertEqual(world.once("--rollback-original").returncode, 1)
            self.assertIn("n1.test", world.chrony.config.read_text())

    def test_a_removal_where_nothing_was_changed_is_no_failure(self):
        with ApplierWorld(base=["# Ansible managed", *BASE], source_dirs=False) as world:
            done = world.once("--rollback-original")
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_mark_of_others_keeps_nobody_from_taking_our_lines_out(self):
        with EditedWorld() as world:
            world.chrony.config.write_text("# Ansible managed\n" + world.chrony.config.read_text())
            world.write_config([*EDIT, "respect_managed = false"])
            world.applier.stop()
            world.run_applier()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            world.write_config(EDIT)
            world.applier.stop()
            world.run_applier()
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(world.distinct_names(), BASE_NAMES)

    def assert_killed_at_a_deletion_it_is_finished(self, number):
        with EditedWorld() as world:
            script = world.kill_at_delete(number)
            world.write_config(EDIT, chronyc=script)
            world.applier.stop()
            world.applier = world.start_applier(world.config)
            world.call("apply", servers(["n1.test", "n2.test"]))
            world.applier.wait(60)
            world.write_config(EDIT)
            world.applier = world.start_applier(world.config)
            report = world.finish(0)
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test"])
            world.finish(world.call("rollback", {"original": True}))
            self.assert_untouched(world)

    def test_killed_at_the_first_deletion_and_chronyd_restarted_its_own_sources_come_back_where_ours_died(self):
        with EditedWorld(config_lines=DEAD) as world:
            script = world.kill_at_delete(1)
            world.write_config(DEAD, chronyc=script)
            world.applier.stop()
            world.applier = world.start_applier(world.config)
            world.call("apply", servers(["n1.test", "n2.test"]))
            world.applier.wait(60)
            world.write_config(DEAD)
            world.set_fakes(["n1.test", "n2.test"], "silent=yes")
            world.chrony.restart()
            world.wait_for(lambda: world.distinct_names() == ["n1.test", "n2.test"], 60, "the new chronyd to read ours")
            done = world.once("--recover")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assert_untouched(world)

    def test_killed_at_the_first_deletion_it_is_finished_by_the_next_applier(self):
        self.assert_killed_at_a_deletion_it_is_finished(1)

    def test_killed_at_the_last_deletion_it_is_finished_by_the_next_applier(self):
        self.assert_killed_at_a_deletion_it_is_finished(9)


if __name__ == "__main__":
    lab.main()
