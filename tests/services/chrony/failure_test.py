"""Changes that must not happen, and changes that are undone: dead servers, liars, refusals of the applier itself."""
import json
import os
import signal
import subprocess
import unittest

from applier_world import ApplierWorld, BASE, BASE_NAMES, Refused, servers
import lab


class Failure(unittest.TestCase):
    def assert_untouched(self, world):
        self.assertEqual(world.distinct_names(), BASE_NAMES)
        self.assertEqual(len(world.chrony.names()), 9, "the pool with its unresolved members, and the server")
        self.assertTrue(world.chrony.is_synchronised())
        self.assertIn(world.chrony.selected(), BASE_NAMES)
        self.assertFalse((world.chrony.sources_dir / "50-ntpopt.sources").exists())

    def test_dead_servers_are_rolled_back(self):
        with ApplierWorld(config_lines=['verify_timeout = "12s"']) as world:
            pid = world.chrony.pid
            world.serve()
            report = world.apply(["dead1.test", "dead2.test", "dead3.test"])
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertIn("dead1.test (unreachable)", report["reason"])
            self.assert_untouched(world)
            self.assertEqual(world.chrony.pid, pid)
            seen = world.call("observe")
            self.assertFalse(seen["drifted"] or seen["paused"])

    def test_a_liar_is_rolled_back_although_it_answers(self):
        with ApplierWorld(config_lines=['verify_timeout = "12s"']) as world:
            world.serve()
            report = world.apply(["n1.test", "liar.test"])
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertRegex(report["reason"], "liar.test")
            self.assert_untouched(world)

    def test_liars_who_outvote_the_old_source_are_rolled_back(self):
        with ApplierWorld(base=["server base.test iburst"]) as world:
            world.serve()
            report = world.apply(["liar.test", "liar2.test"])
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertRegex(report["reason"], r"liar2?\.test is 49\d\.\d+ ms away from what the sources say")
            self.assertNotRegex(world.chrony.process.log(), r"Selected source .*liar", "chronyd never selected one of them")
            self.assertEqual((world.chrony.names(), world.chrony.selected()), (["base.test"], "base.test"))

    def test_from_one_own_set_to_a_dead_one_and_back_to_the_own_one(self):
        with ApplierWorld(config_lines=['verify_timeout = "10s"']) as world:
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            report = world.apply(["dead1.test", "dead2.test"])
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test"])
            self.assertFalse(world.call("observe")["drifted"])

    def test_chronyd_that_is_restarted_in_the_middle_is_left_with_its_own_sources(self):
        with ApplierWorld(config_lines=['verify_timeout = "20s"']) as world:
            world.serve()
            number = world.call("apply", servers(["dead1.test", "dead2.test"]))
            world.wait_for(lambda: world.call("transaction", "0")["state"] == "verifying", 60, "the proof to begin")
            world.chrony.restart()
            report = world.finish(number)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertRegex(report["reason"], "restarted meanwhile|ended meanwhile")
            world.wait_for(world.chrony.is_synchronised, 60, "the new chronyd to follow its own sources")
            self.assert_untouched(world)

    def begin(self, world, names, state="verifying"):
        """A change that has come as far as `state`."""
        number = world.call("apply", servers(names), {})
        world.wait_for(lambda: world.call("transaction", str(number))["state"] == state, 60, f"state {state}", pause=0.02)
        return number

    def test_servers_that_die_right_after_the_change_are_rolled_back(self):
        with ApplierWorld(config_lines=['verify_timeout = "10s"']) as world:
            world.serve()
            pid, names = world.chrony.pid, ["n1.test", "n2.test", "n3.test"]
            number = self.begin(world, names)
            world.set_fakes(names, "silent=yes")
            report = world.finish(number)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assert_untouched(world)
            self.assertEqual(world.chrony.pid, pid)

    def test_ours_that_made_room_come_back(self):
        """The new servers are the old ones by their addresses, and chronyd follows an address once."""
        with ApplierWorld(config_lines=['verify_timeout = "12s"']) as world:
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            number = self.begin(world, ["127.2.1.1", "127.2.2.1"])
            world.set_fakes(["n1.test", "n2.test"], "silent=yes")
            report = world.finish(number)
            self.assertEqual((report["state"], world.distinct_names()), ("rolled_back", ["n1.test", "n2.test"]), report)

    def test_a_server_that_dhcp_takes_away_meanwhile_is_not_missed(self):
        with ApplierWorld(config_lines=['verify_timeout = "10s"']) as world:
            dhcp = world.chrony.dhcp_dir / "eth0.sources"
            dhcp.write_text("server n6.test iburst\n")
            world.chrony.chronyc("reload", "sources")
            world.serve()
            number = self.begin(world, ["dead1.test", "dead2.test"])
            dhcp.unlink()
            world.chrony.chronyc("reload", "sources")
            report = world.finish(number)
            self.assertEqual(report["state"], "rolled_back", report)
            self.assert_untouched(world)

    def restarted(self, world):
        """A chronyd whose pool is not full yet: it has places without an address, which go when it is."""
        world.serve()
        world.chrony.restart()
        number = world.call("apply", servers(["dead1.test", "dead2.test"]))
        def full():
            rows = [row for row in world.chrony.sources() if row["name"] == "pool.test"]
            return [row["id"] for row in rows] if len(rows) == 3 and world.chrony.is_synchronised() else None
        return number, world.wait_for(full, 30, "the pool to be full")

    def test_a_pool_that_is_filled_meanwhile_is_not_taken_for_one_that_lost_servers(self):
        with ApplierWorld(base=["pool pool.test iburst maxsources 3", "server base.test iburst"], config_lines=['verify_timeout = "14s"']) as world:
            number, pool = self.restarted(world)
            self.assertEqual(world.finish(number)["state"], "rolled_back")
            self.assertEqual([row["id"] for row in world.chrony.sources() if row["name"] == "pool.test"], pool)
            self.assertEqual(world.distinct_names(), BASE_NAMES)

    def test_a_pool_is_followed_on_where_its_name_cannot_be_resolved_any_more(self):
        with ApplierWorld(base=["pool pool.test iburst maxsources 3"], config_lines=['verify_timeout = "14s"']) as world:
            number, pool = self.restarted(world)
            world.add_names({"pool.test": []})
            self.assertEqual(world.finish(number)["state"], "rolled_back")
            self.assertEqual([row["id"] for row in world.chrony.sources()], pool)
            self.assertTrue(world.chrony.is_synchronised())

    def test_what_was_deleted_comes_back_by_its_address_where_no_name_can_be_resolved(self):
        with ApplierWorld(config_lines=['verify_timeout = "12s"']) as world:
            world.write_config(['verify_timeout = "12s"'], chronyc=world.kill_at_delete(8))
            world.serve()
            addresses = {row["id"] for row in world.chrony.sources() if row["reach"] != "0"}
            number = world.call("apply", servers(["n1.test", "n2.test"]))
            world.wait_for(lambda: not world.applier.is_running(), 30, "the kill")
            world.set_fakes(["n1.test", "n2.test"], "silent=yes")
            world.add_names({"pool.test": [], "base.test": []})
            world.chrony.chronyc("reset", "sources")
            world.chrony.chronyc("burst", "4/8")  # those that answer are there again at once
            world.once("--recover")
            world.wait_for(world.chrony.is_synchronised, 60, "chronyd to follow its own sources by their addresses")
            self.assertTrue(addresses <= {row["id"] for row in world.chrony.sources()})

    def test_a_name_with_the_number_of_an_answer_in_it_comes_back(self):
        name = "ntp511.test"
        with ApplierWorld(base=["server base.test iburst"], config_lines=['verify_timeout = "10s"']) as world:
            world.add_names({name: ["127.1.4.1"]})
            (world.chrony.sources_dir / "site.sources").write_text(f"server {name}\n")
            world.chrony.chronyc("reload", "sources")
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            world.add_names({name: []})
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual((report["state"], world.distinct_names()), ("committed", ["base.test", name]), report)

    def test_fewer_than_minsources_resolve(self):
        with ApplierWorld(base=[*BASE, "minsources 3"], config_lines=['verify_timeout = "10s"']) as world:
            world.serve()
            report = world.apply(["n1.test", "n2.test", "nowhere1.invalid", "nowhere2.invalid"])
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertIn("nowhere1.invalid", report["reason"])
            self.assert_untouched(world)

    def test_a_configuration_that_chronyd_itself_refuses_is_left_alone(self):
        with ApplierWorld() as world:
            world.serve()
            with open(world.chrony.config, "a") as config:
                config.write("clockmaster yes\n")
            with self.assertRaisesRegex(Refused, "(?s)chronyd.*Invalid directive at line"):
                world.call("apply", servers(["n1.test", "n2.test"]))
            self.assert_untouched(world)

    def test_chronyd_that_is_killed_in_the_middle_starts_with_its_own_sources(self):
        with ApplierWorld() as world:
            world.serve()
            number = self.begin(world, ["dead1.test", "dead2.test"])  # which keep it in the middle
            world.chrony.process.kill()
            report = world.finish(number)
            self.assertEqual((report["state"], report["reason"]), ("rolled_back", "chronyd ended meanwhile"))
            world.chrony.start()
            world.wait_for(world.chrony.is_synchronised, 30, "chronyd to follow its own sources")
            self.assert_untouched(world)

    def test_refusals(self):
        with ApplierWorld(config_lines=["max_changes_per_day = 1", "[selection]", 'whitelist = ["*.test", "127.2.0.0/16"]']) as world:
            world.serve()

            def refusal(choices, options=None):
                with self.assertRaises(Refused) as caught:
                    world.call("apply", choices, options or {})
                return str(caught.exception)

            self.assertRegex(refusal(servers(["n1.test", "time.example"])), "Refused.*whitelist")
            self.assertRegex(refusal([{"name": "n1.test\nallow 0/0"}]), "InvalidArgs")
            self.assertRegex(refusal([{"name": "n1.test iburst"}]), "InvalidArgs")
            self.assertRegex(refusal([{"name": f"s{i}.test"} for i in range(10000)]), "InvalidArgs")
            self.assertRegex(refusal([]), "Refused")
            self.assertRegex(refusal(servers(["n1.test"]) + [{"name": "n2.test", "nts": True}]), "NTS")
            self.assertRegex(refusal([{"name": "n1.test", "timescale": "utc"}, {"name": "n2.test", "timescale": "smear-24h"}]), "timescale")

            # A thousand calls: one transaction, the rest are told to wait or that the day's limit is reached.
            number = world.call("apply", servers(["n1.test", "n2.test"]))
            for _ in range(5):
                self.assertRegex(refusal(servers(["n3.test", "n4.test"])), "Busy|Refused")
            self.assertEqual(world.finish(number)["state"], "committed")
            self.assertRegex(refusal(servers(["n3.test", "n4.test"])), "max_changes_per_day")
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test"])

            # Whom the policy of the bus lets in by mistake the applier itself refuses; the policy refuses first.
            with self.assertRaisesRegex(Refused, "AccessDenied"):
                world.call("observe", user=1)
            self.assertEqual(world.call("observe", user=65534)["service"], "chronyd")

    def test_the_applier_refuses_strangers_itself(self):
        with ApplierWorld() as world:
            policy = world.directory / "open.conf"
            policy.write_text('<busconfig><policy context="default"><allow own="*"/><allow send_destination="*"/></policy></busconfig>')
            world.start_bus([policy])
            world.applier = world.start_applier(world.config)
            with self.assertRaisesRegex(Refused, "AccessDenied.*only root and the daemon's user"):
                world.call("apply", servers(["n1.test", "n2.test"]), {}, user=1)
            self.assertIn("a call of user 1 was refused", world.applier.log())
            self.assert_untouched(world)

    def test_a_thousand_calls_at_once(self):
        with ApplierWorld(config_lines=["max_changes_per_day = 2"]) as world:
            world.serve()
            sets = [["n1.test", "n2.test"], ["n3.test", "n4.test"]]  # to ask for what is there already is no change
            call = [world.program("tests/services/applier_call/applier_call"), "apply"]
            for turn in range(20):
                argv = [*call, json.dumps(servers(sets[turn % 2])), "{}"]
                batch = [subprocess.Popen(argv, env=world.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(50)]
                for caller in batch:
                    caller.wait(60)
                if turn < 3:
                    world.finish(0)
            self.assertTrue(world.applier.is_running())
            world.finish(0)
            journal = json.loads((world.directory / "apply-state" / "txn.json").read_text())
            self.assertEqual(len(journal["changes_usec"]), 2, "as many as are allowed, and no more")
            self.assertEqual(world.distinct_names(), sets[1])

    def test_undone_twice_the_old_servers_are_there(self):
        """chronyd does not answer for a moment while the change is undone, and its names cannot be resolved."""
        with ApplierWorld(base=["server base.test iburst", "server n6.test iburst"], config_lines=['verify_timeout = "12s"']) as world:
            script, asked = world.directory / "chronyc", world.directory / "asked"
            script.write_text(f"""#!/bin/sh
case "$*" in
  *add*) echo "Invalid host/IP address"; exit 1 ;;
  *delete*) [ -e {asked} ] || echo 0 >{asked} ;;
  *tracking*) if [ -e {asked} ]; then
      n=$(($(cat {asked}) + 1)); echo $n >{asked}
      if [ $n -le 3 ]; then echo "506 Cannot talk to daemon"; exit 1; fi
    fi ;;
esac
exec {" ".join(world.chrony.chronyc_argv)} "$@"
""")
            script.chmod(0o755)
            world.write_config(['verify_timeout = "12s"'], chronyc=script)
            world.serve()
            report = world.finish(world.call("apply", servers(["n1.test", "n2.test"])), 120)
            self.assertEqual((report["state"], world.distinct_names()), ("rolled_back", ["base.test", "n6.test"]), report)

    def test_a_configuration_that_others_may_write_is_not_believed(self):
        """What it says is not done; what has to be done without it is."""
        with ApplierWorld() as world:
            ran = world.directory / "ran"
            script = world.directory / "chronyc"
            script.write_text(f"#!/bin/sh\ntouch {ran}\n")
            script.chmod(0o755)
            world.write_config(chronyc=script)
            os.chmod(world.config, 0o666)
            done = world.run([world.program("daemon/apply/ntpopt-apply"), "--config", world.config, "--state-dir",
                              world.directory / "s", "--rollback-original"])
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stderr, r"ntpopt.toml may be written by others than its owner \(mode 666\)")
            self.assertFalse(ran.exists())
            os.chmod(world.config, 0o644)
            world.run([world.program("daemon/apply/ntpopt-apply"), "--config", world.config, "--state-dir",
                       world.directory / "s", "--rollback-original"])
            self.assertTrue(ran.exists())

    def test_a_file_that_somebody_else_changed_is_left_alone(self):
        with ApplierWorld() as world:
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            ours = world.chrony.sources_dir / "50-ntpopt.sources"
            ours.write_text("server n6.test iburst\n")
            with self.assertRaisesRegex(Refused, "changed by somebody else"):
                world.call("apply", servers(["n3.test", "n4.test"]))
            self.assertEqual(ours.read_text(), "server n6.test iburst\n")
            self.assertTrue(any("somebody else" in why for why in world.call("observe")["refusals"]))

    def test_an_edit_without_a_server_in_the_middle_of_a_further_change_leaves_chronyd_its_own(self):
        """Those were deleted by the change before, and came back with nobody."""
        with ApplierWorld(config_lines=['verify_timeout = "8s"']) as world:
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            number = world.call("apply", servers(["n3.test", "n4.test"]), {"by_hand": True})
            world.wait_for(lambda: world.call("transaction", str(number))["state"] == "verifying", 20, "the proof to begin")
            ours = world.chrony.sources_dir / "50-ntpopt.sources"
            ours.write_text("# hers\n")
            self.assertEqual(world.finish(number)["state"], "rolled_back")
            self.assertEqual((ours.read_text(), world.distinct_names()), ("# hers\n", BASE_NAMES))
            world.wait_for(world.chrony.is_synchronised, 20, "chronyd to follow its own servers")
            ours.unlink()
            self.assertEqual(world.apply(["n3.test", "n4.test"], {"by_hand": True})["state"], "committed")
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assert_untouched(world)

    def test_sigterm_in_the_middle_ends_the_transaction_first(self):
        with ApplierWorld() as world:
            world.serve()
            world.call("apply", servers(["n1.test", "n2.test"]))
            self.assertEqual(world.applier.stop(signal.SIGTERM, timeout=60), 0)
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test"])

    def test_without_sourcedir_nothing_is_touched(self):
        with ApplierWorld() as world:
            lines = [line for line in world.chrony.config.read_text().splitlines() if not line.startswith("sourcedir")]
            world.chrony.config.write_text("\n".join(lines) + "\n")
            world.serve()
            with self.assertRaisesRegex(Refused, "sourcedir"):
                world.call("apply", servers(["n1.test", "n2.test"]))
            self.assertTrue(any("sourcedir" in why for why in world.call("observe")["refusals"]))

    def test_two_services_are_a_conflict_and_none_is_an_answer(self):
        with ApplierWorld() as world:
            second = world.start_chronyd_client(["server base.test iburst"], name="second")
            world.serve()
            with self.assertRaisesRegex(Refused, "ServiceConflict|fight over the clock"):
                world.call("apply", servers(["n1.test", "n2.test"]))
            second.process.stop()
            world.chrony.process.stop()
            seen = world.call("observe")
            self.assertEqual((seen["service"], seen["active"]), ("none", False))
            with self.assertRaisesRegex(Refused, "ServiceNotFound"):
                world.call("apply", servers(["n1.test", "n2.test"]))


if __name__ == "__main__":
    lab.main()
