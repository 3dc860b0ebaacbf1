"""Every test that docs/services.md names is where it says."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class ServicesDoc(unittest.TestCase):
    def test_what_is_named_exists(self):
        text = (ROOT / "docs" / "services.md").read_text()
        named = re.findall(r"(\w+/\w+_test):\s+(test_\w+)(?:\s+\([^)]*?: (test_\w+)\))?", text)
        self.assertGreater(len(named), 30)
        for place, *tests in named:
            source = (ROOT / "tests" / "services" / f"{place}.py").read_text()
            for test in filter(None, tests):
                self.assertIn(f"def {test}(", source, place)
        for path in re.findall(r"`(tests/\S+|\w+/\w+_test\.py)`", text):
            place = ROOT / (path if path.startswith("tests/") else f"tests/services/{path}")
            self.assertTrue(place.exists(), path)


if __name__ == "__main__":
    unittest.main()
