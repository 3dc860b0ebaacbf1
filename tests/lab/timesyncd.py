"""A real systemd-timesyncd as a client: not root, without CAP_SYS_TIME, on the private bus, its folders covered by ours."""
from __future__ import annotations

import json
import os
import pathlib

from lab.processes import PATIENCE_S

UNIT = "systemd-timesyncd.service"
# Any user but root: as root timesyncd insists on keeping the right to set the clock.
USER, UID = "daemon", 1
NAME = "org.freedesktop.timesync1"
# What a timesyncd from before systemd 251 lacks is called by this name, in the program's text, once.
NEW_NAME, OLD_NAME = b"RuntimeNTPServers", b"RuntimeNTPXervers"


def policy_file(world, package: pathlib.Path) -> pathlib.Path:
    """The package's own bus policy, for the user that we have."""
    path = world.directory / "timesync1-policy.conf"
    shipped = (package / "usr/share/dbus-1/system.d/org.freedesktop.timesync1.conf").read_text()
    path.write_text(shipped.replace('user="systemd-timesync"', f'user="{USER}"'))
    return path


class Timesyncd:
    """A running timesyncd of the world."""

    # Where systemd-networkd would tell of the servers that it learned by DHCP ("NTP=...").
    NETWORK_STATE = pathlib.Path("/run/systemd/netif/state")

    def __init__(self, world, program: pathlib.Path, libraries: pathlib.Path, lines, old: bool):
        self.world = world
        self.systemd = None
        self.process = None
        self.etc = pathlib.Path("/etc/systemd")
        self.run = pathlib.Path("/run/systemd")
        self.drop_in = self.etc / "timesyncd.conf.d" / "zz-ntpopt.conf"
        folder = world.directory / "etc-systemd"
        folder.mkdir()
        (folder / "timesyncd.conf").write_text("\n".join(["[Time]", *lines]) + "\n")
        world.bind(folder, self.etc)
        for path in (self.run, self.run / "timesync"):
            path.mkdir(exist_ok=True)
        os.chown(self.run / "timesync", UID, UID)
        if old:
            text = program.read_bytes().replace(NEW_NAME, OLD_NAME)
            program = world.directory / "old" / program.name
            program.parent.mkdir()
            program.write_bytes(text)
            program.chmod(0o755)
        self.argv = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all",
                     "env", f"LD_LIBRARY_PATH={libraries}", str(program)]

    @property
    def pid(self) -> int:
        return self.systemd.pid(UNIT) if self.systemd else self.process.pid

    def start(self) -> None:
        if self.systemd:
            self.systemd.start(UNIT, self.argv)
        else:
            self.process = self.world.start("timesyncd", self.argv)
        self.wait_until_on_bus()

    def wait_until_on_bus(self) -> None:
        self.world.wait_for(lambda: self.world.has_owner(NAME), PATIENCE_S, "timesyncd on the bus")

    def stop(self) -> None:
        self.systemd.stop(UNIT) if self.systemd else self.process.stop()
        self.world.wait_for(lambda: not self.world.has_owner(NAME), PATIENCE_S, "timesyncd off the bus")

    def kill(self) -> None:
        self.systemd.kill(UNIT) if self.systemd else self.process.kill()

    def restart(self) -> None:
        """As an administrator would."""
        self.stop()
        self.start()

    def properties(self) -> dict:
        """All of org.freedesktop.timesync1.Manager, as JSON has them."""
        done = self.world.run(["busctl", "--system", "--json=short", "call", NAME, "/org/freedesktop/timesync1",
                               "org.freedesktop.DBus.Properties", "GetAll", "s", f"{NAME}.Manager"])
        if done.returncode != 0:
            raise RuntimeError(f"timesyncd: {done.stderr}")
        return {name: value["data"] for name, value in json.loads(done.stdout)["data"][0].items()}

    def listed(self) -> list:
        """Whom it asks, in order."""
        seen = self.properties()
        return seen.get("RuntimeNTPServers") or seen["SystemNTPServers"]

    def server(self) -> str:
        """Whom it asks now."""
        return self.properties()["ServerName"]

    def answer(self) -> dict:
        """The last answer that it took."""
        message = self.properties()["NTPMessage"]
        return {"stratum": message[3], "asked_usec": message[8], "came_usec": message[11], "spike": message[12], "count": message[13]}

    def has_answer_of(self, names, since_usec: int = 0) -> bool:
        """Whether it asks one of these, and took an answer to a question from after that time."""
        seen = self.properties()
        return seen["ServerName"] in names and seen["NTPMessage"][13] > 0 and seen["NTPMessage"][8] > since_usec

    def set_servers(self, names) -> None:
        """As an administrator would, while it runs."""
        done = self.world.run(["busctl", "--system", "call", NAME, "/org/freedesktop/timesync1", f"{NAME}.Manager",
                               "SetRuntimeNTPServers", "as", len(names), *names])
        if done.returncode != 0:
            raise RuntimeError(f"timesyncd: {done.stderr}")
