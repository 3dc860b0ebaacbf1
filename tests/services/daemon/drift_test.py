"""ntpd and timesyncd are restarted by somebody who took our file away: the daemon notices, and brings the chosen set back."""
import unittest

from home import GOOD, QUICK
import lab


class Drift(unittest.TestCase):
    def settled(self, machine, names, start_service, policies=(), under=()):
        """Everything runs, the service follows its old server, and then what a round chose."""
        self.addCleanup(machine.close)
        machine.add_names({name: [address] for name, address in names.items()})
        machine.fakes = machine.start_fake_servers(
            [f"{address} name={name.split('.')[0]} stratum=2 delay=2ms jitter=100us refid=10.9.0.{i}"
             for i, (name, address) in enumerate(names.items(), start=1)], under=under)
        machine.write_config([name for name in names if name.startswith("good")], QUICK)
        machine.start_private_bus(policies=policies)
        service = start_service()
        machine.start_ntpoptd()
        report = machine.ctl_json("reoptimize")
        self.assertEqual(report["outcome"], "applied", report)
        # The look at the service that follows each change is over: from here on only its end is a reason to look.
        machine.wait_for(lambda: machine.applier_pid() == 0, 90, "the applier to leave")
        return service, report["selected"]

    def told(self, machine):
        return f"the service to use the chosen set again\n{machine.daemon.log()}\n{machine.bus_log()}"

    def test_timesyncd_without_our_file(self):
        machine = lab.Machine()
        policies = [machine.timesyncd_policy()]
        timesyncd, selected = self.settled(machine, GOOD | {"old.test": "127.30.1.1"},
                                           lambda: machine.start_timesyncd_client(["NTP=old.test"]), policies)
        self.assertEqual(timesyncd.listed(), selected)
        timesyncd.stop()
        timesyncd.drop_in.unlink()
        timesyncd.start()
        machine.wait_for(lambda: timesyncd.listed() == selected and timesyncd.drop_in.exists(), 60, self.told(machine))

    def test_ntpd_without_our_file(self):
        machine = lab.Machine()
        names = {f"good{i}.test": f"10.77.{i}.1" for i in range(1, 7)} | {f"old{i}.test": f"10.77.{10 + i}.1" for i in range(1, 4)}

        def start():
            systemd = machine.start_systemd()
            ntpd = machine.start_ntpd_client(systemd, [*(f"server old{i}.test iburst" for i in range(1, 4)), "restrict 127.0.0.1"])
            machine.wait_for(ntpd.is_synchronised, 40, "ntpd to follow its old servers")
            return ntpd
        ntpd, selected = self.settled(machine, names, start, under=machine.start_internet().under)
        self.assertEqual(ntpd.names(), sorted(selected))
        ntpd.drop_in.unlink()
        ntpd.restart()
        machine.wait_for(lambda: ntpd.drop_in.exists() and ntpd.names() == sorted(selected), 90, self.told(machine))


if __name__ == "__main__":
    lab.main()
