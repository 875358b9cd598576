"""What loading the plugin does, and above all what it does not."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from offload_pytest import collectors, options, plan


def test_importing_does_nothing(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"mode": "run", "nonce": "n", "mark": str(tmp_path / "mark")}))
    code = (
        "import os, sys, pytest; from _pytest.assertion import rewrite\n"
        "def state():\n"
        "    return (dict(os.environ), list(sys.path), os.listdir('/proc/self/fd'), vars(rewrite).copy())\n"
        "before = state(); import offload_pytest; assert state() == before"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=dict(os.environ, OFFLOAD_PYTEST_PLAN=str(path)),
        stdout=subprocess.PIPE,
    )
    assert (done.returncode, done.stdout) == (0, b"")
    assert not (tmp_path / "mark").exists()


@pytest.fixture
def given(monkeypatch, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text('{"mode": "run"}')
    here = str(tmp_path / "carried")
    monkeypatch.setattr(plan, "__file__", os.path.join(here, "offload_pytest", "plan.py"))
    monkeypatch.setenv("OFFLOAD_PYTEST_PLAN", str(path))
    monkeypatch.setattr(sys, "path", [here, "rest"])
    return here


def test_the_plan_is_taken_once_and_leaves_no_trace(given, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([given, "lib"]))
    assert plan.take_plan() == {"mode": "run"}
    assert os.environ["PYTHONPATH"] == "lib" and sys.path == ["rest"]
    assert "OFFLOAD_PYTEST_PLAN" not in os.environ
    assert plan.take_plan() is None


def test_a_variable_of_ours_alone_goes_as_a_whole(given, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", given)
    plan.take_plan()
    assert "PYTHONPATH" not in os.environ


def test_a_session_that_would_choose_among_tests_serves_none():
    assert options.may_serve(SimpleNamespace(lf=False, usepdb=False, collectonly=True))
    assert not options.may_serve(SimpleNamespace(lf=True))
    assert not options.may_serve(SimpleNamespace(usepdb=True))


def test_options_that_a_session_does_not_have_are_not_given_to_it():
    namespace = SimpleNamespace(lf=True)
    options.set_options(namespace, options.NO_SELECTION)
    assert vars(namespace) == {"lf": False}


@pytest.mark.parametrize(
    "collector, covered",
    [("", True), ("a", True), ("a/test_b.py", True), ("a/test_b.py::C", True), ("a/test_b", False)],
)
def test_collectors_cover_what_is_below_them(collector, covered):
    assert collectors.covers(collector, "a/test_b.py::C::test_d") is covered
