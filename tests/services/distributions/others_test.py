"""Default configurations of ntpsec and systemd-timesyncd as distributions ship them, held against golden files as chrony's are.

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
import lab  # noqa: E402
from lab.applier import NAMES, servers  # noqa: E402

UBUNTU = ["ntp.ubuntu.com"]
FALLBACK = {"debian-12": [f"{i}.debian.pool.ntp.org" for i in range(4)], "ubuntu-24.04": UBUNTU,
            "fedora": [f"{i}.fedora.pool.ntp.org" for i in range(4)]}


class TimesyncdOfDistribution(timesyncd_world.TimesyncdWorld):
    names = NAMES | {name: [f"127.9.{i}.1"] for i, name in enumerate(name for group in FALLBACK.values() for name in group)}


class Others(unittest.TestCase):
    maxDiff = None

    def hold(self, name, service, world, plan):
        seen = world.call("observe")
        text = json.dumps({
            "observed": {key: seen[key] for key in ("service", "active", "base_names", "capabilities", "refusals") if key in seen},
            "plan": {key: plan[key] for key in ("steps", "verify", "files", "refusals")},
        }, indent=1).replace(str(world.directory), "/world") + "\n"
        golden = HERE / name / f"golden-{service}.json"
        if os.environ.get("NTPOPT_GOLDEN") == "write":
            golden.write_text(text)
        self.assertEqual(json.loads(text), json.loads(golden.read_text()))

    def check_ntpsec(self, name):
        text = (HERE / name / "etc/ntpsec/ntp.conf").read_text()
        with ntpd_world.NtpdWorld(config=text) as world:
            chosen = ["n1.test", "n2.test", "n3.test", "n4.test"]
            self.hold(name, "ntpd", world, world.call("plan", ntpd_world.servers(chosen)))
            self.assertEqual(world.apply(chosen)["state"], "committed", world.applier.log())
            self.assertEqual(world.ntpd.names(), chosen)
            report = world.finish(world.call("rollback", {"original": True}), timeout=120)
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.ntpd.config.read_bytes(), world.pristine)
            self.assertFalse(world.ntpd.drop_in.exists())

    def check_timesyncd(self, name):
        lines = (HERE / name / "etc/systemd/timesyncd.conf").read_text().split("[Time]\n")[1].splitlines()
        with TimesyncdOfDistribution(base=lines) as world:
            world.serve()
            chosen = ["n1.test", "n2.test", "n3.test", "n4.test"]
            self.hold(name, "timesyncd", world, world.call("plan", servers(chosen)))
            report = world.apply(chosen)
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.timesyncd.listed(), chosen)
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.foreign_files(), world.foreign)
            self.assertFalse(world.timesyncd.drop_in.exists())

    def test_ntpsec_of_debian_12(self):
        self.check_ntpsec("debian-12")

    def test_ntpsec_of_debian_13(self):
        self.check_ntpsec("debian-13")

    def test_timesyncd_of_debian_12(self):
        self.check_timesyncd("debian-12")

    def test_timesyncd_of_ubuntu_24_04(self):
        self.check_timesyncd("ubuntu-24.04")

    def test_timesyncd_of_fedora(self):
        self.check_timesyncd("fedora")


if __name__ == "__main__":
    lab.main()
