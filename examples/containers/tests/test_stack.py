"""A suite that leaves a file behind, and shows where it ran."""

import os
import pathlib

import pytest


class Stack:
    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)

    def pop(self):
        if not self.items:
            raise IndexError("pop from an empty stack")
        return self.items.pop()


@pytest.mark.parametrize("count", [1, 2, 100])
def test_last_in_is_first_out(count):
    stack = Stack()
    for number in range(count):
        stack.push(number)
    assert [stack.pop() for _ in range(count)] == list(reversed(range(count)))


def test_empty_stack_has_nothing_to_give():
    with pytest.raises(IndexError):
        Stack().pop()


def test_runs_where_the_project_lies():
    assert pathlib.Path.cwd() == pathlib.Path(os.environ.get("OFFLOAD_ROOT", ".")).resolve()
    assert os.environ.get("TZ") == "UTC"


def test_leaves_a_report():
    folder = pathlib.Path("reports")
    folder.mkdir(exist_ok=True)
    (folder / "stack.txt").write_text("hello from the container\n")
