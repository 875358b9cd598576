"""Runs what pages of docs/ tell the reader to type.

A block of commands is tried where it stands behind a line

    <!-- tried in FOLDER -->    or    <!-- tried in FOLDER, exit N -->

in a copy of that folder (examples/…, or "an empty folder"), with `sh -eu`; blocks of one page and one
folder run one after the other in the same copy. A block marked as `sh` that has no such line is an
error: what is not tried is indented.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^(?:<!-- tried in (?P<folder>[^,\n]+?)(?:, exit (?P<exit>\d+))? -->\n)?"
                   r"```sh\n(?P<script>.*?)^```$", re.MULTILINE | re.DOTALL)
SKIPPED = 77


def blocks(page):
    """(line, folder, exit status, script) of each."""
    text = page.read_text()
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start("script")) + 1
        yield line, block["folder"], int(block["exit"] or 0), block["script"]


def pages():
    return sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md"])


class Pages(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        (self.scratch / "bin").mkdir()
        (self.scratch / "bin/offload").symlink_to(os.environ["OFFLOAD_BINARY"])
        # A pytest that finds the examples' interpreter by its usual name.
        python = pathlib.Path(os.environ["OFFLOAD_TEST_PYTEST8"])
        # As at a reader's: no CI system's run is told of.
        ours = {name: value for name, value in os.environ.items()
                if not name.startswith(("OFFLOAD_", "PYTEST_", "CI", "GITHUB_"))}
        self.environment = {**ours, "HOME": str(self.scratch),
                            "PATH": f"{self.scratch}/bin:{python.parent}:{os.environ['PATH']}"}

    def folder(self, page, name):
        copy = self.scratch / page.stem / name.replace("/", "-").replace(" ", "-")
        if not copy.exists():
            if name == "an empty folder":
                copy.mkdir(parents=True)
            else:
                shutil.copytree(ROOT / name, copy, ignore=shutil.ignore_patterns(
                    "test-results*", "__pycache__", ".*cache"))
        return copy

    def test_commands_do_what_the_page_says(self):
        tried = 0
        for page in pages():
            for line, folder, status, script in blocks(page):
                place = f"{page.relative_to(ROOT)}:{line}"
                with self.subTest(place):
                    self.assertTrue(folder, f"{place}: `sh` blocks are tried, and it is not said where")
                    ran = subprocess.run(["sh", "-euc", script], cwd=self.folder(page, folder),
                                         env=self.environment, text=True, check=False,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT)
                    self.assertEqual(ran.returncode, status, f"{place}:\n{script}\n{ran.stdout}")
                    tried += 1
        self.assertGreater(tried, 0, "no block of any page was tried")


if __name__ == "__main__":
    if "OFFLOAD_TEST_PYTEST8" not in os.environ:
        print("skipped: OFFLOAD_TEST_PYTEST8 names no pytest")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
