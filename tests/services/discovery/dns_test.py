"""Names from a real unbound: rotating pool zones, SRV, IPv6, a name server that never answers, a CNAME loop, a trap."""
import json
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
        stage = iw.discover_stage(document)
        self.assertLess(stage["duration_s"], iw.DISCOVER_DEADLINE_S + iw.LOADED_S, "with name servers that hang")
        detail = stage["detail"]
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
        resolve = iw.stage(document, "resolve")
        self.assertEqual(resolve["detail"], "32 names asked, 4 without an address")
        self.assertLess(resolve["duration_s"], iw.NAME_DEADLINE_S + iw.LOADED_S)

    def test_a_zone_that_has_turned_is_asked_through_its_new_members_after_the_hour(self):
        before, after = list(iw.POOL)[:4], list(iw.POOL)[4:6]  # fewer than are asked of a pool
        self.world.unbound.stop()
        self.world.start_unbound(before)
        self.world.settle('region = "asia/in"\npool_zone = "none"\nsrv = false')
        first = self.members_of_asia_in(before)
        self.world.unbound.stop()
        self.world.start_unbound(after)
        self.age_answers(45 * 60)
        self.assertEqual(self.members_of_asia_in(before), first, "within the hour")
        self.assertEqual(self.world.asked("2.asia.pool.ntp.org"), 0)
        self.age_answers(30 * 60)
        self.members_of_asia_in(after)
        self.assertEqual(self.world.asked("2.asia.pool.ntp.org"), 1)

    def members_of_asia_in(self, pool: list) -> set:
        """Whom the next round asks under the zone's name, all of them of this pool."""
        members = members_of_asia(self.world.look()) - {"2001:db8:1::1"}
        self.assertTrue(members and members <= set(pool), (members, pool))
        return members

    def age_answers(self, seconds: int) -> None:
        def change(database, usec):
            rows = database.execute("SELECT name, kind, answers FROM dns_cache").fetchall()
            for name, kind, answers in rows:
                record = json.loads(json.loads(answers)[0])
                for key in ("asked_s", "until_s", "answered_s"):
                    record[key] -= usec / 1e6
                database.execute("UPDATE dns_cache SET asked_usec = asked_usec - ?, expires_usec = expires_usec - ?, answers = ? "
                                 "WHERE name = ? AND kind = ?", (usec, usec, json.dumps([json.dumps(record)]), name, kind))
        self.world.age_memory(change, seconds)

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
