"""kill -9 of the applier between two deletes of the old sources: chronyd then has some of the old and all of the new ones.
And chronyd restarted before the next applier goes on: it has its own sources and ours.

The kills at every durable step of a change are in tests/services/crash.
"""
import json
import unittest

from applier_world import ApplierWorld, BASE_NAMES, NAMES, servers
import lab

NEW = ["n1.test", "n2.test", "n3.test"]


def followed(world) -> set:
    return {row["id"] for row in world.chrony.sources() if not row["id"].startswith("ID#")}


def kill_between_deletes(new_ones_die: bool) -> dict:
    """One world: the applier is killed when some of the old sources are deleted already; with `new_ones_die` nothing of the
    new set answers any more when it comes back."""
    with ApplierWorld() as world:
        world.write_config(['verify_timeout = "12s"'], chronyc=world.kill_at_delete(5))
        world.serve()
        old, pid, addresses = world.chrony.names(), world.chrony.pid, followed(world)
        with lab.Following(world.chrony, 10) as watch:
            world.call("apply", servers(NEW))
            world.wait_for(lambda: not world.applier.is_running(), 30, "the kill")
            middle = len(world.chrony.names()) - len(NEW)
            if new_ones_die:
                for address in (NAMES[name][0] for name in NEW):
                    world.fakes.command(f"set {world.fake_names[address]} silent=yes")
                world.chrony.chronyc("reset", "sources")
                world.chrony.chronyc("burst", "4/8")  # those that answer are there again at once
            done = world.once("--recover")
            if new_ones_die:
                world.wait_for(world.chrony.is_synchronised, 60, "chronyd to follow its own sources again")
                world.wait_for(lambda: followed(world) == addresses, 30, "all of its own sources to be there")
        report = json.loads((world.directory / "apply-state" / "txn.json").read_text())["transaction"]["report"]
        return {"state": report["state"], "reason": report["reason"], "status": done.returncode, "log": done.stderr, "old": old,
                "names": world.chrony.names(), "middle": middle, "faults": watch.faults, "looks": watch.looks,
                "same_pid": world.chrony.pid == pid}


class Recovery(unittest.TestCase):
    def restarted_after_the_proof(self, world):
        """A change that is proven, the applier killed at its first deletion, and chronyd restarted by somebody."""
        world.write_config(['verify_timeout = "12s"'], chronyc=world.kill_at_delete(1))
        world.serve()
        world.call("apply", servers(NEW))
        world.wait_for(lambda: not world.applier.is_running(), 30, "the kill")
        world.write_config(['verify_timeout = "12s"'])
        world.chrony.restart()
        world.wait_for(lambda: len(world.chrony.names()) == 12, 60, "the new chronyd to read its own sources and ours")

    def killed_on_the_way_back(self, world, command):
        """A change, and the applier killed at the first such command of chronyc when it is taken back."""
        world.serve()
        self.assertEqual(world.apply(NEW)["state"], "committed")
        world.applier.stop()
        world.write_config(chronyc=world.kill_at(command, 1))
        world.run_applier()
        world.call("rollback", {"original": True})
        world.wait_for(lambda: not world.applier.is_running(), 60, "the kill")

    def assert_own_sources(self, world):
        self.assertEqual(world.distinct_names(), BASE_NAMES)
        world.wait_for(world.chrony.is_synchronised, 30, "chronyd to follow its own sources")

    def test_a_chronyd_that_was_restarted_since_keeps_its_own_sources_though_ours_die(self):
        with ApplierWorld() as world:
            self.restarted_after_the_proof(world)
            world.set_fakes(NEW, "silent=yes")
            done = world.once("--recover")
            self.assertEqual((done.returncode, world.distinct_names()), (0, sorted([*BASE_NAMES, *NEW])), done.stderr)
            world.wait_for(world.chrony.is_synchronised, 30, "chronyd to follow its own sources")
            world.run_applier()
            self.assertTrue(world.call("observe")["drifted"])
            report = world.finish(world.call("reconverge"))
            self.assertEqual((report["state"], world.distinct_names()), ("rolled_back", sorted([*BASE_NAMES, *NEW])), report)
            world.set_fakes(NEW, "silent=no")
            world.chrony.restart()
            world.wait_for(lambda: sum(row["state"] in "*+-" for row in world.chrony.sources()) >= 6, 30, "ours to answer again")
            report = world.finish(world.call("reconverge"))
            self.assertEqual((report["state"], world.distinct_names()), ("committed", NEW), report)
            self.assertFalse(world.call("observe")["drifted"])
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assert_own_sources(world)

    def test_from_a_chronyd_that_was_restarted_since_the_way_back_leads_to_its_own_sources(self):
        with ApplierWorld() as world:
            self.restarted_after_the_proof(world)
            done = world.once("--recover")
            self.assertEqual(done.returncode, 0, done.stderr)
            world.run_applier()
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            self.assert_own_sources(world)

    def test_a_chronyd_that_was_restarted_on_the_way_back_follows_what_its_files_say_now(self):
        with ApplierWorld() as world:
            self.killed_on_the_way_back(world, "reload")
            world.write_config()
            lines = world.chrony.config.read_text().splitlines()
            kept = [line for line in lines if not line.startswith(("pool", "server"))]
            world.chrony.config.write_text("\n".join([*kept, "server n5.test iburst", "server n6.test iburst", ""]))
            world.chrony.restart()
            world.wait_for(world.chrony.is_synchronised, 30, "the new chronyd to follow somebody")
            done = world.once("--recover")
            self.assertEqual((done.returncode, world.distinct_names()), (0, ["n5.test", "n6.test"]), done.stderr)

    def test_an_edit_of_our_file_on_an_interrupted_way_back_costs_chronyd_none_of_its_own_servers(self):
        """Ours went with the edit, and those that had come back already were deleted: nobody was left."""
        with ApplierWorld() as world:
            self.killed_on_the_way_back(world, "server?base.test")
            self.assertEqual(world.distinct_names(), [*NEW, "pool.test"])
            ours = world.chrony.sources_dir / "50-ntpopt.sources"
            ours.write_text("# hers\n")
            done = world.once("--recover")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(ours.read_text(), "# hers\n")
            self.assert_own_sources(world)

    def test_new_ones_that_are_gone_although_they_were_proven_come_back_before_the_old_ones_go(self):
        """As after a full disk: the change was undone, and its journal could not be told."""
        config = ['verify_timeout = "12s"', "edit_files = true"]
        with ApplierWorld(source_dirs=False) as world:
            world.write_config(config, chronyc=world.kill_at_delete(1))
            world.serve()
            world.call("apply", servers(NEW))
            world.wait_for(lambda: not world.applier.is_running(), 30, "the kill")
            world.write_config(config)
            for row in world.chrony.sources():
                if row["name"] in NEW:
                    world.chrony.chronyc("delete", row["id"])
            with lab.Following(world.chrony, 10) as watch:
                done = world.once("--recover")
            self.assertEqual((done.returncode, world.chrony.names()), (0, NEW), done.stderr)
            self.assertEqual(watch.faults, [])
            self.assertGreater(watch.looks, 0)

    def test_between_two_deletes(self):
        result = kill_between_deletes(new_ones_die=False)
        self.assertTrue(0 < result["middle"] < len(result["old"]), result)
        self.assertEqual((result["state"], result["names"]), ("committed", NEW), result)
        self.assertEqual((result["status"], result["faults"], result["same_pid"]), (0, [], True))
        self.assertGreater(result["looks"], 0)

    def test_between_two_deletes_and_then_the_new_ones_die(self):
        result = kill_between_deletes(new_ones_die=True)
        self.assertTrue(0 < result["middle"] < len(result["old"]), result)
        self.assertEqual((result["state"], sorted(set(result["names"]))), ("rolled_back", BASE_NAMES), result)
        self.assertEqual((result["status"], result["same_pid"]), (0, True))  # the test itself made chronyd forget


if __name__ == "__main__":
    lab.main()
