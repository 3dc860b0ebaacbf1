"""A day of a machine whose NTP service is chrony, with all that goes wrong in one."""
import json
import re

import crashes
import day
import evidence
import sandbox
import scrapes
import web
from day import GOOD, POOL


class ChronyDay(day.Day):
    service = "chrony"
    drop_in = "/etc/chrony/sources.d/50-ntpopt.sources"

    def sources(self):
        """State and name of each source, unresolved ones too; None where chronyd does not answer."""
        done = self.machine.run("chronyc", "-c", "-N", "sources", "-a")
        rows = done.stdout.splitlines()
        return [tuple(row.split(",")[1:3]) for row in rows if row.count(",") == 9] if done.returncode == 0 else None

    def asked(self):
        sources = self.sources()
        return None if sources is None else sorted(name for _, name in sources)

    def is_synchronised(self):
        return any(state == "*" for state, _ in self.sources() or [])

    def live(self):
        self.install()
        self.enable()
        self.exit_codes()
        self.group_of_operators()
        self.reoptimize()
        evidence.is_as_written(self)
        older = evidence.back_up(self)
        self.what_the_manuals_say()
        scrapes.live(self)
        sandbox.processes(self)
        self.notices()
        self.observe_mode()
        self.not_proven()
        crashes.killed(self)
        crashes.stopped(self)
        crashes.bus_restarted(self)
        self.restart_of_the_service()
        self.upgraded()
        crashes.applier_killed_in_the_middle(self)
        crashes.bus_restarted_in_the_middle(self)
        crashes.power_cut_in_the_middle(self)
        evidence.forgeries_are_found_out(self, older)
        self.nothing_is_written_elsewhere()
        self.no_call_was_forbidden()
        self.remove()
        self.hook_of_dhcp()
        self.purge()
        self.hook_of_dhcp()

    def hook_of_dhcp(self):
        """A renewed lease has chronyd read its source directories again; what it follows must not stand on a file of ours."""
        self.sh("chronyc", "reload", "sources")
        self.check(self.follows(POOL), f"after a reload chronyd follows {self.followed()}")

    def exit_codes(self):
        for words in (("status",), ("servers",), ("history",), ("config",), ("blacklist",), ("interval",)):
            self.expect_exit(0, *words, user="alice")
        self.expect_exit(2, "colour")
        for words in (("reoptimize",), ("rollback",), ("interval", "1h"), ("blacklist", "add", "good1.test")):
            self.expect_exit(4, *words, user="alice", says="(polkit)")
        self.expect_exit(1, "explain", "stranger.test")
        self.sh("systemctl", "stop", "ntpoptd")
        self.expect_exit(3, "status", says="ntpoptd")
        self.sh("systemctl", "start", "ntpoptd")
        # A stand-in for ssh runs the bridge here, so the whole way of -H but the network is gone.
        self.machine.write("/root/bin/ssh", '#!/bin/sh\nwhile [ "$1" != machine ]; do shift; done\nshift\nexec "$@"\n')
        (self.machine.root / "root/bin/ssh").chmod(0o755)
        done = self.expect_exit(0, "-H", "machine", "status", "--json", env={"PATH": "/root/bin:/usr/bin:/bin"})
        self.check('"state"' in done.stdout, f"ntpoptctl -H: {done.stdout}")
        self.sh("rm", "-r", "/root/bin")
        self.set_servers([*GOOD, *POOL], "silent=yes")
        self.expect_exit(5, "reoptimize")
        self.set_servers([*GOOD, *POOL], "silent=no")
        self.say("exit codes 0, 1, 2, 3, 4, 5 and -H as the manual says")

    def group_of_operators(self):
        """The opt-in rule lets a group in, and nobody else; polkit sees it at once."""
        rules = "/etc/polkit-1/rules.d/ntpopt-operators.rules"
        self.sh("groupadd", "--system", "ntpopt-operators")
        self.sh("usermod", "--append", "--groups", "ntpopt-operators", "alice")
        self.expect_exit(4, "interval", "12h", user="alice")
        self.sh("cp", "/usr/share/doc/ntpopt/examples/ntpopt-operators.rules", rules)
        self.machine.wait_for(lambda: self.ctl("interval", "12h", user="alice").returncode == 0, 60, "the rule to count")
        for words in (("interval", "1h"), ("blacklist", "add", "good1.test"), ("blacklist", "remove", "good1.test"),
                      ("reoptimize", "--dry-run"), ("reoptimize",)):
            self.expect_exit(0, *words, user="alice")
        self.check(self.ctl_json("status")["interval_s"] == 3600, "the interval is not what alice set")
        self.machine.wait_for(lambda: self.follows(GOOD), 30, f"{self.service} to follow what alice chose, not {self.followed()}")
        self.expect_exit(0, "explain", "good1.test", user="bob")
        for words in (("interval", "12h"), ("blacklist", "add", "good1.test"), ("reoptimize",), ("rollback",)):
            self.expect_exit(4, *words, user="bob")
        self.expect_exit(0, "rollback", user="alice")
        self.machine.wait_for(lambda: self.follows(POOL), 60, f"{self.service} to follow its own servers again")
        self.sh("rm", rules)
        self.say("with the opt-in rule the group may, others may not")

    def set_servers(self, names, setting):
        for name in names:
            self.servers.command(f"set {self.fake(name)} {setting}")

    def what_the_manuals_say(self):
        shown = self.sh("busctl", "introspect", "org.ntpopt1", "/org/ntpopt1", "org.ntpopt1.Manager")
        for wanted in (r"^\.Reoptimize +method +a\{sv\} +t ", r"^\.State +property +s +\"idle\""):
            self.check(re.search(wanted, shown, re.M), shown)
        verbose = self.sh("journalctl", "--no-pager", "-u", "ntpoptd", "-o", "verbose")
        for wanted in ("MESSAGE_ID=6aaae5b6eaea4de4bdb1bcd41be24819", "NTPOPT_OUTCOME=applied", "NTPOPT_RUN_ID=",
                       "NTPOPT_SELECTED=", "NTPOPT_TRIGGER="):
            self.check(wanted in verbose, f"{wanted} is not in the journal")
        explained = self.sh("journalctl", "--no-pager", "-x", "-u", "ntpoptd", "-u", "ntpopt-apply")
        self.check("The NTP service was moved to other servers" in explained and "Defined-By: ntpopt" in explained, explained[-3000:])
        status = self.sh("systemctl", "status", "--no-pager", "ntpoptd")
        self.check("active (running)" in status and "man:ntpoptd(8)" in status and "Status: " in status, status)
        listening = self.machine.run("sh", "-c", "busctl monitor org.ntpopt1 & "
                                     "for i in 1 2; do ntpoptctl reoptimize --dry-run >/dev/null; done; kill $!; wait")
        for member in ("RunStarted", "RunProgress", "RunFinished"):
            self.check(f"Member={member}" in listening.stdout, f"busctl monitor shows no {member}")
        self.machine.write("/etc/ntpopt/conf.d/60-wrong.toml", "[schedule]\nintervall = 1\n")
        self.check(self.machine.run("systemctl", "reload", "ntpoptd").returncode != 0, "a faulty configuration is taken over")
        self.machine.wait_for(lambda: "did you mean" in self.sh("journalctl", "--no-pager", "-u", "ntpoptd"), 60, "the mistake to be named")
        self.machine.write("/etc/ntpopt/conf.d/60-wrong.toml", "")
        self.sh("systemctl", "reload", "ntpoptd")
        self.machine.wait_for(lambda: "configuration reloaded" in self.sh("journalctl", "--no-pager", "-u", "ntpoptd"), 60, "the reload")
        self.say("busctl introspect, busctl monitor, journalctl -o verbose, journalctl -x, systemctl status, reload")

    def notices(self):
        """ntpopt-notify in the sandbox of the unit: it reads a credential and a file of root:ntpopt, and none that others may read,
        and delivers; so does an administrator's program."""
        tokens = {"slack": "sLaCkToKeN55", "webhook": "wEbToKeN33"}
        told = "/var/lib/ntpopt/told.json"
        credential, config = "/root/slack-url", "/etc/ntpopt/conf.d/80-notify.toml"
        drop_in = "/etc/systemd/system/ntpoptd.service.d/slack.conf"
        self.machine.write(credential, f"https://127.0.0.1:9/{tokens['slack']}\n")  # where nobody listens
        self.machine.write(drop_in, f"[Service]\nLoadCredential=slack-url:{credential}\n")
        self.machine.write("/etc/ntpopt/web-url", f"https://{web.NAME}/{tokens['webhook']}\n")
        self.sh("chown", "root:ntpopt", "/etc/ntpopt/web-url")
        self.sh("chmod", "0640", "/etc/ntpopt/web-url")
        self.machine.write(config, '[notify.slack]\nurl_file = "slack-url"\n[[notify.webhook]]\nurl_file = "/etc/ntpopt/web-url"\n'
                           f'[notify.command]\nargv = ["/usr/bin/tee", "{told}"]\n')
        self.restart_with_other_drop_ins()
        rows = {row["channel"]: row for row in self.ctl_json("notify", "test")}
        self.check(rows.keys() == {*tokens, "command"}, f"notify test: {rows}")
        self.check(not rows["slack"]["ok"] and "connect" in rows["slack"]["detail"], f"notify test: {rows['slack']}")
        self.check(rows["webhook"]["ok"] and rows["command"]["ok"], f"notify test: {rows}")
        documents = [text for path, text in self.web.posts if path == f"/{tokens['webhook']}"] + [self.machine.read(told)]
        self.check(len(documents) > 1 and all("severity" in json.loads(text) for text in documents), f"delivered: {documents}")
        self.sh("chmod", "0644", "/etc/ntpopt/web-url")
        row, = self.ctl_json("notify", "test", "webhook")
        self.check("others may read it" in row["detail"], f"notify test: {row}")
        shown = self.sh("journalctl", "--no-pager", "-o", "json") + self.sh("ntpoptctl", "config", "--json")
        self.check("ToKeN" not in shown, "a secret is in the journal or in the configuration as it is shown")
        for path in (credential, drop_in, config, told, "/etc/ntpopt/web-url"):
            (self.machine.root / path[1:]).unlink()
        self.restart_with_other_drop_ins()
        self.say("notices: in the sandbox secrets are read, a message goes to the web and to a program")

    def restart_with_other_drop_ins(self):
        self.sh("systemctl", "daemon-reload")
        self.sh("systemctl", "reset-failed", "ntpoptd")  # as often as this nobody restarts it
        self.sh("systemctl", "restart", "ntpoptd")
        self.machine.wait_for(self.is_active, 60, "ntpoptd after its restart")

    def observe_mode(self):
        """Where mode apply would change the servers, as the next step does: it says so, and nothing is touched."""
        self.back_to_its_own()
        self.machine.write("/etc/ntpopt/conf.d/70-mode.toml", 'mode = "observe"\n')
        self.sh("systemctl", "reload", "ntpoptd")
        self.machine.wait_for(lambda: self.ctl_json("status")["mode"] == "observe", 60, "mode observe")
        before = self.touched_by_a_change()
        report = self.ctl_json("reoptimize")
        self.check(report["outcome"] == "would_apply" and report["dry_run"], f"mode observe: {report['outcome']}, {report['reason']}")
        self.check(report["selected"] and set(report["selected"]) <= set(GOOD) and self.drop_in in report["diff"],
                   f"mode observe: {report['selected']}, {report['diff']}")
        after = self.touched_by_a_change()
        self.check(after == before and not self.machine.exists(self.drop_in), f"mode observe: {before} before, and {after} after")
        self.machine.write("/etc/ntpopt/conf.d/70-mode.toml", '[apply]\nverify_timeout = "6s"\n')
        self.sh("systemctl", "reload", "ntpoptd")
        self.machine.wait_for(lambda: self.ctl_json("status")["mode"] == "apply", 60, "mode apply")
        self.say(f"mode observe: would apply {', '.join(report['selected'])}, and touches nothing")

    def touched_by_a_change(self):
        """What chronyd follows, its process, its files, and the number of the last change."""
        files = {path: held for path, held in self.traces.look().items() if path.startswith(("/etc/", "/run/chrony"))}
        return self.followed(), self.machine.show(self.machine.unit, "MainPID"), files, crashes.transaction(self).get("transaction")

    def not_proven(self):
        """The new servers die as soon as they are used: exit code 6, and the old ones are back."""
        self.back_to_its_own()
        call = self.world.start("reoptimize", ["nsenter", f"--target={self.machine.pid}", "--mount", "--pid", "--uts", "--ipc",
                                               "ntpoptctl", "reoptimize"])
        self.machine.wait_for(lambda: crashes.is_in_the_middle(self), 60, "the change to begin", pause=0.01)
        self.set_servers(GOOD, "silent=yes")
        self.check(call.wait(120) == 6, f"exit {call.popen.returncode} instead of 6: {call.log()}")
        self.set_servers(GOOD, "silent=no")
        self.machine.wait_for(lambda: self.follows(POOL), 60, "the service's own servers")
        (self.machine.root / "etc/ntpopt/conf.d/70-mode.toml").unlink()
        self.sh("systemctl", "reload", "ntpoptd")
        self.reoptimize(after_a_failure=True)
        self.say("not proven: exit code 6, rolled back by itself")

    def upgraded(self):
        """The same version once more: configuration and state stay, and nothing is restarted but ntpoptd."""
        self.sh("ntpoptctl", "interval", "8h")
        pids = {unit: self.machine.show(unit, "MainPID") for unit in ("ntpoptd.service", self.machine.unit, "dbus.service")}
        self.sh("apt-get", "-y", "install", "--reinstall", *self.packages, timeout=300)
        self.machine.wait_for(self.is_active, 60, "ntpoptd after the upgrade")
        changed = {unit for unit, pid in pids.items() if self.machine.show(unit, "MainPID") != pid}
        self.check(changed == {"ntpoptd.service"}, f"restarted by the upgrade: {changed}")
        self.check(self.ctl_json("status")["interval_s"] == 8 * 3600, "the upgrade lost the interval")
        self.check(self.machine.read("/etc/ntpopt/conf.d/50-site.toml") == day.CONFIG, "the upgrade lost the configuration")
        self.check(self.follows_chosen(), "the upgrade changed the servers")
        self.say("upgraded: configuration and state kept, only ntpoptd restarted")


if __name__ == "__main__":
    day.run(ChronyDay)
