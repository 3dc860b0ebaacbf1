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
NTS = {"ubuntu-25.10": _debian([f"{i}.ntp.ubuntu.com" for i in range(1, 5)])}


class ChronyOfDistribution(lab.ApplierWorld):
    """The distribution's chronyd, running as its unit, and the applier on the bus."""

    def __init__(self, name, distribution, config_lines=()):
        super().__init__()
        self.distribution = distribution
        self._cover_etc(HERE / name / "etc")
        self.before = self.files()
        addresses = {pool: [f"127.9.{i}.{member}" for member in range(1, 5)] for i, pool in enumerate(distribution.pools)}
        self.add_names(addresses)
        self.start_fake_servers([f"{address} name=p{address.replace('.', '-')} stratum=2 delay=1ms"
                                 for members in addresses.values() for address in members])
        self.config.write_text("\n".join(["[apply]", *config_lines]) + "\n")
        self.start_bus([self.applier_policy])
        self.systemd = self.start_systemd()
        self.chronyc = [lab.world.daemon_program("chrony", "usr/bin/chronyc")]
        self.systemd.start(distribution.unit, [lab.world.daemon_program("chrony", "usr/sbin/chronyd"), "-x", "-u", "root", "-d",
                                               *distribution.arguments])
        self.wait_for(lambda: self.run([*self.chronyc, "-n", "tracking"]).returncode == 0, 10, "chronyd to listen")
        self.run_applier()

    def _cover_etc(self, tree):
        """The machine's /etc and /var/lib are covered, since chronyd knows these places by itself."""
        etc = self.directory / "etc"
        shutil.copytree(tree, etc)
        self.tree = sorted(path.relative_to(etc) for path in etc.rglob("*"))
        for name, mode in self.distribution.modes.items():
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
        empty = self.directory / "var-lib"
        (empty / "chrony").mkdir(parents=True)
        self.bind(empty, pathlib.Path("/var/lib"))
        pathlib.Path("/run/chrony").mkdir(mode=0o750)

    def files(self):
        """Every file and folder of the distribution as it stands: what is in it, its mode and owner."""
        found = {}
        for path in (pathlib.Path("/etc") / name for name in self.tree):
            state = path.stat()
            found[str(path)] = (path.read_bytes() if path.is_file() else sorted(os.listdir(path)), state.st_mode, state.st_uid, state.st_gid)
        return found

    def sources(self):
        rows = self.run([*self.chronyc, "-c", "-N", "sources", "-a"]).stdout.splitlines()
        return [dict(zip(("mode", "state", "name"), row.split(","))) for row in rows]

    def followed(self):
        return sorted({row["name"] for row in self.sources()})

    def is_synchronised(self):
        return any(row["state"] == "*" for row in self.sources())
