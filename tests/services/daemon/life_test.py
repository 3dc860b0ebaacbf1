"""Deaths and restarts: of ntpoptd in the middle of a change, of chronyd, of the bus; reload, modes, idle."""
import json
import os
import signal
import socket
import time
import unittest

from home import QUICK, settled_machine
from switch_test import reoptimize_in_background
import lab


class Life(unittest.TestCase):
    def setUp(self):
        self.machine = settled_machine()
        self.addCleanup(self.machine.close)

    def wait_for_state(self, *states):
        self.machine.wait_for(lambda: self.machine.property("State") in [f's "{state}"' for state in states], 30,
                              f"state {states}")

    def change_that_loses_its_daemon(self, number):
        running = reoptimize_in_background(self.machine)
        self.wait_for_state("apply", "verify")
        self.machine.daemon.stop(number, 30)
        return running

    def assert_applier_finished_alone(self):
        self.machine.start_ntpoptd()
        def settled():
            status = self.machine.ctl_json("status")  # it is idle for a moment before it settles what it finds
            return status["last_run"] if status["state"] == "idle" else None
        last = self.machine.wait_for(settled, 60, "the open round to be settled")
        self.assertEqual(last["outcome"], "applied", last["reason"])
        self.assertIn("finished alone", last["reason"])
        self.assertEqual(self.machine.chrony.names(), sorted(last["selected"]))
        self.assertTrue(self.machine.chrony.is_synchronised())

    def test_killed_in_the_middle_of_a_change_the_applier_finishes_alone(self):
        running = self.change_that_loses_its_daemon(signal.SIGKILL)
        _, complaint = running.communicate(timeout=30)
        self.assertEqual(running.returncode, 3, complaint)
        self.assert_applier_finished_alone()

    def test_terminated_in_the_middle_of_a_change_the_applier_finishes_alone(self):
        self.change_that_loses_its_daemon(signal.SIGTERM).communicate(timeout=30)
        self.assertEqual(self.machine.daemon.popen.returncode, 0)
        self.assert_applier_finished_alone()

    def test_terminated_while_probing_it_ends_at_once_and_changes_nothing(self):
        self.machine.fakes.command("set good6 silent=yes")  # it is waited for
        running = reoptimize_in_background(self.machine)
        self.wait_for_state("probe")
        self.assertEqual(self.machine.daemon.stop(signal.SIGTERM, 10), 0)
        running.communicate(timeout=30)
        self.assertIn(running.returncode, (1, 3), "the round failed, or the daemon was gone before it could say so")
        self.assertEqual(self.machine.chrony.names(), ["old.test"])

    def test_a_restarted_chronyd_is_brought_back_to_the_chosen_set(self):
        report = self.machine.ctl_json("reoptimize")
        self.assertEqual(report["outcome"], "applied")
        # The look at the service that follows each change is over: from here on only its end is a reason to look.
        self.machine.wait_for(lambda: self.machine.applier_pid() == 0, 90, "the applier to leave")
        self.machine.chrony.restart()
        self.machine.wait_for(lambda: self.machine.chrony.names() == sorted(report["selected"]), 60,
                              f"chronyd to use the chosen set again\n{self.machine.daemon.log()}\n{self.machine.bus_log()}")

    def test_the_applier_is_gone_when_it_is_idle(self):
        self.assertEqual(self.machine.ctl_json("reoptimize")["outcome"], "applied")
        self.machine.wait_for(lambda: self.machine.applier_pid() == 0, 90, "the applier to leave")

    def test_reload_takes_a_good_configuration_and_refuses_a_bad_one(self):
        self.machine.write_config([], QUICK + 'interval = "2h"\n')
        os.kill(self.machine.daemon.pid, signal.SIGHUP)
        self.machine.wait_for(lambda: self.machine.property("IntervalUSec") == f"t {2 * 3600 * 10**6}", 60, "the new interval")
        self.machine.config.write_text("[schedule]\nintervall = 5\n")
        os.kill(self.machine.daemon.pid, signal.SIGHUP)
        self.machine.wait_for(lambda: "did you mean schedule.interval" in self.machine.daemon.log(), 60, "the complaint")
        self.assertEqual(self.machine.property("IntervalUSec"), f"t {2 * 3600 * 10**6}")
        setting = self.machine.ctl_json("config")["schedule.interval"]
        self.assertEqual(setting["value"], "2h", "what is in force is shown, not what stands on the disk")
        self.assertTrue(setting["origin"].startswith(f"{self.machine.config}:"), setting)

    def test_a_reload_takes_roots_entries_of_the_catalogue_and_the_applier_goes_by_them(self):
        """The package says of time.google.com that it smears; this one is a server of the administrator's own."""
        machine = self.machine
        machine.add_names({"time.google.com": ["127.21.1.1"]})
        machine.start_fake_servers(["127.21.1.1 name=own stratum=2 delay=2ms jitter=100us refid=10.9.1.1"])
        machine.write_config(["time.google.com", "good1.test", "good2.test", "good3.test"], "current = false\n" + QUICK)
        reload = ["busctl", "--system", "call", "org.ntpopt1", "/org/ntpopt1", "org.ntpopt1.Manager", "Reload"]

        def verdict():
            servers = machine.ctl_json("reoptimize", "--dry-run")["servers"]
            return next(server["verdict"] for server in servers if server["name"] == "time.google.com")
        self.assertEqual(machine.run(reload).returncode, 0)
        self.assertEqual(verdict(), "wrong_timescale")
        own = machine.directory / "catalogue.d" / "10-site.toml"
        own.parent.mkdir(mode=0o755)
        own.write_text('[[server]]\noperator = "Site"\nnames = ["time.google.com"]\nterms = "ours"\ntimescale = "utc"\n'
                       'timescale_source = "site"\nas_of = "2026-01"\n')
        own.chmod(0o644)
        self.assertEqual(machine.run(reload).returncode, 0)
        # It leaves within a second for what changed, long before it is idle.
        machine.wait_for(lambda: machine.applier_pid() == 0, 20, "the applier to notice")
        report = machine.ctl_json("reoptimize")
        self.assertEqual(report["outcome"], "applied", report["reason"])
        self.assertIn("time.google.com", machine.chrony.names())
        own.write_text("[[server]]\nnames = 7\n")
        refused = machine.run(reload)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("the catalogue stays as it was: ", refused.stderr)
        self.assertIn("10-site.toml: line 2: names is a list of host names", refused.stderr)
        self.assertNotEqual(verdict(), "wrong_timescale")
        self.assertEqual(machine.run([machine.program("daemon/ntpoptd"), "--config", machine.config, "--check-config"]).returncode, 1)

    def test_an_interval_set_at_run_time_survives_a_restart(self):
        self.assertEqual(self.machine.ctl("interval", "3h").returncode, 0)
        self.assertEqual(self.machine.daemon.stop(), 0)
        self.machine.start_ntpoptd()
        self.assertEqual(self.machine.property("IntervalUSec"), f"t {3 * 3600 * 10**6}")
        config = self.machine.ctl_json("config")
        self.assertEqual(config["schedule.interval"], {"value": "3h", "origin": "override"})
        # Read again while the override holds: what the files say is kept for when it goes.
        self.machine.write_config([], QUICK + 'interval = "2h"\n')
        os.kill(self.machine.daemon.pid, signal.SIGHUP)
        self.machine.wait_for(lambda: "configuration reloaded" in self.machine.daemon.log(), 60, "the reload")
        self.assertEqual(self.machine.property("IntervalUSec"), f"t {3 * 3600 * 10**6}")
        shown = self.machine.ctl("interval", "default")
        self.assertEqual((shown.returncode, shown.stdout), (0, "2h\n"))
        self.assertNotEqual(self.machine.ctl_json("config")["schedule.interval"]["origin"], "override")

    def test_without_the_bus_it_ends_with_a_failure(self):
        bus = next(process for process in self.machine.processes if process.name == "dbus")
        bus.kill()
        self.assertEqual(self.machine.daemon.wait(20), 1, self.machine.daemon.log())

    def test_it_tells_the_service_manager_what_it_does(self):
        self.machine.daemon.stop()
        heard = []
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            path = self.machine.directory / "notify"
            manager.bind(str(path))
            path.chmod(0o777)
            manager.setblocking(False)

            def said(word):
                while True:
                    try:
                        heard.extend(manager.recv(4096).decode().splitlines())
                    except BlockingIOError:
                        return word in heard

            self.machine.env |= {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "400000"}
            self.machine.start_ntpoptd()
            self.machine.wait_for(lambda: said("READY=1"), 60, "READY=1")
            self.machine.wait_for(lambda: said("WATCHDOG=1") and heard.count("WATCHDOG=1") >= 3, 60, "the watchdog's food")
            heard.clear()
            os.kill(self.machine.daemon.pid, signal.SIGHUP)
            self.machine.wait_for(lambda: said("RELOADING=1") and "READY=1" in heard, 60, "RELOADING=1, then READY=1")
            self.assertTrue(any(line.startswith("MONOTONIC_USEC=") for line in heard))
            self.machine.daemon.stop()
            self.assertTrue(said("STOPPING=1"))

    def test_another_default_route_calls_for_a_round(self):
        self.machine.daemon.stop()
        self.machine.config.write_text(self.machine.config.read_text().replace('boot_delay = "30min"', 'boot_delay = "0s"'))
        self.machine.start_ntpoptd()

        def minutes_to_next_round():
            kind, at = self.machine.property("NextRunUSec").split()
            return (int(at) / 1e6 - time.time()) / 60 if kind == "t" else 0
        self.machine.wait_for(lambda: minutes_to_next_round() > 60, 60, "the first round to end")
        added = self.machine.run(["ip", "route", "add", "default", "dev", "lo"])
        self.assertEqual(added.returncode, 0, added.stderr)
        self.machine.wait_for(lambda: 0 < minutes_to_next_round() < 11, 60,
                              f"a round because of the new route\n{self.machine.daemon.log()}")

    def test_mode_observe_measures_and_changes_nothing(self):
        self.machine.config.write_text('mode = "observe"\n' + self.machine.config.read_text())
        os.kill(self.machine.daemon.pid, signal.SIGHUP)
        self.machine.wait_for(lambda: self.machine.property("Mode") == 's "observe"', 60, "mode observe")
        report = self.machine.ctl_json("reoptimize")
        self.assertTrue(report["dry_run"])
        self.assertEqual(report["outcome"], "would_apply")
        self.assertEqual(self.machine.chrony.names(), ["old.test"])

    def test_without_the_daemon_the_client_says_so_with_exit_code_3(self):
        self.machine.daemon.stop()
        done = self.machine.ctl("status")
        self.assertEqual(done.returncode, 3)
        self.assertIn("systemctl", done.stderr)


if __name__ == "__main__":
    lab.main()
