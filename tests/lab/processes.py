"""Starting, watching and ending the programs of a world. Every wait has a deadline and says what it waited for."""
from __future__ import annotations

import os
import signal
import subprocess
import threading
import time


# What a program may take that has nothing to wait for, on a machine that does much else: to start, to answer, to end.
PATIENCE_S = 60


class TimedOut(AssertionError):
    pass


def wait_for(condition, timeout: float, what: str, pause: float = 0.02):
    """Asks `condition` until it is true, and returns what it said; TimedOut after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimedOut(f"waited {timeout} s for {what}")
        time.sleep(pause)


class Watch(threading.Thread):
    """Looks again and again, by `look()`, as long as its block lasts; `looks` says how often, `faults` what they found wrong.
    A look that cannot be made ends it, and fails the block."""

    def __init__(self, look):
        super().__init__(daemon=True)
        self.look, self.end, self.looks, self.faults, self.error = look, threading.Event(), 0, [], None

    def run(self):
        try:
            while not self.end.wait(0.25):
                fault = self.look()
                self.faults += [fault] if fault else []
                self.looks += 1
        except Exception as error:  # of this thread; told by the other one
            self.error = error

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        self.end.set()
        self.join()
        if self.error is not None and kind is None:
            raise self.error


class Process:
    """A program that runs until it is stopped, its output in a file."""

    def __init__(self, name: str, argv: list, log_path: str, env: dict | None = None, stdin=subprocess.DEVNULL, stdout=None):
        self.name = name
        self.log_path = log_path
        with open(log_path, "ab") as log:
            self.popen = subprocess.Popen([str(word) for word in argv], stdin=stdin, stdout=stdout or log, stderr=log, env=env,
                                          start_new_session=True)

    @property
    def pid(self) -> int:
        return self.popen.pid

    def log(self) -> str:
        with open(self.log_path, errors="replace") as log:
            return log.read()

    def is_running(self) -> bool:
        return self.popen.poll() is None

    def wait(self, timeout: float = PATIENCE_S) -> int:
        """The exit status; negative for the signal that ended it."""
        return self.popen.wait(timeout)

    def stop(self, number: int = signal.SIGTERM, timeout: float = PATIENCE_S) -> int:
        if self.is_running():
            os.kill(self.pid, number)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            os.kill(self.pid, signal.SIGKILL)
            self.wait(timeout)
            raise TimedOut(f"{self.name} did not end within {timeout} s of signal {number}") from None

    def kill(self) -> None:
        self.stop(signal.SIGKILL)
