"""What packaging/quickstart.sh lets everybody see after it has built: ten servers, a liar found out, a chronyd that moves."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

import home  # noqa: F401  where lab is found
import lab

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "packaging/quickstart.sh"


class Quickstart(unittest.TestCase):
    def test_a_visitor_sees_the_main_job_succeed(self):
        done = subprocess.run([sys.executable, ROOT / "tests/lab/quickstart.py"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=180, env=os.environ | {"NO_COLOR": "1"}, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("== success", done.stdout)
        self.assertGreater(int(re.search(r"looked at,\n(\d+) times during the change", done.stdout)[1]), 5)
        before, after = (int(pid) for pid in re.findall(r"chronyd has PID (\d+)", done.stdout))
        self.assertEqual(before, after, "chronyd was restarted")
        chosen = done.stdout.rsplit("chronyc -N sources, after:", 1)[1].split("\n== ")[0]
        self.assertRegex(chosen, r"\^\* ntp\.")
        for poor in ("far", "noisy", "liar", "dead", "lost"):
            self.assertNotIn(f"ntp.{poor}.example", chosen)

    def test_the_script_builds_what_it_shows(self):
        text = SCRIPT.read_text()
        self.assertIn("tests/lab/quickstart.py", text)
        targets = re.search(r"--target ([\w -]+?) --", text)[1].split()
        self.assertEqual({"ntpoptd", "ntpopt-apply", "ntpoptctl", "fakentp"} - set(targets), set())
        help_text = subprocess.run([SCRIPT, "--help"], capture_output=True, text=True, timeout=30, check=True).stdout
        self.assertIn("usage: packaging/quickstart.sh", help_text)
        self.assertEqual(subprocess.run([SCRIPT, "--now"], capture_output=True, timeout=30, check=False).returncode, 2)


if __name__ == "__main__":
    lab.main()
