"""Cases with many sandboxes, which a shell script makes at the pace of a provider far away."""

import os
import random
import statistics
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


def prepared(place, extra=""):
    place.mkdir()
    write_project(place)
    with (place / "offload.toml").open("a") as config:
        config.write(extra)
    return place


class Taken:
    """What several runs of one program took: medians and, in words, their spread."""

    def __init__(self, argv, place, warm_up):
        self._argv, self._place, self._runs = argv, place, []
        for _ in range(warm_up):
            once(argv, place)

    def run(self):
        self._runs.append(once(self._argv, self._place))

    def _values(self, which):
        return [run[("wall", "cpu", "start").index(which)] for run in self._runs]

    def median(self, which):
        return statistics.median(self._values(which))

    def told(self, which):
        values = self._values(which)
        return f"{self.median(which):.3g} s ({min(values):.3g}–{max(values):.3g})"


def fleet(folder, runs):
    """Each program runs before it is measured, so that durations are known to it."""
    run = [OFFLOAD, "run", "--ci"]
    ours = Taken(run, prepared(Path(folder, "ours")), 1)
    recorded = Taken(run, prepared(Path(folder, "history"), HISTORY), RECORDED_RUNS)
    peer = Taken([PEER, "run"], prepared(Path(folder, "peer")), 1) if has_peer() else None
    for _ in range(max(1, min(runs, 3))):
        for program in filter(None, (ours, recorded, peer)):
            program.run()
    bound = CREATE + EXEC + max(sum(durations()) / SANDBOXES, max(durations()))
    beside = f"bound {bound:.3g} s"
    case = (f"{TESTS:,} sleeps of 0.2–5 s in {SANDBOXES} sandboxes ({CREATE:g} s to create, "
            f"{EXEC:g} s per exec)")
    rows = [
        Row(case, ours.told("wall"), beside, ours.median("wall") / bound, "≤ 1.08 × bound"),
        Row(f"the same, with a history of {RECORDED_RUNS} runs", recorded.told("wall"), beside,
            recorded.median("wall") / bound, "≤ 1.05 × bound"),
        Row("the same, without: from the first sandbox to the first test", ours.told("start"),
            peer.told("start") if peer else "–", ours.median("start") / 0.5, "≤ 0.5 s"),
    ]
    if peer:
        rows[0].beside += (f"; the Rust program {peer.told('wall')}, "
                           f"ratio to it {ours.median('wall') / peer.median('wall'):.2f}")
        rows += [
            Row(f"the same, {name}: CPU of the client alone", program.told("cpu"),
                peer.told("cpu"), program.median("cpu") / peer.median("cpu"), "≤ 0.3")
            for name, program in (("without", ours), ("with history", recorded))
        ]
    return rows


CASES = {"fleet": fleet}
