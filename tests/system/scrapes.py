"""The metrics in a booted machine: the units as shipped, whoever asks them, and Prometheus itself. A step of a day."""
import http.client
import json
import urllib.parse

from lab.world import daemon_program

SOCKET, TIMER = "ntpopt-metrics.socket", "ntpopt-textfile.timer"
SERVICES = ("ntpopt-metrics@.service", "ntpopt-textfile.service")
FOLDER = "/var/lib/prometheus/node-exporter"
SCRAPE = "exec 3<>/dev/tcp/127.0.0.1/9975; printf '%s /metrics HTTP/1.0\\r\\n\\r\\n' \"$0\" >&3; cat <&3"
PROMETHEUS = 9090


def live(day) -> None:
    units_are_sound(day)
    by_socket(day)
    by_prometheus(day)
    by_text_file(day)
    day.sh("systemctl", "disable", "--now", SOCKET, TIMER)
    day.sh("rm", "-r", "/var/lib/prometheus")


def units_are_sound(day) -> None:
    for unit in (SOCKET, TIMER):
        day.check(day.machine.run("systemctl", "is-enabled", unit).stdout == "disabled\n", f"{unit} is not disabled")
    verified = day.machine.run("systemd-analyze", "verify", "--man=no", SOCKET, TIMER)
    day.check(verified.returncode == 0 and "ntpopt" not in verified.stderr, f"systemd-analyze verify: {verified.stderr}")


def by_socket(day) -> None:
    day.sh("systemctl", "enable", "--now", SOCKET)
    answer = day.sh("bash", "-c", SCRAPE, "GET", user="bob")
    for wanted in ("HTTP/1.1 200 OK\n", "\nntpopt_up 1\n", '\nntpopt_service_up{service="chronyd"} 1\n', "\nntpopt_last_round_up 1\n"):
        day.check(wanted in answer, f"{wanted!r} is not in the scrape:\n{answer}")
    day.check(" 405 " in day.sh("bash", "-c", SCRAPE, "POST"), "a POST was not refused")
    day.sh("systemctl", "stop", "ntpoptd")
    day.check(day.sh("bash", "-c", SCRAPE, "GET").endswith("\nntpopt_up 0\n"), "a scrape does not tell that ntpoptd is away")
    day.sh("systemctl", "start", "ntpoptd")
    # More at once than a socket unit takes by default, after which it would be closed for all.
    day.sh("bash", "-c", "for i in $(seq 400); do exec 3<>/dev/tcp/127.0.0.1/9975; done", user="bob")
    day.machine.wait_for(lambda: "\nntpopt_up 1\n" in day.machine.run("bash", "-c", SCRAPE, "GET").stdout, 60, "a scrape after a flood")
    day.check(day.machine.show(SOCKET, "ActiveState") == "active", "a flood has closed the socket")
    day.say("scraped through the socket unit, also after a flood of connections")


def by_prometheus(day) -> None:
    """It runs beside the machine, whose network it shares."""
    config = day.world.directory / "prometheus.yml"
    config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [
        {"job_name": "ntpopt", "static_configs": [{"targets": ["127.0.0.1:9975"]}]}]}))
    prometheus = day.world.start("prometheus", [daemon_program("prometheus", "usr/bin/prometheus"), f"--config.file={config}",
                                                f"--storage.tsdb.path={day.world.directory}/tsdb", f"--web.listen-address=127.0.0.1:{PROMETHEUS}"])
    day.machine.wait_for(lambda: _value("ntpopt_up") == ["1"] and _value('up{job="ntpopt"}') == ["1"], 60, "Prometheus to scrape", 0.2)
    day.check(_value("ntpopt_server_heard") and _value("ntpopt_clock_error_bound_seconds"), "Prometheus has no servers, or no bound")
    prometheus.stop()
    day.say("scraped by Prometheus through the socket unit")


def _value(expression: str) -> list:
    connection = http.client.HTTPConnection("127.0.0.1", PROMETHEUS, timeout=30)
    try:
        connection.request("GET", "/api/v1/query?query=" + urllib.parse.quote(expression))
        return [row["value"][1] for row in json.loads(connection.getresponse().read())["data"]["result"]]
    except (OSError, ValueError, KeyError):  # not up yet
        return []
    finally:
        connection.close()


def by_text_file(day) -> None:
    day.sh("systemctl", "start", "ntpopt-textfile.service")  # without the folder it has nothing to do
    day.check(not day.machine.exists(FOLDER), f"{FOLDER} was made by us")
    day.sh("install", "-d", "-o", "nobody", FOLDER)
    day.sh("systemctl", "enable", "--now", TIMER)
    day.machine.wait_for(lambda: "\nntpopt_up 1\n" in day.machine.read(f"{FOLDER}/ntpopt.prom"), 60, "the timer to write the file")
    day.check(day.sh("stat", "-c", "%a %U", f"{FOLDER}/ntpopt.prom") == "644 root\n", "the file is not readable for all")
    day.check(day.sh("ls", "-A", FOLDER) == "ntpopt.prom\n", "something was left beside the file")
    day.say("written by the timer")
