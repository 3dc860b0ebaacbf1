"""Sources of others beside ours: what DHCP clients and administrators add while a change is made, and who has an address
that was chosen."""
import unittest

from applier_world import ApplierWorld, BASE_NAMES, NAMES, servers
import lab

DHCP = ["127.2.1.1", "127.2.2.1"]  # the addresses of n1.test and n2.test


class Neighbours(unittest.TestCase):
    def write_dhcp(self, world, *names):
        """As a DHCP client does."""
        (world.chrony.dhcp_dir / "eth0.sources").write_text("".join(f"server {name} iburst\n" for name in names))
        world.chrony.chronyc("reload", "sources")

    def with_dhcp(self, world, *names):
        self.write_dhcp(world, *names)
        world.wait_for(lambda: sum(row["state"] in "*+-" and row["name"] in names for row in world.chrony.sources()) == len(names), 20,
                       "DHCP's servers to answer")

    def test_what_others_add_in_the_middle_of_a_change_stays(self):
        with ApplierWorld() as world:
            world.serve()
            number = world.call("apply", servers(["n1.test", "n2.test"]))
            world.wait_for(lambda: world.call("transaction", "0")["state"] == "verifying", 60, "the proof to begin", pause=0.02)
            (world.chrony.dhcp_dir / "eth0.sources").write_text("server n6.test iburst\n")
            (world.chrony.sources_dir / "site.sources").write_text("server n5.test iburst\n")
            world.chrony.chronyc("reload", "sources")
            self.assertEqual(world.finish(number)["state"], "committed")
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test", "n5.test", "n6.test"])
            self.assertTrue(world.call("observe")["drifted"], "who was added is no part of the set")
            self.assertEqual(world.finish(world.call("reconverge"))["state"], "committed")
            self.assertEqual(world.distinct_names(), ["n1.test", "n2.test", "n6.test"], "DHCP's server stays")
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(world.distinct_names(), sorted([*BASE_NAMES, "n5.test", "n6.test"]))

    def test_servers_of_dhcp_make_no_room_for_names_that_lead_to_them(self):
        with ApplierWorld() as world:
            self.with_dhcp(world, *DHCP)
            world.serve()
            self.assertEqual(world.apply(["n1.test", "n2.test"])["state"], "committed")
            self.assertEqual(world.distinct_names(), [*DHCP, "n1.test", "n2.test"])
            self.assertIn(world.chrony.selected(), DHCP)
            self.assertFalse(world.call("observe")["drifted"])
            self.assertEqual(world.finish(world.call("rollback", {"original": True}))["state"], "committed")
            self.assertEqual(world.distinct_names(), sorted([*DHCP, *BASE_NAMES]))

    def test_nobody_goes_where_all_new_ones_wait_for_servers_of_dhcp_that_are_dead(self):
        with ApplierWorld(config_lines=['verify_timeout = "10s"']) as world:
            dead = [NAMES[name][0] for name in ("dead1.test", "dead2.test")]
            self.write_dhcp(world, *dead)
            world.serve()
            report = world.apply(["dead1.test", "dead2.test"])
            self.assertEqual(report["state"], "rolled_back", report)
            self.assertRegex(report["reason"], "none of .* can be followed within 10 s")
            self.assertEqual(world.distinct_names(), sorted([*dead, *BASE_NAMES]))
            self.assertIn(world.chrony.selected(), BASE_NAMES)

    def test_an_address_that_dhcp_named_too_is_followed_once(self):
        with ApplierWorld() as world:
            self.with_dhcp(world, "n1.test")
            world.serve()
            self.assertEqual(world.apply(["127.2.1.1", "n3.test", "n4.test"])["state"], "committed")
            self.assertEqual(world.distinct_names(), ["n1.test", "n3.test", "n4.test"])
            self.assertFalse(world.call("observe")["drifted"])


if __name__ == "__main__":
    lab.main(parallel=4)
