"""Default configurations of ntpd and systemd-timesyncd as distributions ship them, held against golden files as chrony's are.

With NTPOPT_GOLDEN=write the golden files are written anew, to be read before they are committed.
"""
import json
import os
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "ntpd"), str(HERE.parent / "timesyncd")]
import ntpd_world  # noqa: E402
import timesyncd_world  # noqa: E402
from distributions_world import CHRONY, NOT_SHIPPED, NTPD, TIMESYNCD, OwnEtc  # noqa: E402
import lab  # noqa: E402
from lab.applier import NAMES, servers  # noqa: E402

CHOSEN = ["n1.test", "n2.test", "n3.test", "n4.test"]


class NtpdOfDistribution(OwnEtc, ntpd_world.NtpdWorld):
    """The distribution's ntpd, running as its unit on its file in /etc."""

    def __init__(self, name, distribution):
        self.name, self.distribution = name, distribution
        pools = {pool: [f"10.77.{60 + i}.{member}" for member in range(1, 5)] for i, pool in enumerate(distribution.pools)}
        self.names = ntpd_world.NAMES | pools
        super().__init__(config_lines=["edit_files = true"] if distribution.edit_files else [], wait=bool(pools))

    def start_ntpd(self, config):
        (self.directory / "var-lib").mkdir()
        self.cover_etc(HERE / self.name / "etc")
        self.before = self.own_files()
        client = lab.Ntpd(self, self.systemd, config, self.service_program("ntpsec", "usr/sbin/ntpd"), self.distribution.unit,
                          pathlib.Path(self.distribution.config), self.distribution.edit_files)
        client.start()
        return client

    def own_files(self):
        """Without the folders: the one for drop-ins stays."""
        return {path: state for path, state in self.files().items() if isinstance(state[0], bytes)}


class TimesyncdOfDistribution(timesyncd_world.TimesyncdWorld):
    """The distribution's timesyncd, running as its unit on its file in /etc."""

    def __init__(self, name, distribution):
        self.names = NAMES | {pool: [f"127.9.{i}.1"] for i, pool in enumerate(distribution.pools)}
        lines = (HERE / name / "etc/systemd/timesyncd.conf").read_text().split("[Time]\n")[1].splitlines()
        super().__init__(base=lines, with_systemd=True, old=distribution.old)


class Others(unittest.TestCase):
    maxDiff = None

    def hold(self, name, service, world, plan):
        seen = world.call("observe")
        text = json.dumps({
            "observed": {key: seen[key] for key in ("service", "unit", "config_path", "active", "base_names", "capabilities", "refusals")
                         if key in seen},
            "plan": {key: plan[key] for key in ("steps", "verify", "files", "refusals")},
        }, indent=1) + "\n"
        golden = HERE / name / f"golden-{service}.json"
        if os.environ.get("NTPOPT_GOLDEN") == "write":
            golden.write_text(text)
        self.assertEqual(json.loads(text), json.loads(golden.read_text()))

    def check_ntpd(self, name):
        with NtpdOfDistribution(name, NTPD[name]) as world:
            self.hold(name, "ntpd", world, world.call("plan", ntpd_world.servers(CHOSEN)))
            self.assertEqual(world.own_files(), world.before, "a plan changes nothing")
            report = world.apply(CHOSEN)
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.ntpd.names(), CHOSEN)
            report = world.finish(world.call("rollback", {"original": True}), timeout=120)
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.ntpd.names(), sorted(NTPD[name].pools))
            self.assertEqual(world.own_files(), world.before)
            self.assertFalse(world.ntpd.drop_in.exists())

    def check_timesyncd(self, name):
        with TimesyncdOfDistribution(name, TIMESYNCD[name]) as world:
            world.serve()
            pid = world.timesyncd.pid
            self.hold(name, "timesyncd", world, world.call("plan", servers(CHOSEN)))
            report = world.apply(CHOSEN)
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.timesyncd.listed(), CHOSEN)
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.foreign_files(), world.foreign)
            self.assertFalse(world.timesyncd.drop_in.exists())
            if not TIMESYNCD[name].old:
                self.assertEqual(world.timesyncd.pid, pid)

    def test_none_is_missing(self):
        for service, table in (("chrony", CHRONY), ("ntpd", NTPD), ("timesyncd", TIMESYNCD)):
            self.assertEqual(sorted(CHRONY), sorted({*table, *NOT_SHIPPED[service]}), service)


def _add(service, table):
    for name in table:
        setattr(Others, f"test_{service}_of_" + name.replace("-", "_").replace(".", "_"),
                lambda self, name=name: getattr(self, f"check_{service}")(name))


_add("ntpd", NTPD)
_add("timesyncd", TIMESYNCD)


if __name__ == "__main__":
    lab.main()
