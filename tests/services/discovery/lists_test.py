"""Server lists from a real nginx: good, huge, slow, redirecting, truncated, hostile. The good count, each failure is named."""
import json
import unittest

import internet_world as iw
from internet_world import lab

PAGES = {
    "good.txt": "ntp2.list.example\nntp3.list.example\n",
    "good.json": '["ntp4.list.example"]',
    "good.md": "| Host | AS |\n|---|---|\n| `ntp5.list.example` | 1 |\n",
    "huge": "ntp2.list.example\n" * 100_000,
    "slow": "ntp2.list.example\n" * 1000,
    "hostile": "localhost\n10.0.0.1\n169.254.169.254\nrouter.local\nx;y.example\n\x1b[31m.example\n",
    "junk": "<!DOCTYPE html><html><body>Sign in</body></html>",
}


class Lists(unittest.TestCase):
    def setUp(self):
        self.world = iw.InternetWorld()
        self.addCleanup(self.world.close)
        self.world.start_unbound()
        self.world.start_nginx(PAGES)

    def requests(self, path: str) -> list:
        return [line.split('"')[2].split()[0] for line in self.world.access.read_text().splitlines() if f" {path} " in line]

    def settle(self, *paths):
        urls = [path if ":" in path else f"https://lists.example/{path}" for path in paths]
        self.world.settle(f'regional = false\nsrv = false\nlists = {urls!r}')

    def test_the_good_count_and_each_failure_is_named(self):
        self.settle("hop3", "good.json", "good.md", "huge", "slow", "downgrade", "private", "mapped", "group", "zero", "inside",
                    "nowhere", "hop4", "truncated", "hostile", "junk", "https://other.example/good.txt",
                    "https://user:secret@lists.example/gone?token=secret")
        document = self.world.look(self.the_daemon_answers)
        stage = iw.discover_stage(document)
        self.assertTrue(stage["ok"])
        self.assertLess(stage["duration_s"], iw.DISCOVER_DEADLINE_S + iw.LOADED_S, "with lists that hang")
        names = {server["name"] for server in document["servers"]}
        self.assertTrue({f"ntp{i}.list.example" for i in range(2, 6)} <= names, names)
        self.assertFalse([name for name in names if name.startswith(("cut.", "router.", "10.", "169."))], names)
        self.assertEqual(self.world.asked("lists.example", "AAAA"), 1, "its IPv6 address is a black hole")
        detail = stage["detail"]
        for path, why in {"huge": "larger than 1048576 bytes", "slow": "did not arrive in time", "downgrade": "not https",
                          "private": "redirected to the private address 10.0.0.1",
                          "mapped": "redirected to the private address 127.0.0.1",
                          "group": "redirected to the private address 224.0.1.1",
                          "zero": "redirected to the private address 0.0.0.0",
                          "inside": "redirected to the private address 192.168.7.7",
                          "nowhere": "x1.hole.example: ", "hop4": "more than 3 redirections",
                          "truncated": "transfer closed with 4983 bytes remaining", "hostile": "no server in it",
                          "junk": "no server in it", "gone": "the server answered with status 404"}.items():
            self.assertIn(f"lists: https://lists.example/{path}: {why}", detail)
        self.assertRegex(detail, r"lists: https://other.example/good.txt: .*certificate")
        self.assertNotIn("secret", detail)
        self.assertNotIn("lists: https://lists.example/good", detail)
        self.assertNotIn("lists: https://lists.example/hop3", detail)

    def the_daemon_answers(self, round):
        """While a list is on its way, which takes until its deadline, others are served."""
        self.world.wait_for(lambda: self.world.asked("lists.example"), 20, "the lists to be asked for")
        status = self.world.ctl("status", "--json")
        self.assertIsNone(round.poll(), "the round waits for the slow list")
        self.assertEqual(json.loads(status.stdout)["state"], "discover", status.stdout)

    def test_the_last_good_copy_is_used_and_its_age_told(self):
        self.settle("good.txt")
        self.assertIn("lists 2", iw.discover_stage(self.world.look())["detail"])
        self.world.look()
        self.assertEqual(self.requests("/good.txt"), ["200"], "within the hour nobody is asked again")
        # An hour and a half later, as the memory sees it: the copy is asked for by its ETag.
        self.age_copies(5400)
        self.world.look()
        self.assertEqual(self.requests("/good.txt"), ["200", "304"])
        self.age_copies(5400)
        self.world.nginx.stop()
        detail = iw.discover_stage(self.world.look())["detail"]
        self.assertIn("lists 2", detail)
        self.assertRegex(detail, r"lists: https://lists.example/good.txt: .*; the copy of 1h 30min ago is used")
        again = iw.discover_stage(self.world.look())["detail"]
        self.assertIn("lists: https://lists.example/good.txt: failed a moment ago; the copy of 1h 30min ago is used", again)

    def test_where_a_server_sends_us_is_asked_for_once_an_hour(self):
        self.settle("away", "inside", "nowhere")
        self.assertIn("lists 2", iw.discover_stage(self.world.look())["detail"])
        self.age_copies(600)
        self.world.look()
        self.assertEqual(self.requests("/inside"), ["302", "302"], "a list that failed is asked for again soon")
        for name in ("lists.example", "mirror.example", "turned.list.example"):
            self.assertEqual(self.world.asked(name), 1, name)

    def age_copies(self, seconds: int) -> None:
        def change(database, usec):
            database.execute("UPDATE list_cache SET fetched_usec = fetched_usec - ?, checked_usec = checked_usec - ?", (usec, usec))
        self.world.age_memory(change, seconds)


if __name__ == "__main__":
    lab.main()
