"""Hours of an outage, and many events in a minute: what a real Exim gets from the outbox and the child that ntpoptd has,
with a clock that the test holds (courier.cpp)."""
import json
import os
import re
import subprocess
import unittest

import notices_world as nw
from notices_world import lab

HOUR = 3600


class Courier:
    """A life of the notices, which begins so many seconds after the first one did."""

    def __init__(self, world: nw.NoticesWorld, seconds: int = 0):
        state = world.directory / "state"
        if not state.exists():
            state.mkdir(mode=0o700)
            os.chown(state, nw.NOBODY, nw.NOBODY)
        self.process = world.start("courier", [
            "setpriv", f"--reuid={nw.NOBODY}", f"--regid={nw.NOBODY}", "--clear-groups", world.program("tests/services/notices/courier"),
            world.config, state, world.program("daemon/notify/ntpopt-notify").parent, seconds],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, line: str) -> dict:
        """What there is to say when that is done."""
        self.process.popen.stdin.write(line.encode() + b"\n")
        self.process.popen.stdin.flush()
        return json.loads(self.process.popen.stdout.readline())


class Outage(unittest.TestCase):
    def setUp(self):
        self.world = world = nw.NoticesWorld()
        self.addCleanup(world.close)
        world.add_names({"mail.test": [nw.MAIL]})
        world.start_exim()
        world.write_config([], f"""[notify.email]
server = "mail.test"
from = "ntpopt@machine.test"
to = ["first@admins.test", "second@admins.test"]
username = "time"
password_file = "{world.secret('password', nw.PASSWORD)}"
""")

    def received(self) -> int:
        """Mails that Exim took."""
        return self.world.exim_log.read_text().count(" <= ")

    def mails(self, count: int) -> list:
        """So many, which each of the two has."""
        boxes = {user: self.world.wait_for(lambda user=user: len(self.world.mails(user)) >= count and self.world.mails(user), 60,
                                           f"{count} mails for {user}") for user in ("first", "second")}
        self.assertEqual([len(box) for box in boxes.values()], [count, count])
        return boxes["first"]

    def test_a_server_that_is_down_for_an_hour_gets_the_mail_once_also_over_a_crash(self):
        self.world.exim.stop()
        life = Courier(self.world)
        life.ask("tell 1 0")
        first = life.ask(f"pass {HOUR // 2}")
        self.assertGreaterEqual(first["attempts"], 4)
        self.assertRegex(" ".join(first["troubles"]), "^notices by email cannot be delivered: mail.test: .*connect")
        life.process.kill()
        life = Courier(self.world, HOUR // 2)
        second = life.ask(f"pass {HOUR // 2}")
        self.assertGreaterEqual(second["attempts"], 1)
        self.assertEqual((second["waiting"], second["troubles"], len(second["alarms"]), self.received()), (1, [], 1, 0))
        self.world.start_exim_again()
        third = life.ask(f"pass {HOUR}")
        self.assertEqual((third["waiting"], third["troubles"], third["alarms"]), (0, ["notices by email are delivered again"], []))
        self.assertEqual((self.received(), life.ask(f"pass {48 * HOUR}")["attempts"]), (1, third["attempts"]))
        life.process.kill()
        Courier(self.world, 51 * HOUR).ask(f"pass {48 * HOUR}")
        self.assertIn("event 0", self.mails(1)[0])
        self.assertEqual(self.received(), 1)

    def test_five_hundred_events_in_a_minute_are_at_most_three_mails(self):
        life = Courier(self.world)
        life.ask("tell 500 60")
        said = life.ask(f"pass {HOUR}")
        self.assertEqual((said["waiting"], said["troubles"]), (0, []))
        self.assertEqual(said["attempts"], self.received())
        self.assertIn(self.received(), (1, 2, 3))
        subjects = [" ".join(re.search(r"^Subject: (.*(?:\n .*)*)", mail, re.M)[1].split()) for mail in self.mails(self.received())]
        told = [int((re.search(r"\(and (\d+) more\)$", subject) or [0, 0])[1]) + 1 for subject in subjects]
        self.assertEqual(sum(told), 500, subjects)


if __name__ == "__main__":
    lab.main()
