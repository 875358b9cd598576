"""Makes CTest usable as a framework of type "default".

    run_ctest.py list [CTEST_ARGUMENT…]         one test name a line
    run_ctest.py run RESULT_FILE NAME…          runs exactly these, writes JUnit

Tests are handed to CTest by number, never by a regular expression: names may hold anything that
fits on a line, and expressions have a length limit.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("OFFLOAD_CTEST_BUILD", ROOT / "build" / "dev")).resolve()


def die(message: str) -> None:
    sys.exit(f"run_ctest.py: {message}")


def known_tests(arguments: list[str]) -> list[str]:
    """Names in CTest's own order, in which they are numbered from 1."""
    if not (BUILD / "CTestTestfile.cmake").is_file():
        die(f"there are no tests in {BUILD}; run ./dev test once")
    command = ["ctest", "--test-dir", str(BUILD), "--show-only=json-v1", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        die(f"{' '.join(command)} ended with exit status {done.returncode}")
    return [test["name"] for test in json.loads(done.stdout)["tests"]]


def list_tests(arguments: list[str]) -> int:
    for name in known_tests(arguments):
        if name.endswith("_NOT_BUILT"):
            die(f"{name}: build all targets in {BUILD} first")
        if name != name.strip() or "\n" in name or name.startswith("#"):
            die(f"this name cannot stand on a line of its own: {name!r}")
        print(name)
    return 0


def check_report(path: pathlib.Path, names: list[str]) -> bool:
    """Whether every test was run.

    Corrects what CTest writes: a disabled test as passed, one that cannot start as skipped.
    """
    tree = ElementTree.parse(path)
    missing = set(names) - {case.get("name") for case in tree.getroot().iter("testcase")}
    for name in sorted(missing):
        print(f"run_ctest.py: ctest did not report {name!r}", file=sys.stderr)
    complete = not missing
    for case in tree.getroot().iter("testcase"):
        if case.get("status") == "disabled":
            ElementTree.SubElement(case, "skipped", message="Disabled")
        skipped = case.find("skipped")
        if skipped is None:
            continue
        reason = skipped.get("message", "")
        if reason.startswith("SKIP_") or reason == "Disabled":
            continue
        skipped.tag = "error"
        skipped.set("type", "not started")
        complete = False
    tree.write(path, encoding="utf-8", xml_declaration=True)
    return complete


def run_tests(result: pathlib.Path, names: list[str]) -> int:
    numbers: dict[str, int] = {}
    for number, name in enumerate(known_tests([]), start=1):
        if name in numbers:
            die(f"CTest knows two tests of the name {name!r}")
        numbers[name] = number
    unknown = [name for name in names if name not in numbers]
    if unknown:
        die(f"CTest does not know {unknown[0]!r}; was {BUILD} built again since the discovery?")

    result.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="offload-ctest-") as folder:
        selection = pathlib.Path(folder, "selection")
        # Start, end and stride of nothing, then the numbers. Without the newline CTest would leave
        # the last one out.
        selection.write_text("0,0,0," + ",".join(str(numbers[name]) for name in names) + "\n")
        report = pathlib.Path(folder, "junit.xml")
        command = ["ctest", "--test-dir", str(BUILD), "-I", str(selection), "--output-on-failure"]
        # The variable would put every batch's tests in parallel once more.
        environment = {k: v for k, v in os.environ.items() if k != "CTEST_PARALLEL_LEVEL"}
        done = subprocess.run(
            [*command, "--output-junit", str(report)], env=environment, check=False
        )
        if not report.is_file():
            die(f"ctest wrote no report; its exit status was {done.returncode}")
        complete = check_report(report, names)
        partial = result.with_name(f".{result.name}.{os.getpid()}")
        partial.write_bytes(report.read_bytes())
        partial.replace(result)
    return done.returncode or (0 if complete else 1)


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["list"]:
        return list_tests(arguments[1:])
    if arguments[:1] == ["run"] and len(arguments) >= 3:
        return run_tests(pathlib.Path(arguments[1]), arguments[2:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
