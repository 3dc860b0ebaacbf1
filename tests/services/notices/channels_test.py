"""Each channel delivers what the golden texts say, by servers that check what they are given; what goes wrong is named
once; and no secret is anywhere but in its file."""
import email
import email.policy
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import unittest

import notices_world as nw
from hostile_mail import Repeater
from notices_world import lab

TEST_TEXT = """A test

When:      TIME
Severity:  info
Reason:    somebody ran `ntpoptctl notify test` on HOST

--{blank}
ntpopt on HOST
""".format(blank=" ")
REPEATER = "127.40.2.4"
CHANGED = re.compile(r"The time servers were changed\n\nWhen: +\S+Z\nSeverity: +info\nRound: +1\nBefore: +old\.test\n"
                     r"Now:( +(good\d|old)\.test){4}\nReason: +\S")  # under load the old one may be better than a good one


def plain(text: str) -> str:
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    return text.replace(os.uname().nodename, "HOST")


class Search(threading.Thread):
    """Looks for secrets in the arguments and environments of every process, again and again."""

    def __init__(self):
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.seen, self.children = [], set()

    def run(self):
        while not self.over.wait(0.01):
            for entry in pathlib.Path("/proc").iterdir():
                if not entry.name.isdigit():
                    continue
                for part in ("cmdline", "environ"):
                    try:
                        text = (entry / part).read_bytes().decode(errors="replace")
                    except OSError:
                        continue
                    if "ntpopt-notify" in text:
                        self.children.add(entry.name)
                    self.seen += [f"{entry}/{part}" for secret in nw.SECRETS if secret in text]

    def stop(self):
        self.over.set()
        self.join()


class Channels(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.world = nw.NoticesWorld()
        self.addCleanup(self.world.close)
        self.world.settle()

    def wait_for(self, condition, what):
        self.world.wait_for(condition, 60, what)

    def failures(self) -> int:
        return self.world.daemon.log().count("notices by email cannot be delivered")

    def logins_refused(self) -> int:
        """By Exim."""
        return self.world.exim_log.read_text().count("plain authenticator failed")

    def hurry(self, condition, what):
        """As wait_for(), but whatever waits is tried at once: a reload does that, where no attempt is just under way."""
        self.world.wait_for(lambda: condition() or self.world.daemon.popen.send_signal(signal.SIGHUP), 60, what, pause=0.5)

    def test_every_channel_in_its_life(self):
        search = Search()
        search.start()
        self.the_test_arrives_everywhere()
        self.a_change_of_servers_is_told_everywhere()
        self.what_is_wrong_is_named()
        self.servers_that_repeat_what_they_were_told_are_not_repeated()
        self.a_wrong_password_is_reported_once_and_the_mail_comes_when_it_is_right()
        self.the_child_keeps_to_itself()
        search.stop()
        self.assertTrue(search.children, "no ntpopt-notify was seen")
        self.assertEqual(search.seen, [])
        self.no_secret_is_told_to_anybody()

    def the_test_arrives_everywhere(self):
        results = self.world.test_channel()
        self.assertEqual({name: row["ok"] for name, row in results.items()},
                         {"email": True, "slack": True, "discord": True, "webhook": True, "command": True}, results)
        left_out = results.pop("email")["detail"]
        self.assertRegex(left_out, r"^mail\.test did not take it for gone@admins\.test \(550 [^)]*\)$", "who was refused is named")
        self.assertEqual({row["detail"] for row in results.values()}, {""})
        for user in ("first", "second"):
            self.wait_for(lambda user=user: self.world.mails(user), f"a mail to {user}")
        self.assertFalse(self.world.mails("gone"))
        message = email.message_from_string(self.world.mails("first")[0], policy=email.policy.default)
        self.assertEqual(plain(message["Subject"]), "[ntpopt HOST] info: A test")
        self.assertEqual((message["From"], message["Auto-Submitted"]), ("ntpopt <ntpopt@machine.test>", "auto-generated"))
        self.assertEqual(message["To"], "first@admins.test, gone@admins.test, second@admins.test")
        self.assertRegex(message["Message-ID"], r"^<test\.email\.\d+@machine\.test>$")
        self.assertEqual(plain(message.get_content()), TEST_TEXT)
        self.assertRegex(self.world.exim_log.read_text(), r"P=esmtpsa X=TLS1\.[23]\S* .*A=plain:time")
        slack = json.loads(self.world.posts("slack")[0]["body"])
        self.assertEqual(plain(slack["text"]), "[ntpopt HOST] info: A test\n\n" + TEST_TEXT)
        discord = json.loads(self.world.posts("discord")[0]["body"])
        self.assertEqual(plain(discord["content"]), "`[ntpopt HOST] info: A test`\n```\n" + TEST_TEXT.replace("`", "'") + "```")
        hook = self.world.posts("webhook")[0]
        self.assertEqual((hook["type"], hook["signature"]), ("application/json", nw.signature(hook)))
        document = json.loads(hook["body"])
        self.assertEqual((plain(document["text"]), document["events"][0]["topic"]), (TEST_TEXT, "test"))
        self.assertEqual(json.loads(self.world.heard.read_text().splitlines()[0])["subject"], document["subject"])

    def a_change_of_servers_is_told_everywhere(self):
        self.assertEqual(self.world.ctl("reoptimize").returncode, 0)
        self.wait_for(lambda: len(self.world.mails("first")) == 2 and all(len(self.world.posts(name)) == 2 for name in nw.PATHS),
                      "the change to be told")
        message = email.message_from_string(self.world.mails("first")[1], policy=email.policy.default)
        self.assertRegex(message.get_content(), CHANGED)
        self.assertRegex(json.loads(self.world.posts("slack")[1]["body"])["text"], CHANGED)
        hook = self.world.posts("webhook")[1]
        self.assertEqual(hook["signature"], nw.signature(hook))
        event = json.loads(hook["body"])["events"][0]
        self.assertEqual((event["topic"], event["old"], len(event["new"])), ("selection_changed", ["old.test"], 4))
        # The mail server refuses one of three: the log and the others say so, once.
        self.wait_for(lambda: "notices by email do not reach everybody: mail.test did not take it for gone@admins.test" in
                      self.world.daemon.log(), "who was refused to be named")
        self.assertTrue([alarm for alarm in self.world.ctl_json("status")["alarms"] if "gone@admins.test (550" in alarm])

    def what_is_wrong_is_named(self):
        world = self.world
        world.secret("slack", "https://web.test" + nw.PATHS["slack"], 0o644)
        detail = world.test_channel("slack")["slack"]["detail"]
        self.assertIn(f"{world.secrets}/slack is not taken: others may read it", detail)
        self.assertIn("chown root:ntpopt and chmod 0640", detail)
        world.secret("slack", "http://web.test" + nw.PATHS["slack"])
        self.assertIn("does not hold a URL that begins with https://", world.test_channel("slack")["slack"]["detail"])
        world.secret("slack", "https://web.test/moved")
        self.assertIn("status 307", world.test_channel("slack")["slack"]["detail"])
        world.secret("webhook", "https://other.test/oThErToKeN11")
        self.assertRegex(world.test_channel("webhook")["webhook"]["detail"], "certificate")
        for name, path in nw.PATHS.items():
            world.secret(name, "https://web.test" + path)
        done = world.ctl("notify", "test", "pager")
        self.assertEqual((done.returncode, "no channel pager" in done.stderr), (1, True), done.stderr)
        operations = [entry["body"] for entry in world.ctl_json("report")["entries"] if entry["kind"] == "operation"]
        tests = [(body["uid"], body["arguments"]["channel"], body["refused"]) for body in operations if body["method"] == "TestNotice"]
        self.assertIn((0, "slack", None), tests)
        self.assertEqual(tests[-1], (0, "pager", "no channel pager is configured in [notify]"))

    def servers_that_repeat_what_they_were_told_are_not_repeated(self):
        world = self.world
        for place, status in (("asked", 500), ("signed", 403), ("long", 500), ("moved", 307)):
            world.secret("webhook", f"https://hooks:{nw.LOGIN.replace('/', '%2F')}@web.test:445/{place}?key={nw.ECHO}")
            detail = world.test_channel("webhook")["webhook"]["detail"]
            self.assertRegex(detail, rf"^the server answered with status {status}: .*(\*|\.\.\.)", place)
            self.assertEqual(nw.secrets_in(detail), [], place)
        world.secret("webhook", "https://web.test" + nw.PATHS["webhook"])
        repeater = Repeater(REPEATER, 587, world.certificates / "mail")
        world.add_names({"mail.test": [REPEATER]})
        for refused in ("AUTH", "MAIL", "RCPT TO:<gone@", "RCPT", "DATA"):
            for padding in (0, 62, 82):  # what is shown ends in the middle of the password, of either form
                repeater.refused, repeater.padding = refused, padding
                row = world.test_channel("email")["email"]
                self.assertEqual((row["ok"], nw.secrets_in(row["detail"])), (refused == "RCPT TO:<gone@", []), row)
        self.assertEqual([said for said in repeater.said if nw.PASSWORD not in said or len(nw.secrets_in(said)) != 2], [])
        # The same of what waits: in the log, as an alarm, and by the other channels.
        repeater.refused, repeater.padding, told = "RCPT", 0, r"refused: first@admins\.test \(550 time \*"
        in_use = world.ctl_json("status")["selected"][-1]
        self.assertEqual(world.ctl("blacklist", "add", in_use).returncode, 0)
        self.hurry(lambda: re.search("notices by email cannot be delivered: .*" + told, world.daemon.log()), "the log to tell")
        self.assertRegex("".join(world.ctl_json("status")["alarms"]), told)
        self.hurry(lambda: re.search(told, " ".join(json.loads(world.posts("slack")[-1]["body"])["text"].split())),
                      "the other channels to tell")
        world.add_names({"mail.test": [nw.MAIL]})
        before = len(world.mails("first"))
        self.hurry(lambda: len(world.mails("first")) == before + 1, "the mail that waited")
        self.assertIn(in_use, world.mails("first")[-1])

    def a_wrong_password_is_reported_once_and_the_mail_comes_when_it_is_right(self):
        world = self.world
        before, failures = len(world.mails("first")), self.failures()
        world.secret("password", "wrong")
        self.assertRegex(world.test_channel("email")["email"]["detail"], "denied|535")
        in_use = world.ctl_json("status")["selected"][0]
        self.assertEqual(world.ctl("blacklist", "add", in_use).returncode, 0)
        world.daemon.popen.send_signal(signal.SIGTERM)
        world.daemon.popen.wait(60)
        world.start_ntpoptd()  # the outbox outlives it, and a message goes a moment after the start
        self.wait_for(lambda: self.failures() == failures + 1, "the wrong password to be told")
        self.assertTrue([alarm for alarm in world.ctl_json("status")["alarms"] if "notices by email cannot be delivered" in alarm])
        refused = self.logins_refused()
        self.hurry(lambda: self.logins_refused() >= refused + 2, "two more attempts")
        self.assertEqual(self.failures(), failures + 1, "told once, however often it is tried")
        world.secret("password", nw.PASSWORD)
        self.hurry(lambda: len(world.mails("first")) == before + 1, "the mail that waited")
        message = email.message_from_string(world.mails("first")[-1], policy=email.policy.default)
        self.assertIn("A server in use is blacklisted: " + in_use, message.get_content())
        self.assertEqual(self.failures(), failures + 1)

    def the_child_keeps_to_itself(self):
        """Caught in the act, at a server that never answers: no core dump, and its memory is root's alone."""
        world = self.world
        world.secret("discord", "https://web.test:444/hAnGsToKeN22")
        with subprocess.Popen([world.program("ctl/ntpoptctl"), "notify", "test", "discord"], env=world.env,
                              stdout=subprocess.PIPE, text=True) as asked:
            pid = []

            def hangs():
                for entry in pathlib.Path("/proc").iterdir():
                    try:
                        if entry.name.isdigit() and b"ntpopt-notify" in (entry / "cmdline").read_bytes().split(b"\0")[0]:
                            if re.search(r"^Max core file size +0 +0 ", (entry / "limits").read_text(), re.M):
                                pid[:] = [entry]
                    except OSError:
                        continue
                return pid
            self.wait_for(hangs, "the child without a core dump")
            self.assertEqual((pid[0] / "environ").stat().st_uid, 0, "a process that is not dumpable belongs to root")
            os.kill(int(pid[0].name), signal.SIGKILL)
            self.assertRegex(asked.communicate(timeout=60)[0], "discord +failed +ntpopt-notify ended with status 137")

    def no_secret_is_told_to_anybody(self):
        world = self.world
        for verb in ("config", "status", "history", "report", "explain"):
            world.ctl(verb)
            world.ctl(verb, "--json")
        told = {"log": world.daemon.log(), "log of the bus and the applier": world.bus_log(), "ntpoptctl": "".join(world.shown),
                "mails": "".join(world.mails("first")), "posts": "".join(row["body"] for name in nw.PATHS for row in world.posts(name))}
        told["properties"] = world.run(["busctl", "--system", "call", "org.ntpopt1", "/org/ntpopt1", "org.freedesktop.DBus.Properties",
                                        "GetAll", "s", "org.ntpopt1.Manager"]).stdout
        self.assertIn("Alarms", told["properties"])
        told["bus"] = world.bus_messages("end")
        for said in ("TestNotice", "GetConfig", "PropertiesChanged", "RunFinished", "the server answered with status 500: you asked for",
                     "notices by email cannot be delivered", "certificate", str(world.secrets)):
            self.assertIn(said, told["bus"], "was this the whole life?")
        for folder in (world.directory / "state", world.applier_state):
            for path in folder.rglob("*"):
                if path.is_file():
                    told[str(path)] = path.read_bytes().decode("latin-1")
        for where, text in told.items():
            self.assertTrue(text or "ntpopt.db-" in where or where.endswith("lock"), f"{where} is empty")
        found = {where: nw.secrets_in(text) for where, text in told.items()}
        self.assertEqual({where: secrets for where, secrets in found.items() if secrets}, {})


if __name__ == "__main__":
    lab.main()
