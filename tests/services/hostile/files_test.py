"""Files against the applier: links and swapped folders of the daemon's user, edits of an administrator in the middle of a change,
a boot in its middle, and root's way back without the daemon."""
import json
import os
import signal
import unittest

from hostile_world import HOSTILE, HostileWorld
from applier_world import BASE_NAMES, Refused, servers
import lab

ADMIN = "# mine\nserver n6.test iburst\n"


class Files(unittest.TestCase):
    def test_the_hostile_user_can_write_nowhere_else(self):
        with HostileWorld() as world:
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            state = world.directory / "apply-state"
            before = (state / "txn.json").read_bytes()
            for argv in (["cat", state / "txn.json"], ["ls", state], ["mv", state, world.own[0] / "x"],
                         ["ln", "-sfn", world.own[0], state], ["rm", "-rf", state], ["ln", state / "txn.json", world.own[0] / "x"],
                         ["cp", world.config, state / "txn.json"], ["rm", "-f", world.ours], ["mv", world.own[0], state],
                         ["touch", world.chrony.sources_dir / "x.sources"], ["ln", "-s", "/x", "/run/chrony-dhcp/y.sources"]):
                self.assertNotEqual(world.hostile(*argv).returncode, 0, argv)
            found = world.hostile("find", world.directory, "/run", "-writable", "-not", "-type", "l", "-not", "-type", "s").stdout
            self.assertEqual([path for path in found.splitlines() if not any(path == str(own) for own in world.own)], [])
            self.assertEqual((state / "txn.json").read_bytes(), before)

    def test_links_in_every_folder_that_the_user_can_write_lead_nowhere(self):
        with HostileWorld() as world:
            names = ["txn.json", ".txn.json.new", "txn.json.damaged", "50-ntpopt.sources", ".50-ntpopt.sources.new",
                     "ntpopt-restore.sources", ".ntpopt-restore.sources.new", "ntpopt.toml", "overrides.json"]
            for folder in world.own:
                for name in names:
                    self.assertEqual(world.hostile("ln", "-s", world.victim, folder / name).returncode, 0)
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            self.assertEqual(world.finish(world.hostile_call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(world.victim.read_text(), "root's own\n")
            self.assertTrue(all((folder / name).is_symlink() for folder in world.own for name in names))

    def test_a_state_folder_that_others_can_bend_is_refused(self):
        with HostileWorld() as world:
            hidden = world.directory / "hidden"
            hidden.mkdir(mode=0o700)
            own = world.own[0]
            world.hostile("ln", "-s", hidden, own / "link")
            world.hostile("mkdir", own / "dir")
            (own / "roots").mkdir(mode=0o700)
            for folder in (own, own / "link", own / "dir", own / "link" / "deeper", own / "dir" / "deeper", own / "roots"):
                done = world.recover("--state-dir", folder)
                self.assertNotEqual(done.returncode, 0, folder)
                self.assertRegex(done.stderr, "another user|can be written by others|Too many levels|Not a directory", folder)
            self.assertEqual(list(hidden.iterdir()), [])
            # A journal that is a link is no journal.
            (hidden / "txn.json").symlink_to(world.victim)
            self.assertNotEqual(world.recover("--state-dir", hidden).returncode, 0)
            self.assertEqual(world.victim.read_text(), "root's own\n")

    def test_a_source_folder_that_others_can_bend_is_refused(self):
        with HostileWorld() as world:
            world.serve()
            os.chown(world.chrony.sources_dir, HOSTILE, HOSTILE)
            world.hostile("ln", "-s", world.victim, world.ours)
            with self.assertRaisesRegex(Refused, "belongs to another user"):
                world.hostile_call("apply", servers(["n1.test", "n2.test"]))
            os.unlink(world.ours)
            os.chown(world.chrony.sources_dir, 0, 0)
            parent = world.chrony.directory
            os.chown(parent, HOSTILE, HOSTILE)
            with self.assertRaisesRegex(Refused, "the way to|in a directory that"):
                world.hostile_call("apply", servers(["n1.test", "n2.test"]))
            os.chown(parent, 0, 0)
            world.ours.symlink_to(world.victim)
            with self.assertRaises(Refused):
                world.hostile_call("apply", servers(["n1.test", "n2.test"]))
            self.assertEqual(world.victim.read_text(), "root's own\n")
            self.assertEqual(world.distinct_names(), BASE_NAMES)

    def test_an_edit_in_the_middle_of_a_change_survives_its_undoing(self):
        with HostileWorld(['verify_timeout = "6s"']) as world:
            world.serve()
            number = world.call("apply", servers(["dead1.test", "dead2.test"]))
            world.wait_for(lambda: world.call("transaction", "0")["state"] == "verifying", 60, "the proof to begin")
            world.ours.write_text(ADMIN)
            report = world.finish(number)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertIn(f"{world.ours} was changed by somebody else meanwhile and is left alone", report["reason"])
            self.assertEqual(world.ours.read_text(), ADMIN)
            self.assertEqual(world.distinct_names(), sorted([*BASE_NAMES, "n6.test"]))
            self.assertTrue(world.chrony.is_synchronised())

    def interrupted(self, world):
        """A change whose applier was killed while it waited for the proof."""
        world.serve()
        world.call("apply", servers(["dead1.test", "dead2.test"]))
        world.wait_for(lambda: world.call("transaction", "0")["state"] == "verifying", 60, "the proof to begin")
        world.applier.stop(signal.SIGKILL)
        return world.directory / "apply-state" / "txn.json"

    def test_an_edit_between_the_crash_and_the_recovery_survives(self):
        with HostileWorld() as world:
            journal = self.interrupted(world)
            world.ours.write_text(ADMIN)
            done = world.recover("--state-dir", journal.parent)
            self.assertEqual(done.returncode, 0, done.stderr)
            report = json.loads(journal.read_text())["transaction"]["report"]
            self.assertEqual(report["state"], "rolled_back")
            self.assertIn("changed by somebody else", report["reason"])
            self.assertEqual(world.ours.read_text(), ADMIN)

    def test_after_a_boot_in_the_middle_only_files_are_brought_back(self):
        with HostileWorld() as world:
            journal = self.interrupted(world)
            document = json.loads(journal.read_text())
            change = document["transaction"]["change"]
            self.assertTrue(change["instance"].endswith(document["transaction"]["boot"][:8]), "an instance is one of a boot")
            document["transaction"]["boot"] = "0" * 36
            change["instance"] = change["instance"].rpartition(":")[0] + ":00000000"
            journal.write_text(json.dumps(document))
            world.chrony.process.stop()
            done = world.recover("--state-dir", journal.parent)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(journal.read_text())["transaction"]["report"]["state"], "rolled_back")
            self.assertFalse(world.ours.exists())
            world.chrony.start()
            self.assertEqual(world.distinct_names(), BASE_NAMES)

    def test_root_goes_back_without_the_daemon(self):
        with HostileWorld() as world:
            world.serve()
            for names in (["n1.test", "n2.test"], ["n3.test", "n4.test"]):
                self.assertEqual(world.apply(names)["state"], "committed")
            listed = json.loads(world.ctl("rollback", "--list", "--json").stdout)
            self.assertEqual([(one["selected"], one["original"]) for one in listed], [(["n1.test", "n2.test"], False), ([], True)])
            shown = world.ctl("rollback", "--list")
            self.assertEqual(shown.returncode, 0, shown.stderr)
            self.assertRegex(shown.stdout, "n1.test n2.test\n.*as before ntpopt")
            back = world.ctl("rollback")
            self.assertEqual(back.returncode, 0, back.stderr)
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test"])
            self.assertTrue(world.call("observe")["paused"])
            with self.assertRaisesRegex(Refused, "rolled back by hand"):
                world.hostile_call("apply", servers(["n5.test", "n6.test"]))
            original = world.ctl("rollback", "--original", "--json")
            self.assertEqual(original.returncode, 0, original.stderr)
            self.assertEqual(json.loads(original.stdout)["state"], "committed")
            self.assertEqual(world.distinct_names(), BASE_NAMES)
            self.assertFalse(world.ours.exists())


if __name__ == "__main__":
    lab.main()
