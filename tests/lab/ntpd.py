"""A real ntpd (ntpsec) as the NTP service of a world, run by the fake systemd, and what it tells in mode 6 (RFC 9327).

The questions are asked by a few lines of Python, so that what our own code says of ntpd has something to be held against.
"""
from __future__ import annotations

import pathlib
import re
import socket
import struct

from lab.processes import PATIENCE_S

UNIT = "ntpsec.service"
# How ntpsec calls itself, and what it says once classic_program() has had it; both have the same length.
OWN_NAME, CLASSIC_NAME = b"ntpd ntpsec-%s\0", b"ntpd 4.2.8p15@\0"


def classic_program(world, program: pathlib.Path) -> pathlib.Path:
    """ntpsec's ntpd that calls itself the classic one, whose way of being changed it understands too: servers' lines of
    ntp.conf and a file that it includes. What only 4.2.8 does is not shown by it."""
    classic = world.directory / "classic" / program.name
    classic.parent.mkdir()
    text = program.read_bytes()
    if text.count(OWN_NAME) != 1:
        raise RuntimeError(f"{program} does not call itself {OWN_NAME!r}")
    classic.write_bytes(text.replace(OWN_NAME, CLASSIC_NAME))
    classic.chmod(0o755)
    return classic


class Ntpd:
    """ntp.conf and what belongs to it lie in a directory of the world, or where the caller put them (`config`); the unit
    is the fake systemd's."""

    def __init__(self, world, systemd, text: str, program: pathlib.Path, unit: str = UNIT, config: pathlib.Path | None = None,
                 classic: bool = False):
        self.world, self.systemd, self.unit = world, systemd, unit
        self.program = classic_program(world, program) if classic else program
        self.config = config or world.directory / "ntpsec" / "ntp.conf"
        self.directory = self.config.parent
        self.drop_in = self.directory / ("ntp/ntpopt.conf" if classic else "ntp.d/50-ntpopt.conf")
        if config is None:
            self.directory.mkdir(mode=0o755, exist_ok=True)
            self.config.write_text(text)

    @property
    def argv(self) -> list:
        return [self.program, "-n", "-g", "-c", self.config]

    def start(self) -> None:
        self.systemd.start(self.unit, self.argv)
        self.world.wait_for(self.answers, PATIENCE_S, "ntpd to answer")

    def start_as(self, *argv) -> None:
        """The unit's program is another one from now on."""
        self.systemd.stop(self.unit)
        self.systemd.start(self.unit, list(argv))

    @property
    def pid(self) -> int:
        return self.systemd.pid(self.unit)

    def restart(self) -> None:
        """As an administrator would."""
        self.systemd.restart(self.unit)

    def answers(self) -> bool:
        return self.pid != 0 and answers()

    def system(self) -> dict:
        return system_variables()

    def associations(self) -> list:
        return associations()

    def names(self) -> list:
        return configured_names()

    def is_synchronised(self) -> bool:
        system = self.system()
        return system.get("leap", "3") != "3" and system.get("peer", "0") != "0"

    def peer(self) -> str:
        """The name of the system peer, or ""."""
        number = int(self.system().get("peer", "0"))
        return next((row.get("srchost") or row["srcadr"] for row in self.associations() if row["id"] == number), "")


def answers() -> bool:
    return _ask(1, 0, b"") is not None


def system_variables() -> dict:
    return _variables(_ask(2, 0, b"leap,stratum,refid,peer,peeradr,reftime"))


def associations() -> list:
    """One dict an association, with its status word; without those that went between the two questions."""
    data = _ask(1, 0, b"") or b""
    pairs = [struct.unpack(">HH", data[i:i + 4]) for i in range(0, len(data), 4)]
    found = [(number, word, _variables(_ask(2, number, b"srcadr,srchost,reach,stratum"))) for number, word in pairs]
    return [{"id": number, "status": word} | variables for number, word, variables in found if variables]


def configured_names() -> list:
    """What is followed, sorted: names as configured, addresses where no name is known; pools' members left out."""
    return sorted(row.get("srchost") or row["srcadr"] for row in associations() if row["status"] & 0x8000)


_sequence = 0


def _ask(opcode: int, association: int, data: bytes) -> bytes | None:
    """None where nobody listens, or what was asked for is not there. A busy ntpd is asked again: its silence says nothing."""
    for _ in range(10):
        try:
            return _ask_once(opcode, association, data)
        except socket.timeout:
            continue
        except OSError:
            break
    return None


def _ask_once(opcode: int, association: int, data: bytes) -> bytes | None:
    global _sequence
    _sequence = (_sequence + 1) & 0xffff
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)
        pieces = {}
        sock.connect(("127.0.0.1", 123))
        sock.send(struct.pack(">BBHHHHH", 0x26, opcode, _sequence, 0, association, 0, len(data)) + data + bytes(-len(data) % 4))
        while True:
            answer = sock.recv(2048)
            _, flags, sequence, _, _, offset, count = struct.unpack(">BBHHHHH", answer[:12])
            if sequence != _sequence or flags & 0x40:
                return None
            pieces[offset] = answer[12:12 + count]
            if not flags & 0x20:
                return b"".join(pieces[key] for key in sorted(pieces))


def _variables(data: bytes | None) -> dict:
    return {name: value.strip('"') for name, value in
            re.findall(r'(\w+)=("[^"]*"|[^,\r\n]*)', (data or b"").decode(errors="replace"))}
