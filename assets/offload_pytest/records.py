"""What is known of one test: the worst of its phases, subtests and duplicates."""

import functools

from .text import PASSED_OUTPUT_LIMIT, TEXT_LIMIT, one_line, readable, reason_in


SEVERITY = ("passed", "skipped", "failed", "errored")


@functools.lru_cache(maxsize=None)
def is_subtest_kind(kind):
    return any("subtestreport" == base.__name__.lower() for base in kind.__mro__)


def is_subtest(report):
    return is_subtest_kind(type(report))


def subtest_name(report):
    for method in ("_sub_test_description", "sub_test_description"):  # pytest 9; pytest-subtests
        if hasattr(report, method):
            return getattr(report, method)()
    return "(a subtest)"


def skip_reason(report):
    if isinstance(report.longrepr, tuple):
        reason = report.longrepr[2]
        return reason[len("Skipped: ") :] if reason.startswith("Skipped: ") else reason
    return str(report.longrepr)


class Record:
    """What is known so far of one test: the worst of its phases, subtests and duplicates."""

    def __init__(self):
        self.duration = 0.0
        self.cpu = 0.0
        self.properties = []
        self.forget()

    def forget(self):
        """A plugin runs the test once more: only the last execution counts."""
        self.called = False
        self.outcome = "passed"
        self.type = self.message = ""
        self.details = []
        self.sections = []

    def worsen(self, outcome, kind, message, details=""):
        if SEVERITY.index(outcome) > SEVERITY.index(self.outcome):
            self.outcome, self.type, self.message = outcome, kind, one_line(message)
        if details:
            self.details.append(details)

    def add(self, report):
        if report.outcome == "rerun":
            self.duration += report.duration
            self.forget()
            return
        subtest = is_subtest(report)
        self._keep_sections(report)
        if not subtest:  # the test's own duration includes its subtests'
            self.duration += report.duration
            self.properties = report.user_properties
            self.called = self.called or report.when == "call" or report.outcome != "passed"
        if report.outcome == "failed":
            self._add_failure(report, subtest)
        elif report.outcome == "skipped" and not subtest:
            self._add_skip(report)

    def _keep_sections(self, report):
        for section in report.sections:
            if section not in self.sections:
                self.sections.append(section)

    def _add_failure(self, report, subtest):
        text = report.longreprtext
        crash = getattr(report.longrepr, "reprcrash", None)
        message = crash.message.split("\n", 1)[0] if crash else reason_in(text)
        kind = getattr(report, "offload_type", "")
        if not kind and message.startswith("[XPASS(strict)]"):
            kind = "XPASS(strict)"
        if subtest:
            message = "%s %s" % (subtest_name(report), message)
        if report.when == "call":
            self.worsen("failed", kind, message, text)
        else:
            self.worsen("errored", kind, "%s failed: %s" % (report.when, message), text)

    def _add_skip(self, report):
        if hasattr(report, "wasxfail"):
            reason = report.wasxfail
            prefix = "reason: "
            reason = reason[len(prefix) :] if reason.startswith(prefix) else reason
            self.worsen("skipped", "pytest.xfail", reason)
            return
        reason = skip_reason(report)
        details = ""
        if isinstance(report.longrepr, tuple):
            details = "%s:%s: %s" % (report.longrepr[0], report.longrepr[1], reason)
        self.worsen("skipped", "pytest.skip", reason, details)

    def output(self, word):
        if not self.sections:
            return ""
        texts = (text for name, text in self.sections if name.startswith("Captured " + word))
        failed = self.outcome in ("failed", "errored")
        return readable("".join(texts), TEXT_LIMIT if failed else PASSED_OUTPUT_LIMIT)
