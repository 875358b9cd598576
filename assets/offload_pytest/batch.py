"""A batch: a session that runs the plan's tests."""

import pytest

from .runner import Runner
from .text import from_exact, key_of, one_line


class Batch(Runner):
    """Runs the plan's tests alone, and accounts for each of them."""

    def __init__(self, channel, plan):
        super().__init__(channel)
        self._ids = [from_exact(value) for value in plan["ids"]]
        self._reporter.positions = {key_of(text): number for number, text in enumerate(self._ids)}
        self._plan_files = [from_exact(value) for value in plan["files"]]
        self._file_of_test = plan["in"]

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection(self, session):
        config = session.config
        self._choose(self._plan_files)
        config.args = [arg for arg in config.args if self._needs(config, arg)]
        outcome = yield
        missing = outcome.excinfo is not None and isinstance(outcome.excinfo[1], pytest.UsageError)
        if missing and self._collect_what_is_there(session, config.args) is not None:
            outcome.force_result(None)
            missing = False
        if outcome.excinfo is None:
            for position, node_id in enumerate(self._ids):
                if position not in self._reporter.counts:
                    file = self._plan_files[self._file_of_test[position]]
                    self._account_for(config, position, node_id, file)
        elif missing:
            for position in range(len(self._ids)):
                self._channel.send("refused", n=position, reason=one_line(outcome.excinfo[1]))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, session, config, items):
        outcome = yield
        if outcome.excinfo is not None:
            return
        counts = {}
        wanted = []
        for item in items:
            position = self._reporter.positions.get(key_of(item.nodeid))
            if position is not None:
                wanted.append(item)
                counts[position] = counts.get(position, 0) + 1
        items[:] = wanted
        self._reporter.counts = counts
