"""Cells of the matrix on Modal: the real client, and a server on loopback that breaks as it is told.

Importing it replaces the interpreter by one that has the Modal client.
"""

import pathlib
import random
import sys
import tempfile
import threading

import matrix

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "modal"))

import modal_scenario  # noqa: E402

# The requests that a step is made of.
METHODS = {"prepare": {"ImageGetOrCreate"}, "create": {"SandboxCreateV2", "SandboxCreate"},
           "exec": {"TaskExecStart"}, "output": {"TaskExecStdioRead"},
           "destroy": {"SandboxTerminateV2", "SandboxTerminate"}}


class CloudRun(matrix.CellRun):
    program = modal_scenario.ModalScenario.program
    root_in_sandbox = "/app"

    def setUp(self):
        super().setUp()
        self.lock, self.calls, self.strikes = threading.Lock(), 0, 0
        # The only folder that commands in a sandbox may write to and that is seen from outside.
        shared = tempfile.TemporaryDirectory(prefix="offload-faults-", dir="/dev/shm")
        self.addCleanup(shared.cleanup)
        self.executions = pathlib.Path(shared.name) / "executions.log"
        modal_scenario.serve(self)
        self.server.befall = self.befall

    def python(self):
        return modal_scenario.PYTEST

    def befall(self, method):
        if method not in METHODS.get(self.cell.op, ()):
            return None
        with self.lock:
            number = self.calls
            self.calls += 1
            dice = random.Random(f"{self.seed}/{number}").random()
            strikes = (self.cell.when == "all" or (self.cell.when == "first" and number == 0)
                       or (self.cell.when == "random" and dice < 0.1))
            self.strikes += strikes
        return self.cell.fault if strikes else None

    def machine(self, limit):
        return 'type = "modal"\ninclude_cwd = true'

    def struck(self):
        return self.strikes > 0

    def wrong_sandboxes(self, run):
        left = self.server.alive()
        if left and not self.cell.leaks:
            yield f"sandboxes left: {left}"
        if self.cell.leaks and self.cell.when == "all":
            if "may still exist" not in run.out + run.err:
                yield "what may be left is not named"
        for sandbox in left:
            if sandbox not in run.out + run.err:
                yield f"sandbox left, and not named: {sandbox}"
