"""The plan: what Offload wants of this pytest."""

import json
import os
import sys

import pytest

OLDEST = 7  # generation of pytest


def take_plan():
    """The plan, once; None where Offload did not start this pytest."""
    path = os.environ.pop("OFFLOAD_PYTEST_PLAN", None)
    if path is None or int(pytest.__version__.split(".")[0]) < OLDEST:
        return None
    here = os.path.dirname(os.path.abspath(__file__))
    if __package__:  # not joined: this is the package's folder
        here = os.path.dirname(here)
    if here in sys.path:
        sys.path.remove(here)
    others = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry != here]
    if others and others != [""]:
        os.environ["PYTHONPATH"] = os.pathsep.join(others)
    else:
        os.environ.pop("PYTHONPATH", None)
    return read_plan(path)


def read_plan(path):
    with open(path, encoding="utf-8") as file:
        plan = json.load(file)
    # It holds the nonce, with which a test could report others as passed.
    try:
        os.unlink(path)
    except OSError:
        pass  # a folder that is read-only; SECURITY.md says what a test could do then
    return plan
