"""What the tests of this folder share: a chronyd, the applier as root, and a user who is the daemon's and means harm."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "chrony"))
from applier_world import ApplierWorld  # noqa: E402

HOSTILE = 65534  # the user whom the applier lets in besides root


class HostileWorld(ApplierWorld):
    """Root's files are remembered, so that a test can say that they are as they were."""

    def __init__(self, config_lines=(), **options):
        super().__init__(config_lines=config_lines, **options)
        self.own = [self.directory / name for name in ("state", "runtime")]
        for folder in self.own:
            folder.mkdir(mode=0o700)
            os.chown(folder, HOSTILE, HOSTILE)
        self.victim = self.directory / "victim"
        self.victim.write_text("root's own\n")
        self.victim.chmod(0o600)

    @property
    def ours(self):
        return self.chrony.sources_dir / "50-ntpopt.sources"

    def hostile(self, *argv, timeout=120):
        """A program as the hostile user."""
        return self.run(["setpriv", f"--reuid={HOSTILE}", f"--regid={HOSTILE}", "--clear-groups", *argv], timeout)

    def hostile_call(self, *words):
        return self.call(*words, user=HOSTILE)

    def lines(self):
        """The source lines of our file, none where there is no such file."""
        if not self.ours.exists():
            return []
        return [line for line in self.ours.read_text().splitlines() if not line.startswith("#")]

    def recover(self, *arguments):
        return self.run([self.program("daemon/apply/ntpopt-apply"), "--config", self.config, "--user", "nobody", "--recover",
                         *arguments], timeout=120)
