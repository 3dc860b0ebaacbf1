"""A systemd1 for the private bus that really starts, restarts and stops the programs that it is told of."""
from __future__ import annotations

import os
import pathlib

POLICY = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <policy user="root"><allow own="org.freedesktop.systemd1"/></policy>
  <policy context="default"><allow send_destination="org.freedesktop.systemd1"/></policy>
</busconfig>
"""


def policy_file(directory: pathlib.Path) -> pathlib.Path:
    """What lets root own systemd's name on the private bus, and everybody ask it (systemd's polkit is not played)."""
    path = directory / "systemd1-policy.conf"
    path.write_text(POLICY)
    return path


class Systemd:
    """The running fake; `process` is a lab Process with pipes for standard input and output."""

    def __init__(self, process):
        self.process = process
        self._line("the fake systemd to own its name", "ready")

    def _line(self, what: str, wanted: str | None = None) -> str:
        line = self.process.popen.stdout.readline().decode().strip()
        if line.startswith("error") or (wanted and line != wanted):
            raise RuntimeError(f"{what}: {line or self.process.log()}")
        return line

    def command(self, *words) -> str:
        text = " ".join(map(str, words))
        self.process.popen.stdin.write(text.encode() + b"\n")
        self.process.popen.stdin.flush()
        return self._line(f"fakesystemd: {text}")

    def start(self, unit: str, argv: list) -> None:
        """Defines the unit anew and starts its program. No argument may contain a blank."""
        self.command("start", unit, *argv)

    def begin(self, unit: str) -> None:
        """Starts a unit that was stopped."""
        self.command("begin", unit)

    def stop(self, unit: str) -> None:
        self.command("stop", unit)

    def restart(self, unit: str) -> None:
        """As an administrator would; a new invocation."""
        self.stop(unit)
        self.begin(unit)

    def kill(self, unit: str, number: int = 9) -> None:
        os.kill(self.pid(unit), number)

    def pid(self, unit: str) -> int:
        return int(self.command("pid", unit))

    def set(self, unit: str, key: str, value: str) -> None:
        """`fails_to_start`, `starts_again` and `holds_jobs` ("yes" or "no"), `load_state` ("masked")."""
        self.command("set", unit, key, value)
