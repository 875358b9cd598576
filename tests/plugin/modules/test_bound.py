"""While tests may run, the plugin uses nothing that they could replace: it goes through system.py."""  # TRAPS 52

import ast
from pathlib import Path

import offload_pytest
import pytest

FOLDER = Path(offload_pytest.__file__).parent
# A fork, too, has no test behind it: what it is made by has all run before its first one.
BEFORE_TESTS = {"ahead", "companions", "conclusion", "coverage", "greeting", "kin", "mother", "orphans", "plan", "plugin",
                "safety", "separation", "streams", "xdist"}
WHILE_TESTS_RUN = sorted(
    path for path in FOLDER.glob("*.py") if path.stem not in BEFORE_TESTS | {"system"}
)
VALUES = {"sys.dont_write_bytecode"}  # what tests say by it is meant
OWN_TO_PYTEST = {"pytest", "_pytest"}


def modules_in(tree):
    """The names by which it knows modules of others."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                if one.name.split(".")[0] not in OWN_TO_PYTEST:
                    yield one.asname or one.name.split(".")[0]


def uses_in(tree):
    known = set(modules_in(tree))
    for function in ast.walk(tree):
        if not isinstance(function, (ast.FunctionDef, ast.Lambda)):
            continue
        body = function.body if isinstance(function.body, list) else [function.body]
        for node in (node for statement in body for node in ast.walk(statement)):
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in known:
                yield "%s.%s" % (node.value.id, node.attr)
            elif isinstance(node, ast.Name) and node.id in ("open", "print", "input", "exec", "eval"):
                yield node.id
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                yield "an import"


@pytest.mark.parametrize("path", WHILE_TESTS_RUN, ids=lambda path: path.stem)
def test_nothing_is_looked_up_where_tests_could_replace_it(path):
    assert set(uses_in(ast.parse(path.read_text()))) <= VALUES


@pytest.mark.parametrize("path", WHILE_TESTS_RUN, ids=lambda path: path.stem)
def test_no_function_of_others_is_a_name_that_tools_could_replace(path):
    """Freezegun and pyfakefs look through the namespaces of all modules."""
    taken = [
        one.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ImportFrom) and not node.level
        for one in node.names
        if node.module.split(".")[0] not in OWN_TO_PYTEST
    ]
    assert set(taken) <= {"deque"}


def test_the_check_would_find_what_it_looks_for():
    text = "import os, time\ndef f():\n    open(os.path.join('a'))\n    time.time()\n"
    assert set(uses_in(ast.parse(text))) == {"open", "os.path", "time.time"}
