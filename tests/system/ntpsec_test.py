"""A day of a machine whose NTP service is ntpsec, and that has no polkitd."""
import day
from lab import ntpd


class NtpsecDay(day.Day):
    service = "ntpsec"
    drop_in = "/etc/ntpsec/ntp.d/50-ntpopt.conf"

    def followed(self):
        """In mode 6, from this world's network, which is the machine's."""
        try:
            return ntpd.configured_names()
        except (OSError, KeyError):
            return []

    def is_synchronised(self):
        return ntpd.system_variables().get("leap", "3") != "3"

    def live(self):
        self.install()
        self.enable()
        self.root_needs_no_polkitd()
        self.reoptimize()
        self.evidence()
        self.sandbox()
        self.restart_of_the_service()
        self.power_cut_in_the_middle_of_a_change()
        self.nothing_is_written_elsewhere()
        self.no_call_was_forbidden()
        self.remove_and_purge()

    def root_needs_no_polkitd(self):
        self.check("PolicyKit1" not in self.sh("busctl", "list", "--acquired", "--activatable"), "there is a polkitd")
        self.expect_exit(0, "interval", "12h")
        self.expect_exit(0, "interval", user="alice")
        self.expect_exit(4, "interval", "1h", user="alice")
        self.say("without polkitd: root may, alice may not")


if __name__ == "__main__":
    day.run(NtpsecDay)
