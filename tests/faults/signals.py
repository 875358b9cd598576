#!/usr/bin/env python3
"""Runs that are ended by signals at random moments, and what is left of them.

    signals.py [--runs N] [--jobs N] [--seed N] [--markdown FILE]

Each run is one of the matrix' suites, in one of its kinds of sandboxes, ended by what terminals,
timeout(1), init systems and CI agents send. Exit status: 0 all as it has to be, 1 not.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import signal
import sys
import time

import matrix
import projects
from cells import Cell
from harness.processes import wait_until

# (name, [(seconds before, signal, to its group as well)])
PATTERNS = [
    ("INT", [(0, signal.SIGINT, False)]),
    ("TERM", [(0, signal.SIGTERM, False)]),
    ("HUP", [(0, signal.SIGHUP, False)]),
    ("INT to the group (Ctrl-C)", [(0, signal.SIGINT, True)]),
    ("TERM, and again at once (timeout)", [(0, signal.SIGTERM, False), (0, signal.SIGTERM, True)]),
    ("HUP, and again at once (a terminal that closes)",
     [(0, signal.SIGHUP, False), (0.001, signal.SIGHUP, True)]),
    ("HUP, CONT (an orphaned group)", [(0, signal.SIGHUP, True), (0, signal.SIGCONT, True)]),
    ("INT, TERM soon after", [(0, signal.SIGINT, False), (0.3, signal.SIGTERM, False)]),
    ("INT, TERM, HUP at once", [(0, signal.SIGINT, False), (0, signal.SIGTERM, False),
                                (0, signal.SIGHUP, False)]),
    ("INT, TERM much later (CI)", [(0, signal.SIGINT, False), (2.5, signal.SIGTERM, False)]),
    ("TERM three times", [(0, signal.SIGTERM, False), (0.5, signal.SIGTERM, False),
                          (2.5, signal.SIGTERM, False)]),
    ("STOP, CONT, INT", [(0, signal.SIGSTOP, False), (0.3, signal.SIGCONT, False),
                         (0, signal.SIGINT, False)]),
    ("KILL, then cleanup", [(0, signal.SIGKILL, False)]),
]
WAYS = [("streaming", "workers"), ("command", "batches"), ("command", "status"),
        ("local", "workers"), ("local", "batches")]


class SignalledRun(matrix.CellRun):
    def __init__(self, number, seed):
        self.number, self.dice = number, random.Random(f"{seed}/{number}")
        provider, work = self.dice.choice(WAYS)
        self.pattern, self.signals = PATTERNS[number % len(PATTERNS)]
        self.moment = None
        super().__init__(Cell("none", "none", "all", provider, work, "safe"), seed)

    def send(self, process):
        for pause, number, to_group in self.signals:
            time.sleep(pause)
            try:
                (os.killpg if to_group else os.kill)(process.pid, number)
            except ProcessLookupError:
                return

    def check(self):
        self.make_project()
        process = self.start("run")
        moment = self.dice.uniform(0, 1.8)
        try:
            process.wait(moment)
        except Exception:  # it still runs, as it mostly does
            self.send(process)
        self.run_ended = run = self.finish(process, 120)
        self.moment = moment
        wrong = []
        if not isinstance(run.status, int):
            return ["it did not end"]
        killed = any(number == signal.SIGKILL for _, number, _ in self.signals)
        if killed:
            if run.status == -signal.SIGKILL:
                cleanup = self.finish(self.start("cleanup"), 120)
                if cleanup.status != 0:
                    wrong.append("cleanup failed: " + cleanup.describe())
        else:
            # Before it listens to signals it has made nothing.
            expected = {0, *(128 + n for _, n, _ in self.signals), *(-n for _, n, _ in self.signals)}
            if run.status not in expected:
                wrong.append(f"exit status {run.status}")
            if run.status < 0 and self.calls_made():
                wrong.append("died of a signal although it had begun")
            wrong += self.wrong_report()
        wrong += list(self.wrong_sandboxes(run))
        if "Traceback" in run.err or "internal error" in run.err + run.out:
            wrong.append("an internal error")
        if not wait_until(lambda: not self.processes(), 10):
            wrong.append(f"processes left: {self.processes()}")
        return wrong

    def calls_made(self):
        return self.state is not None and (self.state / "calls.log").exists()

    def wrong_report(self):
        events = self.journal()
        known = {e["id"] for e in events if e.get("event") == "test_discovered"}
        if not known:
            return
        if events[-1].get("event") != "run_finished":
            yield "the journal has no end"
            return
        verdicts = {test for test, _ in self.journal_verdicts()}
        if verdicts != known:
            yield f"lost: {sorted(known - verdicts)}"
        # A run that has begun nothing leaves what earlier runs have reported.
        begun = any(e.get("event") == "batch_started" for e in events)
        if begun != (self.output_dir / "junit.xml").exists():
            yield "no junit.xml" if begun else "a junit.xml of nothing"
        _, ended = projects.executed(self)
        for test, status in self.journal_verdicts():
            name = projects.short(test, self.cell.work)
            if status == "passed" and not ended.get(name):
                yield f"wrong: {name} passed, and was never executed"
            if status in ("failed", "errored"):
                yield f"wrong: {name} is {status}"

    def wrong_sandboxes(self, run):
        if not self.calls_made():
            return
        for text in super().wrong_sandboxes(run):
            # What was being destroyed when it was killed is destroyed again, to be sure.
            if not (text.startswith("destroyed twice") and run.status == -signal.SIGKILL):
                yield text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--only", type=int, help="this run alone")
    parser.add_argument("--markdown", type=pathlib.Path, help="the page that holds the table")
    asked = parser.parse_args()
    numbers = range(asked.runs) if asked.only is None else [asked.only]
    print(f"{len(numbers)} runs, seed {asked.seed}", flush=True)
    statuses = collections.Counter()
    counts = collections.OrderedDict((name, [0, 0]) for name, _ in PATTERNS)
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        futures = {pool.submit(matrix.tried, scenario): scenario
                   for scenario in (SignalledRun(number, asked.seed) for number in numbers)}
        for future in concurrent.futures.as_completed(futures):
            scenario = futures[future]
            wrong, _, told = future.result()
            if wrong is None:
                wrong = [f"it could not be run: {told}"]
            statuses[scenario.run_ended.status if scenario.run_ended else None] += 1
            counts[scenario.pattern][0] += 1
            counts[scenario.pattern][1] += not wrong
            if wrong:
                print(f"WRONG {scenario.number}: {scenario.pattern} after {scenario.moment} s, "
                      f"{scenario.cell.provider}/{scenario.cell.work}")
                print("".join(f"        {text}\n" for text in wrong) + told, flush=True)
    total, good = (sum(column) for column in zip(*counts.values()))
    print(f"{total} runs, {total - good} not as they have to be; again: --seed {asked.seed}")
    print("exit statuses: " + ", ".join(f"{s}: {n}" for s, n in sorted(statuses.items(), key=str)))
    if asked.markdown:
        rows = [f"Seed: {asked.seed}.", "", "| signals | runs | as it has to be |",
                "| --- | --- | --- |",
                *(f"| {name} | {runs} | {fine} |" for name, (runs, fine) in counts.items())]
        matrix.write_markdown(asked.markdown, "signals", rows)
    return 0 if good == total else 1


if __name__ == "__main__":
    sys.exit(main())
