from types import SimpleNamespace

from offload_pytest.records import Record


def report(outcome="passed", when="call", **fields):
    made = dict(
        outcome=outcome, when=when, duration=1.0, sections=[], user_properties=[],
        longrepr=None, longreprtext="E  boom", type="",
    )
    return SimpleNamespace(**{**made, **fields})


def test_a_test_that_passed_has_been_called():
    record = Record()
    record.add(report(when="setup"))
    assert not record.called
    record.add(report())
    assert record.called and record.outcome == "passed" and record.duration == 2.0


def test_the_worst_phase_decides():
    record = Record()
    record.add(report("failed"))
    record.add(report("failed", "teardown"))
    assert record.outcome == "errored"
    assert record.message == "teardown failed: boom"
    assert record.details == ["E  boom", "E  boom"]


def test_a_rerun_forgets_all_but_the_time():
    record = Record()
    record.add(report("failed"))
    record.add(report("rerun"))
    record.add(report())
    assert (record.outcome, record.details, record.duration) == ("passed", [], 3.0)


def test_an_expected_failure_is_a_skip():
    record = Record()
    record.add(report("skipped", wasxfail="reason: not yet"))
    assert (record.outcome, record.type, record.message) == ("skipped", "pytest.xfail", "not yet")


def test_a_skip_says_where():
    record = Record()
    record.add(report("skipped", "setup", longrepr=("a.py", 3, "Skipped: why")))
    assert (record.outcome, record.message, record.details) == ("skipped", "why", ["a.py:3: why"])


def test_sections_that_each_phase_repeats_count_once():
    record = Record()
    record.add(report(when="setup", sections=[("Captured stdout setup", "a")]))
    record.add(report(sections=[("Captured stdout setup", "a"), ("Captured stdout call", "b")]))
    assert record.output("stdout") == "ab"
