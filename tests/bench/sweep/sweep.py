"""How long a round over many servers takes against its bound, how much memory the daemon needs, and what it costs at rest.

usage (as root): tests/bench/sweep/sweep.py [SERVERS...]      (default: 200 2000)
The bound of a round is (samples - 1) x spacing + delay. The daemon is the real one, on a private bus, in mode observe.
"""
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import lab  # noqa: E402

SAMPLES, SPACING_S, DELAY_S = 3, 2.0, 0.020
LIMITS = {200: (1.10, 16), 2000: (1.25, 48)}  # ratio to the bound, MiB


def memory_kib(pid: int, *keys: str) -> dict:
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) for line in lines if line.split(":")[0] in keys}


def switches(pid: int) -> int:
    """How often the process went to sleep of itself: the number of its wake-ups."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


def sweep(servers: int) -> bool:
    with lab.Machine() as machine:
        specs = [f"127.{50 + i // 250}.{i % 250 + 1}.1:1123 name=s{i} delay={DELAY_S * 1000:.0f}ms stratum=2 "
                 f"refid=10.{i // 250}.{i % 250}.9" for i in range(servers)]
        listing = machine.directory / "servers"
        listing.write_text("\n".join(specs) + "\n")
        machine.start_fake_servers([], extra=["--file", listing])
        names = [spec.split()[0] for spec in specs]
        machine.write_config(names, f'[probe]\nmax_candidates = {servers}\nsamples = {SAMPLES}\nspacing = "{SPACING_S:.0f}s"\n'
                                    '[schedule]\nboot_delay = "1h"\n')
        machine.config.write_text('mode = "observe"\n' + machine.config.read_text())
        machine.start_private_bus(applier=False)
        machine.start_ntpoptd()
        report = machine.ctl_json("reoptimize")
        answered = sum(1 for server in report["servers"] if server["reachability"] == 100.0)
        bound = (SAMPLES - 1) * SPACING_S + DELAY_S
        peak = memory_kib(machine.daemon.pid, "VmHWM")["VmHWM"] / 1024
        ratio = report["duration_s"] / bound
        limit, limit_mib = LIMITS.get(servers, (1.25, 48))
        print(f"{servers:5} servers: {report['duration_s']:.3f} s, {ratio:.3f} of the bound {bound:.2f} s (limit {limit}); "
              f"peak memory {peak:.1f} MiB (limit {limit_mib}); {answered} answered everything", flush=True)
        return ratio <= limit and peak <= limit_mib and answered == servers


def rest(seconds: float = 30) -> bool:
    with lab.Machine() as machine:
        machine.add_names({"good.test": ["127.20.1.1"]})
        machine.start_fake_servers(["127.20.1.1 name=good stratum=2"])
        machine.chrony = machine.start_chronyd_client(["server good.test iburst"])
        machine.write_config(["good.test"], '[schedule]\nboot_delay = "1h"\n')
        machine.start_private_bus()
        machine.start_ntpoptd()
        machine.ctl_json("status")
        machine.wait_for(lambda: machine.applier_pid() == 0, 90, "the applier to leave")
        before = switches(machine.daemon.pid)
        time.sleep(seconds)
        wakeups = switches(machine.daemon.pid) - before
        memory = memory_kib(machine.daemon.pid, "VmRSS", "RssAnon")
        print(f"at rest: {wakeups} wake-ups in {seconds:.0f} s, {memory['RssAnon'] / 1024:.1f} MiB anonymous (limit 4), "
              f"{memory['VmRSS'] / 1024:.1f} MiB resident (limit 16), applier gone", flush=True)
        return wakeups == 0 and memory["RssAnon"] <= 4096 and memory["VmRSS"] <= 16384


def main() -> int:
    lab.enter()
    good = [sweep(int(word)) for word in sys.argv[1:] or ["200", "2000"]]
    good.append(rest())
    print(json.dumps({"within_limits": all(good), "cpus": os.cpu_count()}))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
