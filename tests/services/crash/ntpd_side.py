"""ntpsec's ntpd as one side of the crash matrix: it reads its files at a start, so every change restarts it."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "ntpd"))
from ntpd_world import NtpdWorld, lab, servers  # noqa: E402


class NtpdSide:
    SETS = {"A": ["n1.test", "n2.test", "n3.test", "n4.test"], "B": ["n4.test", "n5.test", "n6.test", "n7.test"],
            "dead": ["dead1.test", "dead2.test", "dead3.test", "dead4.test"]}
    CONFIG = ['verify_timeout = "25s"', "max_changes_per_day = 1000"]
    TALKS = ("sendmsg", "sendto")  # systemd restarts it, mode 6 asks it
    PID_STAYS = False
    NEEDS_BUS = True

    def __init__(self):
        self.world = NtpdWorld(config_lines=self.CONFIG, serve=False)
        self.own = self.followed()

    def serve(self):
        """The first applier of this world."""
        self.world.run_applier()

    def choices(self, letter):
        return servers(self.SETS[letter])

    def expected(self, letter):
        return self.own if letter == "own" else sorted(self.SETS[letter])

    def followed(self):
        return self.world.ntpd.names()

    def watch(self):
        """A restart is a gap by nature: there is nothing to see."""
        return lab.Watch(lambda: "")

    def pid(self):
        return self.world.ntpd.pid

    def folders(self):
        return [self.world.ntpd.drop_in.parent]

    def files(self):
        return [self.world.ntpd.drop_in]

    def settle(self):
        self.world.wait_for(self.world.ntpd.is_synchronised, 60, "ntpd to follow somebody")

    def stop(self):
        self.world.systemd.stop("ntpsec.service")

    def start(self):
        self.world.systemd.begin("ntpsec.service")
        self.world.wait_for(self.world.ntpd.answers, 60, "ntpd to answer")
