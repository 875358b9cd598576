"""The stacks of a test that takes too long."""

import pytest

from .system import system


class Watchdog:
    """Writes the stacks of all threads shortly before Offload ends a test that takes too long. The
    interpreter's own watchdog does it, because a hanging test need not let Python code run."""

    def __init__(self, limit, descriptor):
        self._limit = limit
        self._descriptor = system.keep_descriptor(descriptor)
        self._since = None
        # A forked child has no watching thread, and would wait for it to end for ever.
        system.register_at_fork(before=self._before_fork, after_in_parent=self._after_fork)
        self._interrupted = None

    def _before_fork(self):
        self._interrupted = self._since
        self.rest()

    def _after_fork(self):
        self._since = self._interrupted
        if self._since is not None:
            left = self._since + self._limit - system.monotonic()
            system.dump_traceback_later(max(left, 0.001), file=self._descriptor)

    def begin_anew(self, limit):
        """In a fork, of which others watch the time where there is no limit."""
        self._limit = limit

    @property
    def descriptor(self):
        return self._descriptor

    def test_begins(self):
        """The watch is wound up now and then, not for each of a thousand quick tests."""
        if self._limit is None:
            return
        now = system.monotonic()
        if self._since is None or now - self._since > self._limit / 10:
            system.dump_traceback_later(self._limit, file=self._descriptor)
            self._since = now

    def rest(self):
        if self._since is not None:
            system.cancel_dump_traceback_later()
            self._since = None

    @pytest.hookimpl(trylast=True)
    def pytest_exception_interact(self):  # pytest itself stops the watch here
        self._since = None
