"""Which tests there are, as discovery tells them."""

from .bonds import Bonds, file_of
from .frames import FRAME_LIMIT
from .system import system
from .text import exact, readable


def tell_items(channel, items, root, bonds_of, of=None):
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
        bonds.append(bonds_of(item))
        size += len(item.nodeid) + len(bonds[-1]) + 6
        if size > FRAME_LIMIT // 2:
            send()
            ids, bonds, size = [], [], 0
    send()


# Libraries in which a class becomes a table when its module is imported.
MAPPERS = ("django.db", "sqlalchemy", "sqlmodel", "peewee", "pony.orm", "tortoise")


def tell_collection(channel, session, collectors, found, deselected, selects, stays=False):
    """All that the session has collected. `found`: of companions; `selects`: hooks of others chose
    among it."""
    root = str(session.config.rootpath)
    every = [*session.items, *(item for _, items in found for item in items)]
    bonds = Bonds(session.config, every)
    tell_items(channel, session.items, root, bonds)
    for node_id, kind, message, details in collectors.failed:
        text = readable(details)
        channel.send("broken", id=exact(node_id), type=kind, message=message, details=text)
    for node_id, _, message, _ in collectors.skipped:
        channel.send("skipped", id=exact(node_id), message=message)
    nodes = getattr(session.config, "offload_nodes", None)
    mapped = any(name in system.modules for name in MAPPERS)
    for number, items in found:
        tell_items(channel, items, root, bonds, of=number)
        channel.send("found", of=number, count=len(items))
    channel.send(
        "collected",
        count=len(session.items),
        deselected=deselected,
        # Of plugins that join what workers tell, each expects all workers to have collected the same.
        whole=selects or mapped or nodes is not None or None,
        nodes=nodes,
        stays=stays or None,
    )
