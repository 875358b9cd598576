"""What batches and workers have in common."""

import pytest

from .collectors import Collectors, covers
from .ending import Ending
from .garbage import Garbage
from .records import Record
from .reporter import Reporter
from .system import system
from .terminal import Terminal
from .text import key_of, one_line


class Unjudged:
    """Meanwhile collectors may fail, which fails no test here: discovery has told of them, and a test
    that is not there is accounted for."""

    def __init__(self, session):
        self._session = session
        self._failed, self._maxfail = session.testsfailed, session.config.option.maxfail
        session.config.option.maxfail = 0

    def end(self):
        self._session.testsfailed = self._failed
        self._session.config.option.maxfail = self._maxfail


class Runner:
    """What batches and workers have in common: of all that discovery collected, only some files are
    collected, and what became of a test that is not there is told."""

    def __init__(self, channel):
        self._channel = channel
        self._garbage = Garbage()
        self._collectors = Collectors()
        self._deselected = set()
        self._reporter = Reporter(channel)
        self._terminal = Terminal()
        self._ending = Ending(channel, self._garbage)
        self._root = ""
        self._files = self._folders = None

    def register(self, pluginmanager):
        pluginmanager.register(self._collectors, "offload-collectors")
        pluginmanager.register(self._reporter, "offload-reporter")
        pluginmanager.register(self._terminal, "offload-terminal")
        pluginmanager.register(self._ending, "offload-ending")

    def _choose(self, files):
        """Only these are collected from now on; all, where a test has no file: anything might make
        it."""
        self._files = self._folders = None
        if "" in files:
            return
        self._files = {system.normpath(system.join(self._root, file)) for file in files}
        self._folders = set()
        for folder in {system.dirname(path) for path in self._files}:
            while folder not in self._folders:
                self._folders.add(folder)
                folder = system.dirname(folder)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session):
        self._root = str(session.config.rootpath)

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path):
        if self._files is None:
            return None
        path = str(collection_path)
        if path in self._files or path in self._folders:
            return None
        folder, name = system.split_path(path)
        if name == "__init__.py" and folder in self._folders:  # makes the package, up to pytest 7
            return None
        return True

    def _needs(self, config, arg):
        """Files named on the command line are collected whatever pytest_ignore_collect says."""
        path = system.join(str(config.invocation_params.dir), str(arg).split("::")[0])
        path = system.normpath(path)
        return self._files is None or not system.is_file(path) or path in self._files

    @staticmethod
    def _collect_what_is_there(session, args):
        """An argument that cannot be resolved here must not take the others' tests with it. Returns
        the items; None where all arguments are like that."""
        usable = []
        for arg in args:
            see_files_again(session.config)
            try:
                session.perform_collect([arg])
                usable.append(arg)
            except pytest.UsageError:
                continue
        if not usable or usable == args:
            return None
        see_files_again(session.config)
        return session.perform_collect(usable)

    def _start_again(self, config):
        """From now on all files are collected."""
        self._files = self._folders = None
        self._collectors.forget()
        self._deselected.clear()
        see_files_again(config)

    def pytest_deselected(self, items):
        # Testmon's stand for files that it has not even collected.
        self._deselected.update(key_of(one.nodeid) for one in items if hasattr(one, "nodeid"))

    def _account_for(self, config, position, node_id, file):
        """Tells why this test is not among the items."""
        for collector, kind, message, _ in self._collectors.skipped:
            if covers(collector, node_id):
                record = Record()
                record.worsen("skipped", kind, message)
                self._channel.send("begin", n=position)
                self._reporter.tell(position, record)
                return
        reason = self._reason(config, node_id, file)
        self._channel.send("refused", n=position, reason=one_line(reason))

    def _refuse_what_was_stopped(self, session):
        """Where a plugin has stopped pytest and no failure explains that, its word stands: another
        batch, in which it does not say so again, would hide it."""
        reason = session.shouldstop or session.shouldfail
        if not reason or session.testsfailed:
            return
        for position, left in self._reporter.counts.items():
            if left > 0:
                text = "pytest stopped before this test: " + one_line(reason)
                self._channel.send("refused", n=position, reason=text)

    def _has_relatives(self, node_id):
        """Whether the same function is here, with other parameters."""
        function = node_id.split("[", 1)[0] + "["
        return any(item_id.startswith(function) for item_id in self._ids_here())

    def _reason(self, config, node_id, file):
        if key_of(node_id) in self._deselected:
            filters = [
                "%s %r" % (flag, value)
                for flag, value in (
                    ("-m", getattr(config.option, "markexpr", "")),
                    ("-k", getattr(config.option, "keyword", "")),
                )
                if value
            ]
            return "deselected here" + (" (%s)" % ", ".join(filters) if filters else "")
        for collector, _, message, _ in self._collectors.failed:
            if covers(collector, node_id):
                return "%s cannot be collected here: %s" % (collector or "the session", message)
        if file and not system.exists(system.join(self._root, file)):
            return "%s does not exist here (rootdir is %s)" % (file, self._root)
        if "[" in node_id and self._has_relatives(node_id):
            return (
                "its parameters are others here: they come from chance, the clock or an address in "
                "memory. Give them fixed values or names (ids=…), or seed what draws them"
            )
        return "pytest did not collect it here (rootdir is %s)" % self._root


def see_files_again(config):
    """pytest 7 passes each file over but once in a session."""
    getattr(config.pluginmanager, "_duplicatepaths", set()).clear()
