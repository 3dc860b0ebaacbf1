"""The parser, conf/ntpopt.toml and docs/configuration.md know the same keys, with the same types, defaults and ranges."""
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PRINT_KEYS = sys.argv.pop(1)


def parser_rows():
    out = subprocess.run([PRINT_KEYS], check=True, capture_output=True, text=True).stdout
    return [tuple(line.split("\t")) for line in out.splitlines()]


def documented_rows():
    rows = []
    for line in (ROOT / "docs/configuration.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 5:
            rows.append((cells[0].strip("`"), cells[1], cells[2].strip("`"), cells[3]))
    return rows


def reference_rows():
    rows, section = [], ""
    for line in (ROOT / "conf/ntpopt.toml").read_text().splitlines():
        if match := re.fullmatch(r"\[([\w.]+)\]", line):
            section = match[1] + "."
        elif match := re.fullmatch(r"#(\w+) = (.*)", line):
            rows.append((section + match[1], match[2]))
    return rows


class ConfigKeys(unittest.TestCase):
    maxDiff = None

    def test_documentation_is_the_parsers_table(self):
        self.assertEqual(documented_rows(), parser_rows())

    def test_reference_file_shows_every_default(self):
        self.assertEqual(reference_rows(), [(key, default) for key, _, default, _ in parser_rows()])

    def test_the_tables_are_not_empty(self):
        self.assertGreater(len(parser_rows()), 40)


if __name__ == "__main__":
    sys.exit(unittest.main())
