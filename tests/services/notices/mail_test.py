"""Mail to a real Exim in each of the three ways, and what is refused: a certificate of another name or of an authority
that nobody trusts, TLS that somebody took out, a password without TLS. What is refused costs no secret."""
import json
import re
import signal
import unittest

import notices_world as nw
from hostile_mail import Stripper
from notices_world import lab

BETWEEN = "127.40.2.3"


class Mail(unittest.TestCase):
    def setUp(self):
        self.world = world = nw.NoticesWorld()
        self.addCleanup(world.close)
        world.add_names({"mail.test": [nw.MAIL], "wrong.test": [nw.MAIL], "other.test": [nw.STRANGER]})
        world.start_exim()
        self.password = world.secret("password", nw.PASSWORD)
        self.configure()
        world.start_private_bus(applier=False)
        world.start_ntpoptd()

    def configure(self, **keys) -> None:
        keys = {"server": "mail.test", "from": "ntpopt@machine.test", "to": ["first@admins.test"], "username": "time",
                "password_file": str(self.password)} | keys
        lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items() if value != ""]
        self.world.write_config([], "\n".join(["[notify.email]", *lines]))

    def reload(self, said: str) -> None:
        daemon = self.world.daemon
        before = daemon.log().count(said)
        daemon.popen.send_signal(signal.SIGHUP)
        self.world.wait_for(lambda: daemon.log().count(said) > before, 60, said)

    def send(self, **keys) -> dict:
        """What came of a test mail with these keys of [notify.email]."""
        self.configure(**keys)
        self.reload("configuration reloaded")
        self.begin = len(self.world.exim_log.read_text())
        return self.world.test_channel("email")["email"]

    def noted(self) -> str:
        """By Exim, since then."""
        return self.world.exim_log.read_text()[self.begin:]

    def count(self) -> dict:
        return {user: len(self.world.mails(user)) for user in ("first", "second", "gone")}

    def assert_refused(self, port: int, why: str, address: str = nw.MAIL, **keys) -> None:
        """Exim was reached, and nobody logged in, well or badly, or brought a mail. `why`: a part of what is told."""
        result = self.send(port=port, **keys)
        self.assertFalse(result["ok"], (keys, result))
        self.assertRegex(result["detail"], f"(?i){why}", keys)
        end = re.compile(rf"(no MAIL in SMTP|TLS error on) connection .*I=\[{re.escape(address)}\]:{port} .*")
        self.world.wait_for(lambda: end.search(self.noted()), 60, f"Exim to note the end of {keys}")
        self.assertNotRegex(self.noted(), "<=|A=|AUTH|MAIL,|RCPT")

    def test_each_way_to_a_real_server(self):
        self.tls_and_starttls_deliver()
        self.nobody_has_it_while_one_is_asked_to_come_again()
        self.without_tls_only_where_it_is_asked_for()
        self.wrong_certificates_are_refused()
        self.tls_that_was_taken_out_is_missed()

    def tls_and_starttls_deliver(self):
        several = ["first@admins.test", "gone@admins.test", "second@admins.test"]
        for mails, (port, keys) in enumerate([(587, {}), (465, {"security": "tls"}), (465, {"security": "tls", "port": 465})], start=1):
            result = self.send(to=several, **keys)
            self.assertTrue(result["ok"], result)
            self.assertRegex(result["detail"], r"^mail\.test did not take it for gone@admins\.test \(550 [^)]*\)$")
            self.assertRegex(self.noted(), rf"<= ntpopt@machine\.test .*I=\[{nw.MAIL}\]:{port} P=esmtpsa X=TLS1\.[23]\S* .*A=plain:time")
            self.world.wait_for(lambda mails=mails: self.count() == {"first": mails, "second": mails, "gone": 0}, 60, "the mails")

    def nobody_has_it_while_one_is_asked_to_come_again(self):
        before = self.count()
        request = {"way": "smtp", "server": "mail.test", "port": 25, "security": "none", "from": "ntpopt@machine.test", "username": "",
                   "to": ["first@admins.test", "second@admins.test"], "body": "Subject: x\r\n\r\nx\r\n", "wait_for_all": True}

        def deliver(**keys):
            done = self.world.run([self.world.program("daemon/notify/ntpopt-notify")], input=json.dumps(request | keys))
            return json.loads(done.stdout)
        self.world.greylist.touch()
        refused = deliver()
        self.assertEqual((refused["ok"], refused["permanent"]), (False, False), refused)
        self.assertRegex(refused["detail"], r"^mail\.test asks to come again: second@admins\.test \(451 greylisted\)$")
        in_part = deliver(wait_for_all=False)
        self.assertTrue(in_part["ok"], in_part)
        self.assertIn("did not take it for second@admins.test (451", in_part["detail"])
        self.world.greylist.unlink()
        self.assertEqual(deliver(), {"ok": True, "permanent": False, "detail": ""})
        self.world.wait_for(lambda: self.count() == before | {"first": before["first"] + 2, "second": before["second"] + 1}, 60,
                            "two mails to the one and one to the other")

    def without_tls_only_where_it_is_asked_for(self):
        """Port 25 has no TLS, wants no password and would take one."""
        before = self.count()
        self.assert_refused(25, "STARTTLS")
        self.assert_refused(25, "STARTTLS", username="", password_file="")
        self.assert_refused(25, "SSL|TLS", security="tls")
        seen = self.world.exim_log.read_text().count(f"I=[{nw.MAIL}]:25 ")
        self.configure(security="none")
        self.reload("a password is not sent without TLS")
        # Nor does the child do it, whoever asks it.
        request = {"way": "smtp", "server": "mail.test", "port": 25, "security": "none", "from": "a@machine.test", "body": "x\r\n",
                   "to": ["first@admins.test"], "username": "time", "secret_file": str(self.password)}
        done = self.world.run([self.world.program("daemon/notify/ntpopt-notify")], input=json.dumps(request))
        self.assertEqual(json.loads(done.stdout)["detail"], "a password is not sent without TLS")
        result = self.send(security="none", username="", password_file="")
        self.assertEqual((result["ok"], result["detail"]), (True, ""))
        self.assertRegex(self.noted(), rf"<= ntpopt@machine\.test .*I=\[{nw.MAIL}\]:25 P=esmtp S=")
        self.assertNotRegex(self.noted(), "X=|A=")
        self.world.wait_for(lambda: self.count() == before | {"first": before["first"] + 1}, 60, "the mail without TLS")
        self.assertEqual(self.world.exim_log.read_text().count(f"I=[{nw.MAIL}]:25 "), seen + 1)

    def wrong_certificates_are_refused(self):
        for port, keys in ((587, {}), (465, {"security": "tls"})):
            self.assert_refused(port, r"certificate.*wrong\.test", server="wrong.test", **keys)
            self.assert_refused(port, f"certificate.*{nw.MAIL}", server=nw.MAIL, **keys)
            self.assert_refused(port, "certificate.*issuer", address=nw.STRANGER, server="other.test", **keys)

    def tls_that_was_taken_out_is_missed(self):
        between = Stripper(BETWEEN, 587, (nw.MAIL, 587))
        self.world.add_names({"mail.test": [BETWEEN]})
        self.assert_refused(587, "STARTTLS")
        self.assertEqual(between.stripped, 1)
        self.assertEqual([command.split()[0] for command in between.heard if command != "QUIT"], ["EHLO"], between.heard)


if __name__ == "__main__":
    lab.main()
