"""A pytest plugin that writes {node ID: outcome} of all tests to $SUITES_OUTCOMES. With
$SUITES_ORDER, a file with a list of node IDs, only these tests run, in this order."""

import json
import os

import pytest

WORST_LAST = ["passed", "skipped", "failure", "error"]
outcomes = {}


def note(node_id, outcome):
    known = outcomes.get(node_id, "passed")
    outcomes[node_id] = max(known, outcome, key=WORST_LAST.index)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items):
    yield
    if "SUITES_ORDER" in os.environ:
        with open(os.environ["SUITES_ORDER"], encoding="utf-8") as file:
            places = {node_id: place for place, node_id in enumerate(json.load(file))}
        items[:] = sorted((item for item in items if item.nodeid in places),
                          key=lambda item: places[item.nodeid])


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
    if hasattr(session.config, "workerinput"):
        return  # the controller knows of all
    with open(os.environ["SUITES_OUTCOMES"], "w", encoding="utf-8") as file:
        json.dump(outcomes, file)
