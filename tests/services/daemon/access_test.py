"""Who may do what: ntpoptd has no rights, strangers may read and change nothing, nobody but root and ntpoptd's user reaches
the applier."""
import json
import os
import pathlib
import re
import subprocess
import unittest

from home import settled_machine
import lab

ROOT = pathlib.Path(__file__).resolve().parents[3]
STRANGER = 1  # "daemon" on Debian: neither root nor ntpoptd's user
NOBODY = 65534


class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = settled_machine()
        cls.addClassCleanup(cls.machine.close)

    def status_of_daemon(self) -> dict:
        lines = pathlib.Path(f"/proc/{self.machine.daemon.pid}/status").read_text().splitlines()
        return dict(line.split(":\t", 1) for line in lines if ":\t" in line)

    def as_stranger(self, *argv):
        return self.machine.run(["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", *argv])

    def test_ntpoptd_has_no_capabilities_and_no_root(self):
        status = self.status_of_daemon()
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(status[name], 16), 0, name)
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(set(status["Uid"].split()), {str(NOBODY)})

    def as_ntpoptd(self, *argv):
        """As its user, and with its view of the file systems."""
        return self.machine.run(["nsenter", f"--target={self.machine.daemon.pid}", "--mount", "setpriv", f"--reuid={NOBODY}",
                                 f"--regid={NOBODY}", "--clear-groups", *argv])

    def own(self) -> list:
        return [self.machine.directory / name for name in ("state", "runtime")]

    def is_own(self, path: pathlib.Path) -> bool:
        return any(path == one or one in path.parents for one in self.own())

    def test_ntpoptd_can_write_nothing_but_its_directories(self):
        lines = pathlib.Path(f"/proc/{self.machine.daemon.pid}/mountinfo").read_text().splitlines()
        mounts = {line.split()[4]: line.split()[5].split(",") for line in lines}  # the last one of a place covers the others
        self.assertEqual({place for place, options in mounts.items() if "rw" in options}, set(map(str, self.own())))
        find = self.as_ntpoptd("find", self.machine.directory, "-writable", "-not", "-type", "l", "-not", "-type", "s")
        found = {pathlib.Path(line) for line in find.stdout.splitlines()}
        self.assertLessEqual(set(self.own()), found)
        self.assertEqual([str(path) for path in found if not self.is_own(path)], [])

    def test_ntpoptd_makes_a_file_where_it_may_and_nowhere_else(self):
        for folder in [*self.own(), *map(pathlib.Path, ("/tmp", "/var/tmp", "/dev/shm", "/run"))]:
            if not folder.exists():
                continue
            done = self.as_ntpoptd("touch", folder / "made-by-ntpoptd")
            with self.subTest(folder=folder):
                self.assertEqual(done.returncode == 0, self.is_own(folder), done.stderr)
                self.assertEqual("Read-only file system" in done.stderr, not self.is_own(folder), done.stderr)

    def test_ntpoptd_holds_no_other_file_open_for_writing(self):
        self.assertEqual(self.machine.ctl("reoptimize", "--dry-run").returncode, 0)
        process = pathlib.Path(f"/proc/{self.machine.daemon.pid}")
        open_ones = [(pathlib.Path(os.readlink(process / "fd" / entry.name)), re.search(r"flags:\s+(\d+)", entry.read_text())[1])
                     for entry in (process / "fdinfo").iterdir()]
        written = [path for path, flags in open_ones if int(flags, 8) & os.O_ACCMODE != os.O_RDONLY and path.is_file()]
        self.assertTrue(any(self.is_own(path) for path in written), written)
        self.assertEqual({path.name for path in written if not self.is_own(path)}, {"ntpoptd.log"})  # whom the world gave it

    def test_a_stranger_reads_everything(self):
        for words in (["status"], ["servers"], ["config"], ["interval"]):
            done = self.as_stranger(self.machine.program("ctl/ntpoptctl"), *words)
            self.assertEqual(done.returncode, 0, (words, done.stderr))

    def test_a_stranger_changes_nothing_and_hears_why(self):
        for words in (["reoptimize"], ["interval", "1h"], ["rollback"], ["blacklist", "add", "good1.test"]):
            done = self.as_stranger(self.machine.program("ctl/ntpoptctl"), *words)
            self.assertEqual(done.returncode, 4, (words, done.stdout, done.stderr))
            self.assertIn("ntpoptctl:", done.stderr)

    def test_a_stranger_does_not_reach_the_applier(self):
        done = self.as_stranger("busctl", "--system", "call", "org.ntpopt1.Applier", "/org/ntpopt1/applier",
                                "org.ntpopt1.Applier", "Observe")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("denied", done.stderr.lower())

    def test_a_stranger_cannot_take_our_names(self):
        for name in ("org.ntpopt1", "org.ntpopt1.Applier", "org.ntpopt1.Other"):
            done = self.as_stranger("busctl", "--system", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                    "org.freedesktop.DBus", "RequestName", "su", name, "4")
            self.assertNotEqual(done.returncode, 0, name)

    def request_name(self, user: int, name: str) -> str:
        done = self.machine.run(["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "busctl", "--system", "call",
                                 "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName", "su",
                                 name, "4"])  # 4: do not wait in the queue, so that who may have it hears 3, "in use"
        return done.stdout.strip() or done.stderr.strip()

    def test_each_name_is_for_one_user_only(self):
        self.machine.run([self.machine.program("ctl/ntpoptctl"), "status"])  # starts the applier
        for name, owner in (("org.ntpopt1", NOBODY), ("org.ntpopt1.Applier", 0)):
            for user in (0, NOBODY, STRANGER):
                answer = self.request_name(user, name)
                if user == owner:
                    self.assertRegex(answer, "^u [13]$", (name, user))
                else:
                    self.assertIn("denied", answer.lower(), (name, user))

    def test_who_may_send_the_applier_what(self):
        observe = ["call", "org.ntpopt1.Applier", "/org/ntpopt1/applier", "org.ntpopt1.Applier", "Observe"]
        get = ["get-property", "org.ntpopt1.Applier", "/org/ntpopt1/applier", "org.ntpopt1.Applier", "OpenTransaction"]
        put = ["call", "org.ntpopt1.Applier", "/org/ntpopt1/applier", "org.freedesktop.DBus.Properties", "Set", "ssv",
               "org.ntpopt1.Applier", "OpenTransaction", "t", "1"]
        ping = ["call", "org.ntpopt1.Applier", "/org/ntpopt1/applier", "org.freedesktop.DBus.Peer", "Ping"]
        for user, allowed in ((0, (observe, get, ping)), (NOBODY, (observe, get, ping)), (STRANGER, ())):
            for words in (observe, get, put, ping):
                done = self.machine.run(["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "busctl", "--system",
                                         *words])
                self.assertEqual(done.returncode == 0, words in allowed, (user, words, done.stderr))

    def test_introspection_shows_what_the_readme_quotes(self):
        done = self.machine.run(["busctl", "--system", "introspect", "org.ntpopt1", "/org/ntpopt1", "org.ntpopt1.Manager"])
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = re.compile(r"^ *\.(\w+) +(method|property|signal) +(\S+) +", re.M)
        quoted = (ROOT / "README.md").read_text().split("$ busctl introspect")[1].split("\n\n")[0]
        self.assertEqual(rows.findall(done.stdout), rows.findall(quoted))

    def test_a_forged_end_of_a_run_deceives_nobody(self):
        client = subprocess.Popen([str(self.machine.program("ctl/ntpoptctl")), "reoptimize", "--dry-run", "--json"],
                                  env=self.machine.env, stdout=subprocess.PIPE, text=True)
        for run_id in range(1, 20):
            self.as_stranger("busctl", "--system", "emit", "/org/ntpopt1", "org.ntpopt1.Manager", "RunFinished", "ta{sv}",
                             str(run_id), "1", "outcome", "s", "failed")
        out, _ = client.communicate(timeout=60)
        self.assertEqual(json.loads(out)["outcome"], "would_apply")


if __name__ == "__main__":
    lab.main()
