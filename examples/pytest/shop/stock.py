"""What lies in the warehouse."""

from __future__ import annotations


class OutOfStock(Exception):
    """More was asked for than there is."""


class Stock:
    def __init__(self, items: dict[str, int] | None = None) -> None:
        self._items = dict(items or {})

    def add(self, name: str, count: int = 1) -> None:
        self._items[name] = self._items.get(name, 0) + count

    def take(self, name: str, count: int = 1) -> None:
        if self.count(name) < count:
            raise OutOfStock(f"{count} x {name} wanted, {self.count(name)} there")
        self._items[name] -= count

    def count(self, name: str) -> int:
        return self._items.get(name, 0)
