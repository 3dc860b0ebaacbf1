"""systemd-timesyncd as one side of the crash matrix."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "timesyncd"))
from timesyncd_world import TimesyncdWorld, lab, servers  # noqa: E402


class TimesyncdSide:
    SETS = {"A": ["n1.test", "n2.test", "n3.test"], "B": ["n3.test", "n4.test", "n5.test"], "dead": ["dead1.test", "dead2.test"]}
    CONFIG = ['verify_timeout = "6s"', "max_changes_per_day = 1000"]
    TALKS = ("sendmsg",)  # the bus carries what changes it
    PID_STAYS = True
    NEEDS_BUS = True

    def __init__(self):
        self.world = TimesyncdWorld(config_lines=self.CONFIG)
        self.timesyncd = self.world.timesyncd
        self.own = self.followed()

    def serve(self):
        """The first applier of this world."""
        self.world.serve()

    def choices(self, letter):
        return servers(self.SETS[letter])

    def expected(self, letter):
        return self.own if letter == "own" else self.SETS[letter]

    def followed(self):
        """Whom it asks, and whom it would ask after a restart."""
        listed = self.timesyncd.listed()
        if self.timesyncd.drop_in.exists():
            written = self.timesyncd.drop_in.read_text().split("NTP=")[-1].split()
            return listed if written == listed else ["asks", *listed, "but would ask", *written]
        return listed

    def watch(self):
        return lab.Watch(lambda: "" if self.pid() else "timesyncd does not run")

    def pid(self):
        return self.timesyncd.pid

    def folders(self):
        return [self.timesyncd.drop_in.parent]

    def files(self):
        return [self.timesyncd.drop_in]

    def settle(self):
        self.world.wait_for(lambda: self.timesyncd.has_answer_of(self.timesyncd.listed()), 60, "timesyncd to have an answer")

    def stop(self):
        self.timesyncd.stop()

    def start(self):
        self.timesyncd.start()
