"""Every way to remove ntpopt takes the same files with it, and each file that an applier writes for a service is one."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WAYS = ("packaging/debian/ntpopt.postrm", "packaging/rpm/ntpopt.spec", "packaging/install.sh")
NAMES = {"daemon/core/plan/chrony_plan.hpp": "kChronyFile", "daemon/core/plan/ntpd_plan.hpp": "kNtpsecFile",
         "daemon/core/plan/timesyncd_plan.hpp": "kTimesyncdDropIn"}


def removed(way):
    text = (ROOT / way).read_text().replace("\\\n", " ")
    return {path for line in re.findall(r"rm -f (/etc/chrony/.*)", text) for path in line.split()}


class Removal(unittest.TestCase):
    def test_all_ways_remove_the_same(self):
        first = removed(WAYS[0])
        self.assertGreater(len(first), 3)
        for way in WAYS[1:]:
            with self.subTest(way=way):
                self.assertEqual(removed(way), first)

    def test_every_file_of_a_service_is_removed(self):
        gone = {pathlib.PurePath(path).name for path in removed(WAYS[0])}
        for header, constant in NAMES.items():
            name = re.search(rf'{constant} = "([^"]+)"', (ROOT / header).read_text())
            with self.subTest(constant=constant):
                self.assertIn(name[1], gone)


if __name__ == "__main__":
    unittest.main()
