"""Cases on this machine: pytest, cargo and shell commands, beside peers and bounds."""

import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

import measure
import projects
from row import OFFLOAD, PEER, PYTHON, ROOT, Row, has_peer, timed

RUN = [OFFLOAD, "run", "--ci"]


def trivial(folder, runs, files=100, per_file=20, target="≤ 1.25 × `pytest -n 2`"):
    projects.trivial_pytest(folder, files, per_file)
    projects.write_config(folder, 2, projects.pytest_framework(PYTHON))
    ours, xdist, plain = measure.in_turn(
        [
            RUN,
            [PYTHON, "-m", "pytest", "-q", "-n", "2", "tests"],
            [PYTHON, "-m", "pytest", "-q", "tests"],
        ],
        folder,
        runs,
    )
    return Row(
        f"{files * per_file:,} trivial pytest tests in {files} files, 2 slots",
        timed(ours),
        f"`pytest -n 2` {timed(xdist)}; plain pytest {timed(plain)}, "
        f"ratio to it {measure.ratio(ours, plain):.2f}",
        measure.ratio(ours, xdist),
        target,
    )


def many(folder, runs):
    rows = [trivial(folder, runs, 100, 50, "≤ 0.8 × `pytest -n 2`, below plain pytest")]
    if has_peer():
        projects.node_id_fixture(folder)
        projects.write_config(folder, 2, projects.pytest_framework(PYTHON))
        ours, peer = measure.in_turn([RUN, [PEER, "run"]], folder, runs)
        rows.append(
            Row(
                "the same, beside the Rust program of this name (with the fixture it needs)",
                timed(ours),
                timed(peer),
                measure.ratio(ours, peer),
                "≤ 0.4",
            )
        )
    return rows


def groups(folder, runs):
    """Discovery of six groups that differ in marks, beside pytest's own collection of all tests."""
    marks = [f"m{number}" for number in range(6)]
    projects.marked_pytest(folder, files=100, per_file=48, marks=marks)
    filters = {mark: f'filters = "-m {mark}"' for mark in marks}
    projects.write_config(folder, 2, projects.pytest_framework(PYTHON), groups=filters)
    ours, plain = measure.in_turn(
        [
            [OFFLOAD, "collect"],
            [PYTHON, "-m", "pytest", "--collect-only", "-q", "tests"],
        ],
        folder,
        runs,
    )
    return Row(
        "discovery of 4,800 pytest tests in six groups by mark",
        timed(ours),
        f"`pytest --collect-only` of all {timed(plain)}",
        measure.ratio(ours, plain),
        "≤ 1.25 × one collection",
    )


def starts_at_once(count, folder, runs):
    """Median time until `count` pytest processes that start together have all ended."""
    empty = Path(folder, "empty")
    empty.mkdir(exist_ok=True)
    (empty / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    script = f'for i in $(seq {count}); do {PYTHON} -m pytest -q "$1" & done; wait'
    series = measure.in_turn([["sh", "-c", script, "sh", str(empty)]], folder, runs)[0]
    return series.wall()


def bounded(case, folder, runs, slots, durations, factor, target, start=True):
    """Sleeping pytest tests beside `factor` times the least possible time and the slots' start."""
    projects.sleeping_pytest(folder, durations)
    projects.write_config(folder, slots, projects.pytest_framework(PYTHON))
    cost = starts_at_once(slots, folder, runs) if start else 0
    bound = max(max(durations), sum(durations) / slots)
    ours = measure.in_turn([RUN], folder, runs)[0]
    beside = f"bound {bound:.3g} s" + (f", start of {slots} pytests {cost:.3g} s" if start else "")
    return Row(case, timed(ours), beside, ours.wall() / (factor * bound + cost), target)


def tenths(folder, runs):
    return bounded(
        "200 pytest tests of 0.1 s, 8 slots", folder, runs, 8, [0.1] * 200, 1.25,
        "≤ 1.25 × bound + start (ratio to that)",
    )


def forget(folder):
    """Command that takes away what a run remembers, so that the next one knows nothing."""
    return ["rm", "-rf", str(Path(folder, "test-results"))]


def lognormal(folder, runs):
    durations = projects.lognormal(300, 0.01, 3.0)
    projects.sleeping_pytest(folder, durations)
    projects.write_config(folder, 8, projects.pytest_framework(PYTHON))
    bound = max(max(durations), sum(durations) / 8)
    known, _, unknown = measure.in_turn([RUN, forget(folder), RUN], folder, runs)
    name = "300 pytest tests, lognormal 0.01–3 s, 8 slots"
    beside = f"bound {bound:.3g} s"
    return [
        Row(f"{name}, durations known", timed(known), beside, known.wall() / bound,
            "≤ 1.08 × bound"),
        Row(f"{name}, nothing known", timed(unknown), beside, unknown.wall() / bound,
            "≤ 1.20 × bound"),
    ]


def ones(folder, runs):
    """Develocity publishes 48 s for this case."""
    few = min(runs, 3)
    projects.sleeping_shell(folder, 1000, 1)
    projects.write_config(folder, 25, projects.shell_framework())
    shell = measure.in_turn([RUN], folder, few, warm_up=False)[0]
    row = Row("1,000 tests of 1 s on 25 slots, shell", timed(shell), "bound 40 s; target 42 s",
              shell.wall() / 42, "≤ 42 s (ratio to that)")
    pytests = Path(folder, "pytest")
    pytests.mkdir()
    return [
        row,
        bounded("1,000 pytest tests of 1 s on 25 slots", pytests, few, 25, [1.0] * 1000,
                41 / 40, "≤ 41 s + start (ratio to that)"),
    ]


def cargo(folder, runs):
    projects.cargo_workspace(folder, crates=4, per_crate=80, sleep_ms=20)
    projects.write_config(folder, 2, 'type = "cargo"')
    subprocess.run(["cargo", "test", "--workspace", "--no-run", "-q"], cwd=folder, check=True)
    ours, peer = measure.in_turn([RUN, ["cargo", "nextest", "run"]], folder, runs)
    return Row(
        "cargo workspace of 320 tests of 20 ms, 2 slots",
        timed(ours),
        f"`cargo nextest run` {timed(peer)}",
        measure.ratio(ours, peer),
        "≤ 1 × `cargo nextest run`",
    )


class Package(NamedTuple):
    """One whose wheel carries its tests."""
    name: str
    needs: list  # of its tests
    folders: list  # that are run
    target: float = 1
    xdist: str = "-n 2"


HEAVY = [
    Package("numpy", ["hypothesis"], ["numpy/polynomial/tests", "numpy/linalg/tests"], 0.95),
    Package("pandas", ["hypothesis"], ["pandas/tests/tools", "pandas/tests/scalar/interval"]),
    Package("networkx", ["numpy", "scipy"], ["networkx/classes/tests", "networkx/algorithms/tests"],
            0.6),
]
LARGER = [
    Package("sympy", ["hypothesis"], ["sympy/core/tests", "sympy/functions/elementary/tests"], 0.75,
            "-n 2 --dist worksteal"),
    Package("scikit-learn", ["pandas"], ["sklearn/metrics/tests", "sklearn/utils/tests"], 0.7),
]


def heavy_tools(packages=HEAVY, home=ROOT / "build/tools/heavy"):
    """An interpreter that has these packages, and where they lie."""
    python = home / "bin/python"
    needs = {"pytest==8.4.*", "pytest-xdist"}
    for package in packages:
        needs |= {package.name, *package.needs}
    stamp = home / ".complete"
    if not stamp.exists() or stamp.read_text() != repr(sorted(needs)):
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *sorted(needs)], check=True)
        stamp.write_text(repr(sorted(needs)))
    return python, next(home.glob("lib/python3*/site-packages"))


def heavy(folder, runs):
    return beside_xdist(folder, runs, HEAVY, *heavy_tools())


def larger(folder, runs):
    return beside_xdist(folder, runs, LARGER, *heavy_tools(LARGER, ROOT / "build/tools/larger"))


def beside_xdist(folder, runs, packages, python, site):
    rows = []
    for name, _, tests, target, xdist_words in packages:
        place = Path(folder, name)
        place.mkdir()
        paths = ", ".join(f'"{path}"' for path in tests)
        projects.write_config(
            place, 2,
            f'type = "pytest"\ncommand = "{python} -m pytest -p no:cacheprovider"\n'
            f'working_dir = "{site}"\npaths = [{paths}]',
        )
        there = [str(site / path) for path in tests]
        ours, xdist = measure.in_turn(
            [RUN, [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *xdist_words.split(),
                   "--rootdir", str(site), *there]],
            place, runs, accept=(0, 1),
        )
        rows.append(Row(f"{name}'s own tests ({' '.join(tests)}), 2 slots", timed(ours),
                        f"`pytest {xdist_words}` {timed(xdist)}", measure.ratio(ours, xdist),
                        f"≤ {target:g} × `pytest {xdist_words}`"))
    return rows


def memory(folder, runs):
    tests = 100_000
    projects.instant_shell(folder, tests)
    projects.write_config(folder, 2, projects.shell_framework())
    new, known, _ = measure.in_turn(
        [RUN, RUN, forget(folder)], folder, min(runs, 3), warm_up=False
    )
    per_test = new.cpu() / tests * 1000
    return [
        Row(f"{tests:,} instant tests of a shell runner: peak memory",
            f"{new.peak():.0f} MiB; {known.peak():.0f} MiB with durations known", "150 MiB",
            known.peak() / 150, "≤ 150 MiB"),
        Row("the same: CPU per test, the runner's own included", f"{per_test:.3f} ms", "1 ms",
            per_test, "≤ 1 ms"),
    ]


def simulated(*options):
    """The simulator's rows: {policy: {column: text}}."""
    done = subprocess.run([ROOT / "build/bench/bin/offload_simulator", *options],
                          stdout=subprocess.PIPE, text=True, check=True)
    head, *lines = done.stdout.splitlines()
    # Columns stand two blanks or more apart; names of policies hold single ones.
    split = re.compile(r" {2,}").split
    columns = split(head.strip())
    cells = (split(line.strip()) for line in lines if line.strip())
    return {row[0]: dict(zip(columns, row)) for row in cells}


def simulator(_folder, _runs):
    world = ["--tests", "100000", "--slots", "1000", "--deaths", "0.01"]
    policies = simulated(*world)
    ours = policies["ours"]
    beside = ", ".join(f"{name} {row['ratio']}" for name, row in policies.items() if name != "ours")
    large = simulated("--tests", "1000000", "--slots", "10000", "--only-ours")["ours"]
    return [
        Row("simulator: 100,000 tests with a heavy tail, 1,000 sandboxes, 1 % of them die",
            f"{ours['makespan']} s", f"bound {ours['bound']} s; ratios of other policies: {beside}",
            float(ours["ratio"]), "≤ 1.05 × bound"),
        Row("scheduler, ledger and simulator together: CPU per test, 1,000,000 tests, 10,000 slots",
            f"{large['us/test']} µs", "10 µs", float(large["us/test"]) / 10, "≤ 10 µs"),
    ]


def start_up(folder, runs):
    projects.trivial_pytest(folder, files=1, per_file=1)
    projects.write_config(folder, 2, projects.pytest_framework(PYTHON))
    version, validate = measure.in_turn(
        [[OFFLOAD, "--version"], [OFFLOAD, "validate"]], folder, max(runs, 20)
    )
    return [
        Row("`offload --version`", timed(version), "10 ms", version.wall() / 0.010, "≤ 10 ms"),
        Row("`offload validate`", timed(validate), "20 ms", validate.wall() / 0.020, "≤ 20 ms"),
    ]


CASES = {
    "trivial": trivial,
    "many": many,
    "groups": groups,
    "tenths": tenths,
    "lognormal": lognormal,
    "ones": ones,
    "cargo": cargo,
    "heavy": heavy,
    "larger": larger,
    "memory": memory,
    "simulator": simulator,
    "start-up": start_up,
}

if __name__ == "__main__":
    sys.exit("run ./dev bench")
