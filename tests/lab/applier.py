"""A world with ntpopt-apply on its bus, whatever NTP service it changes: the calls, and the servers to choose from."""
from __future__ import annotations

import json
import pathlib
import shutil
import subprocess

from lab.world import World, build_dir

# pool.test and base.test are for the service's own configuration; n1 to n6 are good, dead1 to dead3 never answer.
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


class Refused(Exception):
    """The applier's answer was an error; its bus name comes first."""


class SmallDisk:
    """A disk of its own in the place of a folder, which can be full for a while."""

    def __init__(self, folder: pathlib.Path):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0755", "small", folder], check=True)
        self.folder, self.filler = folder, folder / "filler"

    def fill(self) -> None:
        try:
            with open(self.filler, "wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
        except OSError:
            pass

    def free(self) -> None:
        self.filler.unlink()


class ApplierWorld(World):
    """The names and fake servers, and a configuration for the applier; a subclass adds the NTP service."""

    names = NAMES

    def __init__(self):
        super().__init__()
        self.add_names(self.names)
        living = [(name, address) for name, all_of_it in self.names.items() if not name.startswith("dead") for address in all_of_it]
        self.fake_names = {address: f"s{i}" for i, (_, address) in enumerate(living)}
        specs = [f"{address} name=s{i} stratum=2 delay=1ms" + (" offset=500ms" if name.startswith("liar") else "")
                 for i, (name, address) in enumerate(living)]
        self.fakes = self.start_fake_servers(specs, under=self.place_of_servers())
        self.config = self.directory / "ntpopt.toml"
        self.applier = None

    def place_of_servers(self) -> list:
        """Through what the fake servers are started, where they do not live on this machine."""
        return []

    def set_fakes(self, names, setting: str) -> None:
        """Changes the servers behind these names: set_fakes(["n1.test"], "silent=yes")."""
        for address in (address for name in names for address in self.names[name]):
            self.fakes.command(f"set {self.fake_names[address]} {setting}")

    @property
    def applier_policy(self):
        """The shipped policy, for the user that we have."""
        policy = self.directory / "applier.conf"
        shipped = (build_dir() / "dbus" / "org.ntpopt1.Applier.conf").read_text()
        policy.write_text(shipped.replace('user="ntpopt"', 'user="nobody"'))
        return policy

    def run_applier(self, **options) -> None:
        self.applier = self.start_applier(self.config, **options)
        if not self.applier.is_running():
            raise RuntimeError(f"the applier ended: {self.applier.log()}")

    def once(self, way: str):
        """The applier as a program that does one thing and ends: --recover, --rollback-original."""
        return self.run([self.program("daemon/apply/ntpopt-apply"), "--config", self.config, "--state-dir",
                         self.directory / "apply-state", "--user", "nobody", way], timeout=120)

    def small_disk(self, folder: pathlib.Path) -> SmallDisk:
        disk = SmallDisk(folder)
        self._mounts.append(folder)
        return disk

    def degrade(self, disk: SmallDisk, number) -> dict:
        """The report of this change, which fails while its disk is full; then there is room again."""
        self.wait_for(lambda: self.call("transaction", str(number))["state"] == "verifying", 40, "the proof to begin")
        disk.fill()
        report = self.finish(number, timeout=150)
        disk.free()
        return report

    def lose_state(self) -> None:
        """Everything that the applier remembers is gone, and another one runs."""
        self.applier.kill()
        shutil.rmtree(self.directory / "apply-state")
        self.run_applier()

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
        return self.wait_for(ended, timeout, f"transaction {number} to end", pause=0.2)

    def apply(self, names, options=None, timeout=60):
        return self.finish(self.call("apply", servers(names), options or {}), timeout)


def servers(names):
    """Choices by name; "newpool.test" is a pool of two."""
    return [{"name": name, "pool": True, "maxsources": 2} if name == "newpool.test" else
            {"name": name, "address": NAMES[name][0]} if name in NAMES else {"name": name} for name in names]
