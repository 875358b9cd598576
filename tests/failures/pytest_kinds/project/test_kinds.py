import subprocess
import sys
import unittest

import pytest


def read_settings():
    try:
        return {}["settings"]
    except KeyError as missing:
        raise RuntimeError("the settings cannot be read") from missing


def test_exception_chain():
    assert read_settings()


def test_did_not_raise():
    with pytest.raises(ValueError):
        int("12")


@pytest.mark.parametrize("text, value", [("7", 7), ("0x10", 16)])
def test_parametrised(text, value):
    assert int(text, 0) + len(text) - 1 == value


def test_exception_group():
    raise ExceptionGroup("two uploads failed", [
        ConnectionError("the server closed the connection"),
        TimeoutError("no answer within 3 s"),
    ])


def test_subprocess():
    command = ["python", "-c", "import json; json.loads('{')"]  # not a path of some length
    subprocess.run(command, executable=sys.executable, check=True)


def test_strings():
    sent = "".join(f"line {n}\n" for n in range(300))
    assert sent.replace("line 250", "line 25O") == sent


class SubTests(unittest.TestCase):
    def test_even(self):
        for number in (2, 3, 4):
            with self.subTest(number=number):
                self.assertEqual(number % 2, 0)


def depth(n):
    return depth(n + 1)


def test_recursion():
    assert depth(0)


@pytest.fixture
def scratch(tmp_path):
    yield tmp_path
    raise OSError("the scratch folder is still in use")


def test_teardown(scratch):
    assert scratch.is_dir()
