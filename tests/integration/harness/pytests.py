"""Scenarios for pytest projects, each run with several versions of pytest."""

import functools
import shutil
import unittest

from .scenario import Scenario, toml
from .tools import pytest_python


def with_pytest(*majors):
    """Runs the scenario in an empty project for each of these versions that is installed."""

    def decorate(method):
        @functools.wraps(method)
        def scenario(self):
            pythons, missing = {}, []
            for major in majors:
                try:
                    pythons[major] = pytest_python(major)
                except unittest.SkipTest as why:
                    missing.append(str(why))
            if not pythons:
                raise unittest.SkipTest("; ".join(missing))
            for major, python in pythons.items():
                with self.subTest(pytest=major):
                    shutil.rmtree(self.project)
                    self.project.mkdir()
                    self.python = python
                    method(self)

        return scenario

    return decorate


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
