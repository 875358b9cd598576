"""Syrupy, which looks for snapshots that no test has used."""

import pytest

from .nodes import DOWN
from .system import system


class Hooks:
    """Those of xdist's that syrupy's reports travel by, where xdist is not there to know them."""

    @pytest.hookspec()
    def pytest_testnodedown(self, node, error):
        """A worker has ended."""


def _joins(manager):
    """Whether a hook of syrupy's is called when a worker ends."""
    hook = getattr(manager.hook, DOWN, None)
    found = hook.get_hookimpls() if hook is not None else ()
    return any(each.function.__module__.split(".")[0] == "syrupy" for each in found)


class Snapshots:
    """Each session sees some tests, of which syrupy's controller makes one report. A syrupy that does
    not join reports would call unused what the tests of another worker use."""

    def __init__(self, channel, plan):
        self._channel = channel
        self._tells = plan["mode"] in ("collect", "first")
        self._only_collects = plan["mode"] == "collect"
        self._reports_travel = "nodes" in plan

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config):
        syrupy = system.modules.get("syrupy")
        if syrupy is None or not hasattr(config.option, "warn_unused_snapshots"):
            return
        manager = config.pluginmanager
        if not manager.hasplugin("xdist") and hasattr(syrupy, "DeferXDist"):
            manager.add_hookspecs(Hooks)
            manager.register(syrupy.DeferXDist(), "offload-snapshots-joined")
        asked, joined = config.option.warn_unused_snapshots, self._reports_travel and _joins(manager)
        if self._only_collects or not joined:
            config.option.warn_unused_snapshots = True
        if asked or joined:
            return
        if self._tells:
            text = (
                "snapshots that no test uses fail nothing here, because no syrupy sees all tests; "
                "plain pytest finds them"
            )
            self._channel.send("notice", severity="warning", text=text)
