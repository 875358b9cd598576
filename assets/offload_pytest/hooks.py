"""Hooks of others that look at the whole collection."""

import pytest

from .chance import Draws

# Plugins whose hooks look at each item by itself, or only shuffle.
SEE_EACH_ALONE = (
    "_pytest",
    "_hypothesis_pytestplugin",
    "anyio",
    "hypothesis",
    "offload_pytest",
    "pytest_asyncio",
    "pytest_django",
    "pytest_randomly",
    "xdist",
)

# What a loop over tests has to name: the protocol that it runs, or the option by which it keeps
# pytest's own loop from running any.
OF_LOOPS = {"collectonly", "pytest_runtest_protocol", "runtestprotocol"}
WITH_LOOPS = ("_pytest", "offload_pytest", "pytest_cov", "xdist")


def is_wrapper(implementation):
    return implementation.hookwrapper or getattr(implementation, "wrapper", False)


def is_loop(implementation):
    """Whether a hook of others around or in place of pytest's loop runs tests itself."""
    if not is_wrapper(implementation):
        return True
    function = implementation.function
    if str(getattr(function, "__module__", "")).split(".")[0] in WITH_LOOPS:
        return False
    return bool(OF_LOOPS & names_in(getattr(function, "__code__", None)))


def names_in(code):
    """The attributes and globals that a function names, in those within it as well."""
    names = set(getattr(code, "co_names", ()))
    for constant in getattr(code, "co_consts", ()):
        if hasattr(constant, "co_names"):
            names |= names_in(constant)
    return names


class Selections:
    """Notices whether hooks of conftests or plugins select among the collected items, or order them:
    of a part of the collection they might make something else, and so might chance. A hook that
    leaves the list as it was only marks items, which it does whatever else was collected."""

    def __init__(self):
        self._seen = self._drawn = False
        self._draws = Draws()

    def need_all(self):
        """Whether a worker or batch had better collect all there is."""
        return self._seen or self._drawn

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self):
        self._drawn = self._draws.any()  # before plugins that shuffle do
        yield

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session):
        self._draws = Draws()
        for implementation in session.config.hook.pytest_collection_modifyitems.get_hookimpls():
            module = getattr(implementation.function, "__module__", None) or ""
            if module.split(".")[0] in SEE_EACH_ALONE:
                continue
            if is_wrapper(implementation) or "items" not in implementation.argnames:
                self._seen = True
                continue
            self._watch_one(implementation)

    def _watch_one(self, implementation):
        function, place = implementation.function, implementation.argnames.index("items")

        def watched(*args):
            implementation.function = function
            before = list(args[place])
            try:
                return function(*args)
            finally:
                now = args[place]
                self._seen = self._seen or len(now) != len(before) or any(
                    one is not other for one, other in zip(now, before)
                )

        watched.__module__ = function.__module__  # as others see it
        implementation.function = watched
