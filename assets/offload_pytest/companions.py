"""Companions: groups that differ in -m and -k alone."""

import argparse
import functools
import sys

import pytest
from _pytest import mark as pytest_mark

from .hooks import is_wrapper
from .options import may_serve
from .text import from_exact


SELECTORS = ("keyword", "markexpr")  # -k and -m, as pytest calls them


def noting(function, note):
    def noted(self, *args):
        note()
        return function(self, *args)

    return noted


def watch_options(namespace, note):
    """Who asks for -m or -k might do something else for another group."""
    asks = type(namespace).__getattribute__

    class Watched(type(namespace)):
        def __getattribute__(self, name):
            if name in SELECTORS or name == "__dict__":
                note()
            return asks(self, name)

    namespace.__class__ = Watched


def watched_arguments(arguments, note):
    """So might who reads the command line, but for the program's name."""

    class Watched(list):
        def __getitem__(self, place):
            if place != 0:
                note()
            return super().__getitem__(place)

    for name in ("__iter__", "__contains__", "__len__", "__add__", "__eq__", "copy", "count", "index"):
        setattr(Watched, name, noting(getattr(list, name), note))
    return Watched(arguments)


class ConfigOf:
    """A group's config, as far as pytest asks for it in order to deselect."""

    class hook:
        @staticmethod
        def pytest_deselected(items):
            pass

    def __init__(self, config, selectors):
        self._config = config
        self.option = argparse.Namespace(**selectors)

    def __getattr__(self, name):
        return getattr(self._config, name)


# Of those that have a say on the collected items, pytest's own select nothing more (may_serve() sees
# to it), and these only shuffle.
HARMLESS = ("_pytest", "offload_pytest", "pytest_randomly")


def comes_after_deselection(config):
    """Whether a plugin may select among the collected items after -k and -m have."""
    implementations = config.hook.pytest_collection_modifyitems.get_hookimpls()
    names = [implementation.plugin_name for implementation in implementations]
    deselection = names.index("mark")  # the last one is called first
    return any(
        implementation.function.__module__.split(".")[0] not in HARMLESS
        for place, implementation in enumerate(implementations)
        if place < deselection or is_wrapper(implementation)
    )


class Companions:
    """Finds out what other groups would select of what is collected here."""

    def __init__(self):
        self._selectors = {}  # by place in the plan
        self._selected = {}  # likewise: items
        self._own = []  # (item, its ID) that this group has selected
        self._asked = False
        self._watching = False
        self._undo = []  # what ends the watch

    def understand(self, plan, parser, args, given):
        """Lets pytest's own parser tell how the others' command lines differ from this one, whose
        `given` end all `args`."""
        if "companions" not in plan:
            return
        plugin = ["-p", "offload_pytest"]
        words = plugin + [from_exact(word) for word in plan["words"]]
        if given[-len(words) :] != words or args[-len(given) :] != given:
            return
        before = args[: -len(words)]  # of the ini file, the environment, and the user's command
        own = self._parsed(parser, before + words)
        for number, others in enumerate(plan["companions"]):
            others = plugin + [from_exact(word) for word in others]
            theirs = self._parsed(parser, before + others)
            if own is not None and theirs is not None and own[1:] == theirs[1:]:
                self._selectors[number] = theirs[0]
        if self._selectors:  # before any conftest is imported
            self._undo.append(functools.partial(setattr, sys, "argv", sys.argv))
            sys.argv = watched_arguments(sys.argv, self._note)

    @staticmethod
    def _parsed(parser, args):
        """-k and -m, all other options, and what is no option known so far."""
        try:
            namespace, unknown = parser.parse_known_and_unknown_args(args, argparse.Namespace())
        except Exception:  # pytest's own words on it come from the group's own discovery
            return None
        options = vars(namespace)
        return {name: options.pop(name) for name in SELECTORS}, options, unknown

    def _note(self):
        self._asked = True

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_cmdline_main(self, config):
        self._watching = bool(self._selectors) and may_serve(config.option)
        if self._watching:
            restore = functools.partial(setattr, config.option, "__class__", type(config.option))
            self._undo.append(restore)
            watch_options(config.option, self._note)
            self._by_keyword = self._replace("deselect_by_keyword", self._deselect_by_keyword)
            self._by_mark = self._replace("deselect_by_mark", self._deselect_by_mark)
        yield
        self._stop_watching()

    def _replace(self, name, function):
        """One of pytest's; returns its own."""
        own = getattr(pytest_mark, name)
        self._undo.append(functools.partial(setattr, pytest_mark, name, own))
        setattr(pytest_mark, name, function)
        return own

    def _stop_watching(self):
        self._watching = False
        while self._undo:
            self._undo.pop()()

    def _deselect_by_keyword(self, items, config):
        asked = self._asked
        for number, selectors in self._selectors.items():
            selected, stand_in = list(items), ConfigOf(config, selectors)
            try:
                self._by_keyword(selected, stand_in)
                self._by_mark(selected, stand_in)
            except pytest.UsageError:  # likewise
                continue
            self._selected[number] = selected
        self._by_keyword(items, config)
        self._asked = asked

    def _deselect_by_mark(self, items, config):
        asked = self._asked
        self._by_mark(items, config)
        self._asked = asked
        self._own = [(item, item.nodeid) for item in items]

    def found(self, session):
        """(place in the plan, items) of each companion of which all is known for certain."""
        if not self._watching:
            return []
        self._stop_watching()
        now = [(item, item.nodeid) for item in session.items]
        unchanged = len(now) == len(self._own) and set(now) == set(self._own)
        if self._asked or not unchanged or comes_after_deselection(session.config):
            return []
        return sorted(self._selected.items())
