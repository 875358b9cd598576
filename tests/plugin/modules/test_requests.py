import os

import pytest

from offload_pytest.requests import Requests


@pytest.fixture
def served():
    """What stands for stdin, and Offload's end of it."""
    read, write = os.pipe()
    yield read, write
    os.close(read)


def test_lines_may_arrive_in_any_pieces(served):
    requests = Requests(served[0])
    os.write(served[1], b'{"t": "run"}\n{"t": "l')
    assert requests.next() == {"t": "run"}
    os.write(served[1], b'ast"}\n')
    os.close(served[1])
    assert requests.next() == {"t": "last"}
    assert requests.next() is None


def test_tests_read_nothing_of_it(served):
    requests = Requests(served[0])
    os.write(served[1], b'{"t": "stop"}\n')
    assert os.read(served[0], 99) == b""
    assert requests.next() == {"t": "stop"}
    os.close(served[1])
