"""Whole-process timings: wall, CPU and peak memory of a command and all that it waited for."""

import os
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Sample:
    wall: float
    cpu: float
    peak_mib: float
    status: int


@dataclass
class Series:
    """Several runs of one command."""

    samples: list

    def wall(self):
        return statistics.median(s.wall for s in self.samples)

    def cpu(self):
        return statistics.median(s.cpu for s in self.samples)

    def peak(self):
        return statistics.median(s.peak_mib for s in self.samples)

    def spread(self):
        walls = [s.wall for s in self.samples]
        return f"{min(walls):.3g}–{max(walls):.3g}"


def tree_of(pid):
    """The process and all that descend from it."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(name))
    found, pending = [], [pid]
    while pending:
        found.append(pending.pop())
        pending += children.get(found[-1], [])
    return found


def proportional_mib(pid):
    """A process's memory, with what it shares counted in parts."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


def watch_tree(pid, over, peaks):
    while not over.wait(0.1):
        peaks.append(sum(map(proportional_mib, tree_of(pid))))


def once(argv, cwd, env=None, accept=(0,), whole_tree=False):
    """Runs a command to its end; its output goes to a file beside the project.

    With `whole_tree`, the peak is of all its processes together; else of the largest one.
    """
    log = Path(cwd) / ".bench-output"
    with log.open("wb") as output:
        begin = time.monotonic()
        child = subprocess.Popen(
            argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        over, peaks = threading.Event(), [0]
        if whole_tree:
            watcher = threading.Thread(target=watch_tree, args=(child.pid, over, peaks))
            watcher.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - begin
        over.set()
        if whole_tree:
            watcher.join()
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in accept:
        tail = log.read_text(errors="replace")[-3000:]
        raise SystemExit(f"{argv} ended with {child.returncode}:\n{tail}")
    peak = max(peaks) if whole_tree else usage.ru_maxrss / 1024
    return Sample(wall, usage.ru_utime + usage.ru_stime, peak, child.returncode)


def in_turn(commands, cwd, runs, env=None, accept=(0,), warm_up=True):
    """A B C A B C …, so that drift of the machine's speed meets all alike."""
    if warm_up:
        for argv in commands:
            once(argv, cwd, env, accept)
    series = [Series([]) for _ in commands]
    for _ in range(runs):
        for argv, kept in zip(commands, series):
            kept.samples.append(once(argv, cwd, env, accept))
    return series


def ratio(a, b):
    """Median of the pairwise ratios of wall times."""
    return statistics.median(x.wall / y.wall for x, y in zip(a.samples, b.samples))
