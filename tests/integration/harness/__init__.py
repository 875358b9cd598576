"""What integration scenarios share; see scenario.py."""

from .behaviour import FakeRunner
from .boxes import BoxScenario
from .outcome import Outcome
from .pytests import PytestScenario, with_pytest
from .report import Report, TestCase
from .scenario import Scenario
from .tools import cargo_nextest, pytest_python

__all__ = [
    "BoxScenario",
    "FakeRunner",
    "Outcome",
    "PytestScenario",
    "Report",
    "Scenario",
    "TestCase",
    "cargo_nextest",
    "pytest_python",
    "with_pytest",
]
