"""Cases of workers that are forks of one process that has collected, beside pytest."""

import json
import textwrap
import venv
from pathlib import Path

import measure
import projects
from local_cases import RUN, heavy_tools, starts_at_once
from row import PYTHON, ROOT, Row, timed

FORKS = '\nfork = "auto"'


def forked(folder, slots, python=PYTHON, more=""):
    projects.write_config(folder, slots, projects.pytest_framework(python) + FORKS + more)


def cpu(ours, other):
    return f"{ours.cpu():.3g} s", f"{other.cpu():.3g} s", ours.cpu() / other.cpu()


def fifths(folder, runs):
    projects.sleeping_pytest(folder, [0.2] * 200)
    forked(folder, 10)
    start = starts_at_once(1, folder, runs)
    ours, plain = measure.in_turn([RUN, [PYTHON, "-m", "pytest", "-q", "tests"]], folder, runs)
    ours_cpu, plain_cpu, ratio = cpu(ours, plain)
    return [
        Row("200 pytest tests of 0.2 s, 10 slots, forks", timed(ours),
            f"bound 4 s, start of a pytest {start:.3g} s", ours.wall() / (1.05 * 4 + start),
            "≤ 1.05 × bound + start (ratio to that)"),
        Row("the same: CPU", ours_cpu, f"plain pytest {plain_cpu}", ratio, "≤ 1.3 × plain pytest"),
    ]


def thousands(folder, runs):
    rows = []
    for files, most, most_plain in ((100, 0.45, 0.62), (600, 0.4, 0.55)):
        place = Path(folder, str(files))
        place.mkdir()
        projects.trivial_pytest(place, files, 50)
        forked(place, 2)
        ours, xdist, plain = measure.in_turn(
            [RUN, [PYTHON, "-m", "pytest", "-q", "-n", "2", "tests"],
             [PYTHON, "-m", "pytest", "-q", "tests"]], place, runs)
        rows.append(Row(
            f"{files * 50:,} trivial pytest tests, 2 slots, forks", timed(ours),
            f"`pytest -n 2` {timed(xdist)}; plain pytest {timed(plain)}, ratio to it "
            f"{measure.ratio(ours, plain):.2f}", measure.ratio(ours, xdist),
            f"≤ {most} × `pytest -n 2`, ≤ {most_plain} × plain pytest"))
    return rows


PANDAS = ["pandas/tests/indexes/ranges", "pandas/tests/tools"]


def pandas(folder, runs):
    python, site = heavy_tools()
    paths = ", ".join(f'"{path}"' for path in PANDAS)
    framework = (f'type = "pytest"\ncommand = "{python} -m pytest -p no:cacheprovider"\n'
                 f'working_dir = "{site}"\npaths = [{paths}]{FORKS}')
    there = [str(site / path) for path in PANDAS]
    pytest = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(site)]
    projects.write_config(folder, 4, framework)
    ours, xdist, plain = measure.in_turn(
        [RUN, [*pytest, "-n", "4", *there], [*pytest, *there]], folder, runs, accept=(0, 1))
    ours_cpu, plain_cpu, cpu_ratio = cpu(ours, plain)
    projects.write_config(folder, 10, framework)
    ten = measure.once(RUN, folder, accept=(0, 1), whole_tree=True)
    one = measure.once([*pytest, *there], folder, accept=(0, 1), whole_tree=True)
    name = f"pandas's own tests ({' '.join(PANDAS)}), 4 slots, forks"
    return [
        Row(name, timed(ours), f"`pytest -n 4` {timed(xdist)}; plain pytest {timed(plain)}",
            measure.ratio(ours, xdist), "≤ 0.45 × `pytest -n 4`"),
        Row("the same: CPU", ours_cpu, f"plain pytest {plain_cpu}", cpu_ratio,
            "≤ 1.15 × plain pytest"),
        Row("the same, 10 slots: proportional memory of all processes", f"{ten.peak_mib:.0f} MiB",
            f"plain pytest {one.peak_mib:.0f} MiB", ten.peak_mib / one.peak_mib,
            "≤ 2.5 × plain pytest"),
    ]


def forking_pytest():
    """An interpreter with pytest-forked, which gives each test a process of its own as well."""
    home = ROOT / "build/tools/forked"
    if not (home / ".complete").exists():
        venv.create(home, with_pip=True, clear=True)
        measure.once([str(home / "bin/python"), "-m", "pip", "install", "-q", "pytest==8.4.*",
                      "pytest-forked"], home)
        (home / ".complete").touch()
    return str(home / "bin/python")


def isolated(folder, runs):
    python = forking_pytest()
    projects.trivial_pytest(folder, 100, 20)
    forked(folder, 2, python, '\nisolation = "test"')
    ours, theirs = measure.in_turn(
        [RUN, [python, "-m", "pytest", "-q", "--forked", "tests"]], folder, runs)
    return Row("2,000 trivial pytest tests, a process for each, 2 slots", timed(ours),
               f"`pytest --forked` {timed(theirs)}", measure.ratio(ours, theirs),
               "≤ 0.35 × `pytest --forked`")


def replaced(folder, runs):
    """Where pandas is imported: a test ends its worker; when does the next one begin?"""
    python, _ = heavy_tools()
    tests = Path(folder, "tests")
    tests.mkdir()
    (tests / "test_crash.py").write_text(textwrap.dedent("""\
        import os
        import time
        import pandas


        def test_0():
            time.sleep(0.05)  # the longer one, which begins
            os._exit(3)


        def test_1():
            assert pandas.DataFrame().empty
        """))
    forked(folder, 1, python)
    waits = []
    for _ in range(runs):
        measure.once(RUN, folder, accept=(1,))
        crashed = began = None
        for line in Path(folder, "test-results/journal.ndjson").read_text().splitlines()[1:]:
            event = json.loads(line)
            if event["event"] == "batch_finished" and crashed is None:
                crashed = event["since"]
            elif event["event"] == "test_started" and crashed is not None and began is None:
                began = event["since"]
        waits.append(began - crashed)
    wait = sorted(waits)[len(waits) // 2]
    return Row("a worker that has imported pandas dies: until the next one's first test",
               f"{wait * 1000:.0f} ms ({min(waits) * 1000:.0f}–{max(waits) * 1000:.0f})", "50 ms",
               wait / 0.050, "≤ 50 ms")


CASES = {
    "fifths": fifths,
    "thousands": thousands,
    "pandas": pandas,
    "isolated": isolated,
    "replaced": replaced,
}
