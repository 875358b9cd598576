"""Reporting: from pytest's reports to begin and end."""

import pytest

from .records import Record
from .system import system
from .text import key_of, readable

LONG = 0.1  # seconds; the kernel counts CPU time in hundredths


def cpu_time():
    """Of this process with its threads, and of its children that have ended."""
    user, kernel, of_children, kernel_of_children, _ = system.times()
    return user + kernel + of_children + kernel_of_children


class Reporter:
    """Tells begin and end of each test. `positions` maps keys of node IDs to positions; `counts`
    says how many items share a position, which is told once all of them have run."""

    def __init__(self, channel):
        self._channel = channel
        self.positions = {}
        self.counts = {}
        self._records = {}
        self._current = None

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        position = self.positions.get(key_of(item.nodeid))
        if position is None:
            self._channel.flush()
            yield
            return
        record = self._records.get(position)
        if record is None:
            record = self._records[position] = Record()
            self._channel.send("begin", n=position)
        else:
            self._channel.flush()
        self._current = record
        before = cpu_time()
        outcome = yield
        record.cpu += cpu_time() - before
        self._current = None
        self.counts[position] = self.counts.get(position, 1) - 1
        if outcome.excinfo is not None:
            self._add_stop(record, outcome.excinfo)
        if outcome.excinfo is not None or self.counts[position] <= 0:
            # With a successor its begin follows, unless the worker has to wait or to collect first.
            self.tell(position, record, hold=nextitem is not None and outcome.excinfo is None)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        outcome = yield
        if call.excinfo is not None and outcome.excinfo is None and outcome.get_result():
            outcome.get_result().offload_type = call.excinfo.typename

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report):
        if self._current is not None:
            self._current.add(report)

    @staticmethod
    def _add_stop(record, excinfo):
        """The whole session ends in the middle of this test, because of it."""
        value = excinfo[1]
        if isinstance(value, (pytest.exit.Exception, KeyboardInterrupt)):
            kind = "pytest.exit" if isinstance(value, pytest.exit.Exception) else "KeyboardInterrupt"
            record.worsen("errored", kind, "ended the session: %s" % (value or kind))
        else:
            record.worsen(
                "errored",
                type(value).__name__,
                "pytest ended with an internal error: %s" % value,
                "".join(system.format_exception(*excinfo)),
            )

    def tell(self, position, record, hold=False):
        self._records.pop(position, None)
        if not record.called and record.outcome == "passed":
            reason = "pytest reported no call of it (a plugin or an option such as --setup-only?)"
            self._channel.send("refused", n=position, reason=reason)
            return
        send = self._channel.send_with_next if hold else self._channel.send
        send(
            "end",
            n=position,
            outcome=record.outcome,
            duration=round(record.duration, 6),
            cpu=round(record.cpu, 2) if record.duration >= LONG else None,
            type=record.type,
            message=record.message,
            details=readable("\n\n".join(record.details)),
            out=record.output("stdout"),
            err=record.output("stderr") + record.output("log"),
            properties=[[readable(name), readable(value)] for name, value in record.properties]
            or None,
        )
