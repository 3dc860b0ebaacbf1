"""Root file systems of Debian 12 to boot, one for each NTP service, since their packages replace each other.

Built once below build/system, from nothing but debootstrap and the mirror that this machine's apt uses, and kept until
the recipe changes. Nothing of ntpopt is in them but the libraries that its packages depend on.
"""
from __future__ import annotations

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian/"
BASE_PACKAGES = ["systemd", "systemd-sysv", "dbus", "libpam-systemd", "iproute2", "libsdbus-c++1", "libfmt9", "libc-ares2",
                 "libcurl4", "ca-certificates", "libsqlite3-0", "libtomlplusplus3"]
# polkitd is there in one of them only: root needs none.
SERVICES = {"chrony": ["chrony", "polkitd"], "ntpsec": ["ntpsec"], "timesyncd": ["systemd-timesyncd"]}
# To be raised when what is done below changes.
RECIPE = 1


def root_of(service: str) -> pathlib.Path:
    """The folder of a root file system that is never written to again."""
    folder = ROOT / "build" / "system"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        recipe = hashlib.sha256(repr((RECIPE, SUITE, BASE_PACKAGES, SERVICES)).encode()).hexdigest()[:12]
        for old in folder.iterdir():
            if old.is_dir() and not old.name.endswith(recipe):
                shutil.rmtree(old)
        base = folder / f"base-{recipe}"
        root = folder / f"{service}-{recipe}"
        if not base.exists():
            _build(base, _make_base)
        if not root.exists():
            _build(root, lambda part: _make_service(base, part, service))
    return root


def _build(root: pathlib.Path, make) -> None:
    part = root.with_name(f"part-of-{root.name}")
    if part.exists():
        shutil.rmtree(part)
    print(f"building {root}", flush=True)
    make(part)
    part.rename(root)


def _make_base(root: pathlib.Path) -> None:
    _run(["debootstrap", "--variant=minbase", f"--include={','.join(BASE_PACKAGES)}", SUITE, root, _mirror()])
    (root / "var/log/journal").mkdir(exist_ok=True)  # kept over a reboot
    (root / "etc/machine-id").write_text("")
    for user in ("alice", "bob"):
        _in(root, ["useradd", "--create-home", "--shell", "/bin/bash", user])


def _make_service(base: pathlib.Path, root: pathlib.Path, service: str) -> None:
    _run(["cp", "-a", base, root])
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    for name in ("resolv.conf", "hosts"):  # the host's, as long as packages are fetched
        (root / "etc" / name).unlink(missing_ok=True)
        shutil.copy(f"/etc/{name}", root / "etc" / name)
    _in(root, ["apt-get", "-qq", *_apt_settings(), "update"])
    _in(root, ["apt-get", "-qq", "-y", "--no-install-recommends", *_apt_settings(), "install", *SERVICES[service]])
    _in(root, ["apt-get", "clean"])
    policy.unlink()
    for name in ("resolv.conf", "hosts"):
        (root / "etc" / name).write_text("")


def _mirror() -> str:
    """Where this machine fetches Debian from."""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(LABEL) $(COMPONENT)", "Created-By: Packages"],
                            capture_output=True, text=True).stdout.splitlines()
    return next((line.split()[0] for line in listed if line.split()[1:] == ["Debian", "main"]), MIRROR)


def _apt_settings() -> list:
    """The proxies that this machine's apt goes through."""
    dumped = subprocess.run(["apt-config", "dump"], capture_output=True, text=True).stdout.splitlines()
    wanted = [line.rstrip(";") for line in dumped if line.startswith(("Acquire::http::Proxy ", "Acquire::https::Proxy "))]
    return [word for line in wanted for word in ("-o", line.replace(" ", "=", 1).replace('"', ""))]


def _in(root: pathlib.Path, argv: list) -> None:
    """In namespaces of its own, so that nothing that a package starts outlives it."""
    _run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "chroot", root, "sh", "-c",
          'mount -t proc proc /proc; exec "$@"', "sh", *argv])


def _run(argv: list) -> None:
    env = os.environ | {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run([str(word) for word in argv], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, argv))}: {done.stdout[-2000:]}")


if __name__ == "__main__":
    for name in sys.argv[1:] or SERVICES:
        print(root_of(name))
