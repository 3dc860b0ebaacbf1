"""The main job before your eyes: ntpoptd moves a real chronyd from two poor servers to the best set of ten.

packaging/quickstart.sh starts this. It shows what happens and ends with an error if it is not what should happen.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import lab  # noqa: E402

# The internet of this world: real chronyds and fake servers, each with a network of its own.
REAL = {"ntp.metrology.example": "10.77.1.1", "ntp.university.example": "10.77.2.1"}
FAKE = {
    "ntp.near.example": ("10.77.3.1", "delay=6ms jitter=0.2ms stratum=2 refid=10.99.3.3"),
    "ntp.city.example": ("10.77.4.1", "delay=9ms jitter=0.3ms stratum=2 refid=10.99.4.4"),
    "ntp.isp.example": ("10.77.5.1", "delay=12ms jitter=0.3ms stratum=2 refid=10.99.5.5"),
    "ntp.far.example": ("10.77.6.1", "forward=80ms backward=110ms jitter=1ms stratum=2 refid=10.99.6.6"),
    "ntp.noisy.example": ("10.77.7.1", "delay=30ms jitter=15ms stratum=3 refid=10.99.7.7"),
    "ntp.liar.example": ("10.77.8.1", "delay=1ms offset=3s stratum=1 refid=GPS"),
    "ntp.dead.example": ("10.77.9.1", "silent=yes"),
    "ntp.lost.example": ("10.77.10.1", "delay=4ms unsynchronised=yes"),
}
GOOD = {*REAL, "ntp.near.example", "ntp.city.example", "ntp.isp.example"}
POOR = ["ntp.far.example", "ntp.noisy.example"]
EXPECTED = {"ntp.liar.example": "falseticker", "ntp.dead.example": "unreachable", "ntp.lost.example": "unsynchronised"}


def title(text: str) -> None:
    print(f"\n== {text}", flush=True)


def build_world(machine: lab.Machine) -> None:
    """The servers, and a machine whose chronyd follows two poor ones."""
    places = REAL | {name: address for name, (address, _) in FAKE.items()}
    machine.add_addresses(places.values())
    machine.add_names({name: [address] for name, address in places.items()})
    for stratum, address in enumerate(REAL.values(), start=1):
        machine.start_chronyd_server(address, stratum)
    machine.start_fake_servers([f"{address} name={name.split('.')[1]} {spec}" for name, (address, spec) in FAKE.items()])
    machine.chrony = machine.start_chronyd_client([f"server {name} iburst" for name in POOR])
    machine.write_config([*REAL, *FAKE], '[schedule]\nboot_delay = "10min"\n')


def check(report: dict, chrony, pid_before: int) -> list:
    """What is not as it should be."""
    verdicts = {server["name"]: server["verdict"] for server in report["servers"]}
    wrong = [f"{name} is '{verdicts.get(name)}', not '{word}'" for name, word in EXPECTED.items() if verdicts.get(name) != word]
    if report["outcome"] != "applied":
        wrong.append(f"the outcome is '{report['outcome']}': {report['reason']}")
    wrong += [f"{name} was chosen" for name in report["selected"] if name not in GOOD]
    if chrony.pid != pid_before or not chrony.process.is_running():
        wrong.append("chronyd was restarted")
    if chrony.selected() not in report["selected"]:
        wrong.append(f"chronyd follows '{chrony.selected()}', which was not chosen")
    if not chrony.is_synchronised():
        wrong.append("chronyd is not synchronised")
    return wrong


def main() -> int:
    lab.enter()
    with lab.Machine() as machine:
        title("a small world: ten servers, and a chronyd that follows two poor ones (-x: it never touches the clock)")
        build_world(machine)
        chrony = machine.chrony
        machine.wait_for(chrony.is_synchronised, 30, "chronyd to follow a server")
        pid_before = chrony.pid
        print(f"chronyd has PID {pid_before}. chronyc -N sources, before:")
        print(chrony.chronyc("-N", "sources"))

        title("ntpoptd as nobody without capabilities, ntpopt-apply started by the bus as root; ntpoptctl reoptimize")
        machine.start_private_bus()
        machine.start_ntpoptd()
        with lab.Following(chrony, 10) as watch:
            machine.show([machine.program("ctl/ntpoptctl"), "reoptimize"])

        title(f"chronyd has PID {chrony.pid}. chronyc -N sources, after:")
        print(chrony.chronyc("-N", "sources"))
        title("ntpoptctl servers --all: who was chosen, and why the others were not")
        machine.show([machine.program("ctl/ntpoptctl"), "servers", "--all"])

        report = machine.ctl_json("servers")
        report |= {key: value for key, value in machine.ctl_json("status")["last_run"].items()
                   if key in ("outcome", "reason", "selected")}
        wrong = check(report, chrony, pid_before) + [f"meanwhile chronyd was {fault}" for fault in watch.faults]
        if not watch.looks:
            wrong.append("nobody looked at chronyd meanwhile")
    for line in wrong:
        print(f"quickstart: {line}", file=sys.stderr)
    if not wrong:
        title("success")
        print("The liar (3 s off, stratum 1, the nearest), the dead and the unsynchronised server were found out;\n"
              "chronyd follows the chosen set, was never restarted, and had sources to follow whenever it was looked at,\n"
              f"{watch.looks} times during the change.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
