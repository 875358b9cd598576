"""Cases with many sandboxes, which a shell script makes at the pace of a provider far away."""

import os
import random
import subprocess
import time
from pathlib import Path

from row import OFFLOAD, PEER, Row, has_peer

SANDBOXES = 200
TESTS = 2000
CREATE = 2.0
EXEC = 0.3

BOXES = f"""\
#!/bin/sh
command=$1; shift
case $command in
    create) sleep {CREATE}; date +%s.%N >> created; echo "box-$$" ;;
    exec) sleep {EXEC}; shift; exec sh -c "$1" ;;
    download)
        shift
        for pair; do cp "${{pair%%:*}}" "${{pair#*:}}"; done ;;
esac
"""
RUNNER = """\
#!/bin/sh
# RESULT_FILE ID…: an ID ends with the seconds that its test takes.
date +%s.%N >> started
result=$1; shift
{
    echo '<testsuites><testsuite name="sleeps">'
    for id; do
        sleep "${id##*-}"
        echo "<testcase name=\\"$id\\" classname=\\"sleeps\\" time=\\"${id##*-}\\"/>"
    done
    echo '</testsuite></testsuites>'
} > "$result"
"""
CONFIG = """\
[offload]
max_parallel = {sandboxes}
test_timeout_secs = 300
sandbox_project_root = "{root}"

[provider]
type = "default"
create_command = "./boxes.sh create"
exec_command = "./boxes.sh exec {{sandbox_id}} {{command}}"
destroy_command = "./boxes.sh destroy {{sandbox_id}}"
download_command = "./boxes.sh download {{sandbox_id}} {{paths}}"
timeout_secs = 600

[framework]
type = "default"
discover_command = "cat ids # {{filters}}"
run_command = "{root}/run.sh {{result_file}} {{tests}}"
test_id_format = "{{name}}"

[groups.all]
retry_count = 0
filters = ""

[report]
output_dir = "test-results"
"""
HISTORY = """
[history]
record_history = "always"
"""
RECORDED_RUNS = 3


def durations():
    """0.2 to 5 s with a tail; fixed seed."""
    source = random.Random(20)
    return [min(max(source.lognormvariate(-0.2, 0.8), 0.2), 5.0) for _ in range(TESTS)]


def write_project(folder):
    root = Path(folder)
    for name, text in (("boxes.sh", BOXES), ("run.sh", RUNNER)):
        (root / name).write_text(text)
        (root / name).chmod(0o755)
    (root / "ids").write_text(
        "".join(f"case-{i:04}-{seconds:.3f}\n" for i, seconds in enumerate(durations()))
    )
    (root / "offload.toml").write_text(CONFIG.format(root=root, sandboxes=SANDBOXES))


def own_cpu(argv, cwd):
    """(wall, CPU of that process alone, without what it started)"""
    log = Path(cwd) / ".bench-output"
    with log.open("wb") as output:
        begin = time.monotonic()
        child = subprocess.Popen(
            argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        wall = time.monotonic() - begin
        fields = Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        child.wait()
    if child.returncode != 0:
        tail = log.read_text(errors="replace")[-3000:]
        raise SystemExit(f"{argv} ended with {child.returncode}:\n{tail}")
    return wall, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def first(path):
    return min(float(line) for line in path.read_text().split())


def once(argv, folder):
    """(wall, client's CPU, from the first sandbox to the first test)"""
    for name in ("created", "started"):
        (Path(folder) / name).unlink(missing_ok=True)
    wall, cpu = own_cpu(argv, folder)
    return wall, cpu, first(Path(folder, "started")) - first(Path(folder, "created"))


def with_history(place, runs):
    place.mkdir()
    write_project(place)
    with (place / "offload.toml").open("a") as config:
        config.write(HISTORY)
    argv = [OFFLOAD, "run", "--ci"]
    for _ in range(RECORDED_RUNS):
        once(argv, place)
    walls = sorted(once(argv, place)[0] for _ in range(max(1, min(runs, 3))))
    return walls[len(walls) // 2]


def fleet(folder, runs):
    """Each program runs once before it is measured, so that durations are known to it."""
    taken = {}
    programs = {"ours": [OFFLOAD, "run", "--ci"]}
    if has_peer():
        programs["peer"] = [PEER, "run"]
    for name, argv in programs.items():
        place = Path(folder, name)
        place.mkdir()
        write_project(place)
        once(argv, place)
        taken[name] = sorted(once(argv, place) for _ in range(max(1, min(runs, 3))))
    wall, cpu, start = taken["ours"][len(taken["ours"]) // 2]
    work = sum(durations())
    bound = CREATE + EXEC + max(work / SANDBOXES, max(durations()))
    beside = f"bound {bound:.3g} s"
    rows = []
    if "peer" in taken:
        peer_wall, peer_cpu, peer_start = taken["peer"][len(taken["peer"]) // 2]
        beside += f"; the Rust program {peer_wall:.3g} s, ratio to it {wall / peer_wall:.2f}"
        rows = [
            Row("the same: CPU of the client alone", f"{cpu:.3g} s", f"{peer_cpu:.3g} s",
                cpu / peer_cpu, "≤ 0.3"),
        ]
    case = (f"{TESTS:,} sleeps of 0.2–5 s in {SANDBOXES} sandboxes ({CREATE:g} s to create, "
            f"{EXEC:g} s per exec)")
    wall_with_history = with_history(Path(folder, "history"), runs)
    return [
        Row(case, f"{wall:.3g} s", beside, wall / bound, "≤ 1.10 × bound"),
        Row(f"the same, with a history of {RECORDED_RUNS} runs", f"{wall_with_history:.3g} s",
            f"bound {bound:.3g} s", wall_with_history / bound, "≤ 1.10 × bound"),
        Row("the same: from the first sandbox to the first test", f"{start:.2f} s",
            f"{peer_start:.2f} s" if "peer" in taken else "–", start / 0.5, "≤ 0.5 s"),
        *rows,
    ]


CASES = {"fleet": fleet}
