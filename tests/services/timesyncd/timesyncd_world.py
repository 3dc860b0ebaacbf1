"""What the tests of this folder share: a timesyncd on one of the usual configurations, a dozen fake servers, the applier."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import lab  # noqa: E402
from lab.applier import FINAL, NAMES, Refused, servers  # noqa: E402,F401

BASE = ["NTP=base.test", "FallbackNTP=pool.test"]
BASE_NAMES = ["base.test"]


class TimesyncdWorld(lab.ApplierWorld):
    """A world whose timesyncd follows `base`, with the applier on the bus. `with_systemd`: it runs as a unit."""

    def __init__(self, base=BASE, config_lines=(), with_systemd=False, old=False, files=None):
        super().__init__()
        self.config.write_text("\n".join(["[apply]", *config_lines]) + "\n")
        self.start_bus([self.applier_policy, self.timesyncd_policy()])
        self.systemd = self.start_systemd() if with_systemd else None
        for path, text in (files or {}).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.timesyncd = self.start_timesyncd_client(base, self.systemd, old)
        self.foreign = self.foreign_files()
        self.wait_for(lambda: self.timesyncd.answer()["count"], 60, "timesyncd to follow a server")

    def foreign_files(self):
        """Every file of timesyncd's configuration but ours, with what is in it."""
        return {path: path.read_bytes() for folder in (self.timesyncd.etc, self.timesyncd.run) for path in folder.rglob("*.conf")
                if path != self.timesyncd.drop_in}

    def serve(self, **options):
        self.run_applier(**options)
        return self

    @staticmethod
    def now_usec():
        return time.time_ns() // 1000
