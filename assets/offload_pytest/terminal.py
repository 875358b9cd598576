"""The terminal's output."""

import pytest

from .system import system


class Unhurried:
    """Stands in for the file that pytest's terminal reporter writes to: the dot of each passed test
    need not be a write of its own, which would wake up its reader. What is held is written before
    the worker waits, and when the session ends."""

    INTERVAL = 0.1  # seconds
    LENGTH = 2048

    def __init__(self, file):
        self._file = file
        self._texts = []
        self._length = 0
        self._flushed = system.monotonic()

    def write(self, text):
        self._texts.append(text)
        self._length += len(text)
        return len(text)

    def flush(self):
        late = system.monotonic() - self._flushed > self.INTERVAL
        if self._length > self.LENGTH or late:
            self.flush_now()

    def flush_now(self):
        text, self._texts, self._length = "".join(self._texts), [], 0
        self._file.write(text)
        self._file.flush()
        self._flushed = system.monotonic()

    def __getattr__(self, name):
        return getattr(self._file, name)


class Terminal:
    """Pytest's terminal reporter with an unhurried file, unless tests write to the same one, or
    somebody wants to see each of them begin."""

    def __init__(self):
        self._writer = self._file = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session):
        option = session.config.option
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        writer = getattr(reporter, "_tw", None)
        captures = getattr(option, "capture", "no") != "no" and option.verbose <= 0
        if captures and hasattr(writer, "_file"):
            self._writer, self._file = writer, writer._file
            writer._file = Unhurried(self._file)

    def flush(self):
        if self._writer is not None:
            self._writer._file.flush_now()

    def flush_all(self, config):
        """Before a fork, which would write it again."""
        self.flush()
        reporter = config.pluginmanager.getplugin("terminalreporter")
        flush = getattr(getattr(reporter, "_tw", None), "flush", None)
        if flush is not None:
            flush()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self):
        if self._writer is not None:
            self.flush()
            self._writer._file, self._writer = self._file, None
