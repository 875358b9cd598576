#!/usr/bin/env python3
"""Prints which tests failed, how each ended, and its last words.

usage: failed_entries.py CTEST_XML…  (what `ctest --output-junit` wrote; a file that is not there is
passed over)

A log of thousands of lines is often kept by its end only: there stands what somebody must know.
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

LINES = 25


def failures(path):
    """(name, how it ended, its output) of each entry that failed."""
    for case in ElementTree.parse(path).iter("testcase"):
        trouble = case.find("failure")
        if trouble is None:
            trouble = case.find("error")
        if trouble is not None:
            yield (case.get("name"), trouble.get("message", ""), case.findtext("system-out") or "",
                   float(case.get("time", "0")))


def main(paths):
    for path in map(Path, paths):
        if not path.is_file():
            continue
        for name, how, output, seconds in failures(path):
            print(f"\n######## {path.parent.name}: {name}: {how or 'failed'} after {seconds:.1f} s")
            print("\n".join(output.rstrip().splitlines()[-LINES:]))


if __name__ == "__main__":
    main(sys.argv[1:])
