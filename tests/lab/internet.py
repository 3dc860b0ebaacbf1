"""Another host behind a veth, where servers live whose port 123 the ntpd of this world must not share."""
from __future__ import annotations

import subprocess

OURS, THEIRS, NETWORK = "10.76.0.1", "10.76.0.2", "10.77.0.0/16"


class Internet:
    """Every address of 10.77.0.0/16 is its own; start programs there through `under`."""

    def __init__(self, world):
        self.process = world.start("internet", ["unshare", "--net", "sh", "-c", "echo ready; exec cat"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.popen.stdout.readline() != b"ready\n":
            raise RuntimeError(f"no network namespace: {self.process.log()}")
        self.under = ["nsenter", f"--net=/proc/{self.process.pid}/ns/net"]
        # Without IPv6: an address of it comes and goes by itself for a second, and ntpd opens sockets for each.
        for name in ("all", "default"):
            with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w") as setting:
                setting.write("1")
        for words in ("link add near type veth peer name far netns %d" % self.process.pid, f"address add {OURS}/24 dev near",
                      "link set near up"):
            _run(["ip", *words.split()])
        for words in ("link set lo up", f"address add {THEIRS}/24 dev far", "link set far up",
                      f"route add local {NETWORK} dev lo"):
            _run([*self.under, "ip", *words.split()])
        _run(["ip", "route", "add", NETWORK, "via", THEIRS])


def _run(argv: list) -> None:
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr}")
