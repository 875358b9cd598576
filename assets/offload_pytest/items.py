"""Which tests there are, as discovery tells them."""

import pytest

from .frames import FRAME_LIMIT
from .system import system
from .text import exact, readable


def file_of(item, root):
    """The file that the item was collected from, relative to rootdir; "" if there is none."""
    collector = item.getparent(pytest.File)
    if collector is None:
        return ""
    return system.relpath(str(collector.path), root)


def bond_of(item):
    """What tests have in common that rely on each other's traces in the process. Their markers tell:
    xdist's, pytest-dependency's, and that of the incremental tests in pytest's documentation."""
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


def tell_items(channel, items, root, of=None):
    ids, bonds, size, current, collector = [], [], 0, None, None

    def send():
        if ids:
            told = bonds if any(bonds) else None
            channel.send("items", ids=ids, file=exact(current), bonds=told, of=of)

    for item in items:
        parent = item.parent
        if parent is not collector:
            collector, file = parent, file_of(item, root)
            if file != current:
                send()
                ids, bonds, size, current = [], [], 0, file
        ids.append(exact(item.nodeid))
        bonds.append(bond_of(item))
        size += len(item.nodeid) + len(bonds[-1]) + 6
        if size > FRAME_LIMIT // 2:
            send()
            ids, bonds, size = [], [], 0
    send()


# Libraries in which a class becomes a table when its module is imported.
MAPPERS = ("django.db", "sqlalchemy", "sqlmodel", "peewee", "pony.orm", "tortoise")


def tell_collection(channel, session, collectors, companions, deselected, stays=False):
    """All that the session has collected."""
    root = str(session.config.rootpath)
    tell_items(channel, session.items, root)
    for node_id, kind, message, details in collectors.failed:
        text = readable(details)
        channel.send("broken", id=exact(node_id), type=kind, message=message, details=text)
    for node_id, _, message, _ in collectors.skipped:
        channel.send("skipped", id=exact(node_id), message=message)
    for number, items in companions.found(session):
        tell_items(channel, items, root, of=number)
        channel.send("found", of=number, count=len(items))
    channel.send(
        "collected",
        count=len(session.items),
        deselected=deselected,
        whole=any(name in system.modules for name in MAPPERS) or None,
        stays=stays or None,
    )
