"""A pytest plugin that writes {node ID: outcome} of all tests to $SUITES_OUTCOMES."""

import json
import os

WORST_LAST = ["passed", "skipped", "failure", "error"]
outcomes = {}


def note(node_id, outcome):
    known = outcomes.get(node_id, "passed")
    outcomes[node_id] = max(known, outcome, key=WORST_LAST.index)


def pytest_collectreport(report):
    if report.failed:
        note(report.nodeid, "error")


def pytest_runtest_logreport(report):
    if report.failed:
        note(report.nodeid, "failure" if report.when == "call" else "error")
    elif report.skipped:
        note(report.nodeid, "skipped")
    elif report.when == "call":
        note(report.nodeid, "passed")


def pytest_sessionfinish(session):
    with open(os.environ["SUITES_OUTCOMES"], "w", encoding="utf-8") as file:
        json.dump(outcomes, file)
