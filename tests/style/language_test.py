"""The repository speaks of the project alone, has no unfinished marks, and ends its lines cleanly."""
import re
import sys
import unittest

from source_files import ROOT, tracked

# Built from pieces, so that this file does not find itself.
FOREIGN = re.compile("|".join(["/wo" + "rk/", "/far" + "m/", r"\." + "library/", "sub" + "agent", "/tmp/" + "w/"]))
UNFINISHED = re.compile("|".join(["TO" + "DO", "FIX" + "ME", r"\bX" + "XX\b"]))


class Language(unittest.TestCase):
    def texts(self):
        for path in tracked():
            if path.suffix in (".svg", ".png", ".bin") or "corpus" in path.parts or not path.is_file():
                continue
            yield path.relative_to(ROOT), path.read_text(errors="replace")

    def test_nothing_foreign(self):
        self.assertEqual([str(name) for name, text in self.texts() if FOREIGN.search(text)], [])

    def test_nothing_unfinished(self):
        self.assertEqual([str(name) for name, text in self.texts() if UNFINISHED.search(text)], [])

    def test_lines_end_cleanly(self):
        wrong = [str(name) for name, text in self.texts()
                 if text and (not text.endswith("\n") or re.search(r"[ \t]\n|\r", text))]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    sys.exit(unittest.main())
