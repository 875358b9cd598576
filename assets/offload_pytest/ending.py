"""The end of a session."""

import pytest
from _pytest import unraisableexception

from .leftovers import end_in_spite_of_threads
from .text import one_line


class Ending:
    """Tells that the session is over, and why if that is not plain."""

    def __init__(self, channel, garbage, any_test=True):
        self._channel = channel
        self._garbage = garbage
        self._any_test = any_test
        self._reason = ""
        self._session = None

    def pytest_internalerror(self, excrepr, excinfo):
        self._reason = "internal error: %s" % one_line(excinfo.exconly())

    def pytest_keyboard_interrupt(self, excinfo):
        self._reason = one_line(excinfo.exconly())

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        self._session = session
        reason = self._reason or session.shouldstop or session.shouldfail or ""
        self._channel.send("bye", status=int(exitstatus), reason=one_line(reason))

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self):
        """Behind all that might look for leaks. Some versions of pytest have searched here as well."""
        searched = hasattr(unraisableexception, "pytest_unconfigure")
        self._garbage.forget_all(search=self._any_test and not searched)
        if self._session is not None:
            end_in_spite_of_threads(self._channel, self._session)
