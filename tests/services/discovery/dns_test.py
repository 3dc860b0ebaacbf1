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
        listed.write_text("\n".join(["ntp2.list.example", "turned.list.example", "a.loop.example", "six.list.example",
                                     "x1.hole.example", "x2.hole.example"]))
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
        # A second round within the hour asks nobody.
        before = {name: self.world.asked(name) for name in ("2.asia.pool.ntp.org", "ntp2.list.example", "turned.list.example",
                                                             "a.loop.example", "x1.hole.example", "mine.dead.example")}
        self.assertEqual({before[name] for name in list(before)[:3]}, {1}, before)
        self.assertEqual(self.world.asked("2.asia.pool.ntp.org", "AAAA"), 1)
        again = self.world.look()
        self.assertEqual({name: self.world.asked(name) for name in before}, before)
        self.assertTrue(iw.verdicts(again)["x1.hole.example"].startswith("unresolved"))
        self.assertEqual(members_of_asia(again), members)

    def test_32_names_of_which_4_are_black_holes_take_the_deadline_of_one(self):
        holes = [f"x{i}.hole.example" for i in range(1, 5)]
        names = [*list(iw.MANY)[:14], *holes, *list(iw.MANY)[14:]]
        self.assertEqual(len(names), 32)
        self.world.settle(f'regional = false\nsrv = false\ncurrent = false\nservers = {names!r}', max_candidates=40)
        document = self.world.look()
        found = iw.verdicts(document)
        for name in holes:
            self.assertIn("no name server answered in time", found[name])
        for name in iw.MANY:
            self.assertFalse(found[name].startswith(("unresolved", "not_probed")), found[name])
        resolve = next(stage for stage in document["stages"] if stage["stage"] == "resolve")
        self.assertEqual(resolve["detail"], "32 names asked, 4 without an address")
        # One after the other they would be given up after four deadlines of 5 s.
        self.assertLess(resolve["duration_s"], 10)

    def test_names_are_not_asked_again_after_a_restart_and_never_for_a_family_without_a_route(self):
        self.world.run(["ip", "route", "add", "192.0.2.0/24", "dev", "lo"])  # the internet of IPv4; IPv6 leads nowhere
        self.world.settle('region = "asia/in"\npool_zone = "none"\nservers = ["ntp2.list.example", "six.list.example"]')
        self.assertTrue(iw.verdicts(self.world.look())["six.list.example"].startswith("unresolved"))
        self.world.daemon.stop()
        self.world.start_ntpoptd()
        self.world.look()
        for name in ("ntp2.list.example", "six.list.example", "2.asia.pool.ntp.org"):
            self.assertEqual((self.world.asked(name), self.world.asked(name, "AAAA")), (1, 0), name)


if __name__ == "__main__":
    lab.main()
