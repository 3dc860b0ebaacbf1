"""A whole machine in a world: chronyd as its NTP service, a bus with the shipped policies, ntpopt-apply started by the bus
when it is needed, ntpoptd as nobody, ntpoptctl. Quickstart and the tests of the daemon stand on it."""
import json
import os
import pathlib
import subprocess

from lab.world import ROOT, World, build_dir

USER = "nobody"


class Machine(World):
    """Build it up in the order of its methods: servers, NTP service, bus, daemon."""

    def __init__(self):
        super().__init__()
        self.chrony = None
        self.daemon = None
        self.config = self.directory / "ntpopt.toml"

    def add_addresses(self, addresses) -> None:
        for address in addresses:
            self.run(["ip", "address", "add", f"{address}/32", "dev", "lo"])

    def write_config(self, servers, extra: str = "", apply_extra: str = "") -> None:
        """Only these servers are asked. `extra` holds whole tables, `apply_extra` keys of [apply]."""
        chronyc = ""
        if self.chrony is not None:
            chronyc = f'chrony_conf = "{self.chrony.config}"\nchronyc = "{" ".join(self.chrony.chronyc_argv)}"\n'
        self.config.write_text(f"[discovery]\nservers = {json.dumps(list(servers))}\nregional = false\nglobal = false\n"
                               f"{extra}\n[apply]\n{chronyc}{apply_extra}\n")
        self.config.chmod(0o644)

    def start_private_bus(self, applier: bool = True, policies=()) -> None:
        """With the policies that we ship, for the user that we have, and others; the applier is started by the bus, as root."""
        policies = list(policies)
        for name in ("org.ntpopt1.conf", "org.ntpopt1.Applier.conf"):
            policy = self.directory / name
            policy.write_text((build_dir() / "dbus" / name).read_text().replace('user="ntpopt"', f'user="{USER}"'))
            policies.append(policy)
        services = self.directory / "services"
        services.mkdir(exist_ok=True)
        data = self.directory / "data"  # of root's, as where it is installed
        data.mkdir(exist_ok=True)
        (data / "catalogue.toml").write_bytes((ROOT / "conf" / "catalogue.toml").read_bytes())
        if applier:
            program = self.program("daemon/apply/ntpopt-apply")
            (services / "org.ntpopt1.Applier.service").write_text(
                f"[D-BUS Service]\nName=org.ntpopt1.Applier\nUser=root\nExec={program} --config {self.config} "
                f"--state-dir {self.applier_state} --runtime-dir {self.directory}/apply-run --data-dir {data} --user {USER}\n")
        activation = self.directory / "activation.conf"
        activation.write_text(f"<busconfig><servicedir>{services}</servicedir></busconfig>\n")
        self.start_bus([*policies, activation])

    @property
    def applier_state(self) -> pathlib.Path:
        return self.directory / "apply-state"

    def start_ntpoptd(self) -> None:
        self.program("daemon/notify/ntpopt-notify")  # beside the other one
        self.daemon = self.start_daemon(self.config, ["--data-dir", ROOT / "conf", "--libexec-dir", self.program("daemon/fetch/ntpopt-fetch").parent])
        if not self.daemon.is_running():
            raise RuntimeError(f"ntpoptd ended: {self.daemon.log()}")

    def applier_pid(self) -> int:
        """The running applier's, 0 where none runs."""
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit() and _program(entry).endswith("/ntpopt-apply"):
                return int(entry.name)
        return 0

    def bus_log(self) -> str:
        return (self.directory / "dbus.log").read_text(errors="replace")

    def ctl_as(self, uid: int, *words) -> subprocess.CompletedProcess:
        return self.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups",
                         self.program("ctl/ntpoptctl"), *words])

    def ctl_json(self, *words):
        """The document that a verb prints with --json; a failure of the program is an error here."""
        done = self.ctl(*words, "--json")
        if done.returncode != 0:
            raise RuntimeError(f"ntpoptctl {' '.join(words)}: exit {done.returncode}: {done.stderr}{done.stdout[-500:]}")
        return json.loads(done.stdout)

    def property(self, name: str) -> str:
        done = self.run(["busctl", "--system", "get-property", "org.ntpopt1", "/org/ntpopt1", "org.ntpopt1.Manager", name])
        return done.stdout.strip()

    def show(self, argv) -> int:
        """Runs a program before the eyes of whoever watches."""
        return subprocess.run([str(word) for word in argv], env=self.env | {"TERM": os.environ.get("TERM", "dumb")},
                              check=False).returncode


def _program(entry: pathlib.Path) -> str:
    """The path of a process's program, "" for one that has ended."""
    try:
        return os.readlink(entry / "exe")
    except OSError:
        return ""
