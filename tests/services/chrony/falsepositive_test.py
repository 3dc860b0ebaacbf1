"""What chronyd says is fine although it is not. Each test shows first that chronyd says so, then that ntpopt is not fooled.

chronyc answers "200 OK" to a reload whatever came of it, and "synchronised" for as long as chronyd runs.
"""
import os
import shutil
import unittest

from applier_world import ApplierWorld, BASE_NAMES, servers
import lab

QUICK = ['verify_timeout = "8s"']


class Reload(unittest.TestCase):
    """Our lines are always right; here they go wrong on their way, between our writing and chronyd's reading."""

    def assert_rolled_back(self, world, spoil, reason=r"n1\.test \(not loaded\)"):
        """`spoil` is a sed expression or command on $file for the time of each reload."""
        ours = world.chrony.sources_dir / "50-ntpopt.sources"
        script, said = world.directory / "chronyc", world.directory / "said"
        script.write_text(f"""#!/bin/sh
file={ours}
case "$*" in
  *reload*)
    test -f $file || exec {" ".join(world.chrony.chronyc_argv)} "$@"
    cp -p $file {world.directory}/whole
    {spoil}
    {" ".join(world.chrony.chronyc_argv)} "$@" | tee -a {said}
    cp -p {world.directory}/whole $file
    exit 0 ;;
esac
exec {" ".join(world.chrony.chronyc_argv)} "$@"
""")
        script.chmod(0o755)
        world.write_config(QUICK, chronyc=script)
        world.serve()
        report = world.apply(["n1.test", "n2.test"])
        self.assertEqual(set(said.read_text().split("\n")), {"200 OK", ""}, "chronyd says that all is well")
        self.assertEqual(report["state"], "rolled_back", report)
        self.assertRegex(report["reason"], reason)
        self.assertFalse(ours.exists())
        self.assertEqual(world.distinct_names(), BASE_NAMES)
        self.assertTrue(world.chrony.is_synchronised())

    def test_ok_although_an_option_is_bad(self):
        with ApplierWorld() as world:
            self.assert_rolled_back(world, "sed -i 's/iburst/iburst bogusopt/' $file")

    def test_ok_although_a_directive_is_unknown(self):
        with ApplierWorld() as world:
            self.assert_rolled_back(world, "sed -i 's/^server n1/sever n1/' $file")

    def test_ok_although_the_last_line_has_no_newline(self):
        with ApplierWorld() as world:
            self.assert_rolled_back(world, 'printf "server n2.test iburst\\nserver n1.test iburst" >$file')

    def test_ok_although_the_file_cannot_be_read(self):
        with UnprivilegedWorld() as world:
            self.assert_rolled_back(world, "chmod 0600 $file")

    def test_ok_although_a_name_does_not_resolve(self):
        with ApplierWorld(config_lines=QUICK) as world:
            world.serve()
            report = world.apply(["nobody1.test", "nobody2.test"])
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertRegex(report["reason"], r"nobody1\.test \(unresolved\)")
            self.assertEqual(world.distinct_names(), BASE_NAMES)

    def test_ok_although_the_address_is_a_pool_member_s_already(self):
        with ApplierWorld(config_lines=QUICK) as world:
            world.add_names({"alias.test": ["127.1.1.1"]})
            world.serve()
            report = world.apply(["alias.test", "n1.test"])
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertRegex(report["reason"], r"alias\.test \((unresolved|not loaded)\)")
            self.assertEqual(world.distinct_names(), BASE_NAMES)

    def test_ok_although_a_source_whose_options_changed_is_gone(self):
        """chronyd up to 4.4 drops it at the first reload and takes it at the second."""
        with ApplierWorld() as world:
            world.start_fake_servers(["127.2.1.1:1123 name=other stratum=2 delay=1ms"])
            world.serve()
            self.assertEqual(world.apply(["127.2.1.1", "n2.test"])["state"], "committed")
            number = world.call("apply", [{"name": "127.2.1.1", "address": "127.2.1.1", "port": 1123}, *servers(["n2.test"])])
            report = world.finish(number)
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.chrony.names(), ["127.2.1.1", "n2.test"])
            self.assertIn("server 127.2.1.1 port 1123 iburst", (world.chrony.sources_dir / "50-ntpopt.sources").read_text())

    def test_our_file_can_be_read_by_chronyd_s_user_whatever_our_umask(self):
        with UnprivilegedWorld() as world:
            old = os.umask(0o077)
            world.serve()
            os.umask(old)
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test"])


class Synchronised(unittest.TestCase):
    def test_waitsync_and_tracking_remember_sources_that_are_gone(self):
        with ApplierWorld() as world:
            world.serve()
            (world.chrony.sources_dir / "mine.sources").write_text("server 127.3.1.1 iburst\nserver 127.3.2.1 iburst\n")
            world.chrony.chronyc("reload", "sources")
            gone = [row["id"] for row in world.chrony.sources() if row["name"] in BASE_NAMES]
            for source in gone:  # chronyd follows one after the other of those that are left
                world.chrony.chronyc("delete", source)
            world.chrony.chronyc("waitsync", "2", "0.1", "0", "1")  # raises unless chronyc says that it is synchronised
            tracking = world.chrony.chronyc("-c", "-n", "tracking").strip().split(",")
            self.assertIn(tracking[1], gone)
            self.assertEqual(tracking[13], "Normal")
            seen = world.call("observe")
            self.assertEqual((seen["synchronised"], seen.get("peer", "")), (False, ""))

    def test_dead_servers_are_not_believed_while_waitsync_is_content(self):
        with ApplierWorld(base=["server base.test iburst"], config_lines=QUICK) as world:
            world.serve()
            number = world.call("apply", servers(["dead1.test", "dead2.test"]))
            world.wait_for(lambda: world.call("transaction", "0")["state"] == "verifying", 60, "the proof to begin")
            world.set_fakes(["base.test"], "silent=yes")
            world.chrony.chronyc("waitsync", "1", "0.1", "0", "1")
            report = world.finish(number)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertEqual(world.chrony.names(), ["base.test"])


class UnprivilegedWorld(ApplierWorld):
    """chronyd as a system user, as every distribution has it."""

    def start_chronyd_client(self, lines, name="chrony", source_dirs=True):
        client = self._chrony(name)
        client.dhcp_dir.mkdir(mode=0o755, exist_ok=True)
        shutil.chown(client.directory / "run", "daemon", "daemon")
        client.config.write_text("\n".join([
            *lines, f"sourcedir {client.dhcp_dir}", f"sourcedir {client.sources_dir}", "port 0", "cmdport 0",
            f"bindcmdaddress {client.socket}", f"pidfile {client.directory}/run/pid"]) + "\n")
        client.process = self.start(name, [*client.argv, "-u", "daemon"])
        self.wait_for(client.answers, 60, f"{name} to listen")
        return client


if __name__ == "__main__":
    lab.main()
