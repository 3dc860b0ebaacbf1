"""What the tests of this folder share: ntpsec with Debian's own ntp.conf, servers on another host, the applier."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import lab  # noqa: E402
from lab.applier import FINAL, ApplierWorld, Refused  # noqa: E402,F401

NAMES = {
    **{f"{i}.debian.pool.ntp.org": [f"10.77.{10 + i}.1"] for i in range(4)},
    **{f"n{i}.test": [f"10.77.{20 + i}.1"] for i in range(1, 9)},
    **{f"dead{i}.test": [f"10.77.{30 + i}.1"] for i in range(1, 5)},
    **{f"liar{i}.test": [f"10.77.{40 + i}.1"] for i in range(1, 5)},
    "newpool.test": ["10.77.50.1", "10.77.51.1", "10.77.52.1"],
}
GOOD = ["n1.test", "n2.test", "n3.test", "n4.test"]
DEAD = ["dead1.test", "dead2.test", "dead3.test", "dead4.test"]
POOLS = [f"{i}.debian.pool.ntp.org" for i in range(4)]


def debian_conf():
    """The file of Debian's package as it is shipped."""
    return lab.world.daemon_program("ntpsec", "etc/ntpsec/ntp.conf").read_text()


class NtpdWorld(ApplierWorld):
    """A world whose ntpd follows `config` (Debian's), with the applier on the bus."""

    names = NAMES

    def __init__(self, config=None, config_lines=(), wait=True, serve=True):
        super().__init__()
        self.start_bus([self.applier_policy])
        self.systemd = self.start_systemd()
        self.ntpd = self.start_ntpd(config or debian_conf())
        self.pristine = self.ntpd.config.read_bytes()
        self.write_config(config_lines)
        if serve:
            self.run_applier()
        if wait:
            self.wait_for(self.ntpd.is_synchronised, 40, "ntpd to follow its own sources")

    def start_ntpd(self, config):
        return self.start_ntpd_client(self.systemd, config.splitlines())

    def place_of_servers(self):
        """ntpd takes port 123 of every address of its own host."""
        self.internet = self.start_internet()
        return self.internet.under

    def write_config(self, lines=()):
        self.config.write_text("\n".join(["[apply]", *lines]) + "\n")

    def recover(self):
        """ntpopt-apply --recover, as before the services start."""
        return self.once("--recover")

    def begin(self, names, options=None):
        return self.call("apply", servers(names), options or {})

    def apply(self, names, options=None):
        return self.finish(self.begin(names, options), timeout=120)

    def wait_state(self, state, timeout=30):
        self.wait_for(lambda: self.call("transaction", "0")["state"] == state, timeout, f"state {state}")

    def journal(self):
        return json.loads((self.directory / "apply-state" / "txn.json").read_text())


def servers(names):
    """Choices by name; "newpool.test" is a pool of three. The figures are those of an honest round."""
    return [{"name": name, "offset_s": 0.0001, "error_s": 0.001} |
            ({"pool": True, "maxsources": 3} if name == "newpool.test" else {"address": NAMES[name][0]} if name in NAMES else {})
            for name in names]
