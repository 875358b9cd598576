"""The end of a session."""

import pytest
from _pytest import unraisableexception

from .idle import dismiss_idle_plugins
from .leaving import Leaving
from .leftovers import end_in_spite_of_threads
from .text import one_line


class Ending:
    """Tells that the session is over, and why if that is not plain."""

    def __init__(self, channel, garbage):
        self._channel = channel
        self._garbage = garbage
        self._leaving = None
        self._apart = None
        self._reason = ""
        self._session = None

    def leave_at_once(self):
        """For a fork: as soon as it can, the process does not wait for the interpreter."""
        self._leaving = Leaving(self._garbage.opened)

    def be_apart(self, apart):
        """For a fork that runs one test."""
        self._apart = apart

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self):
        self._garbage.session_starts()

    def pytest_internalerror(self, excrepr, excinfo):
        self._reason = "internal error: %s" % one_line(excinfo.exconly())

    def pytest_keyboard_interrupt(self, excinfo):
        self._reason = one_line(excinfo.exconly())

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        self._session = session
        dismiss_idle_plugins(session.config)
        reason = one_line(self._reason or session.shouldstop or session.shouldfail or "")
        if self._apart is None or not self._apart.tell(session, int(exitstatus), reason):
            self._channel.send("bye", status=int(exitstatus), reason=reason)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_unconfigure(self):
        """Behind all that might look for leaks, but before pytest searches, as some versions do here
        and others later."""
        search = getattr(unraisableexception, "gc_collect_harder", None)
        forgotten = True

        def forget_and_search(*args, **options):
            nonlocal forgotten
            forgotten = self._garbage.forget()
            search(*args, **options)

        if search is not None:
            unraisableexception.gc_collect_harder = forget_and_search
        yield
        if search is not None:
            unraisableexception.gc_collect_harder = search
        forgotten = forgotten and self._garbage.forget()
        if self._session is not None:
            end_in_spite_of_threads(self._channel, self._session)
        if self._leaving is not None and forgotten:
            self._leaving.begin()
