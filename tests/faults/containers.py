"""Cells of the matrix in containers of a Docker Engine, behind a door that breaks (engine.py)."""

import atexit
import pathlib
import tempfile
import threading

import engine
import matrix
from harness import pytest_python
from harness.docker import Engine

IMAGE = "offload-test-base"
_starting = threading.Lock()
_shared = []  # the engine of all cells, once there is one


def shared_engine():
    with _starting:
        if not _shared:
            folder = tempfile.TemporaryDirectory(prefix="faults-engine-")
            real = Engine(pathlib.Path(folder.name) / "docker")
            atexit.register(folder.cleanup)
            atexit.register(real.stop)  # which is called first
            real.import_python(pytest_python(8), IMAGE)
            _shared.append(real)
        return _shared[0]


class ContainerRun(matrix.CellRun):
    """One cell. The project lies in the containers where it lies here, so that executions count."""

    door = None

    def setUp(self):
        super().setUp()
        self.engine = shared_engine()
        tools = self.root / "tools"
        tools.mkdir()
        (tools / "python3").write_text(f'#!/bin/sh\nexec {pytest_python(8)} "$@"\n')
        (tools / "python3").chmod(0o755)
        self.env.update(self.engine.env, PYTHONDONTWRITEBYTECODE="1",
                        PATH=f"{tools}:{self.env.get('PATH', '')}:/usr/sbin")

    def python(self):
        return "python3"  # another one here than in a container

    def machine(self, limit):
        self.door = engine.Door(self.root / "door", f"{self.engine.folder}/socket", self.plan(),
                                self.executions)
        self.addCleanup(self.door.close)
        return f"""
            type = "docker"
            host = "unix://{self.door.path}"
            image = "{IMAGE}"
            network = "none"
            run_args = ["-v", "{self.project}:{self.project}"]
            """

    def struck(self):
        return self.door.struck > 0

    def containers(self):
        label = f"label=offload.project={self.output_dir}"
        return self.engine.docker("ps", "-aq", "--no-trunc", "--filter", label)[1].split()

    def wrong_sandboxes(self, run):
        left = self.containers()
        if left and not self.cell.leaks:
            yield f"containers left: {left}"
        if self.cell.leaks and self.cell.when == "all":
            if "may still exist" not in run.out + run.err:
                yield "what may be left is not named"
        for container in left:
            if container not in run.out + run.err:
                yield f"container left, and not named: {container}"
        if left:
            self.engine.docker("rm", "-f", *left)
