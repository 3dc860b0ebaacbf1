"""One world of the crash matrix: a service that is changed again and again by an applier that is stopped or cheated at a
point of each change. Run as a program it does so for the points on its command line and prints what it found, or counts
the calls of a change that make points ("files", "others")."""
import importlib
import itertools
import json
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import lab  # noqa: E402
from points import ON_FILES, count_calls, tracer, watched_paths  # noqa: E402

FINAL = ("committed", "rolled_back", "degraded")
SIDES = {"chronyd": ("chrony_side", "ChronySide"), "chronyd-edited": ("chrony_edited_side", "ChronyEditedSide"),
         "ntpd": ("ntpd_side", "NtpdSide"), "timesyncd": ("timesyncd_side", "TimesyncdSide")}


# From which set to which; "other" goes to and fro.
FROM = {"own": "own", "other": "A", "dead": "A", "back": "A"}
TO = {"own": "A", "other": "B", "dead": "dead", "back": "own"}


class Torture:
    def __init__(self, service, family):
        module, name = SIDES[service]
        self.side = getattr(importlib.import_module(module), name)()
        self.world = self.side.world
        self.family = family
        self.state_dir = self.world.directory / "apply-state"
        self.journal = self.state_dir / "txn.json"
        self.current = "own"
        self.runs = 0
        self.side.serve()
        if FROM[family] != self.current:
            self.change_in_peace(FROM[family])
        self.world.applier.stop()

    def close(self):
        self.world.close()

    def target(self):
        return FROM[self.family] if self.current == TO[self.family] else TO[self.family]

    def ask(self, letter):
        """Begins a change and returns its number."""
        if letter == "own":
            return self.world.call("rollback", {"original": True})
        return self.world.call("apply", self.side.choices(letter), {"by_hand": True})

    def transaction(self):
        document = json.loads(self.journal.read_text()) if self.journal.exists() else {}
        return (document.get("transaction") or {}).get("report") or {"transaction": 0, "state": "nothing"}

    def change_in_peace(self, letter):
        for _ in range(2):  # on a machine under heavy load a service may not answer in time, and the change is undone
            report = self.world.finish(self.ask(letter), timeout=120)
            if report["state"] == "committed":
                break
        else:
            raise RuntimeError(f"to {letter}: {report}")
        self.current = letter
        self.side.settle()

    def prepare(self):
        """Back to the set that the family starts from."""
        if self.family != "other" and self.current != FROM[self.family]:
            self.world.applier = self.world.start_applier(self.world.config)
            self.change_in_peace(FROM[self.family])
            self.world.applier.stop()
        self.side.settle()

    def arguments(self):
        return ["--config", self.world.config, "--state-dir", self.state_dir, "--user", "nobody"]

    def run_change(self, under):
        """A change by an applier under strace; whether the applier is still there, and what it answered."""
        before = self.transaction()["transaction"]
        self.runs += 1
        self.world.applier = applier = self.world.start(
            f"applier-{self.runs}", [*under, self.world.program("daemon/apply/ntpopt-apply"), *self.arguments(), "--no-idle-exit"])
        self.world.wait_for(lambda: self.world.has_owner("org.ntpopt1.Applier") or not applier.is_running(), 30, "the applier on the bus")
        answer = ""
        try:
            self.world.call("observe")  # as in count(): a call is met by its number
            number = self.ask(self.target())
        except Exception as refused:  # killed before it could answer, or a disk that is full
            number, answer = 0, str(refused)

        looks = itertools.count()

        def ended():
            """The journal says when it is worth a question; a disk that is full keeps it from saying so."""
            if not applier.is_running():
                return True
            if not number:
                return "disconnected" not in answer  # strace ends a moment after the applier
            if self.transaction()["state"] not in FINAL and next(looks) % 10 != 0:
                return False
            try:
                return self.world.call("transaction", str(number))["state"] in FINAL
            except Exception:  # it died between two looks
                return not applier.is_running()
        self.world.wait_for(ended, 150, "the change to end", pause=0.1)
        return applier.is_running(), before, answer

    def stop_applier(self):
        applier = self.world.applier
        if applier.is_running():
            # strace hands SIGTERM on to nobody, so its child is told.
            children = pathlib.Path(f"/proc/{applier.pid}/task/{applier.pid}/children").read_text().split()
            for child in children or [str(applier.pid)]:
                lab.processes.os.kill(int(child), signal.SIGTERM)
            applier.wait(60)

    def recover(self, by_bus):
        if by_bus:
            self.world.applier = self.world.start_applier(self.world.config)
            self.world.wait_for(lambda: self.transaction()["state"] in (*FINAL, "nothing"), 120, "recovery", pause=0.1)
            self.world.applier.stop()
            return 0
        # As after a power cut: no bus yet, and the service, where the bus is needed to change it, starts afterwards.
        if self.side.NEEDS_BUS:
            self.side.stop()
        program = self.world.program("daemon/apply/ntpopt-apply")
        status = self.world.run(["env", "-u", "DBUS_SYSTEM_BUS_ADDRESS", program, *self.arguments(), "--recover"], timeout=180).returncode
        if self.side.NEEDS_BUS:
            self.side.start()
        return status

    def count(self, what):
        """The calls on files, or to others, of one undisturbed change: their counts before it began and after."""
        trace = self.world.directory / "trace"
        self.prepare()
        under = tracer(trace, ON_FILES, watched_paths(self.side, self.state_dir)) if what == "files" else tracer(trace, self.side.TALKS)
        self.world.applier = self.world.start(
            "counted", [*under, self.world.program("daemon/apply/ntpopt-apply"), *self.arguments(), "--no-idle-exit"])
        self.world.wait_for(lambda: self.world.has_owner("org.ntpopt1.Applier"), 30, "the applier on the bus")
        self.world.call("observe")  # the first question of all makes connections that a change does not
        before = count_calls(trace.read_text())
        self.world.finish(self.ask(self.target()), timeout=150)
        after = count_calls(trace.read_text())
        self.stop_applier()
        return before, after

    def settled(self, expected):
        """Whom the service follows, once that is what is expected or does not become it."""
        try:
            self.world.wait_for(lambda: self.side.followed() == expected, 60, "the service to follow it", pause=0.2)
        except lab.processes.TimedOut:
            pass
        return self.side.followed()

    def try_point(self, call, number, what, by_bus):
        self.prepare()
        target, pid = self.target(), self.side.pid()
        action = {"kill": "signal=KILL", "ENOSPC": "error=ENOSPC", "EIO": "error=EIO"}[what]
        when = f"{number}+" if what == "ENOSPC" else str(number)  # a full disk stays full
        on_files = call in ON_FILES
        under = tracer("/dev/null", [call], watched_paths(self.side, self.state_dir) if on_files else (),
                       f"{call}:{action}:when={when}")
        with self.side.watch() as watch:
            alive, before, answer = self.run_change(under)
            found = self.transaction()
            self.stop_applier()
            status = self.recover(by_bus)
            report = self.transaction()
            begun = report["transaction"] > before
            if not begun or report["state"] == "rolled_back":
                wanted = self.current
            else:
                wanted = target
            followed = self.settled(self.side.expected(wanted))
        trouble = []
        if followed != self.side.expected(wanted):
            trouble.append(f"it follows {followed}, not {self.side.expected(wanted)}")
        if begun and report["state"] not in ("committed", "rolled_back"):
            trouble.append(f"the journal says {report['state']}: {report.get('reason')}")
        if status != 0:
            trouble.append(f"--recover ended with {status}")
        left = [str(path) for folder in (*self.side.folders(), self.state_dir) if folder.exists() for path in folder.iterdir()
                if path.name.startswith(".") or path.name.endswith(".damaged")]
        if left:
            trouble.append(f"left behind: {left}")
        undisturbed = self.side.PID_STAYS and (by_bus or not self.side.NEEDS_BUS)
        if undisturbed and self.side.pid() != pid:
            trouble.append("the service was restarted")
        if undisturbed and watch.faults:
            trouble.append(f"meanwhile the service was {watch.faults[:3]}")
        if followed == self.side.expected(wanted):
            self.current = wanted
        return {"point": [call, number, what], "family": self.family, "killed": what == "kill" and not alive,
                "found": found["state"] if found["transaction"] > before else "nothing", "state": report["state"] if begun else "nothing",
                "reason": report.get("reason", ""), "answer": answer[:200], "looks": watch.looks,
                "choice_s": round(getattr(watch, "longest_choice_s", 0.0), 2), "trouble": trouble}


def main():
    service, family, *points = sys.argv[1:]
    lab.enter()
    torture = Torture(service, family)
    try:
        if points[0] in ("files", "others"):
            print(json.dumps(torture.count(points[0])))
            return
        for index, point in enumerate(json.loads(points[0])):
            try:
                print(json.dumps(torture.try_point(*point, by_bus=index % 2 == 0)), flush=True)
            except Exception as error:  # the rest of the points go on in another world
                print(json.dumps({"point": point, "family": family, "trouble": [f"{type(error).__name__}: {error}"[:3000]]}), flush=True)
                torture.close()
                torture = Torture(service, family)
    finally:
        torture.close()


if __name__ == "__main__":
    main()
