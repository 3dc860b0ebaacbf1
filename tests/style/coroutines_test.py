"""g++ 12 miscompiles some temporaries inside co_await expressions (a double free at run time): keep them out.

Between co_await and the end of the statement there may be no brace-initialised temporary, no capturing lambda and no
conditional operator; name the argument first and move it in. Coroutine parameters are taken by value, and none has a
default of a class type: that is a temporary of the caller's co_await.
"""
import re
import sys
import unittest

from source_files import ROOT, code

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
STRING = re.compile(r'"(?:\\.|[^"\\])*"')
COROUTINE = re.compile(r"awaitable<[^;{}()]*>\s+[\w:]+\(([^;{}]*?)\)\s*(?:const\s*)?(?:override\s*)?(?:=\s*0\s*)?[;{]")

DEFAULTED = re.compile(r"awaitable<[^;{}()]*>\s+[\w:]+\([^;{}]*?=\s*(?:\{|[A-Z]\w*\()")


def plain(text: str) -> str:
    return STRING.sub('""', COMMENT.sub("", text))


def statements_after(text: str, keyword: str):
    for match in re.finditer(rf"\b{keyword}\b", text):
        end = text.find(";", match.end())
        yield text.count("\n", 0, match.start()) + 1, text[match.end():end if end >= 0 else len(text)]


class Coroutines(unittest.TestCase):
    def test_co_await_has_no_brace_no_condition_and_no_capturing_lambda(self):
        wrong = []
        for path in code():
            text = plain(path.read_text())
            for line, statement in statements_after(text, "co_await"):
                # `if (co_await f()) {` and `while (...) {` open a block, not a temporary.
                expression = re.split(r"\)\s*\{\s*(?:\n|$)", statement)[0]
                if re.search(r"[{?]|\[[^\]\s]+\]\s*[({]", expression):
                    wrong.append(f"{path.relative_to(ROOT)}:{line}: {' '.join(statement.split())[:90]}")
        self.assertEqual(wrong, [])

    def test_coroutines_take_their_parameters_by_value(self):
        wrong = []
        for path in code("daemon", "dbus", "ctl"):
            text = plain(path.read_text())
            for match in COROUTINE.finditer(text):
                if "&" in match.group(1):
                    line = text.count("\n", 0, match.start()) + 1
                    wrong.append(f"{path.relative_to(ROOT)}:{line}: {' '.join(match.group(0).split())[:110]}")
        self.assertEqual(wrong, [])

    def test_no_parameter_of_a_coroutine_has_a_temporary_as_default(self):
        wrong = [f"{path.relative_to(ROOT)}: {' '.join(match.group(0).split())[:110]}" for path in code("daemon", "dbus", "ctl")
                 for match in DEFAULTED.finditer(plain(path.read_text()))]
        self.assertEqual(wrong, [])
        self.assertTrue(DEFAULTED.search("boost::asio::awaitable<Status> begin(bool all, Mark mark = {});"))

    def test_the_rule_finds_what_it_looks_for(self):
        bad = plain("co_await f(Agg{1}); co_await g([x] { return x; }); if (co_await h()) {\n}")
        found = [s for _, s in statements_after(bad, "co_await") if "{" in re.split(r"\)\s*\{\s*(?:\n|$)", s)[0]]
        self.assertEqual(len(found), 2)


if __name__ == "__main__":
    sys.exit(unittest.main())
