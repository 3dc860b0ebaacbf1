"""What the tests of this folder share: a machine with six good servers on loopback and a chronyd on one old server, which is
farther away: on a busy machine it could be chosen otherwise."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import lab  # noqa: E402

GOOD = {f"good{i}.test": f"127.20.{i}.1" for i in range(1, 7)}
OLD = {"old.test": "127.30.1.1"}
QUICK = '[probe]\nspacing = "100ms"\n[schedule]\nboot_delay = "30min"\n'


def settled_machine(extra: str = QUICK, apply_extra: str = "", old: str = "iburst") -> lab.Machine:
    """Everything runs and chronyd follows its old server; no round has run."""
    machine = lab.Machine()
    names = GOOD | OLD
    machine.add_names({name: [address] for name, address in names.items()})
    machine.fakes = machine.start_fake_servers(
        [f"{address} name={name.split('.')[0]} stratum=2 delay={'40ms' if name in OLD else '2ms'} jitter=100us refid=10.9.0.{i}"
         for i, (name, address) in enumerate(names.items(), start=1)])
    machine.chrony = machine.start_chronyd_client([f"server old.test {old}"])
    machine.write_config(GOOD, extra, apply_extra)
    machine.wait_for(machine.chrony.is_synchronised, 30, "chronyd to follow its old server")
    machine.start_private_bus()
    machine.start_ntpoptd()
    return machine
