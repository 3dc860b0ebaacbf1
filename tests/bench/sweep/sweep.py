"""How long a round over many servers takes against its bound, how much memory the daemon needs, and what it costs at rest
afterwards.

usage (as root): tests/bench/sweep/sweep.py [--rest SECONDS] [SERVERS...]      (default: 90 s, 200 2000)
The bound of a round is (samples - 1) x spacing + delay. The daemon is the real one, on a private bus, in mode observe, with
a chronyd, the applier and a watchdog. A rest of more than 15 min sees the health check, too.
"""
import argparse
import json
import os
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import lab  # noqa: E402

SAMPLES, SPACING_S, DELAY_S = 3, 2.0, 0.020
LIMITS = {200: (1.10, 16), 2000: (1.25, 48)}  # ratio to the bound, MiB
ANONYMOUS_MIB, RESIDENT_MIB = 4, 16  # at rest
WATCHDOG_S = 40  # it is fed twice in that time
HEALTH_CHECK_S = 15 * 60


class ServiceManager:
    """Takes what the daemon tells systemd, and counts how often it fed the watchdog."""

    def __init__(self, machine):
        path = machine.directory / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        path.chmod(0o777)
        machine.env |= {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": str(WATCHDOG_S * 1_000_000)}

    def fed(self) -> int:
        """Since it was asked last."""
        count = 0
        while True:
            try:
                count += self.socket.recv(4096).decode().splitlines().count("WATCHDOG=1")
            except BlockingIOError:
                return count


def memory_kib(pid: int, *keys: str) -> dict:
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) for line in lines if line.split(":")[0] in keys}


def switches(pid: int) -> int:
    """How often the process went to sleep of itself: the number of its wake-ups."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


def sweep(servers: int, rest_s: float) -> bool:
    with lab.Machine() as machine:
        specs = [f"127.{50 + i // 250}.{i % 250 + 1}.1:1123 name=s{i} delay={DELAY_S * 1000:.0f}ms stratum=2 "
                 f"refid=10.{i // 250}.{i % 250}.9" for i in range(servers)]
        listing = machine.directory / "servers"
        listing.write_text("\n".join(specs) + "\n")
        machine.start_fake_servers([], extra=["--file", listing])
        names = [spec.split()[0] for spec in specs]
        machine.chrony = machine.start_chronyd_client(["server 127.50.1.1 port 1123 iburst"])
        machine.write_config(names, f'[probe]\nmax_candidates = {servers}\nsamples = {SAMPLES}\nspacing = "{SPACING_S:.0f}s"\n'
                                    '[schedule]\nboot_delay = "1h"\n')
        machine.config.write_text('mode = "observe"\n' + machine.config.read_text())
        machine.wait_for(machine.chrony.is_synchronised, 30, "chronyd to follow its server")
        machine.start_private_bus()
        manager = ServiceManager(machine)
        machine.start_ntpoptd()
        report = machine.ctl_json("reoptimize")
        answered = sum(1 for server in report["servers"] if server["reachability"] == 100.0)
        bound = (SAMPLES - 1) * SPACING_S + DELAY_S
        peak = memory_kib(machine.daemon.pid, "VmHWM")["VmHWM"] / 1024
        ratio = report["duration_s"] / bound
        limit, limit_mib = LIMITS.get(servers, (1.25, 48))
        print(f"{servers:5} servers: {report['duration_s']:.3f} s, {ratio:.3f} of the bound {bound:.2f} s (limit {limit}); "
              f"peak memory {peak:.1f} MiB (limit {limit_mib}); {answered} answered everything", flush=True)
        rested = rest(machine, manager, rest_s)
        return ratio <= limit and peak <= limit_mib and answered == servers and rested


def rest(machine, manager: ServiceManager, seconds: float) -> bool:
    """What the daemon costs from the moment on in which the applier has left."""
    machine.wait_for(lambda: machine.applier_pid() == 0, 90, "the applier to leave")
    manager.fed()
    before = switches(machine.daemon.pid)
    time.sleep(seconds)
    wakeups, fed = switches(machine.daemon.pid) - before, manager.fed()
    memory = {key: kib / 1024 for key, kib in memory_kib(machine.daemon.pid, "VmRSS", "RssAnon").items()}
    others = wakeups - fed
    print(f"      afterwards at rest: {wakeups} wake-ups in {seconds:.0f} s, {fed} of them to feed the watchdog; "
          f"{memory['RssAnon']:.1f} MiB anonymous, {memory['RssAnon'] / ANONYMOUS_MIB:.2f} of the limit {ANONYMOUS_MIB}; "
          f"{memory['VmRSS']:.1f} MiB resident, {memory['VmRSS'] / RESIDENT_MIB:.2f} of the limit {RESIDENT_MIB}; "
          f"the applier is gone", flush=True)
    # The health check brings the applier, whose answer and whose leaving wake it, too.
    quiet = fed > 0 and (others == 0 or seconds >= HEALTH_CHECK_S)
    return quiet and memory["RssAnon"] <= ANONYMOUS_MIB and memory["VmRSS"] <= RESIDENT_MIB


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--rest", type=float, default=90)
    options.add_argument("servers", type=int, nargs="*", default=[200, 2000])
    asked = options.parse_args()
    lab.enter()
    good = [sweep(servers, asked.rest) for servers in asked.servers]
    print(json.dumps({"within_limits": all(good), "cpus": os.cpu_count()}))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
