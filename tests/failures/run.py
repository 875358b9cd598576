#!/usr/bin/env python3
"""Failures as people see them: real projects that fail, run by the real binary.

    run.py                   all of them
    run.py NAME …            these
    run.py --list            their names, one a line
    run.py --write [NAME …]  makes expected.txt of what is said now: read the difference

NAME is a folder here. `project/` is what fails, `expected.txt` all that Offload says of it, with what
differs from run to run and from machine to machine made equal. `cause.txt` names what has to be
seen at once: a line for each text, below the test's ID; they have to stand among the first ten lines
about this failure, the one with its name included.

Exit status: 0 passed, 1 failed, 77 all that was asked for was skipped.
"""

import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from harness import CargoScenario, pytest_python  # noqa: E402

SKIPPED = 77
FIRST_LINES = 10
HEAD = re.compile(r"(?:FAIL|ERROR|CRASH|TIMEOUT) ")


def names():
    return sorted(path.parent.name for path in HERE.glob("*/cause.txt"))


def normalised(text, root):
    """What differs between two runs of the same failure is written alike."""
    for pattern, equal in (
        (re.escape(str(root / "project")), "PROJECT"),
        (re.escape(str(root)), "SCENARIO"),
        (r"(?:/[\w.+-]+)*/bin/python3\b", "PYTHON3"),
        (r"(?m)^first sandbox ready .*\n", ""),  # before or after the tests are known
        (r"\nSlowest tests:\n(?:  .*\n)+", ""),  # the order is that of chance
        (r"(  Time:    ).*", r"\1TIME"),
        (r"(?:/[\w.+-]+)*/lib/python3(?:\.\d+)?", "PYTHON"),
        (r"(?:/[\w.+-]+)*/rustlib/src/rust|/rustc/[0-9a-f]{40}", "RUST"),
        (r"PYTHON/([\w./+-]+?\.py)(\"?, line |:)\d+", r"PYTHON/\1\2N"),
        (r"(RUST/[\w./-]+\.rs):\d+:\d+", r"\1:N:N"),
        (r"( READ of size) .*…", r"\1 …"),  # cut at a width
        (r"\b0x[0-9a-f]{4,16}\b", "ADDRESS"),
        (r"(thread '[^']*') \(\d+\)", r"\1 (PID)"),
        (r"==\d+==", "==PID=="),
        (r"\b\d+(?:\.\d+)?(?: ?(?:s|ms|min)\b)", "TIME"),
    ):
        text = re.sub(pattern, equal, text)
    return text


def blocks(text):
    """The lines about each failure, and those between them."""
    found = [[]]
    for line in text.splitlines():
        if HEAD.match(line):
            found.append([line])
        elif HEAD.match("".join(found[-1][:1])) and line and not line.startswith("    "):
            found.append([line])
        else:
            found[-1].append(line)
    return found


def in_order(text):
    """The failures by their names: which test ends first is up to chance."""
    parts = blocks(text)
    failures = sorted(part for part in parts if HEAD.match("".join(part[:1])))
    ordered = [failures.pop(0) if HEAD.match("".join(part[:1])) else part for part in parts]
    return "".join(line + "\n" for part in ordered for line in part)


def causes(path):
    """[(test ID, [texts])] of a cause.txt."""
    found = []
    for line in path.read_text().splitlines():
        if line.startswith("    "):
            found[-1][1].append(line.strip())
        elif line.strip():
            found.append((line.strip(), []))
    return found


class Failure(CargoScenario):
    def __init__(self, name, write):
        super().__init__("runTest")
        self.name = name
        self.write_expected = write

    def __str__(self):
        return self.name

    def setUp(self):
        if self.name.startswith("rust"):
            super().setUp()
        else:
            super(CargoScenario, self).setUp()

    def runTest(self):
        shutil.copytree(HERE / self.name / "project", self.project, dirs_exist_ok=True)
        self.prepare()
        run = self.offload("run").expect_exit(1)
        said = in_order(normalised(f"{run.err}=== stdout ===\n{run.out}", self.root))
        expected = HERE / self.name / "expected.txt"
        if self.write_expected:
            expected.write_text(said)
        wanted = expected.read_text()
        if said != wanted and self.words_are_those_of_here():
            difference = difflib.unified_diff(
                wanted.splitlines(), said.splitlines(), str(expected), "said now", lineterm="")
            self.fail("\n".join(["it says something else now:", *difference]))
        self.check_causes(said)

    def words_are_those_of_here(self):
        """Python words its own failures differently from version to version."""
        if not self.name.startswith("pytest"):
            return True
        done = subprocess.run([pytest_python(9), "-c", "import sys; print(*sys.version_info[:2])"],
                              capture_output=True, text=True, check=True)
        return done.stdout.split() == ["3", "11"]

    def prepare(self):
        if self.name.startswith("pytest"):
            python = pathlib.Path(pytest_python(9))
            self.env["PATH"] = os.pathsep.join([str(python.parent), os.environ["PATH"]])
            self.env.update(PYTHONDONTWRITEBYTECODE="1", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
        elif self.name.startswith("gtest"):
            for arguments in (["-S", ".", "-B", "build"], ["--build", "build"]):
                done = subprocess.run(["cmake", *arguments], cwd=self.project, env=self.env,
                                      capture_output=True, text=True, timeout=250)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def check_causes(self, said):
        about = blocks(said)
        for test, texts in causes(HERE / self.name / "cause.txt"):
            block = next((b for b in about if re.match(HEAD.pattern + re.escape(test) + r"(?!\S)", "".join(b[:1]))),
                         None)
            self.assertIsNotNone(block, f"nothing is said of {test}:\n{said}")
            first = "\n".join(block[:FIRST_LINES])
            for text in texts:
                self.assertIn(text, first, f"the first lines about {test} hide the cause")


def main(arguments):
    if arguments == ["--list"]:
        print("\n".join(names()))
        return 0
    write = arguments[:1] == ["--write"]
    chosen = arguments[1:] if write else arguments
    suite = unittest.TestSuite(Failure(name, write) for name in chosen or names())
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if not result.wasSuccessful():
        return 1
    return SKIPPED if len(result.skipped) == suite.countTestCases() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
