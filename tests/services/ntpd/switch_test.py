"""Changes that succeed: ntpd follows the new set, comes back to every set it had, and its own files stay as they are."""
import unittest

from ntpd_world import POOLS, NtpdWorld, Refused, debian_conf, servers
import lab

FIRST = ["n1.test", "n2.test", "n3.test", "n4.test"]
SECOND = ["n4.test", "n5.test", "n6.test", "n7.test"]


class Switch(unittest.TestCase):
    def assert_follows(self, world, names):
        self.assertEqual(world.ntpd.names(), sorted(names))
        self.assertTrue(world.ntpd.is_synchronised())
        self.assertEqual(world.ntpd.config.read_bytes(), world.pristine)

    def test_what_an_administrator_unpeers_stays_away_there_and_back(self):
        with NtpdWorld(config=debian_conf() + f"unpeer {POOLS[3]}\n") as world:
            self.assertEqual(world.ntpd.names(), POOLS[:3])
            with self.assertRaisesRegex(Refused, f'unpeer {POOLS[3]}'):
                world.apply([*FIRST, POOLS[3]])
            report = world.apply(FIRST)
            self.assertEqual(report["state"], "committed", report)
            self.assert_follows(world, FIRST)
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual((report["state"], world.ntpd.names()), ("committed", POOLS[:3]), report)

    def test_there_and_further_and_back(self):
        with NtpdWorld() as world:
            ntpd = world.ntpd
            seen = world.call("observe")
            self.assertEqual((seen["service"], seen["unit"], seen["main_pid"]), ("ntpd", "ntpsec.service", ntpd.pid))
            self.assertRegex(seen["version"], r"^ntpsec-1\.\d+\.\d+$")
            self.assertTrue(seen["synchronised"], seen)
            self.assertEqual(seen["base_names"], POOLS)
            self.assertEqual({source["origin"] for source in seen["sources"]}, {"base"})
            known = [source for source in seen["sources"] if source["reach"] > 0]
            self.assertTrue(known, seen)
            for source in known:
                self.assertEqual(source["samples"], bin(source["reach"]).count("1"), source)
                self.assertTrue(source["deviation_s"] >= 0 and 0 <= source["age_s"] < 3600, source)
            self.assertEqual((seen["config_path"], seen["refusals"]), (str(ntpd.config), []))

            plan = world.call("plan", servers(FIRST))
            self.assertIn("+unpeer 0.debian.pool.ntp.org\n", plan["files"][0]["diff"])
            self.assertIn("+server n1.test iburst\n", plan["files"][0]["diff"])
            self.assertEqual(plan["commands"], ["systemctl try-restart ntpsec.service"])
            self.assertEqual(ntpd.names(), POOLS, "a plan changes nothing")

            report = world.apply(FIRST)
            self.assertEqual((report["state"], report.get("reason")), ("committed", None), world.applier.log())
            self.assert_follows(world, FIRST)
            self.assertIn(report["peer"], FIRST)
            self.assertEqual(report["previous"], POOLS)
            seen = world.call("observe")
            self.assertEqual((seen["drifted"], seen["synchronised"]), (False, True))
            self.assertEqual({source["origin"] for source in seen["sources"]}, {"ours"})
            pid = ntpd.pid
            self.assertEqual(world.apply(FIRST)["state"], "committed", "the same again is no change")
            self.assertEqual(ntpd.pid, pid, "and no restart")

            report = world.apply(SECOND)
            self.assertEqual(report["state"], "committed", report)
            self.assert_follows(world, SECOND)

            report = world.finish(world.call("rollback"))
            self.assertEqual(report["state"], "committed", report)
            self.assert_follows(world, FIRST)
            with self.assertRaisesRegex(Refused, "by hand"):
                world.call("apply", servers(SECOND))

            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(ntpd.names(), POOLS)
            self.assertFalse(ntpd.drop_in.exists())
            world.wait_for(ntpd.is_synchronised, 40, "ntpd to follow its own sources again")
            self.assertEqual(ntpd.config.read_bytes(), world.pristine)

    def test_the_way_back_is_there_without_a_record(self):
        with NtpdWorld() as world:
            with self.assertRaisesRegex(Refused, "has changed nothing yet"):
                world.call("rollback", {"original": True})
            self.assertEqual(world.apply(FIRST)["state"], "committed")
            world.lose_state()
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(world.ntpd.names(), POOLS)
            self.assertFalse(world.ntpd.drop_in.exists())
            self.assertEqual(world.ntpd.config.read_bytes(), world.pristine)

    def test_a_base_server_that_is_chosen_keeps_its_own_line(self):
        with NtpdWorld(config="server n1.test iburst\nserver n2.test iburst\nrestrict 127.0.0.1\n") as world:
            report = world.apply(["n1.test", "n3.test", "n4.test"])
            self.assertEqual(report["state"], "committed", report)
            self.assert_follows(world, ["n1.test", "n3.test", "n4.test"])
            self.assertNotIn("n1.test", world.ntpd.drop_in.read_text())
            self.assertIn("unpeer n2.test\n", world.ntpd.drop_in.read_text())

    def test_addresses_and_a_pool_and_what_another_drop_in_names(self):
        with NtpdWorld(wait=False) as world:
            world.ntpd.drop_in.parent.mkdir()
            other = world.ntpd.drop_in.parent / "90-site.conf"
            other.write_text("server 10.77.28.1 iburst\n")
            world.ntpd.restart()
            world.wait_for(lambda: "10.77.28.1" in world.ntpd.names(), 60, "ntpd to follow its own sources")
            report = world.apply(["10.77.21.1", "10.77.22.1", "newpool.test"])
            self.assertEqual(report["state"], "committed", report)
            self.assert_follows(world, ["10.77.21.1", "10.77.22.1", "newpool.test"])
            self.assertEqual(other.read_text(), "server 10.77.28.1 iburst\n")
            names = {(source["name"], source["pool"]) for source in world.call("observe")["sources"] if source.get("address")}
            self.assertEqual(names, {("10.77.21.1", False), ("10.77.22.1", False), ("newpool.test", True)})

    def test_augment_keeps_what_is_there(self):
        with NtpdWorld(config="server n1.test iburst\nrestrict 127.0.0.1\n", config_lines=['policy = "augment"']) as world:
            report = world.apply(["n2.test", "n3.test"])
            self.assertEqual(report["state"], "committed", report)
            self.assert_follows(world, ["n1.test", "n2.test", "n3.test"])

    def test_after_a_restart_of_ntpd_the_set_is_there_by_itself(self):
        with NtpdWorld() as world:
            self.assertEqual(world.apply(FIRST)["state"], "committed")
            world.ntpd.restart()
            world.wait_for(world.ntpd.answers, 60, "ntpd to answer")
            self.assertFalse(world.call("observe")["drifted"])
            world.ntpd.drop_in.unlink()
            world.ntpd.restart()
            world.wait_for(world.ntpd.answers, 60, "ntpd to answer")
            self.assertTrue(world.call("observe")["drifted"])
            report = world.finish(world.call("reconverge"))
            self.assertEqual((report["kind"], report["state"]), ("reconverge", "committed"), report)
            self.assert_follows(world, FIRST)


if __name__ == "__main__":
    lab.main()
