"""promtool's word on the text, the alert rules and their unit tests."""
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from lab.world import ROOT, daemon_program  # noqa: E402

RULES = ROOT / "packaging/prometheus"


class Promtool(unittest.TestCase):
    def judge(self, *words, text=None):
        done = subprocess.run([daemon_program("prometheus", "usr/bin/promtool"), *words], cwd=RULES, input=text, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_the_text_has_nothing_to_complain_of(self):
        golden = (ROOT / "tests/ctl/client/golden/metrics.txt").read_text()
        text = golden.split("\n", 1)[1].split("--- exit")[0]
        self.assertIn("ntpopt_up 1", text)
        self.assertEqual(self.judge("check", "metrics", text=text), "")

    def test_the_rules_are_rules(self):
        self.assertIn("13 rules found", self.judge("check", "rules", "--lint=all", "--lint-fatal", "ntpopt.rules.yml"))
        self.judge("check", "config", "--syntax-only", "prometheus.yml")

    def test_every_alert_fires_when_it_should(self):
        self.assertIn("SUCCESS", self.judge("test", "rules", "ntpopt.rules.test.yml"))


if __name__ == "__main__":
    unittest.main()
