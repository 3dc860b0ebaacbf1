#!/usr/bin/env python3
"""Turns ctest's JUnit report into the plain closing line, and tells what failed, with its last words, and was skipped."""
import sys
import xml.etree.ElementTree as ElementTree

LAST_LINES = 40


def last_words(case) -> str:
    output = case.find("system-out")
    lines = ((output.text if output is not None else None) or "").rstrip().splitlines()
    return "".join(f"  | {line}\n" for line in lines[-LAST_LINES:])


def main() -> int:
    cases = [case for path in sys.argv[1:] for case in ElementTree.parse(path).getroot().iter("testcase")]
    passed = [case for case in cases if case.get("status") == "run"]
    failed = [case for case in cases if case.get("status") == "fail"]
    skipped = [case for case in cases if case.get("status") not in ("run", "fail")]
    for case in failed:
        print(f"failed: {case.get('name')}\n{last_words(case)}", end="")
    for case in skipped:
        reason = case.find("skipped")
        print(f"skipped: {case.get('name')}: {reason.get('message', '') if reason is not None else ''}")
    print(f"{len(passed)} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
