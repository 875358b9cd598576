"""check_demo.py JUNIT: whether a report of examples/pytest says what that example is made to show.

The exit status alone cannot tell a failed test from a run that never got that far.
"""

import sys
import xml.etree.ElementTree as ElementTree

FAILING = "tests/test_prices.py::test_fails_on_purpose"
FLAKY = "tests/test_flaky.py::test_passes_on_the_second_attempt"
TESTS = 43
SKIPPED = 3  # two skips and an expected failure, which pytest reports as skipped


def names(cases: list[ElementTree.Element], *tags: str) -> list[str]:
    return [case.get("name", "") for case in cases if any(case.find(tag) is not None for tag in tags)]


def main() -> int:
    cases = list(ElementTree.parse(sys.argv[1]).getroot().iter("testcase"))
    problems = []
    for what, found, expected in [
        ("tests", len(cases), TESTS),
        ("failed tests", names(cases, "failure", "error"), [FAILING]),
        ("flaky tests", names(cases, "flakyFailure", "flakyError"), [FLAKY]),
        ("skipped tests", len(names(cases, "skipped")), SKIPPED),
    ]:
        if found != expected:
            problems.append(f"{what}: expected {expected}, found {found}")
    for problem in problems:
        print(f"{sys.argv[1]}: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
