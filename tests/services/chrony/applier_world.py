"""What the tests of this folder share: a chronyd on Debian's kind of sources, a dozen fake servers, the applier."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import lab  # noqa: E402
from lab.applier import FINAL, NAMES, Refused, servers  # noqa: E402,F401

BASE = ["pool pool.test iburst", "server base.test iburst minpoll 5"]
BASE_NAMES = ["base.test", "pool.test"]


class ApplierWorld(lab.ApplierWorld):
    """A world whose chronyd follows BASE, and an applier's configuration. Start what else a test needs."""

    def __init__(self, base=BASE, config_lines=(), source_dirs=True):
        super().__init__()
        self.chrony = self.start_chronyd_client(list(base), source_dirs=source_dirs)
        self.write_config(config_lines)
        self.wait_for(self.chrony.is_synchronised, 30, "chronyd to follow its own sources")

    def write_config(self, extra=(), chronyc=None):
        self.config.write_text("\n".join(["[apply]", f'chronyc = "{chronyc or " ".join(self.chrony.chronyc_argv)}"', *extra]) + "\n")

    def kill_at_delete(self, number):
        """A chronyc that kills the applier instead of deleting its `number`th source."""
        return self.kill_at("delete", number)

    def kill_at(self, verb, number):
        """A chronyc that kills the applier instead of doing for the `number`th time what it is told."""
        count, script = self.directory / "calls", self.directory / "chronyc"
        count.write_text("0")
        script.write_text(f"""#!/bin/sh
case "$*" in
  *{verb}*)
    n=$(($(cat {count}) + 1))
    echo $n >{count}
    if [ $n = {number} ]; then kill -9 $PPID; exit 0; fi ;;
esac
exec {" ".join(self.chrony.chronyc_argv)} "$@"
""")
        script.chmod(0o755)
        return script

    def serve(self, **options):
        """The private bus with the shipped policy, and the applier on it."""
        self.start_bus([self.applier_policy])
        self.run_applier(**options)

    def distinct_names(self):
        return sorted(set(self.chrony.names()))
