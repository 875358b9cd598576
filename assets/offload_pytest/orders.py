"""Tests that pytest-order has put into an order, in which one finds what the other has left."""

from .system import system

ORDERS = "pytest_order"
ORDER_MARK = "order"
RELATIONS = ("before", "after")


class Orders:
    """Which of the items belong together by it: those that have a place in a numbered order, and each
    of the others with those that it comes before or after."""

    def __init__(self, config, items):
        self._above = {}
        if ORDERS not in system.modules:
            return
        scope = config.getoption("order_scope", None) or "session"
        marked = [(item, mark) for item in items for mark in item.iter_markers(ORDER_MARK)]
        by_name = names_of(items) if marked else {}
        for item, mark in marked:
            related = [
                other
                for relation in RELATIONS
                for label in listed(mark.kwargs.get(relation))
                for other in meant_by(str(label), item, by_name)
            ]
            if mark.args or "index" in mark.kwargs:
                related.append(numbered(item, scope))
            for other in related:
                self._join(item.nodeid, other)

    def _first(self, name):
        while self._above.get(name, name) != name:
            name = self._above[name]
        return name

    def _join(self, one, other):
        one, other = sorted((self._first(one), self._first(other)))
        self._above[other] = self._above.setdefault(one, one)

    def of(self, item):
        """The same text for those that belong together, "" for one that stands alone."""
        return "order " + self._first(item.nodeid) if item.nodeid in self._above else ""


def numbered(item, scope):
    """What stands for the order whose numbers are compared."""
    if scope == "class":
        return "by numbers in " + item.parent.nodeid
    return "by numbers in " + item.nodeid.split("::")[0] if scope == "module" else "by numbers"


def listed(labels):
    if labels is None:
        return []
    return list(labels) if isinstance(labels, (list, tuple)) else [labels]


def names_of(items):
    """The items by the names of their functions and classes."""
    by_name = {}
    for item in items:
        for name in item.nodeid.split("[")[0].split("::")[1:]:
            by_name.setdefault(name, []).append(item.nodeid)
    return by_name


def meant_by(label, item, by_name):
    """The node IDs that a label means: the end of a test's or a class's, in this file if there is any."""
    file = item.nodeid.split("::")[0]
    meant = [other for other in by_name.get(label.split("::")[-1], ()) if is_named(other, label)]
    return [other for other in meant if other.split("::")[0] == file] or meant


def is_named(node_id, label):
    parts = "/%s/" % node_id.split("[")[0].replace("::", "/")
    return "/%s/" % label.replace("::", "/") in parts
