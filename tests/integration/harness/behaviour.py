"""A test runner whose tests do as they are told, for projects of framework type "default".

A test's behaviour is a list of words, one for each execution of it; the last one stays:

    pass fail error skip     what the result file says of it
    silent                   the test runs, but the result file leaves it out
    crash                    the runner kills itself with SIGKILL before it writes any result
    exit-N                   the runner exits with N before it writes any result
    hang                     the test never ends
    sleep-S                  passes after S seconds
    rename-X                 passes under the name X
"""

import json
import pathlib
import sys

SCRIPT = pathlib.Path(__file__).with_name("fake_runner.py")


class FakeRunner:
    def __init__(self, project):
        self.state = project / ".runner"
        self.state.mkdir()

    def prepare(self, behaviours):
        (self.state / "behaviours.json").write_text(json.dumps(behaviours))
        (self.state / "ids.txt").write_text("".join(f"{test}\n" for test in behaviours))

    @property
    def command(self):
        """To be followed by the result path (or "-") and test IDs."""
        return f"{sys.executable} -S {SCRIPT} {self.state}"

    @property
    def discover(self):
        return f"cat {self.state}/ids.txt # {{filters}}"

    def executions(self):
        """What was executed, in order of start: [{"id", "number", "batch", "env", …}]."""
        path = self.state / "executions.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def executed(self):
        """{id: how often}."""
        counts = {}
        for execution in self.executions():
            counts[execution["id"]] = counts.get(execution["id"], 0) + 1
        return counts

    def invocations(self):
        """One entry per start of the runner: {"ids", "began", "ended", "env", "report_existed"}."""
        return [json.loads(p.read_text()) for p in sorted(self.state.glob("invocation-*.json"))]
