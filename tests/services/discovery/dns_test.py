"""Names from a real unbound: rotating pool zones, SRV, IPv6, a name server that never answers, a CNAME loop, a trap."""
import unittest

import internet_world as iw
from internet_world import lab


def members_of_asia(document: dict) -> set:
    return {server["address"] for server in document["servers"] if server["name"] == "2.asia.pool.ntp.org"} - {None}


class Dns(unittest.TestCase):
    def setUp(self):
        self.world = iw.InternetWorld()
        self.addCleanup(self.world.close)
        self.world.start_unbound()

    def test_pool_zones_srv_and_what_never_answers(self):
        listed = self.world.directory / "list.txt"
        listed.write_text("ntp2.list.example\nturned.list.example\na.loop.example\nsix.list.example\nx1.hole.example\nx2.hole.example\n")
        listed.chmod(0o644)
        self.world.settle(f'region = "asia/in"\npool_zone = "none"\nlists = ["file://{listed}"]\nservers = ["mine.dead.example"]')
        document = self.world.look()
        found = iw.verdicts(document)
        detail = iw.discover_stage(document)["detail"]
        self.assertIn("srv 1", detail)
        self.assertIn("srv: dead.example: no name server answered in time", detail)
        self.assertIn("2.asia.pool.ntp.org stands in", found["2.in.pool.ntp.org"])
        members = members_of_asia(document)
        self.assertTrue(members and members <= set(iw.POOL) | {"2001:db8:1::1"}, members)
        self.assertEqual(next(s["address"] for s in document["servers"] if s["name"] == "ntp.corp.example"), "10.99.0.1")
        self.assertIn("leads to the private address 192.168.7.7", found["turned.list.example"])
        self.assertTrue(found["a.loop.example"].startswith("unresolved"), found["a.loop.example"])
        for name in ("x1.hole.example", "x2.hole.example", "mine.dead.example"):
            self.assertIn("no name server answered in time", found[name])
        resolve = next(stage for stage in document["stages"] if stage["stage"] == "resolve")
        self.assertLess(resolve["duration_s"], 8, "the deadline of one name, not of the sum")
        # A second round within the hour asks nobody.
        before = {name: self.world.asked(name) for name in ("2.asia.pool.ntp.org", "ntp2.list.example", "turned.list.example",
                                                             "a.loop.example", "x1.hole.example", "mine.dead.example")}
        self.assertEqual({before[name] for name in list(before)[:3]}, {1}, before)
        again = self.world.look()
        self.assertEqual({name: self.world.asked(name) for name in before}, before)
        self.assertTrue(iw.verdicts(again)["x1.hole.example"].startswith("unresolved"))
        self.assertEqual(members_of_asia(again), members)

    def test_names_are_not_asked_again_after_a_restart(self):
        self.world.settle('region = "asia/in"\npool_zone = "none"\nservers = ["ntp2.list.example"]')
        self.world.look()
        self.world.daemon.stop()
        self.world.start_ntpoptd()
        self.world.look()
        self.assertEqual(self.world.asked("ntp2.list.example"), 1)


if __name__ == "__main__":
    lab.main()
