"""A worker: a session that runs what it is asked for, as long as it is wanted."""

from collections import deque

import pytest

from .frames import PROTOCOL
from .hooks import is_loop
from .nothing import CollectsNothing
from .runner import Runner, Unjudged, see_files_again
from .system import system
from .text import from_exact, key_of
from .watchdog import Watchdog


FOLDERS = (pytest.Package, getattr(pytest, "Directory", pytest.Package))


class Worker(CollectsNothing, Runner):
    """Runs tests as Offload asks for them, within one session."""

    def __init__(self, channel, plan, requests):
        super().__init__(channel)
        self._requests = requests
        self._protocols = plan["protocols"]
        self._watchdog = Watchdog(plan["limit"], 2)
        self._items = {}  # by key of node ID: [(place in the order of collection, item)]
        self._places = 0
        self._collected = set()  # files; "" stands for all there are
        self._folder_nodes = {}  # by path
        self._args = []
        self._queue = deque()  # of (position, attempt, item, number of the request)
        self._taken = 0  # requests
        self._positions = 0  # of all tests that were asked for
        self._attempt = 0  # told to tests last
        self._whole = plan.get("whole", False)
        self._unit = plan.get("apart")  # what has a process: "test" or "file"; None: all share this one
        self._watch = None  # over this process, where it may be forked
        self._nothing_known = self._stopped = False

    def register(self, pluginmanager):
        super().register(pluginmanager)
        pluginmanager.register(self._watchdog, "offload-watchdog")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        unfit = self._what_stands_against_it(session.config)
        if unfit:
            self._channel.send("unfit", reason=unfit)
            return True
        self._args = list(session.config.args)
        self._serve(session)
        return True

    def _serve(self, session):
        while self._know_the_next_two(session):
            position, attempt, item, _ = self._queue.popleft()
            self._run(position, attempt, item, self._queue[0][2] if self._queue else None)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
        self._watchdog.rest()
        session.testscollected = self._positions

    # Each collection asks anew for the nodes of the folders above a file. It is given those of the
    # first one: what they have set up stands, and conftests' fixtures belong to them.

    @pytest.hookimpl(hookwrapper=True, optionalhook=True)
    def pytest_collect_directory(self, path):
        outcome = yield
        self._keep_folder(path, outcome)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_pycollect_makemodule(self, module_path):
        outcome = yield
        if module_path.name == "__init__.py":  # up to pytest 7
            self._keep_folder(module_path, outcome)

    def _keep_folder(self, path, outcome):
        if outcome.excinfo is None and isinstance(outcome.get_result(), FOLDERS):
            node = outcome.get_result()
            outcome.force_result(self._folder_nodes.setdefault((path, type(node)), node))

    def _what_stands_against_it(self, config):
        if self._unit is not None and self._watch is None:
            text = "each %s is to have a process, and this Python cannot tell whether one can be forked"
            return text % self._unit
        if PROTOCOL not in self._protocols:
            return "the plugin speaks version %d of the worker protocol" % PROTOCOL
        others = [
            implementation.plugin_name
            for implementation in config.hook.pytest_runtestloop.get_hookimpls()
            if implementation.plugin_name not in ("main", "offload-mode") and is_loop(implementation)
        ]
        return others and "%s runs tests in a loop of its own" % ", ".join(others)

    def _know_the_next_two(self, session):
        """False when there is nothing left to run."""
        while len(self._queue) < 2 and not self._stopped:
            if not self._queue:
                if self._requests.waits:
                    self._channel.send("idle")
                self._watchdog.rest()
            elif self._nothing_known:
                break
            self._channel.flush()
            self._terminal.flush()
            request = self._requests.next()
            if request is None or request["t"] == "stop":
                self._stopped = True
            elif request["t"] == "last":
                self._nothing_known = True
            elif request["t"] == "run":
                self._nothing_known = False
                self._take(session, request)
        return bool(self._queue)

    def _take(self, session, request):
        self._taken += 1
        files = [from_exact(value) for value in request["files"]]
        unknown = set(files) - self._collected
        if unknown and "" not in self._collected:
            self._collect(session, {""} if self._whole else unknown)
        self._look_further(session, request)
        wanted = []
        for value, file, attempt in zip(request["ids"], request["in"], request["attempts"]):
            node_id = from_exact(value)
            position = self._positions
            self._positions += 1
            items = self._items.get(key_of(node_id))
            if items is None:
                self._account_for(session.config, position, node_id, files[file])
                continue
            self._reporter.counts[position] = len(items)
            wanted += [((file, place), position, attempt, item, self._taken) for place, item in items]
        # Files in the order of the request, which goes on with the last one in the next; the tests
        # of a file in pytest's own order.
        wanted.sort(key=lambda entry: entry[0])
        self._queue.extend(entry[1:] for entry in wanted)

    def _ids_here(self):
        return (item.nodeid for items in self._items.values() for _, item in items)

    def _look_further(self, session, request):
        """What others make of a part of the collection may be nothing that they would make of the
        whole: one that misses a test is the last part."""
        missed = (
            node_id
            for node_id in map(from_exact, request["ids"])
            if key_of(node_id) not in self._items and not self._collectors.explain(node_id)
        )
        if "" not in self._collected and next(missed, None) is not None:
            self._start_again(session.config)
            self._collect(session, {""})

    def _collect(self, session, files):
        self._choose(files)
        self._collected |= files
        see_files_again(session.config)
        args = [arg for arg in self._args if self._needs(session.config, arg)]
        unjudged = Unjudged(session)
        try:
            items = session.perform_collect(args)
        except pytest.UsageError:
            items = self._collect_what_is_there(session, args) or []
        except Exception:
            if "" in files:
                raise
            items = []  # nothing is there; all will be looked at
        unjudged.end()
        self._keep(items)
        session.testscollected = self._places  # what the progress in percent refers to

    def _keep(self, items):
        known = set(self._items)
        for item in items:
            key = key_of(item.nodeid)
            if key not in known:
                self._items.setdefault(key, []).append((self._places, item))
                self._places += 1

    def _run(self, position, attempt, item, following):
        self._reporter.positions[key_of(item.nodeid)] = position
        if attempt != self._attempt:
            self._attempt = attempt
            system.environ["OFFLOAD_ATTEMPT"] = str(attempt)
        self._watchdog.test_begins()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
