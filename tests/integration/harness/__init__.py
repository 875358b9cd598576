"""What integration scenarios share; see scenario.py."""

from . import variables
from .behaviour import FakeRunner
from .boxes import PROVIDER as BOX_PROVIDER
from .boxes import BoxScenario
from .cargos import KILLED, KILLED_OUTCOMES, CargoEndings, CargoScenario
from .ctests import CtestScenario
from .outcome import Outcome
from .pytests import PytestScenario, with_pytest
from .report import Report, TestCase
from .scenario import Scenario
from .tools import pytest_python
from .vitests import VitestScenario, with_vitest

__all__ = [
    "BOX_PROVIDER",
    "KILLED",
    "KILLED_OUTCOMES",
    "BoxScenario",
    "CargoEndings",
    "CargoScenario",
    "CtestScenario",
    "FakeRunner",
    "Outcome",
    "PytestScenario",
    "Report",
    "Scenario",
    "TestCase",
    "VitestScenario",
    "pytest_python",
    "variables",
    "with_pytest",
    "with_vitest",
]
