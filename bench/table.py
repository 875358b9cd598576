"""Measures the cases and prints a row for each, as Markdown."""

import argparse
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import fork_cases
import local_cases
import modal_cases
import remote_cases
from row import OFFLOAD, PYTHON

CASES = {**local_cases.CASES, **fork_cases.CASES, **modal_cases.CASES, **remote_cases.CASES}


def version_of(argv):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError:
        return "missing"
    return (done.stdout or done.stderr).strip().splitlines()[0]


def machine():
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return (
        f"{os.cpu_count()} cores ({cpu}), Linux {platform.release()}; "
        f"{version_of([PYTHON, '-m', 'pytest', '--version'])}, "
        f"{version_of(['cargo', 'nextest', '--version'])}, {version_of([OFFLOAD, '--version'])}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}; default: all")
    parser.add_argument("--runs", type=int, default=5, help="counted runs per command")
    options = parser.parse_args()
    unknown = set(options.cases) - set(CASES)
    if unknown:
        parser.error(f"no case is called {', '.join(sorted(unknown))}")
    print(f"Machine: {machine()}; {options.runs} runs each, medians (minimum–maximum).\n")
    print("| case | Offload | beside it | ratio | target |\n| --- | --- | --- | --- | --- |")
    for name in options.cases or CASES:
        folder = tempfile.mkdtemp(prefix=f"offload-bench-{name}-")
        try:
            made = CASES[name](folder, options.runs)
            for row in made if isinstance(made, list) else [made]:
                print(row, flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
