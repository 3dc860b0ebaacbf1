#!/usr/bin/env python3
"""Renders ntpopt.toml(5) from docs/configuration.md and org.ntpopt1(5) from the D-Bus XML, so that nothing is said twice.

usage: docs/man/render.py [--check]     --check: fail where a page is not what would be rendered
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "docs/man"
DATE, VERSION = "2026-11-22", re.search(r"project\(ntpopt VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]


def escape(text: str) -> str:
    """Plain text as a text line of roff."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha").replace("~", "\\(ti")
    return "\\&" + text if text.startswith((".", "\\(aq")) else text


def inline(markdown: str) -> str:
    """`code` and **strong** become bold, links their text."""
    markdown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    parts = re.split(r"(`[^`]*`|\*\*[^*]*\*\*)", markdown)
    return "".join(rf"\fB{escape(part[1:-1].removeprefix('*').removesuffix('*') if part[0] == '*' else part[1:-1])}\fR"
                   if re.fullmatch(r"`.*`|\*\*.*\*\*", part) else escape(part) for part in parts)


def filled(text: str) -> list:
    """One sentence or clause a line, as roff wants it."""
    return [inline(line) for line in re.sub(r"\s+", " ", text).strip().replace(". ", ".\n").split("\n")]


def block(lines: list) -> list:
    return [".in +4n", ".nf", *(escape(line) for line in lines), ".fi", ".in"]


def table(lines: list) -> list:
    """Rows of a word, two blanks or more, and what it means, which may go on in deeper lines."""
    page = [".RS 4", ".PD 0"]
    for row in re.sub(r"\n {4,}", " ", "\n".join(lines)).split("\n"):
        word, _, meaning = row.partition("  ")
        page += [".TP 20", rf"\fB{escape(word)}\fR", *filled(meaning)] if meaning else [".PP", inline(row)]
    return page + [".PD", ".RE"]


def head(name: str, purpose: str, source: str) -> list:
    return [rf'.\" Rendered by docs/man/render.py from {source}: change that.',
            f'.TH {escape(name).upper()} 5 {DATE} "ntpopt {VERSION}" "File formats and conventions"', ".SH NAME",
            rf"{escape(name)} \- {purpose}"]


def render_configuration() -> str:
    page = head("ntpopt.toml", "configuration of ntpoptd and ntpopt\\-apply", "docs/configuration.md")
    page += [".SH SYNOPSIS", r"\fI/etc/ntpopt/ntpopt.toml\fR", ".br", r"\fI/etc/ntpopt/conf.d/*.toml\fR", ".br",
             r"\fI/usr/lib/ntpopt/conf.d/*.toml\fR", ".SH DESCRIPTION"]
    text = (ROOT / "docs/configuration.md").read_text().split("\n", 1)[1]
    for paragraph in re.split(r"\n\n+", text.strip()):
        lines = paragraph.split("\n")
        if lines[0].startswith("## "):
            page.append(f'.SH "{escape(lines[0][3:]).upper()}"')
        elif lines[0].startswith("### "):
            page.append(f'.SS "{escape(lines[0][4:])}"')
        elif lines[0].startswith("| key |"):
            for line in lines[2:]:
                key, kind, default, value_range, meaning = [cell.strip() for cell in line.strip("|").split("|")]
                page += [".TP", rf"{inline(key)} = {inline(default)}", f"({inline(kind)}; {inline(value_range)})", *filled(meaning)]
        elif lines[0].startswith("    "):
            page += [".PP", *block([line[4:] for line in lines])]
        elif lines[0].startswith("- "):
            for item in re.split(r"\n(?=- )", paragraph):
                page += [r".IP \(bu 2", *filled(item[2:])]
        elif re.match(r"\d\. ", lines[0]):
            for item in re.split(r"\n(?=\d\. )", paragraph):
                page += [f".IP {item[:2]} 4", *filled(item[3:])]
        else:
            page += [".PP", *filled(paragraph)]
    page += ['.SH "SEE ALSO"', r".BR ntpoptd (8),", r".BR ntpoptctl (1),", r".BR ntpopt\-apply (8)"]
    return "\n".join(page) + "\n"


def dedent(text: str) -> list:
    lines = text.strip("\n").split("\n")
    rest = [line for line in lines[1:] if line.strip()]
    margin = min((len(line) - len(line.lstrip()) for line in rest), default=0)
    first = lines[0].strip()
    return ([first] if first else []) + [line[margin:].rstrip() for line in lines[1:]]


def prose(lines: list) -> list:
    """Paragraphs are filled; what is indented in them is a list and stays as it is."""
    page = []
    for paragraph in "\n".join(lines).strip("\n").split("\n\n"):
        rows = paragraph.split("\n")
        listed = next((i for i, row in enumerate(rows) if row.startswith("  ")), len(rows))
        page += [".PP", *filled(" ".join(rows[:listed]))]
        if rows[listed:]:
            page += table([row[2:] for row in rows[listed:]])
    return page


def signature(tag: str, name: str, kind: str, body: str) -> str:
    if tag == "property":
        return f"{name} {kind}"
    arguments = {"in": [], "out": []}
    for arg in re.findall(r"<arg [^>]*>", body):
        get = dict(re.findall(r'(\w+)="([^"]*)"', arg))
        arguments[get.get("direction", "in")].append(f"{get['type']} {get['name']}")
    answer = f" -> ({', '.join(arguments['out'])})" if arguments["out"] else ""
    return f"{name}({', '.join(arguments['in'])}){answer}"


def render_bus() -> str:
    page = head("org.ntpopt1", "the D\\-Bus interfaces of ntpoptd and ntpopt\\-apply", "dbus/*.xml")
    page += [".SH DESCRIPTION", *filled("Signatures are those of D-Bus; `busctl introspect org.ntpopt1 /org/ntpopt1` shows the same, "
                                        "and the XML lies in `/usr/share/dbus-1/interfaces`.")]
    for part in ("Manager", "Applier"):
        text = (ROOT / f"dbus/org.ntpopt1.{part}.xml").read_text()
        page += [f'.SH "ORG.NTPOPT1.{part.upper()}"']
        page += prose(dedent(re.search(r"<!--(.*?)-->", text, re.S)[1]))
        member = re.compile(r'<!-- (\w+)( \(authorised\))?: ((?:(?!-->).)*?) ?-->\s*'
                            r'<(method|signal|property) name="\1"([^>]*?)(?:/>|>(.*?)</\4>)', re.S)
        section = ""
        for name, authorised, comment, tag, attributes, body in member.findall(text):
            if tag != section:
                section = tag
                page.append(f'.SS "{ {"method": "Methods", "signal": "Signals", "property": "Properties"}[tag] }"')
            kind = re.search(r'type="([^"]*)"', attributes)
            page += [".TP", rf"\fB{escape(signature(tag, name, kind[1] if kind else '', body))}\fR"]
            said = filled(comment[:1].upper() + comment[1:])
            if not said[-1].endswith("."):
                said[-1] += "."
            page += said + (["\\fBAuthorised.\\fR"] if authorised else [])
    page += ['.SH "SEE ALSO"', ".BR ntpoptd (8),", ".BR ntpopt\\-apply (8),", ".BR ntpoptctl (1),", ".BR busctl (1)"]
    return "\n".join(page) + "\n"


def main() -> int:
    stale = []
    for name, text in (("ntpopt.toml.5", render_configuration()), ("org.ntpopt1.5", render_bus())):
        path = HERE / name
        if sys.argv[1:] == ["--check"]:
            stale += [name] if not path.exists() or path.read_text() != text else []
        else:
            path.write_text(text)
    for name in stale:
        print(f"docs/man/{name} is not what docs/man/render.py renders: run it", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
