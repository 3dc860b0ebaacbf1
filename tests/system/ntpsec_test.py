"""A day of a machine whose NTP service is ntpsec, and that has no polkitd."""
import crashes
import day
import evidence
import sandbox
from day import POOL
from lab import ntpd


class NtpsecDay(day.Day):
    service = "ntpsec"
    drop_in = "/etc/ntpsec/ntp.d/50-ntpopt.conf"

    def asked(self):
        """In mode 6, from this world's network, which is the machine's."""
        return ntpd.configured_names() if ntpd.answers() else None

    def is_synchronised(self):
        return ntpd.system_variables().get("leap", "3") != "3"

    def live(self):
        self.install()
        self.enable()
        self.reoptimize()
        evidence.is_as_written(self)
        sandbox.processes(self)
        self.restart_of_the_service()
        self.root_needs_no_polkitd()
        crashes.applier_killed_in_the_middle(self)
        crashes.power_cut_in_the_middle(self)
        self.nothing_is_written_elsewhere()
        self.no_call_was_forbidden()
        self.remove()
        self.purge()

    def root_needs_no_polkitd(self):
        self.check("PolicyKit1" not in self.sh("busctl", "list", "--acquired", "--activatable"), "there is a polkitd")
        changes = (("interval", "1h"), ("blacklist", "add", "good1.test"), ("blacklist", "remove", "good1.test"), ("reoptimize",),
                   ("rollback",))
        for words in changes:
            self.expect_exit(4, *words, user="alice")
        self.expect_exit(0, "interval", user="alice")
        self.check(self.follows_chosen(), "the servers changed")
        for words in changes:
            self.expect_exit(0, *words)
        self.check(self.ctl_json("interval")["interval_s"] == 3600, "the interval is not what root set")
        self.machine.wait_for(lambda: self.follows(POOL), 60, f"{self.service} to follow its own servers again")
        self.say("without polkitd: root may, alice may not")


if __name__ == "__main__":
    day.run(NtpsecDay)
