"""Changes that succeed: chronyd follows the new set, keeps its PID, and comes back to every set it had."""
import json
import tempfile
import unittest

from applier_world import ApplierWorld, BASE, BASE_NAMES, Refused, servers
import lab


class Switch(unittest.TestCase):
    def test_there_and_further_and_back(self):
        with ApplierWorld() as world:
            chrony, pid = world.chrony, world.chrony.pid
            world.serve()
            before = chrony.config.read_bytes()
            seen = world.call("observe")
            self.assertEqual((seen["service"], seen["active"], seen["synchronised"]), ("chronyd", True, True))
            self.assertEqual(seen["base_names"], ["pool.test", "base.test"])
            self.assertEqual({source["origin"] for source in seen["sources"]}, {"base"})

            plan = world.call("plan", servers(["n1.test", "n2.test", "n3.test"]))
            self.assertIn("+server n1.test iburst", plan["files"][0]["diff"])
            self.assertEqual(world.distinct_names(), BASE_NAMES, "a plan changes nothing")

            report = world.apply(["n1.test", "n2.test", "n3.test"])
            self.assertEqual((report["state"], report.get("reason")), ("committed", None), world.applier.log())
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test", "n3.test"])
            self.assertIn(chrony.selected(), report["selected"])
            self.assertEqual(report["previous"], ["pool.test", "base.test"])
            self.assertFalse(world.call("observe")["drifted"])

            report = world.apply(["n3.test", "n4.test", "newpool.test"])
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.distinct_names(), ["n3.test", "n4.test", "newpool.test"])

            report = world.finish(world.call("rollback"))
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test", "n3.test"])
            self.assertTrue(world.call("observe")["paused"])
            with self.assertRaisesRegex(Refused, "by hand"):
                world.call("apply", servers(["n5.test", "n6.test"]))

            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.distinct_names(), BASE_NAMES)
            world.wait_for(chrony.is_synchronised, 60, "chronyd to follow its own sources again")
            self.assertIn(chrony.selected(), BASE_NAMES)
            self.assertFalse((chrony.sources_dir / "50-ntpopt.sources").exists())
            self.assertFalse((chrony.dhcp_dir / "ntpopt-restore.sources").exists(), "chronyc has added them")
            chrony.chronyc("reload", "sources")
            self.assertEqual(world.distinct_names(), BASE_NAMES, "as a hook of DHCP does, whenever it likes")

            report = world.apply(["n5.test", "n6.test"], {"by_hand": True})
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.distinct_names(), ["n5.test", "n6.test"])
            self.assertFalse((chrony.dhcp_dir / "ntpopt-restore.sources").exists())

            self.assertEqual(chrony.pid, pid)
            self.assertTrue(chrony.process.is_running())
            self.assertEqual(chrony.config.read_bytes(), before)

    def test_after_the_way_back_and_a_restart_a_pool_counts_once(self):
        with ApplierWorld() as world:
            world.serve()
            before = len(world.chrony.names())
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(len(world.chrony.names()), before)
            world.chrony.restart()
            world.wait_for(world.chrony.is_synchronised, 30, "chronyd to follow its own sources")
            self.assertEqual(len(world.chrony.names()), before)
            # What its administrator makes of it now is not put right, nor is there anything left to go back from.
            world.chrony.chronyc("add", "server", "n5.test")
            self.assertFalse(world.call("observe")["drifted"])
            with self.assertRaisesRegex(Refused, "nothing to go back to"):
                world.call("rollback", {"original": True})
            self.assertIn("n5.test", world.chrony.names())

    def test_its_own_pool_that_was_chosen_again_is_there_on_the_way_back(self):
        """Deleted at run time, then followed by our line: that line goes with our file, and so would the pool."""
        pool = {"name": "pool.test", "pool": True, "maxsources": 2}
        for ask in (lambda world: world.finish(world.call("rollback", {"original": True}), 60)["state"] == "committed",
                    lambda world: (world.applier.kill(), world.once("--rollback-original"))[1].returncode == 0):
            with ApplierWorld(base=["pool pool.test iburst"]) as world:
                world.serve()
                self.assertEqual(world.apply(["n1.test", "n2.test", "n3.test"])["state"], "committed")
                chosen = [pool, *servers(["n1.test", "n2.test"])]
                self.assertEqual(world.finish(world.call("apply", chosen, {"by_hand": True}))["state"], "committed")
                self.assertTrue(ask(world))
                self.assertEqual(world.distinct_names(), ["pool.test"])
                world.wait_for(world.chrony.is_synchronised, 60, "chronyd to follow its own pool")

    def test_its_own_server_that_was_chosen_again_stays(self):
        with ApplierWorld(config_lines=["max_changes_per_day = 20"]) as world:
            world.serve()
            for names in (["n1.test", "n2.test", "n3.test"], ["base.test", "n1.test", "n2.test"], ["base.test", "n1.test", "n4.test"]):
                for _ in range(2):  # the same again is no change
                    report = world.apply(names, {"by_hand": True})
                    self.assertEqual((report["state"], world.distinct_names()), ("committed", names), report)
                report = world.finish(world.call("reconverge"))
                self.assertEqual((report["state"], world.distinct_names()), ("committed", names), report)
                self.assertFalse(world.call("observe")["drifted"])
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(world.distinct_names(), BASE_NAMES)

    def test_what_came_back_by_its_line_stays_when_it_is_loaded_again(self):
        """The proof asks for a second reload, since one of the service's own was deleted by its administrator."""
        with ApplierWorld(base=[*BASE, "server n6.test iburst"], config_lines=['verify_timeout = "12s"']) as world:
            world.serve()
            world.chrony.chronyc("delete", "127.2.6.1")
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            world.add_names({name: [] for name in BASE_NAMES})
            report = world.finish(world.call("rollback", {"original": True}), 60)
            self.assertEqual((report["state"], world.distinct_names()), ("committed", BASE_NAMES), report)

    def test_a_source_with_a_key_that_was_added_at_run_time_is_not_weakened(self):
        with tempfile.NamedTemporaryFile("w") as keys, ApplierWorld(base=["server base.test iburst", f"keyfile {keys.name}"]) as world:
            keys.write("1 SHA1 HEX:00112233445566778899aabbccddeeff00112233\n")
            keys.flush()
            world.chrony.chronyc("rekey")
            world.chrony.chronyc("add", "server", "n5.test", "key", "1")
            world.serve()
            with self.assertRaisesRegex(Refused, "n5.test is authenticated"):
                world.call("apply", servers(["n1.test", "n2.test"]))

    def test_without_a_name_service_its_own_servers_come_back_by_their_lines(self):
        """chronyc resolves names before it asks chronyd, which goes on trying."""
        with ApplierWorld(config_lines=['verify_timeout = "12s"']) as world:
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            world.add_names({name: [] for name in BASE_NAMES})
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            restore = (world.chrony.dhcp_dir / "ntpopt-restore.sources").read_text()
            self.assertTrue(restore.endswith("\npool pool.test iburst\nserver base.test iburst minpoll 5\n"), restore)
            self.assertEqual(world.distinct_names(), BASE_NAMES, "chronyd resolves them when it can")
            # The next change knows the file for its own.
            steps = world.call("plan", servers(["n3.test", "n4.test"]))["steps"]
            self.assertIn("remove " + str(world.chrony.dhcp_dir / "ntpopt-restore.sources"), " ".join(steps))
            self.assertFalse(world.call("observe")["drifted"])
            world.chrony.restart()
            self.assertTrue(world.call("observe")["drifted"])

    def test_without_a_name_service_an_undone_way_back_leaves_no_line_of_a_deleted_source(self):
        """chronyd reads a line again only where it was gone: one that stayed would keep the next way back from ending well."""
        with ApplierWorld(config_lines=['verify_timeout = "12s"']) as world:
            script, count = world.directory / "chronyc", world.directory / "reloads"
            script.write_text(f"""#!/bin/sh
case "$*" in
  *reload*) if [ -e {count} ]; then
      n=$(($(cat {count}) + 1)); echo $n >{count}
      if [ $n = 2 ] || [ $n = 3 ]; then echo "506 Cannot talk to daemon"; exit 1; fi
    fi ;;
esac
exec {" ".join(world.chrony.chronyc_argv)} "$@"
""")
            script.chmod(0o755)
            world.write_config(['verify_timeout = "12s"'], chronyc=script)
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            world.add_names({name: [] for name in BASE_NAMES})
            count.write_text("0")
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual((report["state"], world.distinct_names()), ("rolled_back", ["n1.test", "n2.test"]), report)
            self.assertFalse((world.chrony.dhcp_dir / "ntpopt-restore.sources").exists())
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual((report["state"], world.distinct_names()), ("committed", BASE_NAMES), report)

    def test_a_line_of_a_source_that_was_deleted_since_is_read_again(self):
        """As an earlier ntpopt left it: the line is in the file, and chronyd has no source for it."""
        with ApplierWorld(config_lines=['verify_timeout = "12s"', "max_changes_per_day = 20"]) as world:
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            restore = world.chrony.dhcp_dir / "ntpopt-restore.sources"
            world.add_names({name: [] for name in BASE_NAMES})
            world.wait_for(lambda: world.applier.stop() == 0, 30, "the applier to end")
            journal = world.directory / "apply-state" / "txn.json"
            before = journal.read_text()
            world.run_applier()
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            world.applier.stop()
            # Back to where our set was committed, with the file of lines left behind and what it brought deleted.
            for row in world.chrony.sources():
                world.chrony.chronyc("delete", row["id"])
            committed = json.loads(before)["committed"]["change"]["plan"]["final"]
            (world.chrony.sources_dir / "50-ntpopt.sources").write_text(committed)
            world.chrony.chronyc("reload", "sources")
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test"])
            document = json.loads(before)
            document["committed"]["change"]["plan"]["final_restore"] = restore.read_text()
            journal.write_text(json.dumps(document))
            world.run_applier()
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual((report["state"], world.distinct_names()), ("committed", BASE_NAMES), report)

    def test_servers_that_are_members_of_the_old_pool(self):
        with ApplierWorld() as world:
            world.serve()
            report = world.apply(["127.1.1.1", "127.1.2.1", "n1.test", "n2.test"])
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.distinct_names(), ["127.1.1.1", "127.1.2.1", "n1.test", "n2.test"])
            self.assertEqual(len(world.chrony.names()), 4)

    def test_all_servers_are_members_of_the_old_pool(self):
        with ApplierWorld(base=["pool pool.test iburst"]) as world:
            world.serve()
            report = world.apply(["127.1.1.1", "127.1.2.1", "127.1.3.1"])
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.chrony.names(), ["127.1.1.1", "127.1.2.1", "127.1.3.1"])

    def test_a_base_server_that_is_chosen_stays_untouched(self):
        with ApplierWorld() as world:
            world.serve()
            report = world.apply(["base.test", "n1.test"])
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.distinct_names(), ["base.test", "n1.test"])
            text = (world.chrony.sources_dir / "50-ntpopt.sources").read_text()
            self.assertNotIn("base.test", text)
            number = world.call("apply", servers(["base.test", "n1.test"]))
            self.assertEqual(world.finish(number)["state"], "committed", "the same again is no change")

    def test_dhcp_servers_stay(self):
        with ApplierWorld() as world:
            (world.chrony.dhcp_dir / "eth0.sources").write_text("server n6.test iburst\n")
            world.chrony.chronyc("reload", "sources")
            world.serve()
            report = world.apply(["n1.test", "n2.test"])
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test", "n6.test"])

    def test_a_restart_of_chronyd_makes_what_was_brought_back_for_it_no_foreign_file(self):
        """The pool was deleted, brought back, and kept by the next set: its line is in our file of lines brought back."""
        with ApplierWorld() as world:
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test", "n3.test"])["state"], "committed")
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            chosen = [{"name": "pool.test", "pool": True}, *servers(["n1.test", "n2.test"])]
            self.assertEqual(world.finish(world.call("apply", chosen, {"by_hand": True}))["state"], "committed")
            world.chrony.restart()
            world.wait_for(world.chrony.is_synchronised, 30, "chronyd to follow somebody")
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.distinct_names(), BASE_NAMES)

    def test_after_a_restart_of_chronyd_the_set_is_made_whole_again(self):
        with ApplierWorld() as world:
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            world.chrony.restart()
            world.wait_for(lambda: "pool.test" in world.chrony.names(), 60, "chronyd to read its own sources")
            self.assertTrue(world.call("observe")["drifted"])
            report = world.finish(world.call("reconverge"))
            self.assertEqual((report["kind"], report["state"]), ("reconverge", "committed"), report)
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test"])
            self.assertFalse(world.call("observe")["drifted"])


if __name__ == "__main__":
    lab.main()
