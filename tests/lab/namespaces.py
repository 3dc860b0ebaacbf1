"""Moves the running program into namespaces of its own. Knows nothing of NTP."""
import concurrent.futures
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
import unittest

MARK = "NTPOPT_LAB"
SKIPPED = 77  # tests/CMakeLists.txt tells ctest
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


def enter() -> None:
    """Starts this program anew as root of fresh mount, network, PID and control group namespaces, without CAP_SYS_TIME.

    In the last one nobody sees that all of this is in the session of whoever runs the tests.
    The parent waits; when it is killed, the kernel ends everything inside. Returns inside only.
    """
    if os.environ.get(MARK) == "inside" and os.getpid() == 1:
        os.umask(0o022)  # what is made for other users is readable for them, and root's alone to write
        _bring_loopback_up()
        return
    need_root()
    for tool in ("setpriv", "unshare"):
        if shutil.which(tool) is None:
            sys.exit(f"this needs {tool} of util-linux")
    os.environ[MARK] = "inside"
    os.execvp("setpriv", [
        "setpriv", "--bounding-set=-sys_time", "--inh-caps=-sys_time",
        "unshare", "--mount", "--net", "--pid", "--cgroup", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
        sys.executable, *sys.argv])


def need_root() -> None:
    """Ends the program as a skipped test without it."""
    if os.geteuid() != 0:
        print("this needs root: it makes namespaces (run it through sudo)", file=sys.stderr)
        sys.exit(SKIPPED)


# Like ProtectSystem=strict of the unit, for every mount: $1 and $2 stay writable, the rest is the command.
_CONFINE = r"""
for own in "$1" "$2"; do mount --bind "$own" "$own" || exit; done
for place in $(cut -d" " -f5 /proc/self/mountinfo); do
  place=$(printf %b "$place")
  case $place in "$1" | "$2") ;; *) mount -o remount,bind,ro "$place" ;; esac
done
shift 2
exec "$@"
"""


def confined(state, runtime) -> list:
    """Starts a program, by the same process, where every file system is read-only but for these two directories."""
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", _CONFINE, "sh", state, runtime]


def _bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def main(parallel: int = 8) -> None:
    """unittest.main() with every test in fresh namespaces of its own, so many at a time: they wait more than they work.

    Names of tests on the command line (Class.method) run one after the other in one set of namespaces.
    """
    if os.environ.get(MARK) in ("wanted", "inside"):
        enter()
        unittest.main(verbosity=2)
    need_root()
    names = sys.argv[1:] or list(_names_of(unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])))
    with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
        results = list(pool.map(_run_one, names))
    failed = [output for passed, output in results if not passed]
    print("\n".join(failed), f"{len(names)} tests, {len(failed)} failed", sep="\n", flush=True)
    sys.exit(1 if failed else 0)


def _names_of(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _names_of(test)
        else:
            yield test.id().removeprefix("__main__.")


def _run_one(name: str):
    """A test in a process of its own; its output counts only where it failed."""
    begun = time.monotonic()
    done = subprocess.run([sys.executable, sys.argv[0], name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, env={**os.environ, MARK: "wanted"})
    print(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {time.monotonic() - begun:5.1f} s  {name}", flush=True)
    return done.returncode == 0, done.stdout
