"""A machine as a distribution installs it: its files over /etc, its NTP service under the unit name that it has there.

The trees beside this file hold what the default configurations say, in our own words.
"""
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import lab  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ETC_OF_ANY_MACHINE = ("passwd", "group", "nsswitch.conf", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "host.conf", "services", "protocols")
UBUNTU = ["ntp.ubuntu.com", *(f"{i}.ubuntu.pool.ntp.org" for i in range(3))]


class Distribution:
    def __init__(self, unit, pools, edit_files=False, arguments=(), config="/etc/chrony/chrony.conf", modes=None):
        self.unit, self.pools, self.edit_files = unit, pools, edit_files
        self.arguments, self.config, self.modes = arguments, config, modes or {}


def _debian(pools):
    return Distribution("chrony.service", pools)


def _red_hat(pools, **more):
    """The configuration file is compiled in there; our chronyd is Debian's and has to be told."""
    return Distribution("chronyd.service", pools, arguments=("-f", "/etc/chrony.conf"), config="/etc/chrony.conf", **more)


CHRONY = {
    **{f"debian-{i}": _debian(["2.debian.pool.ntp.org"]) for i in (11, 12, 13)},
    **{f"ubuntu-{i}": _debian(UBUNTU) for i in ("22.04", "24.04")},
    "rhel-8": _red_hat(["2.rhel.pool.ntp.org"], edit_files=True),
    **{f"rhel-{i}": _red_hat(["2.rhel.pool.ntp.org"]) for i in (9, 10)},
    "fedora": _red_hat(["2.fedora.pool.ntp.org"]),
    "opensuse": _red_hat(["2.opensuse.pool.ntp.org"], modes={"chrony.conf": 0o640}),
}

class OtherDistribution:
    """A distribution's ntpd or timesyncd. `edit_files`: the classic ntpd; `old`: timesyncd before systemd 251."""

    def __init__(self, unit, pools, config="", edit_files=False, old=False):
        self.unit, self.pools, self.config, self.edit_files, self.old = unit, pools, config, edit_files, old


def _numbered(zone):
    return [f"{i}.{zone}.pool.ntp.org" for i in range(4)]


def _ntpsec(pools):
    return OtherDistribution("ntpsec.service", pools, "/etc/ntpsec/ntp.conf")


def _classic(unit, pools):
    return OtherDistribution(unit, pools, "/etc/ntp.conf", edit_files=True)


# The package that is called ntp: the classic 4.2.8 up to Debian 11 and Ubuntu 22.04, a way to ntpsec after them. openSUSE has both
# at /etc/ntp.conf, the classic one as "ntp". Fedora has ntpsec, under the classic one's names (from memory, without its file).
NTPD = {
    "debian-11": _classic("ntp.service", _numbered("debian")),
    **{f"debian-{i}": _ntpsec(_numbered("debian")) for i in (12, 13)},
    "ubuntu-22.04": _classic("ntp.service", [*_numbered("ubuntu"), "ntp.ubuntu.com"]),
    "ubuntu-24.04": _ntpsec([*_numbered("ubuntu"), "ntp.ubuntu.com"]),
    "fedora": OtherDistribution("ntpd.service", ["2.fedora.pool.ntp.org"], "/etc/ntp.conf"),
    "opensuse": _classic("ntpd.service", []),
}

# systemd 247 of Debian 11 and 249 of Ubuntu 22.04 cannot be told servers while they run.
TIMESYNCD = {name: OtherDistribution("systemd-timesyncd.service", pools, old=name in ("debian-11", "ubuntu-22.04")) for name, pools in {
    **{f"debian-{i}": _numbered("debian") for i in (11, 12, 13)},
    **{f"ubuntu-{i}": ["ntp.ubuntu.com"] for i in ("22.04", "24.04")},
    "fedora": _numbered("fedora"),
    "opensuse": [f"time{i}.google.com" for i in range(1, 5)],
}.items()}

# What a distribution does not ship itself, and who does; there is no default configuration to hold against.
NOT_SHIPPED = {
    "chrony": {},
    "ntpd": {"rhel-8": "chrony alone; EPEL has ntpsec", "rhel-9": "as 8", "rhel-10": "as 8"},
    "timesyncd": {"rhel-8": "left out of systemd", "rhel-9": "EPEL has it", "rhel-10": "as 9"},
}
NTS = {"ubuntu-25.10": _debian([f"{i}.ntp.ubuntu.com" for i in range(1, 5)])}


class OwnEtc:
    """Part of a world: the distribution's files are its /etc, since daemons know their places by themselves."""

    def cover_etc(self, tree, modes=()):
        """The machine's /etc and /var/lib are covered; what `tree` holds is looked at by files()."""
        etc = self.directory / "etc"
        shutil.copytree(tree, etc)
        self.tree = sorted(path.relative_to(etc) for path in etc.rglob("*"))
        for path in (etc, *etc.rglob("*")):  # as packages install them, whatever the umask of the clone was
            path.chmod(0o755 if path.is_dir() else 0o644)
        for name, mode in dict(modes).items():
            (etc / name).chmod(mode)
        for name in ETC_OF_ANY_MACHINE:
            source = pathlib.Path("/etc") / name
            if source.is_dir():
                shutil.copytree(source, etc / name)
            elif source.exists():
                shutil.copy2(source, etc / name)
        for name in ("hosts", "resolv.conf"):
            (etc / name).write_text("")
            self.bind(self.directory / name, etc / name)
        self.run(["mount", "--rbind", etc, "/etc"]).check_returncode()
        self.bind(self.directory / "var-lib", pathlib.Path("/var/lib"))

    def files(self):
        """Every file and folder of the distribution as it stands: what is in it, its mode and owner."""
        found = {}
        for path in (pathlib.Path("/etc") / name for name in self.tree):
            state = path.stat()
            found[str(path)] = (path.read_bytes() if path.is_file() else sorted(os.listdir(path)), state.st_mode, state.st_uid, state.st_gid)
        return found


class ChronyOfDistribution(OwnEtc, lab.ApplierWorld):
    """The distribution's chronyd, running as its unit, and the applier on the bus."""

    def __init__(self, name, distribution, config_lines=()):
        super().__init__()
        self.distribution = distribution
        (self.directory / "var-lib" / "chrony").mkdir(parents=True)
        self.cover_etc(HERE / name / "etc", distribution.modes)
        pathlib.Path("/run/chrony").mkdir(mode=0o750)
        self.before = self.files()
        addresses = {pool: [f"127.9.{i}.{member}" for member in range(1, 5)] for i, pool in enumerate(distribution.pools)}
        self.add_names(addresses)
        self.start_fake_servers([f"{address} name=p{address.replace('.', '-')} stratum=2 delay=1ms"
                                 for members in addresses.values() for address in members])
        self.config.write_text("\n".join(["[apply]", *config_lines]) + "\n")
        self.start_bus([self.applier_policy])
        self.systemd = self.start_systemd()
        self.chronyc = [self.service_program("chrony", "usr/bin/chronyc")]
        self.systemd.start(distribution.unit, [self.service_program("chrony", "usr/sbin/chronyd"), "-x", "-u", "root", "-d",
                                               *distribution.arguments])
        self.wait_for(lambda: self.run([*self.chronyc, "-n", "tracking"]).returncode == 0, 60, "chronyd to listen")
        self.run_applier()

    def sources(self):
        argv = [*self.chronyc, "-c", "-N", "sources", "-a"]
        rows = self.wait_for(lambda: self.run(argv).stdout.splitlines(), 60, "chronyd to tell its sources")
        # A source that goes while chronyc lists them one by one leaves a line that says so.
        return [dict(zip(("mode", "state", "name"), row.split(","))) for row in rows if "," in row]

    def followed(self):
        return sorted({row["name"] for row in self.sources()})

    def is_synchronised(self):
        return any(row["state"] == "*" for row in self.sources())
