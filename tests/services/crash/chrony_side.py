"""chronyd as one side of the crash matrix: what is changed, where its traces are, what it follows."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "chrony"))
from applier_world import ApplierWorld, lab, servers  # noqa: E402

VERIFY_S = 6


class ChronySide:
    """A world whose chronyd is changed back and forth between sets that the matrix knows by a letter."""

    SETS = {"A": ["n1.test", "n2.test", "n3.test"], "B": ["n3.test", "n4.test", "n5.test"], "dead": ["dead1.test", "dead2.test"]}
    CONFIG = [f'verify_timeout = "{VERIFY_S}s"', "max_changes_per_day = 1000"]
    TALKS = ("clone3", "connect")  # each question to chronyc is a process
    PID_STAYS = True
    NEEDS_BUS = False

    def __init__(self):
        self.world = self.make_world()
        self.own = self.followed()

    def make_world(self):
        return ApplierWorld(config_lines=self.CONFIG)

    def serve(self):
        """The first applier of this world."""
        self.world.serve()

    def choices(self, letter):
        return servers(self.SETS[letter])

    def expected(self, letter):
        return self.own if letter == "own" else sorted(self.SETS[letter])

    def followed(self):
        """What the service follows now, by its own words."""
        return self.world.chrony.names()

    def watch(self):
        """Looks all the time whether there is somebody to follow."""
        return lab.Following(self.world.chrony, VERIFY_S + 2)

    def pid(self):
        return self.world.chrony.pid if self.world.chrony.process.is_running() else 0

    def folders(self):
        return [self.world.chrony.sources_dir, self.world.chrony.dhcp_dir]

    def files(self):
        return [self.world.chrony.sources_dir / "50-ntpopt.sources", self.world.chrony.dhcp_dir / "ntpopt-restore.sources"]

    def settle(self):
        """Whatever the service needs before the next change may begin."""
        self.world.wait_for(self.world.chrony.is_synchronised, 30, "chronyd to follow somebody")
