"""How long `ntpoptctl history --since 30d --json` takes over 2,000 rounds of 40 servers, and what that costs the daemon.

usage (as root): tests/bench/history/history.py [REPETITIONS]      (default: 20)
The database holds what the default limits leave of the rounds, which are 6 h apart. Measured is the whole program, from
its start to its end; the median counts. The daemon is the real one on a private bus.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import lab  # noqa: E402

ROUNDS = 2000
LIMIT_S, LIMIT_MIB = 0.050, 16


def memory_mib(pid: int, key: str) -> float:
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key + ":")) / 1024


def main() -> int:
    lab.enter()
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with lab.Machine() as machine:
        state = machine.directory / "state"
        state.mkdir(mode=0o700)
        subprocess.run([machine.program("tests/bench/history/fill_history"), state, str(ROUNDS)], check=True)
        for path in (state, *state.iterdir()):
            os.chown(path, 65534, 65534)
        size = (state / "ntpopt.db").stat().st_size
        machine.write_config([], '[schedule]\nboot_delay = "1h"\n')
        machine.start_private_bus(applier=False)
        machine.start_ntpoptd()
        command = [machine.program("ctl/ntpoptctl"), "history", "--since", "30d", "--json"]
        took = []
        for _ in range(repetitions):
            began = time.monotonic()
            done = subprocess.run(command, env=machine.env, check=True, stdout=subprocess.PIPE)
            took.append(time.monotonic() - began)
        rounds = json.loads(done.stdout)
        everything = machine.ctl_json("history", "--since", "3650d")
        peak = memory_mib(machine.daemon.pid, "VmHWM")
        rest = memory_mib(machine.daemon.pid, "RssAnon")
    median = statistics.median(took)
    print(f"history --since 30d --json: {len(rounds)} rounds of {len(rounds[0]['servers'])} servers, "
          f"{len(done.stdout) / 1e6:.1f} MB: median {median * 1000:.1f} ms, least {min(took) * 1000:.1f} ms, "
          f"{median / LIMIT_S:.2f} of the limit {LIMIT_S * 1000:.0f} ms")
    print(f"{len(everything)} rounds are kept in {size / 2**20:.2f} MiB; the daemon's peak is {peak:.1f} MiB resident "
          f"(limit {LIMIT_MIB}), {rest:.1f} MiB anonymous afterwards")
    good = median <= LIMIT_S and peak <= LIMIT_MIB and len(rounds) == 120 and size <= 10 * 2**20
    print(json.dumps({"within_limits": good, "cpus": os.cpu_count()}))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
