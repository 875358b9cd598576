#!/usr/bin/env python3
"""The fault matrix: every step of a run × what can befall it, with the real binary.

    matrix.py [--quick] [--jobs N] [--seed N] [--match TEXT] [--markdown FILE] [--list]

Each cell is a run of a small suite (projects.py) in sandboxes that break in one way (machine.py);
cells.py says what has to become of it. Of each run is counted, not assumed: what every test came to
and how often it was executed, the exit status, sandboxes made and gone, processes and files left.
Exit status: 0 all as expected, 1 not, 2 wrong usage. The binary is $OFFLOAD_BINARY, else
build/dev/bin/offload.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

import cells  # noqa: E402
import projects  # noqa: E402
from harness import Scenario, pytest_python  # noqa: E402

PATIENCE = 15  # seconds, where something hangs
GENEROUS = 120


class CellRun(Scenario):
    """One cell; check() gives what was not as it has to be."""

    timeout = 280.0
    root_in_sandbox = None  # there, too, the project lies where it lies here

    def __init__(self, cell, seed):
        super().__init__("check")
        self.cell, self.seed = cell, seed
        self.state = self.run_ended = None

    def setUp(self):
        super().setUp()
        self.executions = self.project / "executions.log"
        self.root_in_sandbox = self.root_in_sandbox or self.project

    def plan(self):
        return {"op": self.cell.op, "fault": self.cell.fault, "when": self.cell.when,
                "seed": self.seed}

    def python(self):
        return pytest_python(9)

    def machine(self, limit):
        """The [provider] section of the machine that breaks."""
        self.state = self.project / "state"
        self.state.mkdir()
        (self.state / "fault.json").write_text(json.dumps(self.plan()))
        me = f"{sys.executable} -SE {HERE / 'machine.py'} {self.state}"
        return f"""
            type = "default"
            prepare_command = "{me} prepare"
            create_command = "{me} create {{image_id}}"
            exec_command = "{me} exec {{sandbox_id}} {{command}}"
            destroy_command = "{me} destroy {{sandbox_id}}"
            download_command = "{me} download {{sandbox_id}} {{paths}}"
            exec_stdin = {str(self.cell.provider == "streaming").lower()}
            timeout_secs = {limit}
            """

    def make_project(self):
        cell = self.cell
        limit = PATIENCE if "hangs" in cell.fault or cell.fault == "stops" else GENEROUS
        of_test = cell.op == "test"
        self.mixed = cell.when != "all" and not of_test
        self.retries = 1 if of_test and cell.when == "first" else 0
        python = self.python() if cell.work == "workers" else None
        projects.write(
            self, cell.work, mixed=self.mixed, python=python, retries=self.retries, when=cell.when,
            misbehaves=cell.fault if of_test else None,
            offload=f"max_parallel = 3\ntest_timeout_secs = {limit}",
            provider='type = "local"' if cell.provider == "local" else self.machine(limit),
            report='download_globs = ["shots/*.txt"]' if cell.op == "download" else "")

    def check(self):
        """What is wrong, in words; nothing where all is as it has to be."""
        self.make_project()
        self.run_ended = run = self.finish(self.start("run"), self.timeout)
        if not isinstance(run.status, int):
            return ["it did not end"]
        wrong = list(self.wrong_verdicts(run))
        wrong += self.wrong_sandboxes(run)
        if "Traceback" in run.err or "internal error" in run.err + run.out:
            wrong.append("an internal error")
        if self.processes():
            wrong.append(f"processes left: {self.processes()}")
        if self.cell.op != "test" and self.cell.when != "random" and not self.struck():
            wrong.append("the fault never struck")
        if (self.project / "pwned").exists():
            wrong.append("a sandbox's ID was executed")
        return wrong

    def struck(self):
        return (self.state / "struck.log").exists()

    # --- What each test came to

    def expected_outcomes(self):
        wanted = projects.outcomes(self.cell.work, self.mixed)
        if self.cell.op == "test" and self.cell.when == "all":
            victim = cells.VICTIMS[self.cell.fault]
            # A runner's own exit status is all that there is.
            if self.cell.work == "status" and self.cell.fault in cells.DEATHS:
                victim = "failure"
            wanted[f"t{projects.VICTIM}"] = victim
        return wanted

    def wrong_verdicts(self, run):
        report_file = self.output_dir / "junit.xml"
        if not report_file.exists():
            yield "no junit.xml"
            return
        cases, found = self.reported(run)
        lost = set(projects.names()) - set(found)
        if lost:
            yield f"lost: {sorted(lost)}"
        if any(count > 1 for count in cases.values()):
            yield "reported twice: " + ", ".join(n for n, count in cases.items() if count > 1)
        began, ended = projects.executed(self)
        wanted = self.expected_outcomes()
        for name, outcome in found.items():
            if outcome == "passed" and not ended.get(name):
                yield f"wrong: {name} passed, and was never executed"
            if outcome in ("passed", "failure", "skipped") and outcome != wanted[name]:
                yield f"wrong: {name} is {outcome}, not {wanted[name]}"
        native = found == wanted
        allowed = self.cell.expected
        if allowed in ("clean", "recovers") and not native:
            differs = {n: (o, wanted.get(n)) for n, o in found.items() if o != wanted.get(n)}
            yield f"not the suite's own verdicts: {differs}"
        if allowed == "fails" and not all(o == "error" for o in found.values()):
            yield f"tests have verdicts: {found}"
        more = {n: c for n, c in began.items() if c > 1 + self.retries}
        if allowed == "clean" and more:
            yield f"executed more than once: {more}"
        yield from self.wrong_status(run.status, native)

    def reported(self, run):
        """(how often each test is reported, its outcome)"""
        cases, found = collections.Counter(), {}
        if self.cell.work == "status":  # junit.xml has batches there; the journal knows the tests
            for test, status in self.journal_verdicts():
                cases[test] += 1
                found[test] = {"failed": "failure", "errored": "error", "not run": "error",
                               "flaky": "passed"}.get(status, status)
            return cases, found
        for case in run.junit().cases:
            if case.name.startswith("batch "):
                continue
            name = projects.short(case.name, self.cell.work)
            cases[name] += 1
            found[name] = case.outcome
        return cases, found

    def journal(self):
        """Its events; none where there is no journal."""
        path = self.output_dir / "journal.ndjson"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def journal_verdicts(self):
        ids = {}
        for event in self.journal():
            if event.get("event") == "test_discovered":
                ids[event["test"]] = event["id"]
            if event.get("event") == "run_finished":
                for verdict in event["summary"]["verdicts"]:
                    yield ids[verdict["test"]], verdict["status"]

    def wrong_status(self, status, native):
        # Where nobody says which test ran, those of a batch that has crashed run again in halves: one
        # that does not crash again cannot be told from the others, and the batch stands for it.
        found = self.cell.work == "workers" or (self.cell.work == "batches"
                                                and self.cell.fault in cells.DEATHS)
        flaky = self.cell.op == "test" and self.cell.when == "first" and found
        bad = any(o in ("failure", "error") for o in self.expected_outcomes().values())
        right = 2 if flaky else 1 if bad or not native else 0
        if self.cell.expected == "safe" and status == 1:
            return
        if status != right:
            yield f"exit status {status}, not {right}"

    # --- What is left

    def wrong_sandboxes(self, run):
        if self.state is None:
            return
        folder = self.state / "machines"
        left = sorted(p.name for p in folder.iterdir()) if folder.exists() else []
        calls = (self.state / "calls.log").read_text().splitlines()
        destroyed = [c for c in calls if c.startswith("destroy ")]
        if left and not self.cell.leaks:
            yield f"sandboxes left: {left}"
        if self.cell.op == "destroy" and self.cell.when == "all" and self.cell.leaks:
            if "may still exist" not in run.out + run.err:
                yield "what may be left is not named"
        for name in left:
            if self.cell.op == "destroy" and name not in run.out + run.err:
                yield f"sandbox left, and not named: {name}"
        if self.cell.op != "destroy" and len(destroyed) != len(set(destroyed)):
            yield f"destroyed twice: {destroyed}"


def tried(scenario):
    """(what is wrong, seconds, how it ended)"""
    begin = time.monotonic()
    wrong = []
    try:
        scenario.setUp()
        try:
            wrong = scenario.check()
        finally:
            scenario.doCleanups()
            try:
                scenario.tearDown()
            except AssertionError as left:
                wrong.append(str(left))
    except unittest.SkipTest as reason:
        return None, 0.0, str(reason)
    except Exception as error:  # a cell that cannot be run is not as expected
        wrong.append(f"{type(error).__name__}: {error}")
    told = scenario.run_ended.describe() if wrong and scenario.run_ended else ""
    return wrong, time.monotonic() - begin, told


def markdown(results, seed):
    """The table for the docs: a row for each step and fault."""
    rows = collections.OrderedDict()
    for cell, (wrong, _, _) in results.items():
        rows.setdefault((cell.op, cell.fault), []).append((cell, wrong))
    lines = [f"Seed of the random part: {seed}.", "",
             "| step | fault | runs | expected: at first, always, at random | as expected |",
             "| --- | --- | --- | --- | --- |"]
    for (op, fault), runs in rows.items():
        ran = [(cell, wrong) for cell, wrong in runs if wrong is not None]
        expected = []
        for when in ("first", "all", "random"):
            found = {cell.expected for cell, _ in ran if cell.when == when}
            expected.append(found.pop() if found else "–")
        good = sum(not wrong for _, wrong in ran)
        lines.append(f"| {op} | {fault} | {len(ran)} | {', '.join(expected)} | {good} |")
    return lines


def write_markdown(path, what, lines):
    """Puts the lines where the page has a place for `what`."""
    begin, end = f"<!-- {what} -->", f"<!-- end of {what} -->"
    text = path.read_text()
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
    if not pattern.search(text):
        sys.exit(f"{path} has no place for the table: {begin} … {end}")
    path.write_text(pattern.sub(lambda _: "\n".join([begin, *lines, end]), text))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the half that runs at every change")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--match", default="", help="only cells whose name has this text")
    parser.add_argument("--markdown", type=pathlib.Path, help="the page that holds the table")
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


def run_of(cell, seed):
    if cell.provider == "docker":
        import containers  # which needs what is above
        return containers.ContainerRun(cell, seed)
    if cell.provider == "modal":
        import cloud
        return cloud.CloudRun(cell, seed)
    return CellRun(cell, seed)


def main():
    asked = arguments()
    chosen = [cell for cell in cells.all_cells()
              if asked.match in cell.name and (cell.quick or not asked.quick)]
    if asked.list or not chosen:
        print("\n".join(f"{cell.name}: {cell.expected}" for cell in chosen) or "no such cell")
        return 0 if chosen else 2
    if any(cell.provider == "modal" for cell in chosen):
        try:
            import cloud  # noqa: F401  # now: it may begin this program anew
        except SystemExit:
            if os.environ.get("CI") == "true":
                raise
            print("its cells are left out")  # without a client; it has said so
            chosen = [cell for cell in chosen if cell.provider != "modal"]
    print(f"{len(chosen)} cells, seed {asked.seed}", flush=True)
    results = dict.fromkeys(chosen)
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        futures = {pool.submit(tried, run_of(cell, asked.seed)): cell for cell in chosen}
        for future in concurrent.futures.as_completed(futures):
            cell = futures[future]
            wrong, seconds, told = results[cell] = future.result()
            word = "skipped" if wrong is None else "WRONG" if wrong else "ok"
            print(f"{word:7} {seconds:6.1f} s  {cell.name}", flush=True)
            if wrong:
                print("".join(f"        {text}\n" for text in wrong) + told, flush=True)
    ran = [wrong for wrong, _, _ in results.values() if wrong is not None]
    bad = [cell.name for cell, (wrong, _, _) in results.items() if wrong]
    print(f"\n{len(ran)} runs, {len(bad)} not as expected, {len(results) - len(ran)} skipped; "
          f"again: --seed {asked.seed}")
    print("".join(f"    {name}\n" for name in bad), end="")
    if asked.markdown:
        write_markdown(asked.markdown, "the fault matrix", markdown(results, asked.seed))
    return 1 if bad or not ran else 0


if __name__ == "__main__":
    sys.modules["matrix"] = sys.modules["__main__"]  # for those who build on it
    sys.exit(main())
