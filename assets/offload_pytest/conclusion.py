"""The conclusion: a session in which plugins make one of what the batches have left."""

import os
import shutil

import pytest

from .coverage import COVERAGE_DATA, COVERAGE_MARK
from .ending import Ending
from .garbage import Garbage
from .nodes import Folder, Nodes
from .nothing import CollectsNothing
from .text import from_exact


class Conclusion(CollectsNothing):
    """A session without tests, in which pytest-cov finds what the batches have measured, and others
    see their nodes go down whose controller has ended before."""

    def __init__(self, channel, plan):
        self._channel = channel
        self._folders = [from_exact(folder) for folder in plan["coverage"]]
        self._nodes = [Nodes(channel, Folder(path)) for path in plan.get("nodes", [])]
        self._failures = 1 if plan["failed"] else 0

    def register(self, pluginmanager):
        pluginmanager.register(Ending(self._channel, Garbage()), "offload-ending")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        """What pytest-cov has around this erases its data before, and combines all there are after
        it."""
        session.testsfailed = self._failures  # for --no-cov-on-fail
        session.testscollected = 1  # others have run them: plugins add to a status that is none of theirs
        for nodes in self._nodes:
            nodes.remember(session.config)
            nodes.go_down(session.config)
        if not any(map(os.path.isdir, self._folders)):
            return True
        plugin = session.config.pluginmanager.getplugin("_cov")
        controller = getattr(plugin, "cov_controller", None)
        if controller is None:
            self._warn("coverage was measured, but pytest-cov is not active where it is combined")
            return True
        for name in ("_warn_no_data", "_warn_unimported_source", "_warn_preimported_source"):
            setattr(controller.cov, name, False)  # no test runs here
        place = str(session.config.invocation_params.dir)
        base = os.path.join(place, controller.cov.config.data_file)
        missing = [label for folder in self._folders for label in self._bring(folder, base)]
        if missing:
            self._warn(
                "the coverage measured in %s is lost: pytest ended there before it could save it"
                % ", ".join(sorted(missing))
            )
        return True

    @staticmethod
    def _bring(folder, base):
        """Returns the labels of commands that left no data."""
        names = os.listdir(folder) if os.path.isdir(folder) else []
        for name in names:
            if name.startswith(COVERAGE_DATA):
                target = "%s.offload-%s" % (base, name[len(COVERAGE_DATA) :])
                shutil.move(os.path.join(folder, name), target)
        began = [name[: -len(COVERAGE_MARK)] for name in names if name.endswith(COVERAGE_MARK)]
        return [label for label in began if COVERAGE_DATA + label not in names]

    def _warn(self, text):
        self._channel.send("notice", severity="warning", text=text)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        if session.testsfailed > self._failures:
            self._fail("the tests cover less than --cov-fail-under demands")
        yield
        if self._nodes and int(session.exitstatus) != int(exitstatus):
            text = "what the plugins of workers have told comes to exit status %d of pytest"
            self._fail(text % session.exitstatus)

    def _fail(self, text):
        self._channel.send("notice", severity="error", text=text)
