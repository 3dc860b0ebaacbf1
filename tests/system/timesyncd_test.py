"""A day of a machine whose NTP service is systemd-timesyncd."""
import day


class TimesyncdDay(day.Day):
    service = "timesyncd"
    drop_in = "/etc/systemd/timesyncd.conf.d/zz-ntpopt.conf"

    def show(self, name):
        return self.machine.run("timedatectl", "show-timesync", "--value", "-p", name).stdout.split()

    def followed(self):
        return self.show("RuntimeNTPServers") or self.show("SystemNTPServers") or self.show("FallbackNTPServers")

    def is_synchronised(self):
        """Its last answer came from the server that it names."""
        return bool(self.show("ServerName")) and "NTPMessage" not in self.show("NTPMessage") and bool(self.show("NTPMessage"))

    def live(self):
        self.install()
        self.enable()
        self.reoptimize()
        self.evidence()
        self.sandbox()
        self.restart_of_the_service()
        self.power_cut_in_the_middle_of_a_change()
        self.nothing_is_written_elsewhere()
        self.no_call_was_forbidden()
        self.remove_and_purge()


if __name__ == "__main__":
    day.run(TimesyncdDay)
