"""Prices in cents: how they are read, added up and shown."""

from __future__ import annotations


def parse(text: str) -> int:
    """Cents from "12.50", "12,50" or "12"."""
    whole, _, cents = text.strip().replace(",", ".").partition(".")
    if not whole.isdecimal() or (cents and not cents.isdecimal()) or len(cents) > 2:
        raise ValueError(f"not a price: {text!r}")
    return int(whole) * 100 + int(cents.ljust(2, "0") or 0)


def show(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def discount(cents: int, percent: int) -> int:
    """The price less `percent`, rounded in favour of the customer."""
    if not 0 <= percent <= 100:
        raise ValueError(f"no discount: {percent} %")
    return cents * (100 - percent) // 100
