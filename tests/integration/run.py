#!/usr/bin/env python3
"""Runs integration scenarios: the real binary on small projects of their own.

    run.py                         all scenarios
    run.py FILE.METHOD …           these, e.g. test_exit_codes.test_passing_run_exits_0
    run.py FILE …                  all of a file
    run.py --list [PATH …]         their names, one a line

The binary is $OFFLOAD_BINARY, else build/dev/bin/offload. $OFFLOAD_KEEP=1 keeps the projects.
Exit status: 0 passed, 1 failed, 77 all that was asked for was skipped.
"""

import ast
import importlib
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77


def scenarios_in(path):
    """Yields (class, method). Reads the source only, so that a broken file can still be listed."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and item.name.startswith("test_"):
                    yield node.name, item.name


def all_scenarios(paths):
    for path in paths:
        seen = set()
        for cls, method in scenarios_in(path):
            if method in seen:
                sys.exit(f"{path}: two scenarios are called {method}")
            seen.add(method)
            yield f"{path.stem}.{method}", cls


def main(arguments):
    files = sorted((HERE / "scenarios").glob("test_*.py"))
    if arguments[:1] == ["--list"]:
        chosen = [pathlib.Path(a).resolve() for a in arguments[1:]] or files
        print("\n".join(name for name, _ in all_scenarios(chosen)))
        return 0
    sys.path[:0] = [str(HERE), str(HERE / "scenarios")]
    known = dict(all_scenarios(files))
    names = [
        name
        for name in known
        if not arguments or name in arguments or name.split(".")[0] in arguments
    ]
    if not names:
        sys.exit(f"no such scenario: {' '.join(arguments)}; run.py --list shows all")
    suite = unittest.TestSuite()
    for name in names:
        module, method = name.split(".")
        suite.addTest(getattr(importlib.import_module(module), known[name])(method))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    for scenario, reason in result.skipped:
        print(f"skipped {scenario.id()}: {reason}")
    if not result.wasSuccessful():
        return 1
    return SKIPPED if len(result.skipped) == len(names) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
