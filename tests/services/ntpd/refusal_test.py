"""What is refused before anything is touched, each with a sentence that says what to do."""
import pathlib
import unittest

from ntpd_world import GOOD, NtpdWorld, Refused, debian_conf, servers
import lab


class Refusal(unittest.TestCase):
    def test_refusals_say_what_to_do(self):
        with NtpdWorld(wait=False) as world:
            def refusal(choices):
                with self.assertRaises(Refused) as caught:
                    world.call("apply", choices, {})
                return str(caught.exception)

            self.assertRegex(refusal(servers(["n1.test", "n2.test"])), "has 3 sources.*the choice has 2")
            self.assertRegex(refusal([choice | {"port": 1123} for choice in servers(GOOD)]), "use chronyd")
            self.assertRegex(refusal(servers(GOOD[:3]) + [{"name": "n4.test", "offset_s": 0.4, "error_s": 0.001}]), "ms apart")
            world.ntpd.drop_in.parent.mkdir()
            world.ntpd.drop_in.write_text("server n6.test iburst\n")
            self.assertRegex(refusal(servers(GOOD)), "changed by somebody else")
            self.assertEqual(world.ntpd.drop_in.read_text(), "server n6.test iburst\n")
            world.ntpd.drop_in.unlink()

            def restarted_with(text, path=None):
                target = path or world.ntpd.config
                target.parent.mkdir(exist_ok=True)
                target.write_text(text)
                world.ntpd.start_as(world.ntpd.program, "-n", "-g", "-c", target)
                world.wait_for(lambda: world.ntpd.pid and world.call("observe")["active"], 60, "ntpd to run")

            restarted_with(debian_conf().replace("\nrestrict 127.0.0.1\nrestrict ::1\n", "\n"))
            self.assertRegex(refusal(servers(GOOD)), 'noquery.*add "restrict 127.0.0.1"')
            self.assertTrue(any("noquery" in why for why in world.call("observe")["refusals"]))
            restarted_with("restrict 127.0.0.1\n", pathlib.Path("/run/ntpsec/ntp.conf.dhcp"))
            self.assertRegex(refusal(servers(GOOD)), "IGNORE_DHCP=yes in /etc/default/ntpsec")
            restarted_with("server n8.test nts\nrestrict 127.0.0.1\n")
            self.assertRegex(refusal(servers(GOOD)), "allow_auth_downgrade")

    def test_what_is_called_ntpd_and_is_openntpd_is_refused(self):
        with NtpdWorld(wait=False) as world:
            world.systemd.stop("ntpsec.service")
            source = world.directory / "ntpd.c"
            source.write_text('#include <stdio.h>\n#include <string.h>\n#include <unistd.h>\nint main(int c, char** v) {\n'
                              'if (c > 1 && !strcmp(v[1], "--version")) { fputs("usage: ntpd [-dnSsv] [-f file]\\n", stderr); return 1; }\n'
                              'pause(); return 0; }\n')
            program = world.directory / "open" / "ntpd"
            program.parent.mkdir()
            self.assertEqual(world.run(["cc", "-o", program, source]).returncode, 0)
            world.systemd.command("start", "openntpd.service", program)
            seen = world.call("observe")
            self.assertIn("OpenNTPD", " ".join(seen["refusals"]))
            with self.assertRaisesRegex(Refused, "OpenNTPD.*install ntpsec or chrony"):
                world.call("apply", servers(GOOD), {})

    def test_without_systemd_nothing_is_touched(self):
        with NtpdWorld(wait=False) as world:
            world.systemd.stop("ntpsec.service")
            world.systemd.process.stop()
            world.start("ntpd-alone", world.ntpd.argv)
            world.wait_for(lambda: world.call("observe")["active"], 60, "ntpd to run")
            with self.assertRaisesRegex(Refused, "no systemd runs it here"):
                world.call("apply", servers(GOOD), {})
            self.assertFalse(world.ntpd.drop_in.exists())


if __name__ == "__main__":
    lab.main()
