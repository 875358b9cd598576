"""What tests have in common that rely on each other's traces in the process."""

import pytest
from _pytest.doctest import DoctestItem

from .orders import Orders
from .system import system
from .text import readable


def file_collector(item):
    """None where there is none. Some items answer getparent() as they like."""
    node = item
    while node is not None and not isinstance(node, pytest.File):
        node = node.parent
    return node


def file_of(item, root):
    """The file that the item was collected from, relative to rootdir; "" if there is none."""
    collector = file_collector(item)
    if collector is None:
        return ""
    return system.relpath(str(collector.path), root)


def marked_bond(item):
    """By their markers: xdist's, pytest-dependency's, and that of the incremental tests in pytest's
    documentation."""
    groups = []
    for mark in item.iter_markers():
        if mark.name == "xdist_group":
            groups.append(str(mark.args[0] if mark.args else mark.kwargs.get("name", "default")))
        elif mark.name == "dependency":
            scope = mark.kwargs.get("scope", "module")
            return readable("dependency " + ("" if scope != "module" else file_of(item, ".")))
        elif mark.name == "incremental":
            return readable("incremental " + item.parent.nodeid)
    return readable("group " + "_".join(groups)) if groups else ""


def document_of(item):
    """What is neither a function nor a doctest is part of a document with examples, a notebook or a
    table of steps: each builds on those before it."""
    if isinstance(item, (pytest.Function, DoctestItem)):
        return ""
    collector = file_collector(item)
    return "" if collector is None else collector.nodeid


class Bonds:
    """A test's bond: what the project asks of xdist (--dist loadfile, loadscope), else what the test's
    markers say, its order among others, or the document that it is part of."""

    def __init__(self, config, items):
        self._dist = getattr(config, "offload_dist", "no")
        self._orders = Orders(config, items)

    def __call__(self, item):
        if self._dist == "loadfile":
            return readable("file " + item.nodeid.split("::", 1)[0])
        if self._dist == "loadscope":
            return readable("scope " + item.nodeid.rsplit("::", 1)[0])
        bond = marked_bond(item) or readable(self._orders.of(item))
        document = "" if bond else document_of(item)
        return readable("document " + document) if document else bond
