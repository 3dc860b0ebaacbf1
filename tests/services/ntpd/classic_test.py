"""An ntpd that is changed by marks in its ntp.conf (4.2.8), and an administrator who edits that file in the middle of a change."""
import json
import unittest

from ntpd_world import DEAD, GOOD, POOLS, NtpdWorld, Refused
import lab

EDIT = "restrict 10.0.0.0 mask 255.0.0.0\n"


class ClassicWorld(NtpdWorld):
    def __init__(self):
        super().__init__(config_lines=["edit_files = true", 'verify_timeout = "25s"'])

    def start_ntpd(self, config):
        client = lab.Ntpd(self, self.systemd, config, lab.world.daemon_program("ntpsec", "usr/sbin/ntpd"), classic=True)
        client.start()
        return client

    def edit(self):
        with open(self.ntpd.config, "a") as config:
            config.write(EDIT)

    def edit_in_the_middle(self, names):
        """The report of a change to these, with an edit of ntp.conf once ntpd follows them."""
        number = self.begin(names)
        self.wait_for(lambda: self.ntpd.names() == names, 60, "ntpd to have read its files")
        self.edit()
        return self.finish(number, timeout=120)


class Classic(unittest.TestCase):
    def assert_own_sources(self, world, pristine):
        self.assertEqual(world.ntpd.config.read_bytes(), pristine)
        self.assertFalse(world.ntpd.drop_in.exists())
        world.wait_for(lambda: world.ntpd.names() == POOLS, 60, "ntpd to have its own sources")
        world.wait_for(world.ntpd.is_synchronised, 40, "ntpd to follow its own sources")

    def test_an_edit_in_the_middle_stays_and_every_mark_of_ours_goes(self):
        with ClassicWorld() as world:
            report = world.edit_in_the_middle(DEAD)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertNotIn("left alone", report["reason"])
            self.assert_own_sources(world, world.pristine + EDIT.encode())

    def test_an_edit_in_the_middle_of_a_further_change_leaves_the_committed_set(self):
        with ClassicWorld() as world:
            self.assertEqual(world.apply(GOOD)["state"], "committed")
            committed, ours = world.ntpd.config.read_text(), world.ntpd.drop_in.read_text()
            report = world.edit_in_the_middle([POOLS[0], *DEAD[:3]])  # one of its own, whose line loses its mark
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertEqual((world.ntpd.config.read_text(), world.ntpd.drop_in.read_text()), (committed + EDIT, ours))
            self.assertEqual(world.ntpd.names(), GOOD)
            report = world.finish(world.call("rollback", {"original": True}), timeout=120)
            self.assertEqual(report["state"], "committed", report)
            self.assert_own_sources(world, world.pristine + EDIT.encode())

    def test_a_file_that_is_managed_by_now_gets_its_own_lines_back_and_no_others(self):
        with ClassicWorld() as world:
            self.assertEqual(world.apply(GOOD)["state"], "committed")
            world.ntpd.config.write_text("# Ansible managed\n" + world.ntpd.config.read_text())
            with self.assertRaisesRegex(Refused, "managed by Ansible"):
                world.begin(["n5.test", "n6.test", "n7.test", "n8.test"])
            report = world.finish(world.call("rollback", {"original": True}), timeout=120)
            self.assertEqual(report["state"], "committed", report)
            self.assert_own_sources(world, b"# Ansible managed\n" + world.pristine)

    def test_an_edit_between_the_proof_and_a_recovery_leads_back_to_its_own_sources(self):
        with ClassicWorld() as world:
            world.begin(GOOD)
            world.wait_for(lambda: world.journal()["transaction"]["report"]["state"] == "verifying", 60, "the proof to begin")
            world.applier.kill()
            journal = world.journal()
            journal["transaction"]["report"]["state"] = "verified"
            (world.directory / "apply-state" / "txn.json").write_text(json.dumps(journal))
            world.edit()
            world.run_applier()
            report = world.finish(0, timeout=120)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assert_own_sources(world, world.pristine + EDIT.encode())


if __name__ == "__main__":
    lab.main(parallel=12)
