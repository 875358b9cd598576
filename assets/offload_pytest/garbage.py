"""The garbage collector, spared where nobody can see it."""

import io
import socket
import weakref

from .generators import GENERATOR, those_with_a_say
from .streams import Opened
from .system import system

NEVER = 2**31 - 1  # objects made since the last search
OLD = 2  # generation

FILES = (io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.BufferedRandom,
         io.BufferedRWPair, io.FileIO, io.BytesIO, io.StringIO)
FINALIZERS_OF_FILES = tuple(kind.__del__ for kind in (*FILES, socket.socket))
FINALIZE = weakref.finalize
FUNCTION = type(lambda: None)
HARMLESS_CALLBACKS = (  # modules: they keep registers
    "weakref",
    "_weakrefset",
    "logging",
    "trio._core._ki",
)


class Garbage:
    """While tests are collected, objects are made that stay: to search among them is in vain. For
    others the collector is as it was, and what they make of it is left alone."""

    def __init__(self):
        self._found = self._ours = None
        self.opened = Opened()
        self._promotions = None  # as many as there were when this process was forked

    def session_starts(self):
        self.opened = Opened()

    def spare(self):
        self._found = system.get_threshold()
        self._ours = (NEVER, *self._found[1:])
        if self._found[0] != 0:
            system.set_threshold(*self._ours)

    def spare_no_more(self):
        """What is there now is listed as if it had stood many searches: the next ones are short."""
        if system.get_threshold() == self._ours:
            system.set_threshold(*self._found)
            let_all_be_old()

    def begin_anew(self):
        """In a fork that has descriptors of its own."""
        self.opened = Opened()
        self.be_young()

    def be_young(self):
        """In a fork: only what it makes itself will be that."""
        if let_all_be_old():
            self._promotions = promotions()

    def forget(self):
        """At the end of a session pytest searches up to five times, and the interpreter once more, so
        that finalizers get to tell of their troubles. Returns whether there are none, which one
        search may bring about; then the rest stays unsearched."""
        if not self._is_quiet() and not self._quiets_the_young():
            system.collect_garbage()
            if self.opened.anything() or telling_at_exit(self._made()):
                return False
        system.freeze_garbage()
        return True

    def _quiets_the_young(self):
        """Whether a search among what this fork has made, which leaves alone the memory that it shares
        with others, brings it about. What that leaves behind is old then: it is known beforehand."""
        if not self._all_are_young():
            return False
        left = Survivors(telling_at_exit(self._made()))
        system.collect_garbage(OLD - 1)
        return not left.any() and not self.opened.anything() and not telling_at_exit(young())

    def _is_quiet(self):
        """Whether nothing might run code, or write what it has held back, when it goes."""
        return not self.opened.anything() and not telling(self._made())

    def _made(self):
        """All that may have been made since this process was forked."""
        return young() if self._all_are_young() else system.get_objects()

    def _all_are_young(self):
        return self._promotions is not None and self._promotions == promotions()


class Survivors:
    """Which of some objects are still there after a search."""

    def __init__(self, objects):
        try:
            self._references = list(map(system.Reference, objects))
        except TypeError:  # there can be none to some kinds
            self._references = None

    def any(self):
        return self._references is None or any(one() is not None for one in self._references)


def young():
    return [one for generation in range(OLD) for one in system.get_objects(generation)]


def let_all_be_old():
    """False where somebody keeps objects from being searched at all."""
    if system.get_freeze_count() != 0:
        return False
    system.freeze_garbage()
    system.unfreeze_garbage()
    return True


def promotions():
    """How often objects have become old, at most. Some versions let the young become that at once."""
    first = 1 if system.sys.version_info < (3, 14) else 0
    return [each["collections"] for each in system.get_stats()[first:]]


def telling(objects):
    """Those of them that might run code when they go, files aside. No code of theirs is run to learn
    it."""
    kinds = set(map(type, objects))
    finalized = {kind for kind in kinds if kind is not GENERATOR and has_finalizer(kind)}
    references = {kind for kind in kinds if issubclass(kind, system.Reference)} - finalized
    found = [one for one in objects if type(one) in finalized] if finalized else []
    found += [one for one in objects if type(one) in references and has_callback(one)]
    return found + those_with_a_say([one for one in objects if type(one) is GENERATOR])


def telling_at_exit(objects):
    """Those that might do so behind the exit handlers. Who has asked weakref to be called, has been by
    then, or is not called any more."""
    return [one for one in telling(objects) if not has_finalize(one)]


def has_finalize(one):
    return issubclass(type(one), system.Reference) and type(callback_of(one)) is FINALIZE


def has_finalizer(kind):
    try:
        found = type.__getattribute__(kind, "__del__")
    except AttributeError:
        return False
    return not any(found is each for each in FINALIZERS_OF_FILES)


def callback_of(reference):
    return system.Reference.__callback__.__get__(reference)


def has_callback(reference):
    """Registers of the interpreter's, which are compiled, and of its library are no concern."""
    callback = callback_of(reference)
    if callback is None or type(callback) is type(system.write):
        return False
    return type(callback) is not FUNCTION or callback.__module__ not in HARMLESS_CALLBACKS
