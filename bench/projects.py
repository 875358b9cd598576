"""The projects that the benchmarks run, made anew in a folder each time."""

import random
import textwrap
from pathlib import Path

CONFIG = """\
[offload]
max_parallel = {slots}
test_timeout_secs = 600
sandbox_project_root = "{folder}"

[provider]
type = "local"

[framework]
{framework}
"""


def write_config(folder, slots, framework, groups=None):
    """`groups` maps names to TOML lines."""
    text = CONFIG.format(slots=slots, folder=folder, framework=framework)
    for name, lines in (groups or {"all": ""}).items():
        text += f"\n[groups.{name}]\nretry_count = 0\n{lines}\n"
    Path(folder, "offload.toml").write_text(text)


def pytest_framework(python):
    return f'type = "pytest"\ncommand = "{python} -m pytest"\npaths = ["tests"]'


def trivial_pytest(folder, files, per_file):
    tests = Path(folder, "tests")
    tests.mkdir(parents=True)
    for number in range(files):
        body = "".join(f"def test_{i}():\n    assert {i} >= 0\n\n\n" for i in range(per_file))
        (tests / f"test_file_{number:03}.py").write_text(body)


def marked_pytest(folder, files, per_file, marks):
    """Trivial tests that have one of the marks each, in turn."""
    tests = Path(folder, "tests")
    tests.mkdir(parents=True)
    declared = "".join(f"    {mark}\n" for mark in marks)
    Path(folder, "pytest.ini").write_text(f"[pytest]\nmarkers =\n{declared}")
    for number in range(files):
        body = "import pytest\n\n\n" + "".join(
            f"@pytest.mark.{marks[i % len(marks)]}\ndef test_{i}():\n    pass\n\n\n"
            for i in range(per_file)
        )
        (tests / f"test_file_{number:03}.py").write_text(body)


def sleeping_pytest(folder, durations):
    """One test per duration, spread over files of twenty."""
    tests = Path(folder, "tests")
    tests.mkdir(parents=True)
    per_file = 20
    for start in range(0, len(durations), per_file):
        body = "import time\n\n\n" + "".join(
            f"def test_{start + i}():\n    time.sleep({duration:.4f})\n\n\n"
            for i, duration in enumerate(durations[start : start + per_file])
        )
        (tests / f"test_file_{start:04}.py").write_text(body)


def node_id_fixture(folder):
    """Writes node IDs into JUnit names, for runners that cannot tell them otherwise."""
    Path(folder, "tests", "conftest.py").write_text(
        textwrap.dedent(
            """\
            import pytest


            @pytest.fixture(autouse=True)
            def _node_id(request, record_xml_attribute):
                record_xml_attribute("name", request.node.nodeid)
            """
        )
    )


RUNNER = """\
#!/bin/sh
# run.sh RESULT_FILE TEST...: sleeps for each test and writes JUnit XML.
file=$1
shift
exec > "$file"
echo '<testsuite name="sleep">'
for test; do
    {work}
    printf '<testcase name="%s" time="{seconds}"/>\\n' "$test"
done
echo '</testsuite>'
"""


def shell_framework():
    return (
        'type = "default"\ndiscover_command = "cat tests.txt {filters}"\n'
        'run_command = "sh run.sh {result_file} {tests}"\ntest_id_format = "{name}"'
    )


def sleeping_shell(folder, count, seconds):
    Path(folder, "tests.txt").write_text("".join(f"test-{i}\n" for i in range(count)))
    Path(folder, "run.sh").write_text(RUNNER.format(work=f"sleep {seconds}", seconds=seconds))


def instant_shell(folder, count):
    Path(folder, "tests.txt").write_text("".join(f"test-{i}\n" for i in range(count)))
    Path(folder, "run.sh").write_text(RUNNER.format(work=":", seconds=0))


def lognormal(count, low, high, seed=7):
    """Durations between low and high with a heavy tail; fixed seed."""
    source = random.Random(seed)
    drawn = [source.lognormvariate(-1.2, 1.1) for _ in range(count)]
    return [min(max(value, low), high) for value in drawn]


def cargo_workspace(folder, crates, per_crate, sleep_ms):
    """A workspace without dependencies; every test sleeps for a while."""
    root = Path(folder)
    names = [f"part{i}" for i in range(crates)]
    members = ", ".join(f'"{name}"' for name in names)
    root.mkdir(parents=True, exist_ok=True)
    (root / "Cargo.toml").write_text(f'[workspace]\nresolver = "2"\nmembers = [{members}]\n')
    for name in names:
        source = root / name / "src"
        source.mkdir(parents=True)
        (root / name / "Cargo.toml").write_text(
            f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n'
        )
        tests = "".join(
            textwrap.dedent(
                f"""
                    #[test]
                    fn case_{i}() {{
                        std::thread::sleep(std::time::Duration::from_millis({sleep_ms}));
                    }}
                """
            )
            for i in range(per_crate)
        )
        (source / "lib.rs").write_text(f"#[cfg(test)]\nmod tests {{\n{tests}\n}}\n")
