"""Scenarios for pytest projects, each run with several versions of pytest."""

from .scenario import Scenario, toml
from .tools import pytest_python
from .versions import with_versions

with_pytest = with_versions(pytest_python, "python")


class PytestScenario(Scenario):
    python = None  # the interpreter of the version at hand

    def setUp(self):
        super().setUp()
        self.env["PYTHONDONTWRITEBYTECODE"] = "1"

    def pytest_project(self, files, *, framework="", groups=None, paths='["tests"]', **sections):
        """A project whose config calls pytest as those written for 0.9 do."""
        self.write(files)
        self.config(
            'type = "pytest"\n'
            f"command = {toml(self.python + ' -m pytest')}\n"
            f"paths = {paths}\n{framework}",
            groups,
            **{"offload": "max_parallel = 2", **sections},
        )
