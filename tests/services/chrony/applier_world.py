"""What the tests of this folder share: a chronyd on Debian's kind of sources, a dozen fake servers, the applier."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import lab  # noqa: E402

NAMES = {
    "pool.test": ["127.1.1.1", "127.1.2.1", "127.1.3.1"],
    "base.test": ["127.1.4.1"],
    **{f"n{i}.test": [f"127.2.{i}.1"] for i in range(1, 7)},
    **{f"dead{i}.test": [f"127.3.{i}.1"] for i in range(1, 4)},
    "liar.test": ["127.4.1.1"],
    "liar2.test": ["127.4.2.1"],
    "newpool.test": ["127.5.1.1", "127.5.2.1"],
}
FINAL = ("committed", "rolled_back", "degraded")
BASE = ["pool pool.test iburst", "server base.test iburst minpoll 5"]
BASE_NAMES = ["base.test", "pool.test"]


class Refused(Exception):
    """The applier's answer was an error; its bus name comes first."""


class ApplierWorld(lab.World):
    """A world whose chronyd follows BASE, and an applier's configuration. Start what else a test needs."""

    def __init__(self, base=BASE, config_lines=(), servers=True):
        super().__init__()
        self.add_names(NAMES)
        addresses = [address for name, all_of_it in NAMES.items() if not name.startswith("dead") for address in all_of_it]
        self.fake_names = {address: f"s{i}" for i, address in enumerate(addresses)}
        specs = [f"{address} name=s{i} stratum=2 delay=1ms" + (" offset=500ms" if address.startswith("127.4.") else "")
                 for i, address in enumerate(addresses)]
        self.fakes = self.start_fake_servers(specs)
        self.chrony = self.start_chronyd_client(list(base))
        self.config = self.directory / "ntpopt.toml"
        self.write_config(config_lines)
        self.wait_for(self.chrony.is_synchronised, 30, "chronyd to follow its own sources")

    def write_config(self, extra=(), chronyc=None):
        self.config.write_text("\n".join(["[apply]", f'chronyc = "{chronyc or " ".join(self.chrony.chronyc_argv)}"', *extra]) + "\n")

    def kill_at_delete(self, number):
        """A chronyc that kills the applier instead of deleting its `number`th source."""
        count, script = self.directory / "deletes", self.directory / "chronyc"
        count.write_text("0")
        script.write_text(f"""#!/bin/sh
case "$*" in
  *delete*)
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
        policy = self.directory / "applier.conf"
        shipped = (lab.world.build_dir() / "dbus" / "org.ntpopt1.Applier.conf").read_text()
        policy.write_text(shipped.replace('user="ntpopt"', 'user="nobody"'))
        self.start_bus([policy])
        self.applier = self.start_applier(self.config, **options)
        if not self.applier.is_running():
            raise RuntimeError(f"the applier ended: {self.applier.log()}")

    def call(self, *words, user=None):
        argv = [self.program("tests/services/applier_call/applier_call"),
                *(word if isinstance(word, str) else json.dumps(word) for word in words)]
        if user is not None:
            argv = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *argv]
        # More than the kernel takes as one argument goes through standard input.
        big = next((i for i, word in enumerate(argv) if len(str(word)) > 100_000), None)
        text = None
        if big is not None:
            text, argv[big] = argv[big], "-"
        done = self.run(argv, input=text)
        if done.returncode != 0:
            raise Refused(done.stderr.strip())
        return json.loads(done.stdout)

    def finish(self, number, timeout=60):
        """The report of a transaction once it has ended."""
        def ended():
            report = self.call("transaction", str(number))
            return report if report["state"] in FINAL else None
        return self.wait_for(ended, timeout, f"transaction {number} to end", pause=0.1)

    def apply(self, names, options=None, timeout=60):
        return self.finish(self.call("apply", servers(names), options or {}), timeout)

    def distinct_names(self):
        return sorted(set(self.chrony.names()))


def servers(names):
    """Choices by name; "newpool.test" is a pool of two."""
    return [{"name": name, "pool": True, "maxsources": 2} if name == "newpool.test" else
            {"name": name, "address": NAMES[name][0]} if name in NAMES else {"name": name} for name in names]
