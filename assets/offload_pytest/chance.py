"""Chance: what all processes of a run draw alike, and what each draws for itself."""

import random

import pytest

from .system import system

Generator = random.Random


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


class Unseeded:
    """Generators of random numbers that others have made, and of which nobody knows the state: what they
    draw differs from process to process, and so does it from fork to fork. That of the module `random`
    sees to it by itself."""

    def __init__(self):
        self._generators = {}  # weak references by number
        self._own = {name: vars(Generator)[name] for name in ("seed", "getstate", "setstate")}
        self._watching = {name: self._watch(name, own) for name, own in self._own.items()}
        self._replace(self._own, self._watching)

    def _watch(self, name, own):
        generators = self._generators

        def watched(generator, *args, **named):
            generators.pop(id(generator), None)
            if name == "seed" and args in ((), (None,)) and named.get("a") is None:
                generators[id(generator)] = system.Reference(generator)
            return own(generator, *args, **named)

        return watched

    @staticmethod
    def _replace(before, after):
        for name, method in after.items():
            if vars(Generator)[name] is before[name]:
                setattr(Generator, name, method)

    def end(self):
        """From now on nobody is noticed."""
        self._replace(self._watching, self._own)

    def begin_anew(self):
        """In a fork."""
        for reference in self._generators.values():
            generator = reference()
            if generator is not None:
                self._own["seed"](generator)
