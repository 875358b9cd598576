"""What tests have in common that rely on each other's traces in the process."""

import pytest

from .system import system
from .text import readable


def file_of(item, root):
    """The file that the item was collected from, relative to rootdir; "" if there is none."""
    collector = item.getparent(pytest.File)
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


class Bonds:
    """A test's bond: what the project asks of xdist (--dist loadfile, loadscope), else what the test's
    markers say."""

    def __init__(self, config, root):
        self._dist = getattr(config, "offload_dist", "no")
        self._root = root

    def __call__(self, item):
        if self._dist == "loadfile":
            return readable("file " + item.nodeid.split("::", 1)[0])
        if self._dist == "loadscope":
            return readable("scope " + item.nodeid.rsplit("::", 1)[0])
        return marked_bond(item)
