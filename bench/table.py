"""One row per case: Offload beside a peer or a bound, measured in the same run."""

import argparse
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import measure
import projects

ROOT = Path(__file__).resolve().parent.parent
OFFLOAD = os.environ.get("OFFLOAD_BINARY", str(ROOT / "build/release/bin/offload"))
PYTHON = os.environ.get("OFFLOAD_TEST_PYTEST8", str(ROOT / "build/tools/pytest8/bin/python"))


def row(case, ours, other, ratio, target):
    return (case, ours, other, ratio, target)


def timed(series):
    return f"{series.wall():.3g} s ({series.spread()})"


def trivial(folder, runs):
    projects.trivial_pytest(folder, files=100, per_file=20)
    projects.write_config(folder, 2, projects.pytest_framework(PYTHON))
    ours, xdist, plain = measure.in_turn(
        [
            [OFFLOAD, "run", "--ci"],
            [PYTHON, "-m", "pytest", "-q", "-n", "2", "tests"],
            [PYTHON, "-m", "pytest", "-q", "tests"],
        ],
        folder,
        runs,
    )
    other = f"`pytest -n 2` {timed(xdist)}; plain pytest {timed(plain)}"
    return row(
        "2,000 trivial pytest tests in 100 files, 2 slots",
        timed(ours),
        other,
        measure.ratio(ours, xdist),
        "≤ 1.25 × `pytest -n 2`",
    )


def starts_at_once(count, folder, runs):
    """Median time until `count` pytest processes that start together have all ended."""
    empty = Path(folder, "empty")
    empty.mkdir(exist_ok=True)
    (empty / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    script = f'for i in $(seq {count}); do {PYTHON} -m pytest -q "$1" & done; wait'
    series = measure.in_turn([["sh", "-c", script, "sh", str(empty)]], folder, runs)[0]
    return series.wall()


def tenths(folder, runs):
    slots = 8
    durations = [0.1] * 200
    projects.sleeping_pytest(folder, durations)
    projects.write_config(folder, slots, projects.pytest_framework(PYTHON))
    start = starts_at_once(slots, folder, runs)
    bound = sum(durations) / slots
    ours = measure.in_turn([[OFFLOAD, "run", "--ci"]], folder, runs)[0]
    allowed = 1.25 * bound + start
    return row(
        "200 pytest tests of 0.1 s, 8 slots",
        timed(ours),
        f"bound {bound:.3g} s, start of 8 pytests {start:.3g} s",
        ours.wall() / allowed,
        "≤ 1.25 × bound + start (ratio to that)",
    )


def cargo(folder, runs):
    projects.cargo_workspace(folder, crates=4, per_crate=80, sleep_ms=20)
    projects.write_config(folder, 2, 'type = "cargo"')
    subprocess.run(
        ["cargo", "test", "--workspace", "--no-run", "-q"], cwd=folder, check=True
    )
    ours, peer = measure.in_turn(
        [[OFFLOAD, "run", "--ci"], ["cargo", "nextest", "run"]], folder, runs
    )
    return row(
        "cargo workspace of 320 tests of 20 ms, 2 slots",
        timed(ours),
        f"`cargo nextest run` {timed(peer)}",
        measure.ratio(ours, peer),
        "≤ 1.25 × `cargo nextest run`",
    )


def start_up(folder, runs):
    projects.trivial_pytest(folder, files=1, per_file=1)
    projects.write_config(folder, 2, projects.pytest_framework(PYTHON))
    version, validate = measure.in_turn(
        [[OFFLOAD, "--version"], [OFFLOAD, "validate"]], folder, max(runs, 20)
    )
    return [
        row("`offload --version`", timed(version), "10 ms", version.wall() / 0.010, "≤ 10 ms"),
        row("`offload validate`", timed(validate), "20 ms", validate.wall() / 0.020, "≤ 20 ms"),
    ]


CASES = {"trivial": trivial, "tenths": tenths, "cargo": cargo, "start-up": start_up}


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
            for cells in made if isinstance(made, list) else [made]:
                case, ours, other, ratio, target = cells
                print(f"| {case} | {ours} | {other} | {ratio:.2f} | {target} |", flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
