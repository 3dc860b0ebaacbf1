"""What a machine holds, path for path: its disk, and what it keeps in memory (/run, /tmp, /dev/shm). Two looks tell what came, went
or changed between them, by mode, owner and content; the lists here say whose a change may be."""
from __future__ import annotations

import hashlib
import os
import pathlib
import re
import stat

IN_MEMORY = ("/run", "/tmp", "/dev/shm")
NOT_FILES = ("/dev", "/proc", "/sys", "/run", "/tmp")
# Our users stay when the packages go, and the test makes a group: such lines do not count in the files of users.
USERS = re.compile(r"/etc/(passwd|group|shadow|gshadow)-?")
OURS_IN_USERS = re.compile(rb"^ntpopt[^\n]*\n", re.M)

# Whose a change may be besides ours, at any time: what keeps a log, counts users, or gives a unit its /tmp and its number.
JOURNAL = (r"/var/log/journal/[0-9a-f]{32}/system(@[0-9a-f-]+)?\.journal~?", r"/run/systemd/journal/(streams/\d+:\d+|synced)")
SYSTEMD = (r"/run/systemd/units/(invocation|log-extra-fields):[^/]+", r"/run/systemd/propagate/[^/]+\.service",
           r"(/var)?/tmp/systemd-private-[0-9a-f]{32}-[^/]+\.service-\w{6}(/tmp)?", r"/run/utmp|/var/log/wtmp")
PACKAGES = (r"/var/lib/dpkg/(status(-old)?|info/ntpopt\.(list|postrm))", r"/var/cache/apt/(src)?pkgcache\.bin",
            r"/var/log/(apt/(eipp\.log\.xz|history\.log|term\.log)|dpkg\.log)", r"/etc/(passwd|group|shadow|gshadow)-")
SERVICES = (r"/run/(chrony/chronyd|ntpd)\.pid", r"/var/lib/chrony/chrony\.drift")
OTHERS = (*JOURNAL, *SYSTEMD, *PACKAGES, *SERVICES)
# Our places while we are installed, and what enables us, which dpkg notes once more.
OURS = (r"/etc/ntpopt/.*", r"/var/lib/ntpopt(-apply)?(/.*)?", r"/run/ntpopt(-apply)?",
        r"(/etc/systemd/system|/var/lib/systemd/deb-systemd-helper-enabled)/(multi-user|sysinit)\.target\.wants"
        r"(/ntpopt(d|-recover)\.service)?")


class Traces:
    """Of one machine. A file that kept its place and its times is not read a second time."""

    def __init__(self, machine):
        self._machine = machine
        self._digests: dict = {}

    def look(self) -> dict:
        """Every path with what it is."""
        found: dict = {}
        self._walk(str(self._machine.root), "/", found)
        for place in IN_MEMORY:
            self._walk(f"/proc/{self._machine.pid}/root{place}", place, found)
        return found

    def _walk(self, real: str, inner: str, found: dict) -> None:
        for entry in os.scandir(real):
            path = os.path.join(inner, entry.name)
            try:
                found[path] = self._held(path, entry)
                if entry.is_dir(follow_symlinks=False) and path not in NOT_FILES:
                    self._walk(entry.path, path, found)
            except FileNotFoundError:  # gone meanwhile
                found.pop(path, None)

    def _held(self, path: str, entry: os.DirEntry) -> tuple:
        status = entry.stat(follow_symlinks=False)
        held = (stat.filemode(status.st_mode), status.st_uid, status.st_gid)
        if entry.is_symlink():
            return (*held, os.readlink(entry.path))
        if not stat.S_ISREG(status.st_mode):
            return held
        place = (path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if place not in self._digests:
            content = pathlib.Path(entry.path).read_bytes()
            if USERS.fullmatch(path):
                content = OURS_IN_USERS.sub(b"", content)
            self._digests[place] = hashlib.sha256(content).hexdigest()
        return (*held, self._digests[place])


def difference(before: dict, after: dict, allowed) -> list:
    """What came, went or changed, without the paths that one of these regular expressions matches as a whole."""
    words = [(path, "new") for path in after.keys() - before.keys()] + \
            [(path, "gone") for path in before.keys() - after.keys()] + \
            [(path, f"{before[path]} -> {after[path]}") for path in after.keys() & before.keys() if after[path] != before[path]]
    pattern = re.compile("|".join(allowed))
    return sorted(f"{path} ({what})" for path, what in words if not pattern.fullmatch(path))
