"""Which sessions have measured coverage."""

import pytest

from .system import system


class CoverageMark:
    """A file that tells that a test is measured: its data are missed where there are none."""

    def __init__(self, path):
        self._path = path

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        if self._path is not None:
            system.open(self._path, "w").close()
            self._path = None
