"""A day of a machine whose NTP service is systemd-timesyncd."""
import contextlib
import sqlite3

import crashes
import day
import evidence
import sandbox
from day import POOL


class TimesyncdDay(day.Day):
    service = "timesyncd"
    drop_in = "/etc/systemd/timesyncd.conf.d/zz-ntpopt.conf"

    def show(self):
        """Its properties by name, all read at once; none where it does not answer."""
        lines = self.machine.run("timedatectl", "show-timesync").stdout.splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def asked(self):
        known = self.show()
        lists = [known.get(kind + "NTPServers", "").split() for kind in ("Runtime", "System", "Fallback")]
        return next(filter(None, lists), []) if known else None

    def is_synchronised(self):
        """Its last answer came from the server that it names."""
        known = self.show()
        return bool(known.get("ServerName")) and bool(known.get("NTPMessage"))

    def live(self):
        self.install()
        self.enable()
        self.reoptimize()
        evidence.is_as_written(self)
        sandbox.processes(self)
        sandbox.applier_ends_when_idle(self)
        self.restart_of_the_service()
        crashes.applier_killed_in_the_middle(self)
        crashes.power_cut_in_the_middle(self)
        self.nothing_is_written_elsewhere()
        self.no_call_was_forbidden()
        self.remove()
        self.installed_again()
        self.remove()
        self.purge()

    def installed_again(self):
        """Its state is still there, and it waits to be asked by hand, though a round is overdue, and begins at once."""
        with contextlib.closing(sqlite3.connect(self.machine.root / "var/lib/ntpopt/ntpopt.db")) as memory, memory:
            memory.execute("UPDATE documents SET document = json_set(document, '$.began_s', 1) WHERE name = 'rounds'")
            memory.execute("UPDATE rounds SET head = json_set(head, '$.timestamp', '2020-01-01T00:00:00Z')")
        self.machine.write("/etc/ntpopt/conf.d/60-soon.toml", '[schedule]\nboot_delay = "0"\n')
        self.sh("apt-get", "-y", "install", *self.packages, timeout=300)
        self.is_disabled()
        self.enable()
        ended = self.machine.wait_for(self.round_of_today, 60, "the overdue round")
        self.check(ended["outcome"] == "refused" and "rolled back by hand" in ended["reason"], f"the overdue round: {ended}")
        self.check(self.follows(POOL) and not self.machine.exists(self.drop_in), f"it did not wait: {self.followed()}")
        self.check("rolled back by hand" in str(self.ctl_json("status")["alarms"]), "the status does not say so")
        self.reoptimize()
        self.say("installed again: it waits for reoptimize by hand")

    def round_of_today(self):
        last = self.ctl_json("status")["last_run"]
        return None if last["timestamp"].startswith("2020") else last


if __name__ == "__main__":
    day.run(TimesyncdDay)
