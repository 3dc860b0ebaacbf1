"""Which chronyd is this machine's: one that systemd put into a sandbox is, one in somebody's container is not."""
import os
import pathlib
import unittest

from applier_world import ApplierWorld
import lab


def cgroup_mount():
    """Where control groups are made; "0::" or "name=systemd" in /proc/PID/cgroup tells of them."""
    found = {}
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ")
        kind, _, options = after.split(" ", 2)
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options.split(",")):
            found[kind] = pathlib.Path(before.split()[4])
    return found.get("cgroup2") or found["cgroup"]


class Detect(unittest.TestCase):
    def setUp(self):
        self.cgroup = cgroup_mount() / f"ntpopt-lab-{os.readlink('/proc/self/ns/mnt').strip('mnt:[]')}.slice"
        self.world = ApplierWorld()
        self.addCleanup(self.leave)
        self.world.serve()
        self.world.chrony.process.stop()

    def leave(self):
        self.world.close()
        for directory in (*self.cgroup.glob("*.service"), self.cgroup):
            if directory.exists():
                self.world.wait_for(lambda: "populated 1" not in (directory / "cgroup.events").read_text()
                                    if (directory / "cgroup.events").exists() else True, 10, "the control group to be empty")
                directory.rmdir()

    def start_in_service(self, unit):
        service = self.cgroup / unit
        service.mkdir(parents=True)
        self.world.chrony.start(["sh", "-c", f'echo $$ >"{service}/cgroup.procs"; exec unshare --mount "$@"', "sh"])
        self.world.wait_for(self.world.chrony.is_synchronised, 30, "chronyd to follow its own sources")

    def test_a_chronyd_whose_service_has_private_tmp_is_found_and_changed(self):
        self.start_in_service("chrony.service")
        seen = self.world.call("observe")
        self.assertEqual((seen["service"], seen["unit"], seen["main_pid"]), ("chronyd", "chrony.service", self.world.chrony.pid))
        self.assertEqual(self.world.apply(["n1.test", "n2.test"])["state"], "committed")
        self.assertEqual(self.world.distinct_names(), ["n1.test", "n2.test"])

    def test_a_chronyd_in_another_mount_namespace_of_an_unknown_service_is_a_container_s(self):
        self.start_in_service("engine.service")
        seen = self.world.call("observe")
        self.assertEqual((seen["service"], seen["refusals"]), ("none", ["no NTP service runs here"]))

    def test_systemd_adds_the_unit_and_the_invocation_of_this_very_start(self):
        systemd = self.world.start_systemd()
        systemd.start("chrony.service", self.world.chrony.argv)
        self.world.wait_for(self.world.chrony.answers, 10, "chronyd to listen")
        seen = self.world.call("observe")
        self.assertEqual((seen["unit"], seen["invocation"], seen["main_pid"]),
                         ("chrony.service", "01" * 16, systemd.pid("chrony.service")))
        systemd.restart("chrony.service")
        self.world.wait_for(self.world.chrony.answers, 10, "chronyd to listen again")
        self.assertEqual(self.world.call("observe")["invocation"], "02" * 16)


if __name__ == "__main__":
    lab.main()
