"""Discovery: a session that tells what it collects."""

import gc

import pytest

from .collectors import Collectors
from .ending import Ending
from .items import tell_collection


class Discovery:
    """Tells all tests that this session collects."""

    def __init__(self, channel, companions):
        self._channel = channel
        self._collectors = Collectors()
        self._companions = companions
        self._deselected = 0

    def register(self, pluginmanager):
        pluginmanager.register(self._collectors, "offload-collectors")
        pluginmanager.register(self._companions, "offload-companions")
        pluginmanager.register(Ending(self._channel), "offload-ending")

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection(self):
        """Nearly all that is made here lasts until the end, and then all goes at once: to search it
        for garbage, which pytest does five times when it ends, is a tenth of the time."""
        gc.disable()
        yield
        gc.freeze()

    def pytest_deselected(self, items):
        self._deselected += len(items)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session):
        tell_collection(
            self._channel, session, self._collectors, self._companions, self._deselected
        )
