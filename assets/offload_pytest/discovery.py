"""Discovery: a session that tells what it collects."""

import pytest

from .collectors import Collectors
from .ending import Ending
from .garbage import Garbage
from .hooks import Selections
from .items import tell_collection


class Discovery:
    """Tells all tests that this session collects."""

    def __init__(self, channel, companions):
        self._channel = channel
        self._garbage = Garbage()
        self._collectors = Collectors()
        self._companions = companions
        self._selections = Selections()
        self._deselected = 0

    def register(self, pluginmanager):
        pluginmanager.register(self._collectors, "offload-collectors")
        pluginmanager.register(self._companions, "offload-companions")
        pluginmanager.register(self._selections, "offload-selections")
        pluginmanager.register(Ending(self._channel, self._garbage), "offload-ending")

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection(self):
        self._garbage.spare()
        yield
        self._garbage.spare_no_more()

    def pytest_deselected(self, items):
        self._deselected += len(items)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session):
        tell_collection(
            self._channel,
            session,
            self._collectors,
            self._companions.found(session),
            self._deselected,
            self._selections.need_all(),
        )
