"""ntpoptd --replay as scripts see it: output, exit status, errors. And docs/selection.md tells of its example what the
program says of it."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
EXAMPLE = DOCS / "example-trace.jsonl"


def replay(file, text: str = "") -> subprocess.CompletedProcess:
    return subprocess.run([os.environ["NTPOPTD"], "--replay", str(file)], input=text, capture_output=True, text=True,
                          timeout=30, check=False, env={"PATH": "/nonexistent"})


def rounds(text: str) -> list:
    done = replay("-", text)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


class Replay(unittest.TestCase):
    def test_one_line_a_round_from_a_file_and_from_stdin(self):
        from_file = replay(EXAMPLE)
        self.assertEqual((from_file.returncode, from_file.stderr), (0, ""))
        self.assertEqual(len(from_file.stdout.splitlines()), 3)
        self.assertEqual(replay("-", EXAMPLE.read_text()).stdout, from_file.stdout)
        self.assertEqual(replay("-", EXAMPLE.read_text().replace("\n", "\r\n\n")).stdout, from_file.stdout)

    def test_servers_by_name_and_selected_by_error(self):
        for decided in rounds(EXAMPLE.read_text()):
            names = [server["name"] for server in decided["servers"]]
            self.assertEqual(names, sorted(names))
            error = {server["name"]: server["error_ms"] for server in decided["servers"]}
            self.assertEqual(decided["selected"], sorted(decided["selected"], key=error.get))

    def test_a_wrong_line_is_named_and_what_came_before_it_is_there(self):
        lines = EXAMPLE.read_text().splitlines()
        done = replay("-", "\n".join([*lines[:2], "", lines[2].replace('"stratum"', '"stratus"', 1)]))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        self.assertEqual(done.stderr, "ntpoptd: -: line 4: candidate 1 ('alfa.example'): key 'stratum' is missing\n")

    def test_what_cannot_be_read(self):
        with tempfile.TemporaryDirectory() as directory:
            for file in (directory, f"{directory}/none"):
                done = replay(file)
                self.assertEqual((done.returncode, done.stdout), (1, ""), file)
                self.assertIn(f"{file}: cannot be read", done.stderr)

    def test_an_empty_name_starts_no_daemon(self):
        for words in (["--replay", ""], ["--replay="], ["--config", "", "--check-config"],
                      ["--state-dir", "", "--check-config"]):
            done = subprocess.run([os.environ["NTPOPTD"], *words], capture_output=True, text=True, timeout=30, check=False,
                                  env={"PATH": "/nonexistent", "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"})
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertIn(words[0].rstrip("="), done.stderr)

    def test_nothing_in_nothing_out(self):
        self.assertEqual(rounds(""), [])

    def test_a_line_of_any_length_is_refused_by_its_number(self):
        done = replay("-", "\n{" + " " * (9 * 1024 * 1024))
        self.assertEqual(done.returncode, 1)
        self.assertIn("line 2: JSON of more than", done.stderr)

    def test_another_decision_than_the_recorded_one_is_told(self):
        lines = EXAMPLE.read_text().splitlines()
        done = replay("-", lines[1].replace("{", '{"decided":"0000000000000000",', 1))
        self.assertEqual(done.returncode, 0)
        self.assertIn("line 1: decided otherwise", done.stderr)

    def test_the_example_of_the_documentation(self):
        page = " ".join((DOCS / "selection.md").read_text().split())
        first, _, last = rounds(EXAMPLE.read_text())
        servers = {server["name"].removesuffix(".example"): server for server in first["servers"]}
        for row in re.findall(r"\| (\w+) \| ([\d.]+) \|(?: [\d.]+ \|){4} ([\d.]+) ms \| (\w+) \|", page):
            server = servers[row[0]]
            self.assertEqual(row[1:], (f"{server['score']:.1f}", f"{server['error_ms']:.2f}", server["verdict"]), row[0])
        for name in ("golf", "foxtrot"):
            self.assertIn(f"{name}.example: {servers[name]['verdict']}: {servers[name]['reason']}", page)
        self.assertIn("alfa, bravo, delta, charlie", page)
        self.assertEqual(first["selected"], [f"{name}.example" for name in ("alfa", "bravo", "delta", "charlie")])
        error = {server["name"]: server["error_ms"] for server in last["servers"]}
        self.assertIn(f"alfa falls from {servers['alfa']['error_ms']:.2f} ms to {error['alfa.example']:.2f} ms", page)
        self.assertEqual(last["outcome"], "unchanged")


if __name__ == "__main__":
    unittest.main()
