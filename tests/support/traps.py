#!/usr/bin/env python3
"""Which tests guard the rows of docs/traps.md: those that cite `TRAPS n`, in a name or a comment.

Fails where a row has no test, where a test cites a row that does not exist, and where PENDING does
not say the truth. --list prints the whole map.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUFFIXES = {".cpp", ".hpp", ".py", ".sh", ".rs", ".txt"}

# Rows that no test guards as yet, each with the reason. This list only ever gets shorter.
PENDING = {}

ROW = re.compile(r"^(\d+)\. ", re.MULTILINE)
CITATION = re.compile(r"TRAPS (\d+(?:(?:, | and )\d+)*)")
TEST = re.compile(r"^\s*(?:TEST(?:_[FP])?\((\w+),\s*(\w+)|(?:async )?def (test\w*)\()")


def rows(text):
    """The numbers of the list's rows, which count from 1."""
    found = [int(number) for number in ROW.findall(text)]
    for expected, number in enumerate(found, 1):
        if number != expected:
            raise ValueError(f"docs/traps.md: row {expected} is missing, {number} stands there")
    return found


def name_of(line):
    found = TEST.match(line)
    if not found:
        return None
    suite, case, function = found.groups()
    return f"{suite}.{case}" if suite else function


def citations(path, text):
    """(row, test) for each citation: the test that begins there or next, else the one around it."""
    lines = text.splitlines()
    for at, line in enumerate(lines):
        for cited in CITATION.findall(line):
            near = [*lines[at:at + 4], *reversed(lines[:at])]
            test = next(filter(None, map(name_of, near)), "the whole file")
            for number in re.findall(r"\d+", cited):
                yield int(number), f"{path}:{at + 1}: {test}"


def guards(folder):
    """row -> the tests that cite it."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in SUFFIXES and path.is_file() and path != pathlib.Path(__file__).resolve() \
                and not path.name.startswith("test_traps"):
            text = path.read_text(encoding="utf-8", errors="replace")
            for row, test in citations(path.relative_to(folder.parent), text):
                found.setdefault(row, []).append(test)
    return found


def problems(known, found, pending):
    for row in known:
        if row in pending and found.get(row):
            yield f"row {row} is listed as pending, but has a test: {found[row][0]}"
        if row not in pending and not found.get(row):
            yield f"row {row} has no test: let one cite TRAPS {row}"
    for row in sorted({*found, *pending} - set(known)):
        where = found.get(row, ["the list of pending rows"])[0]
        yield f"docs/traps.md has no row {row}, which is cited by {where}"


def main():
    known, found = rows((ROOT / "docs/traps.md").read_text(encoding="utf-8")), guards(ROOT / "tests")
    if "--list" in sys.argv[1:]:
        for row in known:
            print(f"{row}." + (f" pending: {PENDING[row]}" if row in PENDING else ""))
            print("".join(f"    {test}\n" for test in found.get(row, [])), end="")
    wrong = list(problems(known, found, PENDING))
    for line in wrong:
        print(f"traps: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
