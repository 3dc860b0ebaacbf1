"""Include lines never point upward: the floors of docs/architecture.md, checked file by file."""
import re
import sys
import unittest

from source_files import ROOT, code

# Who may include whom, by folder; a folder may always include itself. "dbus" and "daemon/core" are one floor, apart.
ALLOWED = {
    "common": {"common"},
    "dbus": {"common"},
    "daemon/core": {"common"},
    "daemon/ports": {"common", "daemon/core"},
    "daemon/io": {"common", "dbus", "daemon/core", "daemon/ports"},
    "daemon/engine": {"common", "daemon/core", "daemon/ports"},
    "daemon/curl": {"common"},
    "daemon/fetch": {"common", "daemon/core", "daemon/curl"},
    "daemon/notify": {"common", "daemon/core", "daemon/curl"},
    "daemon/apply": {"common", "dbus", "daemon/core", "daemon/ports", "daemon/io"},
    "daemon/api": {"common", "dbus", "daemon/core", "daemon/ports", "daemon/io", "daemon/engine"},
    "daemon/app": {"common", "dbus", "daemon/core", "daemon/ports", "daemon/io", "daemon/engine", "daemon/api"},
    "ctl": {"common", "dbus"},
}
# Third-party headers that lower floors must not see.
FORBIDDEN = {
    "common": r"boost/asio|sdbus|systemd/|toml\+\+|ares\.h|sqlite3\.h|curl/",
    "daemon/core": r"boost/asio|sdbus|systemd/|ares\.h|sqlite3\.h|sys/socket\.h|unistd\.h|fcntl\.h|<fstream>|<thread>|<random>",
    "daemon/io": r"curl/",
    "daemon/curl": r"boost/asio|sdbus|systemd/",
    "daemon/fetch": r"boost/asio|sdbus|systemd/",
    "daemon/notify": r"boost/asio|sdbus|systemd/",
    "daemon/ports": r"sdbus|systemd/|toml\+\+|ares\.h|sqlite3\.h",
    "daemon/engine": r"sdbus|systemd/|toml\+\+|ares\.h|sqlite3\.h|sys/socket\.h",
    "ctl": r"toml\+\+|ares\.h|sqlite3\.h",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)


def floor_of(path: str) -> str:
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "daemon" else parts[0]


class Floors(unittest.TestCase):
    def test_no_include_points_upward(self):
        wrong = []
        for path in code("common", "dbus", "daemon", "ctl"):
            name = str(path.relative_to(ROOT))
            floor = floor_of(name)
            if floor not in ALLOWED:
                wrong.append(f"{name}: no floor of docs/architecture.md")
                continue
            for kind, target in INCLUDE.findall(path.read_text()):
                if kind == "<":
                    if re.search(FORBIDDEN.get(floor, r"(?!)"), f"<{target}>"):
                        wrong.append(f"{name}: <{target}> does not belong on this floor")
                elif floor_of(target) in ALLOWED and floor_of(target) not in ALLOWED[floor] | {floor}:
                    wrong.append(f"{name}: \"{target}\" is above it or beside it")
                elif "/" not in target:
                    wrong.append(f"{name}: \"{target}\" is not written from the root")
        self.assertEqual(wrong, [])

    def test_every_floor_is_there(self):
        found = {floor_of(str(path.relative_to(ROOT))) for path in code("common", "dbus", "daemon", "ctl")}
        self.assertEqual(found, set(ALLOWED))

    def test_every_file_says_what_it_is_for(self):
        silent = [str(path.relative_to(ROOT)) for path in code() if not path.read_text().startswith("//")]
        self.assertEqual(silent, [])

    def test_no_room_has_grown_into_two(self):
        long = [f"{path.relative_to(ROOT)}: {lines} lines" for path in code()
                if (lines := path.read_text().count("\n")) > 400]
        self.assertEqual(long, [])


if __name__ == "__main__":
    sys.exit(unittest.main())
