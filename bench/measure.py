"""Whole-process timings: wall, CPU and peak memory of a command and all that it waited for."""

import os
import statistics
import subprocess
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


def once(argv, cwd, env=None, accept=(0,)):
    """Runs a command to its end; its output goes to a file beside the project."""
    log = Path(cwd) / ".bench-output"
    with log.open("wb") as output:
        begin = time.monotonic()
        child = subprocess.Popen(
            argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in accept:
        tail = log.read_text(errors="replace")[-3000:]
        raise SystemExit(f"{argv} ended with {child.returncode}:\n{tail}")
    return Sample(
        wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, child.returncode
    )


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
