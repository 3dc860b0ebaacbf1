"""Prometheus itself scrapes a real ntpoptd, over a socket activator and through node_exporter; a thousand scrapes leave no trace."""
import concurrent.futures
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "daemon"))
from home import settled_machine  # noqa: E402
import lab  # noqa: E402
from lab.world import NOBODY, ROOT, daemon_program  # noqa: E402

METRICS, NODE, PROMETHEUS = 9975, 9100, 9090
SCRAPES = 1000
MOVING = {"observation_age_s", "clock_error_bound_s"}  # by themselves


def get(port, path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def datagrams():
    """UDP datagrams that left this network namespace: NTP and DNS of everybody in it."""
    names, values = [line.split() for line in pathlib.Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Udp:")]
    return int(values[names.index("OutDatagrams")])


def series(text):
    return [line for line in text.splitlines() if not line.startswith("#")]


class Scrapes(unittest.TestCase):
    def setUp(self):
        self.machine = settled_machine()
        self.addCleanup(self.machine.close)
        self.report = self.machine.ctl_json("reoptimize")
        self.assertEqual(self.report["outcome"], "applied")
        # It looks at the service once more after a change, and then not for a quarter of an hour.
        ended = time.monotonic()
        self.machine.wait_for(lambda: time.monotonic() - self.machine.ctl_json("metrics")["observation_age_s"] > ended, 60,
                              "the look at the service after the change", pause=0.2)
        self.ctl = self.machine.program("ctl/ntpoptctl")

    def listen(self):
        """As the socket unit does: a process a connection, which belongs to nobody."""
        activator = shutil.which("systemd-socket-activate") or daemon_program("systemd", "usr/bin/systemd-socket-activate")
        bus = self.machine.env["DBUS_SYSTEM_BUS_ADDRESS"]
        self.machine.start("socket", [activator, "--accept", "--inetd", f"--listen=127.0.0.1:{METRICS}", f"--setenv=DBUS_SYSTEM_BUS_ADDRESS={bus}",
                                      "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", self.ctl, "metrics", "--http"])
        self.machine.wait_for(lambda: self.answers(METRICS, "/metrics"), 60, "the socket to answer")

    def answers(self, port, path):
        try:
            return get(port, path)[0] == 200
        except OSError:
            return False

    def write_text_file(self):
        folder = self.machine.directory / "textfile"
        folder.mkdir(exist_ok=True)
        done = self.machine.run([self.ctl, "metrics", "--textfile", folder / "ntpopt.prom"])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return folder

    def start_prometheus(self):
        folder = self.write_text_file()
        self.machine.start("node_exporter", [daemon_program("prometheus-node-exporter", "usr/bin/prometheus-node-exporter"),
                                             "--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={folder}",
                                             f"--web.listen-address=127.0.0.1:{NODE}"])
        config = self.machine.directory / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(ROOT / "packaging/prometheus/ntpopt.rules.yml")],
            "scrape_configs": [{"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
                               for name, port in (("ntpopt", METRICS), ("node", NODE))]}))
        self.machine.start("prometheus", [daemon_program("prometheus", "usr/bin/prometheus"), f"--config.file={config}",
                                          f"--storage.tsdb.path={self.machine.directory}/tsdb", f"--web.listen-address=127.0.0.1:{PROMETHEUS}"])

    def ask(self, expression):
        """The values that Prometheus has, by job."""
        try:
            status, text = get(PROMETHEUS, "/api/v1/query?query=" + urllib.parse.quote(expression))
        except OSError:
            return {}
        return {row["metric"].get("job"): float(row["value"][1]) for row in json.loads(text)["data"]["result"]} if status == 200 else {}

    def test_prometheus_reads_the_same_over_both_ways(self):
        self.listen()
        self.start_prometheus()
        both = {"ntpopt": 1.0, "node": 1.0}
        self.machine.wait_for(lambda: self.ask("ntpopt_up") == both, 120, "Prometheus to scrape both ways", pause=0.2)
        count = 40.0 + 8 * len(self.report["selected"])
        expected = {"ntpopt": count, "node": count}
        self.assertEqual(self.ask('count by (job) ({__name__=~"ntpopt_.*"})'), expected)
        self.assertEqual(self.ask('ntpopt_rounds_total{outcome="applied"}'), both)
        self.assertEqual(self.ask("ntpopt_last_round_up"), both)
        self.assertEqual(self.ask("ntpopt_service_synchronised"), both)
        self.assertEqual(self.ask("sum by (job) (ntpopt_server_heard)"), {job: float(len(self.report["selected"])) for job in both})
        self.assertEqual(self.ask("ntpopt_changes_left"), {"ntpopt": 23.0, "node": 23.0})
        sent = float(self.machine.ctl_json("metrics")["packets_sent"])
        self.assertGreaterEqual(sent, 18)
        self.assertEqual(self.ask("ntpopt_probe_packets_sent_total"), {"ntpopt": sent, "node": sent})
        kinds = json.loads(get(PROMETHEUS, "/api/v1/metadata?metric=ntpopt_round_duration_seconds")[1])["data"]
        self.assertEqual(kinds["ntpopt_round_duration_seconds"][0]["type"], "histogram")
        rules = json.loads(get(PROMETHEUS, "/api/v1/rules")[1])["data"]["groups"][0]["rules"]
        self.assertEqual({rule.get("lastError", "") for rule in rules}, {""})
        self.assertEqual([rule["name"] for rule in rules if rule["state"] != "inactive"], [])
        self.machine.daemon.stop()
        self.write_text_file()
        neither = {"ntpopt": 0.0, "node": 0.0}
        self.machine.wait_for(lambda: self.ask("ntpopt_up") == neither, 60, "Prometheus to see that ntpoptd is away", pause=0.2)
        self.assertEqual(self.ask("up"), both)

    def test_a_thousand_scrapes_change_nothing_and_send_no_packet(self):
        self.listen()
        self.assertEqual([get(METRICS, "/metrics", "POST")[0], get(METRICS, "/")[0], get(METRICS, "/metrics", "HEAD")], [405, 404, (200, "")])
        judged = subprocess.run([daemon_program("prometheus", "usr/bin/promtool"), "check", "metrics"], input=get(METRICS, "/metrics")[1],
                                capture_output=True, text=True)
        self.assertEqual((judged.returncode, judged.stdout + judged.stderr), (0, ""))
        # Whatever is sent from here on is sent for a scrape: chronyd does not poll meanwhile.
        os.kill(self.machine.chrony.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, self.machine.chrony.pid, signal.SIGCONT)
        before, applier = self.traces(), self.machine.applier_pid()
        with concurrent.futures.ThreadPoolExecutor(4) as scrapers:
            answers = list(scrapers.map(lambda _: get(METRICS, "/metrics"), range(SCRAPES)))
        self.assertEqual({status for status, _ in answers}, {200})
        self.assertEqual({len(series(text)) for _, text in answers}, {40 + 8 * len(self.report["selected"])})
        self.assertEqual(self.traces(), before)
        self.assertIn(self.machine.applier_pid(), (applier, 0), "a scrape started the applier")

    def traces(self):
        """All that a scrape could leave behind."""
        counted = {key: value for key, value in self.machine.ctl_json("metrics").items() if key not in MOVING}
        fakes = [self.machine.fakes.command(f"count good{i}") for i in range(1, 7)]
        state = sorted((path.name, path.stat().st_size, path.stat().st_mtime_ns)
                       for path in (self.machine.directory / "state").iterdir() if not path.name.endswith("-shm"))
        return {"counted": counted, "fakes": fakes, "datagrams": datagrams(), "state": state, "history": self.machine.ctl_json("history"),
                "state word": self.machine.property("State"), "daemon": self.machine.daemon.log()}


if __name__ == "__main__":
    lab.main()
