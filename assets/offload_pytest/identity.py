"""Who this session is: a worker of xdist's, as far as conftests and tests ask (docs/frameworks.md)."""

import pytest

from .nodes import Folder, Nodes, is_left_alone
from .system import system
from .text import from_exact, one_line

VARIABLES = ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID")


def is_handed_data(caller):
    """Whether the module with this namespace has a hook by which the controller hands its plugin's
    workers what they need. Without it, they had better believe that they are alone."""
    hook = "pytest_configure_node"
    return hook in caller or any(
        hook in vars(value) for value in list(caller.values()) if isinstance(value, type)
    )


def name_here():
    return "gw" + system.environ.get("OFFLOAD_PARALLEL_INDEX", "0")


class Identity:
    """A session with one of these is a worker. The one that discovers is the controller as well: it
    is a worker between the start of its session and the end."""

    def __init__(self, plan, channel, watch=None):
        self._watching = watch  # of a process that may have forks
        self.workerinput = {
            "workerid": name_here(),
            "workercount": plan["workers"],
            "testrunuid": (plan["nonce"][::-1] * 2)[:32],
            "mainargv": list(system.argv),
        }
        self._is_controller = plan["mode"] in ("collect", "first")
        self._began = from_exact(plan["began"]) if "began" in plan else None
        self._active = False
        self._channel = channel
        self._label = plan["label"]
        self._folder = Folder(plan["nodes"]) if "nodes" in plan else None
        self._is_awaited = (
            self._folder is not None
            and not self._is_controller
            and self._folder.arrive(plan["label"])
        )
        self._nodes = None  # the controller's
        self._handed = False  # the workerinput has what plugins of the controller have put there

    def register(self, config):
        manager = config.pluginmanager
        manager.register(self, "offload-identity")
        if not manager.hasplugin("xdist"):
            manager.register(Fixtures(self.workerinput), "offload-identity-fixtures")
        if not self._is_controller:
            config.workeroutput = {}
            self._take_what_is_handed()
            self._begin()
        self._watch(config)

    def _take_what_is_handed(self):
        if not self._is_awaited:
            return
        found = (self._folder.inputs() or {}).get(self.workerinput["workerid"])
        if found is not None:
            self.workerinput, self._handed = found, True

    def _watch(self, config):
        identity = self

        def workerinput(config):
            if identity._watching is not None:
                identity._watching.asked_who_it_is()
            if not identity._active or identity._is_hidden_from(system.caller(1).f_globals):
                raise AttributeError("workerinput")
            return identity.workerinput

        def replace(config, value):
            identity.workerinput = value

        members = {"workerinput": property(workerinput, replace)}
        config.__class__ = type(type(config).__name__, (type(config),), members)

    def begin_anew(self, plan, config):
        """In a fork, which is a worker of its own."""
        self._label = plan["label"]
        self._is_controller, self._began, self._watching = False, None, None
        self._nodes = None  # its own node is not among those that it knows
        self.workerinput["workerid"] = name_here()
        config.workeroutput = {}
        self._begin()
        self._separate_folders(config)

    def be_for_one(self, label):
        """In a fork of the same worker, whose session is one more of its node's."""
        self._label = label

    def _is_hidden_from(self, caller):
        if is_left_alone(caller.get("__name__")):
            return True
        return not self._handed and is_handed_data(caller)

    def _begin(self):
        self._active = True
        values = ("workerid", "workercount", "testrunuid")
        for variable, value in zip(VARIABLES, values):
            system.environ[variable] = str(self.workerinput[value])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session):
        if self._is_controller:
            self._make_nodes(session.config)
            self._begin()
            if self._began is not None:
                system.open(self._began, "w").close()

    def _make_nodes(self, config):
        if self._folder is None:
            return
        self._nodes = Nodes(self._channel, self._folder)
        self._nodes.configure(config, self.workerinput)
        # Plugins that hand out data have seen the controller, which this process stays for them.
        self.workerinput = self._nodes.input_of(self.workerinput["workerid"]) or self.workerinput

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session):
        """What others do around the tests, they do as long as there are workers."""
        outcome = yield
        interrupted = outcome.excinfo is not None and outcome.excinfo[0] is KeyboardInterrupt
        mode = session.config.pluginmanager.getplugin("offload-mode")
        if self._nodes is not None and getattr(mode, "stays", False) and not interrupted:
            self._end()
            self._nodes.go_down(session.config)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        if self._is_controller:
            self._end()
        yield
        if self._handed:
            self._give_back(session.config.workeroutput, exitstatus)

    def _end(self):
        self._active = False
        for variable in VARIABLES:
            system.environ.pop(variable, None)

    def _give_back(self, output, exitstatus):
        output["exitstatus"] = int(exitstatus)
        try:
            self._folder.give_back(self._label, self.workerinput["workerid"], output)
        except (OSError, ValueError) as error:
            text = "config.workeroutput cannot be sent to the controller: " + one_line(error)
            self._channel.send("notice", severity="warning", text=text)

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config):
        if not self._is_controller:
            self._separate_folders(config)

    def _separate_folders(self, config):
        """Each worker's temporary folders are below a folder of its own name."""
        factory = getattr(config, "_tmp_path_factory", None)
        if factory is None:
            return
        whole, name = factory.getbasetemp, "popen-" + self.workerinput["workerid"]

        def base():
            if factory._basetemp is None:
                folder = whole() / name
                folder.mkdir(mode=0o700, exist_ok=True)
                factory._basetemp = folder
            return factory._basetemp

        factory.getbasetemp = base


class Fixtures:
    """Xdist's, where it is not there."""

    def __init__(self, workerinput):
        self._workerinput = workerinput

    @pytest.fixture(scope="session")
    def worker_id(self):
        return self._workerinput["workerid"]

    @pytest.fixture(scope="session")
    def testrun_uid(self):
        return self._workerinput["testrunuid"]
