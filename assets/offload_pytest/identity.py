"""Who this session is: a worker of xdist's, as far as conftests and tests ask (docs/frameworks.md)."""

import pytest

from .system import system
from .text import from_exact

VARIABLES = ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID")
# Those that in a worker expect more of xdist's controller than is here, or would leave undone what
# each session has to do by itself.
LEFT_ALONE = ("_pytest", "pytest_cov", "offload_pytest")


def expects_a_controller(caller):
    """Whether the module with this namespace has a hook by which the controller hands its plugin's
    workers what they need. Without it, they had better believe that they are alone."""
    if str(caller.get("__name__")).split(".")[0] in LEFT_ALONE:
        return True
    hook = "pytest_configure_node"
    return hook in caller or any(
        hook in vars(value) for value in list(caller.values()) if isinstance(value, type)
    )


class Identity:
    """A session with one of these is a worker. The one that discovers is the controller as well: it
    is a worker between the start of its session and the end."""

    def __init__(self, plan):
        worker = "gw" + system.environ.get("OFFLOAD_PARALLEL_INDEX", "0")
        self.workerinput = {
            "workerid": worker,
            "workercount": plan["workers"],
            "testrunuid": (plan["nonce"][::-1] * 2)[:32],
            "mainargv": list(system.argv),
        }
        self._is_controller = plan["mode"] in ("collect", "first")
        self._began = from_exact(plan["began"]) if "began" in plan else None
        self._active = False

    def register(self, config):
        manager = config.pluginmanager
        manager.register(self, "offload-identity")
        if not manager.hasplugin("xdist"):
            manager.register(Fixtures(self.workerinput), "offload-identity-fixtures")
        if not self._is_controller:
            self._begin()
        self._watch(config)

    def _watch(self, config):
        identity = self

        def workerinput(config):
            if not identity._active or expects_a_controller(system.caller(1).f_globals):
                raise AttributeError("workerinput")
            return identity.workerinput

        def replace(config, value):
            identity.workerinput = value

        members = {"workerinput": property(workerinput, replace)}
        config.__class__ = type(type(config).__name__, (type(config),), members)

    def _begin(self):
        self._active = True
        values = ("workerid", "workercount", "testrunuid")
        for variable, value in zip(VARIABLES, values):
            system.environ[variable] = str(self.workerinput[value])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session):
        if self._is_controller:
            self._begin()
            if self._began is not None:
                system.open(self._began, "w").close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self):
        if self._is_controller:
            self._active = False
            for variable in VARIABLES:
                system.environ.pop(variable, None)

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config):
        """Each worker's temporary folders are below a folder of its own name."""
        factory = getattr(config, "_tmp_path_factory", None)
        if factory is None or self._is_controller:
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
