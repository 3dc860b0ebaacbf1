"""The D-Bus XML against contract.hpp, the error table, the bus policies and docs/dbus.md."""
import re
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
XML = {part: ROOT / f"dbus/org.ntpopt1.{part}.xml" for part in ("Manager", "Applier")}
EXPECTED_MEMBERS = {"method", "signal", "property"}


def interface(part):
    """The parsed interface, and the object path above it."""
    text = re.sub(r"<!DOCTYPE.*?>", "", XML[part].read_text(), flags=re.S)
    node = ElementTree.fromstring(text)
    return node.get("name"), node.find("interface")


def signature(member):
    """A member as docs/dbus.md writes it."""
    if member.tag == "property":
        return f"{member.get('name')} {member.get('type')}"
    arguments = {"in": [], "out": []}
    for arg in member.findall("arg"):
        arguments[arg.get("direction", "in")].append(f"{arg.get('type')} {arg.get('name')}")
    result = f" -> {', '.join(arguments['out'])}" if arguments["out"] else ""
    return f"{member.get('name')}({', '.join(arguments['in'])}){result}"


class Contract(unittest.TestCase):
    def setUp(self):
        self.header = (ROOT / "dbus/contract.hpp").read_text()
        self.page = (ROOT / "docs/dbus.md").read_text()

    def test_names_and_paths_are_those_of_the_header(self):
        for part, path in (("Manager", "/org/ntpopt1"), ("Applier", "/org/ntpopt1/applier")):
            found_path, found = interface(part)
            self.assertEqual(found_path, path)
            self.assertIn(f'k{part}Path = "{path}"', self.header)
            self.assertIn(f'k{part}Interface = "{found.get("name")}"', self.header)

    def test_every_member_is_explained_where_it_stands(self):
        for part, path in XML.items():
            text = path.read_text()
            for member in interface(part)[1]:
                self.assertIn(member.tag, EXPECTED_MEMBERS)
                self.assertRegex(text, rf"<!-- {member.get('name')}(?: \(authorised\))?: ", f"{part}.{member.get('name')}")

    def test_every_member_stands_in_the_page_and_none_else(self):
        written = set(re.findall(r"^\| `([A-Z][^`]*)` \| ", self.page.split("## Errors")[0], re.M))
        real = {signature(member) for part in XML for member in interface(part)[1]}
        self.assertEqual(written, real)

    def test_what_is_authorised_is_marked_in_the_page(self):
        text = XML["Manager"].read_text()
        authorised = set(re.findall(r"<!-- (\w+) \(authorised\):", text))
        page = set(re.findall(r"^\| `(\w+)\([^`]*` \| .*\*\*Authorised\.\*\* \|$", self.page, re.M))
        self.assertEqual(page, authorised)

    def test_errors_are_the_same_in_table_xml_and_page(self):
        table = set(re.findall(r'"org\.ntpopt1\.Error\.(\w+)"', (ROOT / "dbus/errors.cpp").read_text()))
        page = set(re.findall(r"^\| `(\w+)` \| .* \| \d \|$", self.page.split("## Errors")[1], re.M))
        words = re.search(r"Errors: org\.ntpopt1\.Error\.(.*?);", XML["Manager"].read_text(), re.S).group(1)
        self.assertEqual(table, page)
        self.assertEqual(table, set(re.findall(r"[A-Z]\w+", words)))

    def test_policies_deny_first_and_let_in_calls_and_root_s_signals_only(self):
        for name in ("org.ntpopt1", "org.ntpopt1.Applier"):
            text = (ROOT / f"dbus/{name}.conf.in").read_text()
            policy = ElementTree.fromstring(re.sub(r"<!DOCTYPE.*?>", "", text, flags=re.S))
            default = policy.find("policy[@context='default']")
            rules = [rule for rule in default if rule.get("send_destination")]
            self.assertEqual((rules[0].tag, rules[0].get("send_destination"), len(rules[0].attrib)), ("deny", name, 1))
            for part in policy:
                kinds = ("method_call", "signal") if part.get("user") == "root" else ("method_call",)
                for rule in part.iter("allow"):
                    self.assertNotIn("own_prefix", rule.attrib)
                    if rule.get("send_destination"):
                        self.assertEqual(rule.get("send_destination"), name)
                        self.assertIn(rule.get("send_type"), kinds)
                        self.assertIsNotNone(rule.get("send_interface"))


if __name__ == "__main__":
    sys.exit(unittest.main())
