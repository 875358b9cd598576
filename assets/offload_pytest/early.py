"""An early worker: one that collects all tests before it is asked for any."""

import pytest

from .hooks import Selections
from .items import tell_collection
from .options import set_options
from .worker import Worker


class EarlyWorker(Worker):
    """Collects all tests, and then runs those that it is asked for. The first one tells them."""

    def __init__(self, channel, plan, requests, companions):
        super().__init__(channel, plan, requests)
        self._tells = plan["mode"] == "first"
        self._companions = companions
        self._selections = Selections()
        self._maxfail = 1 if plan["fail_fast"] else 0
        self.stays = False

    def register(self, pluginmanager):
        super().register(pluginmanager)
        pluginmanager.register(self._companions, "offload-companions")
        pluginmanager.register(self._selections, "offload-selections")

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection(self, session):
        self._garbage.spare()
        outcome = yield
        self._garbage.spare_no_more()
        if outcome.excinfo is not None:
            return
        unfit = self._what_stands_against_it(session.config)
        if unfit:
            self._channel.send("unfit", reason=unfit)
        self.stays = not (unfit or session.shouldfail or session.shouldstop)
        self._keep(session.items)
        self._collected.add("")
        if self._tells:
            self.stays = self.stays and bool(session.items)
            tell_collection(
                self._channel,
                session,
                self._collectors,
                self._companions,
                len(self._deselected),
                self._selections.need_all(),
                self.stays,
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        if self.stays:
            session.testsfailed = 0  # modules that cannot be collected have been told
            set_options(session.config.option, {"maxfail": self._maxfail})
            self._serve(session)
        return True
