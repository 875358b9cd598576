"""What collectors say."""

import pytest

from .records import skip_reason
from .system import system
from .text import one_line


class Collectors:
    """Remembers collectors that failed or skipped themselves: (node ID, type, message, details)."""

    def __init__(self):
        self.failed = []
        self.skipped = []

    def explain(self, node_id):
        """Whether one of them is why this test is not there."""
        return any(covers(collector, node_id) for collector, *_ in self.failed + self.skipped)

    def forget(self):
        self.failed.clear()
        self.skipped.clear()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self, collector):
        outcome = yield
        if outcome.excinfo is not None:
            return
        report = outcome.get_result()
        excinfo = getattr(getattr(report, "call", None), "excinfo", None)
        if report.outcome == "failed" and excinfo is not None:
            value = excinfo.value.__cause__ or excinfo.value
            report.offload_type = type(value).__name__
            report.offload_message = system.format_exception_only(type(value), value)[-1]

    def pytest_collectreport(self, report):
        if report.outcome == "failed":
            text = report.longreprtext
            message = getattr(report, "offload_message", None) or text.strip().split("\n")[-1]
            kind = getattr(report, "offload_type", "")
            self.failed.append((report.nodeid, kind, one_line(message), text))
        elif report.outcome == "skipped":
            self.skipped.append((report.nodeid, "pytest.skip", one_line(skip_reason(report)), ""))


def covers(collector, node_id):
    """Whether the collector with this node ID is the test's module, class, package or session."""
    if collector in ("", ".", node_id):
        return True
    return node_id.startswith((collector + "::", collector + "/"))
