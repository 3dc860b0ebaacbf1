"""Every series of ntpoptctl metrics stands in docs/metrics.md with its type, labels and unit, and rules and dashboard know no others."""
import json
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (ROOT / "tests/ctl/client/golden/metrics.txt").read_text().split("--- exit")[0]
RULES = (ROOT / "packaging/prometheus/ntpopt.rules.yml").read_text()
RULES_TEST = (ROOT / "packaging/prometheus/ntpopt.rules.test.yml").read_text()
DASHBOARD = json.loads((ROOT / "packaging/grafana/ntpopt.json").read_text())
HISTOGRAM = ("_bucket", "_sum", "_count")


def types():
    """Name and type of every family, as the program wrote them."""
    return dict(re.findall(r"(?m)^# TYPE (\S+) (\S+)$", TEXT))


def series():
    """Name and labels of every series."""
    return [(name, dict(re.findall(r'(\w+)="([^"]*)"', labels))) for name, labels in re.findall(r"(?m)^(ntpopt\w+)(\{.*\})? \S+$", TEXT)]


def family(name):
    base = next((name.removesuffix(end) for end in HISTOGRAM if name.endswith(end)), name)
    return base if types().get(base) == "histogram" else name


def documented():
    rows = re.findall(r"(?m)^\| `(ntpopt_\w+)` \| (\w+) \|([^|]*)\| ", (ROOT / "docs/metrics.md").read_text())
    return {name: (kind, re.findall(r"`(\w+)`", labels)) for name, kind, labels in rows}


def exprs(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("expr", "query", "definition") and isinstance(value, str):
                yield value
            else:
                yield from exprs(value)
    elif isinstance(node, list):
        for value in node:
            yield from exprs(value)


class Metrics(unittest.TestCase):
    def test_every_series_is_documented_with_type_and_labels_and_none_else(self):
        wanted = {name: (kind, sorted({label for other, labels in series() if family(other) == name for label in labels}))
                  for name, kind in types().items()}
        self.assertEqual(documented(), wanted)

    def test_the_bounds_of_the_histograms_are_documented(self):
        page = (ROOT / "docs/metrics.md").read_text()
        for name, kind in types().items():
            if kind == "histogram":
                bounds = [labels["le"] for other, labels in series() if other == f"{name}_bucket" and labels["le"] != "+Inf"]
                self.assertIn(f"| `{name}` | histogram | `le`: {', '.join(bounds)} |", page)

    def test_reasons_are_documented(self):
        page = (ROOT / "docs/metrics.md").read_text()
        for _, labels in series():
            if "reason" in labels:
                self.assertIn(f"`{labels['reason']}` (", page)

    def test_names_have_base_units(self):
        for name, kind in types().items():
            self.assertEqual(name.endswith("_total"), kind == "counter", name)
            self.assertNotRegex(name, r"_(ms|us|ns|usec|msec|minutes|hours|percent)\b")

    def test_the_budget_of_series_is_kept(self):
        servers = {labels["server"] for _, labels in series() if "server" in labels}
        self.assertEqual(len(servers), 2)
        self.assertEqual(len(series()), 40 + 8 * len(servers))

    def test_rules_and_dashboard_ask_for_what_exists(self):
        found = set(re.findall(r"ntpopt_\w+", "\n".join([*re.findall(r"(?m)^ +expr: (.*)$", RULES), *exprs(DASHBOARD)])))
        self.assertGreater(len(found), 25)
        self.assertEqual({name for name in found if family(name) not in types() or types()[family(name)] == "histogram" and name == family(name)}, set())

    def test_the_dashboard_shows_every_family(self):
        shown = {family(name) for name in re.findall(r"ntpopt_\w+", "\n".join(exprs(DASHBOARD)))}
        self.assertEqual(set(types()) - shown, set())

    def test_panels_have_ids_and_places_of_their_own(self):
        panels = DASHBOARD["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken = [(x, y) for panel in panels for place in [panel["gridPos"]]
                 for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])]
        self.assertEqual(len(set(taken)), len(taken))

    def test_every_alert_has_a_test_in_which_it_fires(self):
        alerts = re.findall(r"- alert: (\w+)", RULES)
        self.assertGreater(len(alerts), 10)
        for alert in alerts:
            self.assertRegex(RULES_TEST, rf"alertname: {alert}\n +exp_alerts:\n +- exp_labels")


if __name__ == "__main__":
    unittest.main()
