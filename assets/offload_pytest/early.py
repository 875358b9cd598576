"""An early worker: one that collects all tests before it is asked for any."""

from collections import deque

import pytest

from .apart import Apart, look_before_tests
from .frames import PROTOCOL
from .hooks import Selections
from .greeting import greet
from .idle import remember_no_ids
from .items import tell_collection
from .leaving import can_leave
from .options import set_options
from .requests import PlannedRequests
from .separation import separate_basetemp_anew
from .worker import Worker


class EarlyWorker(Worker):
    """Collects all tests, and then runs those that it is asked for. The first one tells them. Where
    it is only to leave a mother behind it runs none, and as a fork for a batch those of its plan; as
    one that keeps tests apart it has those of each request run by a fork of its own."""

    def __init__(self, channel, plan, requests, companions, watch, mother):
        """`watch`: over this process; None where it will not be forked."""
        super().__init__(channel, plan, requests)
        self._tells = plan["mode"] == "first"
        self._watch = watch
        self._mother = mother  # None: no worker is to be a fork of this one
        if self._tells:
            self._unit = None  # it leaves that to others
        self._is_forked = self._forks_can_leave = False
        self._leaves = plan.get("leaves", False)
        self._workers = plan.get("workers", 1)
        self._is_batch = False
        self._apart = None
        self._label = plan["label"]
        self._companions = companions
        self._selections = Selections()
        self._maxfail = 1 if plan["fail_fast"] else 0
        self.stays = False
        self._others_wait = self._tells and mother is not None and not self._leaves
        if self._tells and mother is None and not self._leaves:
            self._let_others_start()

    def _let_others_start(self):
        self._others_wait = False
        self._channel.send("stays", protocol=PROTOCOL)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session):
        super().pytest_sessionstart(session)
        self._doubt(session.config)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self, collector):
        yield
        if isinstance(collector, pytest.File):
            self._doubt(collector.config)

    def _doubt(self, config):
        """Others wait until they can be forks of this process, as long as that may be."""
        if self._others_wait and self._mother.is_in_doubt(config):
            self._let_others_start()

    def register(self, pluginmanager):
        super().register(pluginmanager)
        pluginmanager.register(self._companions, "offload-companions")
        pluginmanager.register(self._selections, "offload-selections")

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection(self, session):
        self._garbage.spare()
        outcome = yield
        if self._watch is not None:
            self._watch.end()
            # What takes its share of the machine by the number of workers has taken all of it here.
            asked = self._tells and self._watch.asked_how_many
            self._leaves = self._leaves or asked and self._workers > 1
        self._garbage.spare_no_more()
        if outcome.excinfo is not None:
            return
        unfit = self._what_stands_against_it(session.config)
        if unfit:
            self._channel.send("unfit", reason=unfit)
        self.stays = not (unfit or session.shouldfail or session.shouldstop)
        self._keep(session.items)
        self._collected.add("")
        if self._tells:
            self.stays = self.stays and bool(session.items)
            found = self._companions.found(session)
            if self._is_fork(session):
                return
            self.stays = self.stays and not self._leaves
            tell_collection(
                self._channel,
                session,
                self._collectors,
                found,
                len(self._deselected),
                self._selections.need_all(),
                self.stays,
            )
        else:
            self._is_fork(session)

    def _own_streams(self):
        """Descriptors of this process."""
        return [one.descriptor for one in (self._requests, self._channel, self._watchdog)]

    def _is_fork(self, session):
        """False in the process that has collected, which leaves a mother behind if it can."""
        if self._mother is None or not self.stays:
            return False
        self._terminal.flush_all(session.config)
        plan = self._mother.stay_behind(session, self._own_streams())
        if plan is None:
            if self._others_wait:
                self._let_others_start()
            return False
        config = session.config
        for one in (self._requests, self._channel):
            one.begin_anew()
        self._garbage.begin_anew()
        self._is_forked, self._forks_can_leave = True, self._mother.forks_can_leave
        self._prepare_to_leave()
        self._is_batch = plan["mode"] == "run"
        if self._is_batch:
            self._requests = PlannedRequests(plan)
            remember_no_ids(config)
        self._unit = None if self._is_batch else plan.get("apart")
        self._watch.unseeded.begin_anew()
        self._watchdog.begin_anew(plan.get("limit"))
        self._maxfail = 1 if plan["fail_fast"] else 0
        self._label = plan["label"]
        separate_basetemp_anew(config, self._label)
        databases = config.pluginmanager.getplugin("offload-databases")
        if databases is not None:
            databases.begin_anew(plan)
        identity = config.pluginmanager.getplugin("offload-identity")
        if identity is not None:
            identity.begin_anew(plan, config)
        greet(self._channel, plan["mode"])
        return True

    def _prepare_to_leave(self):
        if self._forks_can_leave:
            self._ending.leave_at_once()

    def _may_run_apart(self, session):
        """False, and told, where something speaks against forks for tests."""
        self._terminal.flush_all(session.config)
        own = self._own_streams()
        streams, reason = look_before_tests(session, own, self._watch, self._unit)
        if reason:
            self._channel.send("unfit", reason=reason)
            return False
        if not self._is_forked:
            self._forks_can_leave = can_leave()
        self._apart = Apart(self._channel, streams)
        remember_no_ids(session.config)
        return True

    def _run_apart(self, session):
        """Comes back in the fork for a request, which has nothing else to run."""
        while self._know_the_next_two(session):
            first, request = self._queue[0][0], self._queue[0][-1]
            own = deque(entry for entry in self._queue if entry[-1] == request)
            if self._apart.begins():
                self._queue, self._stopped = own, True
                self._be_for_one(session, first)
                return
            self._queue = deque(entry for entry in self._queue if entry[-1] != request)
        self._apart.leave()

    def _be_for_one(self, session, position):
        self._channel.begin_anew()
        self._garbage.be_young()
        self._watch.unseeded.begin_anew()
        self._prepare_to_leave()
        self._ending.be_apart(self._apart)
        label = "%s-%d" % (self._label, position)
        separate_basetemp_anew(session.config, label)
        identity = session.config.pluginmanager.getplugin("offload-identity")
        if identity is not None:
            identity.be_for_one(label)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        if self.stays:
            session.testsfailed = 0  # modules that cannot be collected have been told
            set_options(session.config.option, {"maxfail": self._maxfail})
            if self._unit is not None:
                if not self._may_run_apart(session):
                    return True
                self._run_apart(session)
            self._serve(session)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session):
        if self._is_batch:
            self._refuse_what_was_stopped(session)
