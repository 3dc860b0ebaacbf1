"""Which chronyd is this machine's: one that systemd put into a sandbox is, one in somebody's container or session is not;
and which programs root runs."""
import os
import pathlib
import pwd
import shutil
import unittest

from applier_world import ApplierWorld, Refused, servers
import lab
from lab.world import NOBODY


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
        for directory in (*self.cgroup.glob("*"), self.cgroup):
            if directory.is_dir():
                self.world.wait_for(lambda: "populated 1" not in (directory / "cgroup.events").read_text()
                                    if (directory / "cgroup.events").exists() else True, 60, "the control group to be empty")
                directory.rmdir()

    def under(self, group, *words):
        """Starts a program in this control group, through these words."""
        directory = self.cgroup / group
        directory.mkdir(parents=True, exist_ok=True)
        return ["sh", "-c", f'echo $$ >"{directory}/cgroup.procs"; exec "$@"', "sh", *words]

    def start_in_service(self, unit):
        self.world.chrony.start(self.under(unit, "unshare", "--mount"))
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

    def test_a_service_that_comes_in_the_middle_of_a_change_does_not_hide_the_one_that_is_changed(self):
        self.world.chrony.start()
        self.world.wait_for(self.world.chrony.is_synchronised, 30, "chronyd to follow its own sources")
        new = ["n1.test", "n2.test"]
        self.world.set_fakes(new, "silent=yes")
        number = self.world.call("apply", servers(new), {})
        self.world.wait_for(lambda: self.world.call("transaction", "0")["state"] == "verifying", 60, "the proof to begin")
        other = self.world.directory / "ntpd"
        shutil.copy(shutil.which("sleep"), other)
        # Of two services the one in a known unit counts first: of this one the applier must not even think.
        process = self.world.start("ntpd", self.under("ntpsec.service", other, "1000"))
        self.world.wait_for(lambda: os.readlink(f"/proc/{process.pid}/exe") == str(other), 60, "the other service to run")
        self.world.set_fakes(new, "silent=no")
        report = self.world.finish(number)
        self.assertEqual(report["state"], "committed", report)
        self.assertEqual(self.world.distinct_names(), new)

    def test_a_chronyd_in_somebody_s_session_is_his_own(self):
        own = own_chronyd(self.world, user=1, under=self.under("user.slice"))
        seen = self.world.call("observe")
        self.assertEqual((seen["service"], seen["refusals"][0]), ("none", "no NTP service runs here"))
        self.assertRegex(seen["refusals"][1], rf"chronyd \(PID {own.pid}\) of user 1 is not taken for .*: it is no system service's")

    def test_systemd_adds_the_unit_and_the_invocation_of_this_very_start(self):
        systemd = self.world.start_systemd()
        systemd.start("chrony.service", self.world.chrony.argv)
        self.world.wait_for(self.world.chrony.answers, 60, "chronyd to listen")
        seen = self.world.call("observe")
        self.assertEqual((seen["unit"], seen["invocation"], seen["main_pid"]),
                         ("chrony.service", "01" * 16, systemd.pid("chrony.service")))
        systemd.restart("chrony.service")
        self.world.wait_for(self.world.chrony.answers, 60, "chronyd to listen again")
        self.assertEqual(self.world.call("observe")["invocation"], "02" * 16)


SPY = """#include <fcntl.h>
#include <unistd.h>
int main(int count, char** words) {
    if (count > 1 && words[1][0] == '-') return creat("%s", 0644) < 0;
    pause();
    return 0;
}
"""


def own_chronyd(world, user, under=()):
    """The machine's chronyd, run by a user on a configuration of his own."""
    home = world.directory / f"home-{user}"
    home.mkdir(mode=0o700)
    os.chown(home, user, user)
    (home / "chrony.conf").write_text(f"server n6.test iburst\nport 0\ncmdport 0\nbindcmdaddress {home}/sock\npidfile {home}/pid\n")
    process = world.start(f"chronyd-{user}", [*under, "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups",
                                              world.service_program("chrony", "usr/sbin/chronyd"), "-U", "-u", pwd.getpwuid(user).pw_name,
                                              "-x", "-d", "-f", home / "chrony.conf"])
    world.wait_for((home / "sock").exists, 60, "the user's chronyd to listen")
    return process


class Strangers(unittest.TestCase):
    def test_root_runs_no_program_of_a_user_s_that_is_called_like_a_service(self):
        with ApplierWorld() as world:
            home, ran = world.directory / "home", world.directory / "home" / "ran"
            home.mkdir()
            (home / "spy.c").write_text(SPY % ran)
            self.assertEqual(world.run(["cc", "-o", home / "chronyd", home / "spy.c"]).returncode, 0)
            for path in (home, home / "chronyd"):
                os.chown(path, NOBODY, NOBODY)
            spy = world.start("spy", ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", home / "chronyd"])
            world.wait_for(lambda: os.readlink(f"/proc/{spy.pid}/exe") == str(home / "chronyd"), 60, "the spy to run")
            world.chrony.restart()  # so that the spy has the lower PID
            world.wait_for(world.chrony.is_synchronised, 30, "chronyd to follow its own sources")
            world.serve()
            seen = world.call("observe")
            self.assertEqual((seen["main_pid"], seen["refusals"]), (world.chrony.pid, []))
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            world.chrony.process.stop()
            self.assertRegex(world.call("observe")["refusals"][1],
                             rf"chronyd \(PID {spy.pid}\) of user {NOBODY} is not taken for .*home/chronyd is in a directory that belongs to another user")
            world.applier.stop()
            self.assertEqual(world.once("--rollback-original").returncode, 0)
            self.assertFalse(ran.exists(), "the user's program ran as root")

    def test_a_user_s_own_run_of_the_machine_s_chronyd_is_not_the_service(self):
        with ApplierWorld() as world:
            own_chronyd(world, NOBODY)
            world.chrony.restart()
            world.serve()
            seen = world.call("observe")
            self.assertEqual((seen["main_pid"], seen["config_path"], seen["refusals"]), (world.chrony.pid, str(world.chrony.config), []))
            world.chrony.process.stop()
            self.assertEqual(world.call("observe")["service"], "none")

    def test_a_program_that_others_may_write_is_not_run(self):
        with ApplierWorld() as world:
            loose = world.directory / "loose" / "sbin" / "chronyd"
            loose.parent.mkdir(parents=True)
            shutil.copy(world.service_program("chrony", "usr/sbin/chronyd"), loose)
            loose.chmod(0o775)
            world.serve()
            world.chrony.process.stop()
            left = world.start("loose", [loose, *world.chrony.argv[1:]])
            world.wait_for(world.chrony.answers, 60, "chronyd to listen")
            self.assertEqual(world.call("observe")["refusals"][1],
                             f"chronyd (PID {left.pid}) is left alone: {loose} belongs to another user or can be written by others")
            left.stop()
            world.chrony.start()
            world.applier.stop()
            chronyc = world.directory / "chronyc"
            shutil.copy(world.service_program("chrony", "usr/bin/chronyc"), chronyc)
            chronyc.chmod(0o777)
            world.write_config(chronyc=f"{chronyc} -h {world.chrony.socket}")
            world.run_applier()
            with self.assertRaisesRegex(Refused, "chronyc belongs to another user or can be written by others"):
                world.call("plan", servers(["n1.test", "n2.test"]), {})


if __name__ == "__main__":
    lab.main()
