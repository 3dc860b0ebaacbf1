"""The RPM packages hold what the Debian packages hold, with the same modes and owners, but for what the tables here name; and
their scriptlets do what the maintainer scripts do. Both are made from one source, and ccache sees to it that it is compiled
once (packaging/build-deb.sh, packaging/build-rpm.sh). What the scriptlets do to a machine that runs is rpm_test.py's."""
from __future__ import annotations

import gzip
import hashlib
import io
import pathlib
import re
import stat
import subprocess
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ("ntpopt", "ntpoptctl")
# What lies elsewhere in Fedora: Debian 12's /lib is not yet gone from packages, and each has its folder of zsh functions.
MOVED = (("/lib/", "/usr/lib/"), ("/usr/share/zsh/vendor-completions", "/usr/share/zsh/site-functions"))
# What each distribution asks of its packages.
ONLY_DEB = {"/usr/share/doc/{}/copyright", "/usr/share/doc/{}/changelog"}
ONLY_RPM = {"/usr/share/licenses/{}/LICENSE"}
# There is no purge with rpm: state and configuration that somebody wrote stay.
ONLY_PURGED = {"/var/lib/ntpopt", "/var/lib/ntpopt-apply", "/etc/ntpopt"}
# For files that an administrator adds.
EMPTY = {"/etc/ntpopt/conf.d"}


def run(*argv, **options) -> bytes:
    return subprocess.run([str(word) for word in argv], stdout=subprocess.PIPE, check=True, **options).stdout


def the_one(pattern: str) -> pathlib.Path:
    found = list((ROOT / "build").glob(pattern))
    if len(found) != 1:
        raise AssertionError(f"build/{pattern} is {found}: packaging/build-deb.sh and packaging/build-rpm.sh make the packages")
    return found[0]


def rpm_of(package: str) -> pathlib.Path:
    return the_one(f"rpm/RPMS/*/{package}-[0-9]*.rpm")


class Entry:
    """A path as a package has it; a page or a document is compared as it reads, a program by its code."""

    def __init__(self, archive: tarfile.TarFile, member: tarfile.TarInfo):
        self.folder = member.isdir()
        self.attributes = (oct(member.mode & 0o7777), member.uname or str(member.uid), member.gname or str(member.gid))
        self.name = "/" + member.name.removeprefix("./").strip("/")
        self.content = member.linkname
        if member.isfile():
            data = archive.extractfile(member).read()
            if self.name.endswith(".gz"):
                self.name, data = self.name.removesuffix(".gz"), gzip.decompress(data)
            self.content = hashlib.sha256(code_of(data) if data.startswith(b"\x7fELF") else data).hexdigest()


def code_of(program: bytes) -> bytes:
    """Its machine code: the packages' tools strip what is around it differently."""
    with tempfile.NamedTemporaryFile() as whole, tempfile.NamedTemporaryFile() as code:
        whole.write(program)
        whole.flush()
        run("objcopy", "--output-target=binary", "--only-section=.text", whole.name, code.name)
        text = pathlib.Path(code.name).read_bytes()
    if not text:
        raise AssertionError("a program without code")
    return text


def entries(archive: bytes) -> dict[str, Entry]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        found = [Entry(opened, member) for member in opened]
    return {entry.name: entry for entry in found}


def moved(name: str) -> str:
    for deb, rpm in MOVED:
        if name.startswith(deb):
            return rpm + name.removeprefix(deb)
    return name


def scriptlets(package: str) -> dict[str, str]:
    tags = ("PRETRANS", "PREIN", "POSTIN", "PREUN", "POSTUN", "POSTTRANS")
    shown = {tag: run("rpm", "-qp", "--qf", f"%{{{tag}}}", rpm_of(package)).decode() for tag in tags}
    return {tag: text for tag, text in shown.items() if text != "(none)"}


def removed_by(script: str) -> set[str]:
    """The paths that it removes, in commands over several lines, too."""
    commands = re.findall(r"^\s*(?:\"\$\{sudo\[@\]\}\" )?rm (?:-\w+ )(/.*)$", script.replace("\\\n", " "), re.M)
    return {path for command in commands for path in command.split()}


class Packages(unittest.TestCase):
    def setUp(self):
        self.maxDiff = None

    def test_rpm_holds_what_deb_holds(self):
        for package in PACKAGES:
            with self.subTest(package):
                debian = entries(run("dpkg-deb", "--fsys-tarfile", the_one(f"package/{package}_*.deb")))
                deb = {moved(name): entry for name, entry in debian.items()}
                with open(rpm_of(package), "rb") as opened:
                    rpm = entries(run("rpm2archive", "--nocompression", stdin=opened))
                files = [{name for name, entry in side.items() if not entry.folder} for side in (deb, rpm)]
                self.assertGreater(len(files[0]), 5)
                self.assertEqual(files[0] - files[1], {path.format(package) for path in ONLY_DEB})
                self.assertEqual(files[1] - files[0], {path.format(package) for path in ONLY_RPM})
                for name in files[0] & files[1]:
                    self.assertEqual(deb[name].attributes, rpm[name].attributes, name)
                    self.assertEqual(deb[name].content, rpm[name].content, name)

    def test_rpm_owns_our_folders_and_no_others(self):
        """A .deb lists the folders of the distribution, too; what belongs to us has to go with the package."""
        for package in PACKAGES:
            rpm = self.listed(package)
            folders = {name for name, (mode, _) in rpm.items() if stat.S_ISDIR(mode)}
            ours = {str(folder) for name in rpm for folder in pathlib.PurePath(name).parents if package in folder.parts}
            self.assertEqual(folders - EMPTY, ours)

    def test_configuration_is_never_overwritten(self):
        deb = run("dpkg-deb", "--info", the_one("package/ntpopt_*.deb"), "conffiles").decode().split()
        rpm = {name: flags for name, (_, flags) in self.listed("ntpopt").items() if "c" in flags}
        self.assertEqual(rpm, {name: "cn" for name in deb})

    def listed(self, package: str) -> dict[str, tuple[int, str]]:
        rows = run("rpm", "-qp", "--qf", "[%{FILEMODES:octal}\t%{FILEFLAGS:fflags}\t%{FILENAMES}\n]", rpm_of(package)).decode()
        return {name: (int(mode, 8), flags) for mode, flags, name in (row.split("\t") for row in rows.splitlines())}

    def test_every_program_has_its_manual_page(self):
        for package in PACKAGES:
            names = self.listed(package)
            programs = [name for name in names if re.fullmatch(r"/usr/(s?bin|libexec)/[^/]+", name)]
            self.assertTrue(programs)
            for program in programs:
                page = rf"/usr/share/man/man[18]/{re.escape(pathlib.PurePath(program).name)}\.[18]\.gz"
                self.assertTrue([name for name in names if re.fullmatch(page, name)], program)

    def test_scriptlets_are_clean_shell(self):
        found = scriptlets("ntpopt")
        self.assertEqual(set(found), {"POSTIN", "PREUN", "POSTUN"})
        self.assertEqual(scriptlets("ntpoptctl"), {})
        for tag, script in found.items():
            with self.subTest(tag):
                done = subprocess.run(["shellcheck", "--shell=sh", "-"], input=script, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout + script)

    def test_removal_takes_away_the_same_files(self):
        debian = removed_by((ROOT / "packaging/debian/ntpopt.postrm").read_text())
        self.assertEqual(removed_by(scriptlets("ntpopt")["POSTUN"]), debian - ONLY_PURGED)
        self.assertEqual(removed_by((ROOT / "packaging/install.sh").read_text()), debian - ONLY_PURGED)
        self.assertLess(ONLY_PURGED, debian)

    def test_every_unit_that_can_be_enabled_is_preset_and_disabled(self):
        units = {path.name.removesuffix(".in") for path in (ROOT / "packaging/systemd").iterdir()
                 if path.suffix != ".preset" and "[Install]" in path.read_text()}
        preset = (ROOT / "packaging/systemd/50-ntpopt.preset").read_text()
        self.assertEqual(set(re.findall(r"^disable (\S+)$", preset, re.M)), units)
        found = scriptlets("ntpopt")
        for tag, verb in (("POSTIN", "install-system-units"), ("PREUN", "remove-system-units")):
            self.assertEqual(set(re.search(rf"{verb} (.*) \|\| :", found[tag])[1].split()), units)
        self.assertIn("mark-restart-system-units ntpoptd.service ||", found["POSTUN"])
        rules = (ROOT / "packaging/debian/rules").read_text()
        self.assertFalse([unit for unit in units if unit not in rules])

    def test_one_version(self):
        versions = {run("rpm", "-qp", "--qf", "%{VERSION}", rpm_of(package)).decode() for package in PACKAGES}
        debs = [the_one(f"package/{package}_*.deb") for package in PACKAGES]
        versions |= {run("dpkg-deb", "--field", deb, "Version").decode().strip() for deb in debs}
        versions |= set(re.findall(r"^project\(ntpopt VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M))
        self.assertEqual(len(versions), 1, versions)


if __name__ == "__main__":
    unittest.main()
