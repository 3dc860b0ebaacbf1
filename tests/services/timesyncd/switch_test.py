"""Changes that succeed: timesyncd follows the new set in its order, keeps its PID, and comes back to every set it had."""
import time
import unittest

from timesyncd_world import BASE_NAMES, Refused, TimesyncdWorld, servers
import lab

TEXT = "[Time]\nNTP=\nNTP=n1.test n2.test n3.test\n"


class Switch(unittest.TestCase):
    def test_there_and_further_and_back(self):
        with TimesyncdWorld() as world:
            timesyncd, pid = world.timesyncd, world.timesyncd.pid
            world.serve()
            seen = world.call("observe")
            self.assertEqual((seen["service"], seen["active"], seen["synchronised"], seen["peer"]),
                             ("timesyncd", True, True, "base.test"))
            self.assertRegex(seen["version"], r"^2\d\d$")
            self.assertEqual((seen["base_names"], seen["main_pid"]), (BASE_NAMES, pid))
            self.assertEqual([(source["name"], source["origin"], source["state"]) for source in seen["sources"]],
                             [("base.test", "base", "selected")])
            self.assertGreaterEqual(seen["sources"][0]["deviation_s"], 0)
            self.assertTrue(0 <= seen["sources"][0]["age_s"] < 3600, seen)
            self.assertNotIn("samples", seen["sources"][0], "timesyncd does not tell them")

            plan = world.call("plan", servers(["n1.test", "n2.test", "n3.test"]))
            self.assertIn("+NTP=n1.test n2.test n3.test", plan["files"][0]["diff"])
            self.assertIn("SetRuntimeNTPServers as 3 n1.test n2.test n3.test", plan["commands"][0])
            self.assertEqual(timesyncd.listed(), BASE_NAMES, "a plan changes nothing")
            self.assertFalse(timesyncd.drop_in.exists())

            begun = time.monotonic()
            report = world.apply(["n1.test", "n2.test", "n3.test"])
            took = time.monotonic() - begun
            self.assertEqual((report["state"], report.get("reason"), report["peer"]), ("committed", None, "n1.test"), world.applier.log())
            print(f"committed after {took:.2f} s", flush=True)
            self.assertEqual(timesyncd.listed(), ["n1.test", "n2.test", "n3.test"])
            self.assertEqual(report["previous"], BASE_NAMES)
            self.assertTrue(timesyncd.drop_in.read_text().endswith(TEXT))
            self.assertEqual(timesyncd.drop_in.stat().st_mode & 0o777, 0o644)
            seen = world.call("observe")
            self.assertEqual((seen["drifted"], seen["peer"], seen["base_names"]), (False, "n1.test", BASE_NAMES))
            self.assertEqual({source["origin"] for source in seen["sources"]}, {"ours"})

            report = world.apply(["n3.test", "n4.test", "newpool.test"])
            self.assertEqual((report["state"], report["previous"]), ("committed", ["n1.test", "n2.test", "n3.test"]), report)
            self.assertEqual(timesyncd.listed(), ["n3.test", "n4.test", "newpool.test"])

            report = world.finish(world.call("rollback"))
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(timesyncd.listed(), ["n1.test", "n2.test", "n3.test"])
            self.assertTrue(world.call("observe")["paused"])
            with self.assertRaisesRegex(Refused, "by hand"):
                world.call("apply", servers(["n5.test", "n6.test"]))

            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(timesyncd.listed(), BASE_NAMES)
            self.assertFalse(timesyncd.drop_in.exists())
            world.wait_for(lambda: timesyncd.server() == "base.test", 60, "timesyncd to ask its own server again")
            seen = world.call("observe")
            self.assertEqual((seen["drifted"], seen["refusals"]), (False, []))

            report = world.apply(["n5.test", "n6.test"], {"by_hand": True})
            self.assertEqual(report["state"], "committed", report)
            number = world.call("apply", servers(["n5.test", "n6.test"]), {"by_hand": True})
            self.assertEqual(world.finish(number)["state"], "committed", "the same again is no change")
            self.assertEqual(timesyncd.pid, pid)
            self.assertEqual(world.foreign_files(), world.foreign)

    def test_the_way_back_is_there_without_a_record(self):
        with TimesyncdWorld() as world:
            world.serve()
            with self.assertRaisesRegex(Refused, "has changed nothing yet"):
                world.call("rollback", {"original": True})
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            world.lose_state()
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(world.timesyncd.listed(), BASE_NAMES)
            self.assertFalse(world.timesyncd.drop_in.exists())
            self.assertEqual(world.foreign_files(), world.foreign)

    def test_a_restarted_timesyncd_follows_the_drop_in(self):
        with TimesyncdWorld() as world:
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test", "n3.test"])["state"], "committed")
            world.timesyncd.restart()
            world.wait_for(lambda: world.timesyncd.has_answer_of(["n1.test"]), 60, "the new timesyncd to follow the file")
            self.assertEqual(world.timesyncd.properties()["SystemNTPServers"], ["n1.test", "n2.test", "n3.test"])
            self.assertFalse(world.call("observe")["drifted"])
            report = world.finish(world.call("reconverge"))
            self.assertEqual((report["kind"], report["state"]), ("reconverge", "committed"), report)

            # timesyncd.conf names nobody that it does not know, but this one read our file at its start.
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.timesyncd.listed(), BASE_NAMES)
            self.assertEqual(world.foreign_files(), world.foreign)

    def test_debian_s_configuration_has_fallbacks_only(self):
        with TimesyncdWorld(base=["#NTP=", "FallbackNTP=pool.test base.test"]) as world:
            world.serve()
            self.assertEqual(world.call("observe")["base_names"], ["pool.test", "base.test"])
            report = world.apply(["n1.test", "n2.test"])
            self.assertEqual((report["state"], report["previous"]), ("committed", ["pool.test", "base.test"]), report)
            world.timesyncd.restart()
            world.wait_for(lambda: world.timesyncd.has_answer_of(["n1.test"]), 60, "the new timesyncd to follow the file")
            begun = world.now_usec()
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            world.wait_for(lambda: world.timesyncd.has_answer_of(["pool.test"], begun), 60, "timesyncd to follow its fallbacks again")
            self.assertFalse(world.call("observe")["drifted"])

    def test_a_list_that_somebody_set_while_it_ran_comes_back(self):
        with TimesyncdWorld() as world:
            world.timesyncd.set_servers(["n6.test"])
            world.serve()
            report = world.apply(["n1.test", "n2.test"])
            self.assertEqual((report["state"], report["previous"]), ("committed", ["n6.test"]), report)
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(world.timesyncd.listed(), ["n6.test"])
            # Cleared since by whoever set it, it does not come back once more.
            world.timesyncd.set_servers([])
            self.assertEqual(world.apply(["n1.test", "n2.test"], {"by_hand": True})["state"], "committed")
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(world.timesyncd.listed(), BASE_NAMES)

    def test_drift_is_seen_and_made_good(self):
        with TimesyncdWorld() as world:
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            world.timesyncd.set_servers(["n6.test"])
            self.assertTrue(world.call("observe")["drifted"])
            self.assertEqual(world.finish(world.call("reconverge"))["state"], "committed")
            self.assertEqual(world.timesyncd.listed(), ["n1.test", "n2.test"])
            self.assertFalse(world.call("observe")["drifted"])

    def test_servers_of_dhcp_stay_in_reserve(self):
        with TimesyncdWorld(files={lab.Timesyncd.NETWORK_STATE: "NTP=n6.test\n"}) as world:
            world.serve()
            self.assertEqual([source["origin"] for source in world.call("observe")["sources"]], ["base", "dhcp"])
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            self.assertEqual([(source["name"], source["origin"]) for source in world.call("observe")["sources"]],
                             [("n1.test", "ours"), ("n2.test", "ours"), ("n6.test", "dhcp")])

    def test_on_a_file_system_that_cannot_exchange_two_files(self):
        with TimesyncdWorld() as world:
            world.serve(under=["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2", "-e", "inject=renameat2:error=EINVAL"])
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            self.assertEqual(world.apply(["n2.test", "n3.test"])["state"], "committed")
            self.assertEqual(world.timesyncd.listed(), ["n2.test", "n3.test"])
            self.assertIn("NTP=n2.test n3.test\n", world.timesyncd.drop_in.read_text())
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(list(world.timesyncd.drop_in.parent.iterdir()), [])

    def test_augment_keeps_its_own_servers_behind_ours(self):
        with TimesyncdWorld(config_lines=['policy = "augment"']) as world:
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            self.assertEqual(world.timesyncd.listed(), ["n1.test", "n2.test", "base.test"])

    def test_chronyd_in_its_place_is_changed_and_its_own_files_are_as_they_were(self):
        with TimesyncdWorld() as world:
            world.serve()
            for names in (["n1.test", "n2.test"], ["n2.test", "n3.test"]):
                self.assertEqual(world.apply(names)["state"], "committed")
            world.timesyncd.stop()
            chrony = world.start_chronyd_client(["server base.test iburst"])
            world.wait_for(chrony.is_synchronised, 30, "chronyd to follow its own source")
            world.applier.stop()
            world.config.write_text(f'[apply]\nchronyc = "{" ".join(chrony.chronyc_argv)}"\n')
            world.run_applier()
            seen = world.call("observe")
            self.assertEqual((seen["service"], seen["drifted"], seen["refusals"], seen["kept"]), ("chronyd", False, [], []))
            for call in (["reconverge"], ["rollback"], ["rollback", {"original": True}]):
                with self.assertRaisesRegex(Refused, "NotFound"):
                    world.call(*call)
            self.assertTrue(world.timesyncd.drop_in.exists())
            report = world.apply(["n3.test", "n4.test"])
            self.assertEqual((report["state"], sorted(chrony.names())), ("committed", ["n3.test", "n4.test"]), report)
            self.assertFalse(world.timesyncd.drop_in.exists())
            self.assertEqual(world.foreign_files(), world.foreign)
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(chrony.names(), ["base.test"])


class BeforeSystemd251(unittest.TestCase):
    def test_the_list_changes_by_the_file_and_a_restart(self):
        with TimesyncdWorld(with_systemd=True, old=True) as world:
            timesyncd, pid = world.timesyncd, world.timesyncd.pid
            self.assertNotIn("RuntimeNTPServers", timesyncd.properties())
            world.serve()
            plan = world.call("plan", servers(["n1.test", "n2.test"]))
            self.assertEqual(plan["commands"], ["systemctl try-restart systemd-timesyncd.service"])
            report = world.apply(["n1.test", "n2.test"])
            self.assertEqual((report["state"], report["peer"]), ("committed", "n1.test"), report)
            self.assertNotEqual(timesyncd.pid, pid)
            self.assertFalse(world.call("observe")["drifted"])
            self.assertEqual(world.finish(world.call("rollback"))["state"], "committed")
            self.assertEqual(timesyncd.listed(), BASE_NAMES)
            self.assertFalse(timesyncd.drop_in.exists())

    def test_dead_servers_are_rolled_back(self):
        with TimesyncdWorld(with_systemd=True, old=True, config_lines=['verify_timeout = "5s"']) as world:
            world.serve()
            report = world.apply(["dead1.test", "dead2.test"])
            self.assertEqual(report["state"], "rolled_back", report)
            world.timesyncd.wait_until_on_bus()
            self.assertEqual(world.timesyncd.listed(), BASE_NAMES)
            world.wait_for(lambda: world.timesyncd.has_answer_of(BASE_NAMES), 60, "timesyncd to follow its own server")

    def test_without_systemd_it_is_refused(self):
        with TimesyncdWorld(old=True) as world:
            world.serve()
            with self.assertRaisesRegex(Refused, "no systemd is there to restart it"):
                world.call("apply", servers(["n1.test", "n2.test"]))


if __name__ == "__main__":
    lab.main()
