"""The applier is killed in the middle of a change; another one ends what it began, and ntpd has the old set or the new."""
import unittest

from ntpd_world import DEAD, GOOD, POOLS, NtpdWorld
import lab
from lab.ntpd import UNIT


class Killed(unittest.TestCase):
    """The applier is killed in a state of a change; another one ends what it began."""

    def wait_for(self, world, state):
        world.wait_for(lambda: world.journal()["transaction"]["report"]["state"] == state, 60, f"state {state}")

    def killed_at(self, state, names=GOOD, by_bus=True):
        world = NtpdWorld(config_lines=['verify_timeout = "20s"'])
        self.addCleanup(world.close)
        # A restart follows on either state; while systemd has not begun it, the state lasts.
        if state == "files_written":
            world.systemd.set(UNIT, "holds_jobs", "yes")
        world.begin(names)
        if state == "rolling_back":
            self.wait_for(world, "verifying")
            world.systemd.set(UNIT, "holds_jobs", "yes")
        self.wait_for(world, state)
        world.applier.kill()
        world.systemd.set(UNIT, "holds_jobs", "no")
        if by_bus:
            world.run_applier()
        else:
            self.assertEqual(world.recover().returncode, 0)
        world.wait_for(lambda: world.journal()["transaction"]["report"]["state"] in ("committed", "rolled_back"), 90, "recovery")
        report = world.journal()["transaction"]["report"]
        world.wait_for(lambda: world.ntpd.names() == (names if report["state"] == "committed" else POOLS), 60, "the set")
        self.assertEqual(world.ntpd.drop_in.exists(), report["state"] == "committed")
        self.assertEqual(world.ntpd.config.read_bytes(), world.pristine)
        self.assertEqual([path.name for path in world.ntpd.directory.glob("**/.*")], [])
        world.wait_for(world.ntpd.is_synchronised, 40, "ntpd to follow somebody")
        return report

    def test_while_it_restarts_ntpd(self):
        self.assertEqual(self.killed_at("files_written")["state"], "rolled_back")

    def test_while_it_watches(self):
        self.assertEqual(self.killed_at("verifying")["state"], "rolled_back")

    def test_while_it_watches_and_recovery_is_a_program_of_its_own(self):
        self.assertEqual(self.killed_at("verifying", by_bus=False)["state"], "rolled_back")

    def test_while_it_goes_back(self):
        self.assertEqual(self.killed_at("rolling_back", names=DEAD)["state"], "rolled_back")


if __name__ == "__main__":
    lab.main()
