"""Moves the running program into namespaces of its own. Knows nothing of NTP."""
import fcntl
import os
import shutil
import socket
import struct
import sys
import unittest

MARK = "NTPOPT_LAB"
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


def enter() -> None:
    """Starts this program anew as root of fresh mount, network and PID namespaces, without CAP_SYS_TIME.

    The parent waits; when it is killed, the kernel ends everything inside. Returns inside only.
    """
    if os.environ.get(MARK) == "inside" and os.getpid() == 1:
        _bring_loopback_up()
        return
    if os.geteuid() != 0:
        sys.exit("this needs root: it makes namespaces (run it through sudo)")
    for tool in ("setpriv", "unshare"):
        if shutil.which(tool) is None:
            sys.exit(f"this needs {tool} of util-linux")
    os.environ[MARK] = "inside"
    os.execvp("setpriv", [
        "setpriv", "--bounding-set=-sys_time", "--inh-caps=-sys_time",
        "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
        sys.executable, *sys.argv])


def _bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def main() -> None:
    """unittest.main() inside fresh namespaces."""
    enter()
    unittest.main(verbosity=2)
