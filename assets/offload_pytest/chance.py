"""Chance: all processes of a run draw the same."""

import pytest

from .system import system


def seed_of(nonce):
    """One that differs from run to run, and is known to all processes of one."""
    return system.crc32(nonce.encode("utf-8"))


def seed_alike(option, nonce):
    """pytest-randomly draws a seed in each process where none is given, as if it were alone. Returns
    what there is to tell of it."""
    if getattr(option, "randomly_seed", None) != "default":
        return ""
    option.randomly_seed = seed_of(nonce)
    text = "pytest-randomly's seed is %d: --randomly-seed=%d in a group's filters repeats it"
    return text % (option.randomly_seed, option.randomly_seed)


class Seeded:
    """Some versions of pytest-randomly seed before the collection only where pytest prints its header,
    which a quiet one, as in discovery, does not."""

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection(self, session):
        reseed = getattr(system.modules.get("pytest_randomly"), "_reseed", None)
        if reseed is not None and isinstance(
            getattr(session.config.option, "randomly_seed", None), int
        ):
            reseed(session.config)
        yield


class Draws:
    """Notices whether test modules draw random numbers while they are imported: what one draws
    depends on those that were imported before."""

    def __init__(self):
        self._before = system.random_state()

    def any(self):
        return system.random_state() != self._before

    def forget(self):
        self._before = system.random_state()
