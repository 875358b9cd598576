"""A batch: a session that runs the plan's tests."""

import pytest

from .runner import Runner, Unjudged
from .text import from_exact, key_of, one_line


class Batch(Runner):
    """Runs the plan's tests alone, and accounts for each of them."""

    def __init__(self, channel, plan):
        super().__init__(channel)
        self._ids = [from_exact(value) for value in plan["ids"]]
        self._reporter.positions = {key_of(text): number for number, text in enumerate(self._ids)}
        self._plan_files = [from_exact(value) for value in plan["files"]]
        self._file_of_test = plan["in"]
        self._whole = plan.get("whole", False)
        self._seen = []  # all IDs that were collected

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection(self, session):
        config, given = session.config, list(session.config.args)
        if not self._whole:
            self._choose(self._plan_files)
            config.args = [arg for arg in given if self._needs(config, arg)]
        unjudged = Unjudged(session)
        outcome = yield
        if self._files is not None and self._misses_something(outcome.excinfo):
            self._collect_all(session, outcome, given)
        missing = outcome.excinfo is not None and isinstance(outcome.excinfo[1], pytest.UsageError)
        if missing and self._collect_what_is_there(session, config.args) is not None:
            outcome.force_result(None)
            missing = False
        unjudged.end()
        if outcome.excinfo is None:
            for position, node_id in enumerate(self._ids):
                if position not in self._reporter.counts:
                    file = self._plan_files[self._file_of_test[position]]
                    self._account_for(config, position, node_id, file)
        elif missing:
            for position in range(len(self._ids)):
                self._channel.send("refused", n=position, reason=one_line(outcome.excinfo[1]))

    def _ids_here(self):
        return self._seen

    def _misses_something(self, excinfo):
        """Something that a look at all files might bring. What others make of a part of the
        collection may be nothing that they would make of the whole."""
        if excinfo is not None:
            return not isinstance(excinfo[1], (pytest.UsageError, KeyboardInterrupt))
        return any(
            position not in self._reporter.counts and not self._collectors.explain(node_id)
            for position, node_id in enumerate(self._ids)
        )

    def _collect_all(self, session, outcome, args):
        session.config.args = args
        self._start_again(session.config)
        try:
            session.perform_collect()
        except Exception as error:
            if outcome.excinfo is None or isinstance(error, pytest.UsageError):
                return
            raise
        outcome.force_result(None)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, session, config, items):
        outcome = yield
        if outcome.excinfo is not None:
            return
        counts = {}
        wanted = []
        self._seen = [item.nodeid for item in items]
        for item in items:
            position = self._reporter.positions.get(key_of(item.nodeid))
            if position is not None:
                wanted.append(item)
                counts[position] = counts.get(position, 0) + 1
        items[:] = wanted
        self._reporter.counts = counts

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session):
        self._refuse_what_was_stopped(session)
