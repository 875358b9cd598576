"""What others do before the fork, and should have done in each process by itself."""

import os
import random
import socket
import threading
import time

try:
    import _uuid
except ImportError:
    _uuid = None

from .callers import culprit, of_the_library
from .chance import Draws, Unseeded
from .system import system

# Variables whose values are each sandbox's and each worker's own, some of them for one batch only.
OF_ONE_BATCH = ("OFFLOAD_ATTEMPT", "OFFLOAD_BATCH")
OWN_NAMES = (
    *OF_ONE_BATCH,
    "OFFLOAD_PARALLEL_INDEX",
    "OFFLOAD_SANDBOX_FOLDER",
    "OFFLOAD_SANDBOX_ID",
)
XDIST_NAMES = "PYTEST_XDIST_"
HOW_MANY = "PYTEST_XDIST_WORKER_COUNT"

MAKES_TEMPORARY = "makes a temporary file or folder"
TAKES_A_PORT = "takes a port"
ASKS_ITS_NUMBER = "asks for the number of its process"

# What is another in each fork, and of a fork's time for computing there is none before it began.
NUMBERS = ((os, "getpgrp"), (os, "getpgid"), (threading, "get_native_id"))
CLOCKS = (
    (time, "process_time"),
    (time, "process_time_ns"),
    (time, "thread_time"),
    (time, "thread_time_ns"),
    (os, "times"),
)

HEARS_ALL = "sys.addaudithook"

EVENTS = {  # of Python's audit
    "tempfile.mkdtemp": MAKES_TEMPORARY,
    "tempfile.mkstemp": MAKES_TEMPORARY,
    "socket.bind": TAKES_A_PORT,
    "sqlite3.connect": "connects to a database of SQLite's",
    HEARS_ALL: "wants to hear of all that this process does",
}

Socket = socket.socket
HAVE_PORTS = (socket.AF_INET, socket.AF_INET6)


class Watch:
    """From the start of this process to the end of its collection. A process that has only read and
    computed until then is as good as any other that does the same: it can be forked. `reason` says
    of the first trace in the world, or of this process alone, why it had better not be. Where the
    forks are the worker that this process is, who it is does not count: `same_worker_reason`."""

    def __init__(self):
        self.reason = self.same_worker_reason = ""
        self.names_given = []  # of all variables, last
        self.asked_how_many = False  # workers there are, of a process that was none
        self.forks_are_heard = False  # by others than the trusted
        self._active = True
        self.unseeded = Unseeded()
        self._draws = Draws()
        self._draws_before = False  # this has ended: a fork is given another state
        self._drawn = False  # by others than the trusted
        self._may_have_port = False  # of the system's choice: who asks which has one
        self._sees_ports = False
        self._undo = []
        self._own = {}  # by number of what stands in for it: (that, the module's own)
        system.add_audit_hook(self._hear)
        self._watch_environment()
        of_libraries = {"logging": None, "tempfile": MAKES_TEMPORARY}
        self._watch_function(os, "getpid", ASKS_ITS_NUMBER, of_libraries)
        for module, name in NUMBERS:  # threads keep theirs
            self._watch_function(module, name, ASKS_ITS_NUMBER, {"threading": None})
        for module, name in CLOCKS:
            self._watch_function(module, name, "asks how long its process has computed")
        # The key of this process and of those that it will start.
        key = {"multiprocessing.process": None}
        self._watch_function(os, "urandom", "draws what no other process draws", key)
        for module, name in ((os, "getrandom"), (random, "_urandom")):
            self._watch_function(module, name, "draws what no other process draws")
        self._watch_clock()
        self._watch_draws()
        self._watch_ports()
        self._watch_handlers()

    def end(self):
        """From now on all is as it was, but for a hook that returns at once."""
        if self._active:
            self._draws_before = self._draws.any()
        self._active = False
        self.unseeded.end()
        while self._undo:
            self._undo.pop()()
        self._give_back()

    def _give_back(self):
        """What is watched, to all modules: some have it by a name of theirs."""
        for module in list(system.modules.values()):
            names = getattr(module, "__dict__", {})
            for key, value in list(names.items()):
                if id(value) in self._own:
                    names[key] = self._own[id(value)][1]

    def has_drawn(self):
        return self._draws.any() if self._active else self._draws_before

    def note(self, what, depth=2, is_identity=False):
        """To be called by what is watched, which its caller answers for."""
        if not self._active or self.same_worker_reason or is_identity and self.reason:
            return
        who = culprit(depth + 1)
        if not who:
            return
        reason = "%s %s before the first test" % (who, what)
        self.reason = self.reason or reason
        if not is_identity:
            self.same_worker_reason = reason

    def asked_who_it_is(self):
        """To be called by what is asked."""
        self.note("asks whether this is a worker of xdist's, and which", 3, True)

    def _hear(self, event, arguments):
        if not self._active or event not in EVENTS:
            return
        if event == "socket.bind" and self._sees_ports and is_any_port(*arguments):
            self._may_have_port = self._may_have_port or bool(culprit(2))
        elif event == HEARS_ALL:
            self._note_who_hears_forks(EVENTS[event])
        else:
            self.note(EVENTS[event])

    def _note_who_hears_forks(self, what):
        """As note(), of what is watched."""
        if self._active and culprit(3):
            self.forks_are_heard = True
            self.note(what, 3)

    def _watch_environment(self):
        watch, environ, kind = self, system.environ, type(system.environ)

        class Watched(kind):
            def __getitem__(self, key):
                is_own = key in OWN_NAMES or str(key).startswith(XDIST_NAMES)
                if is_own and not looks_for_proxies():
                    # Whoever copies all asks for each by the name that was given.
                    is_copied = any(key is name for name in watch.names_given)
                    is_identity = is_copied or key not in OF_ONE_BATCH
                    watch.note("reads the variable %s" % key, is_identity=is_identity)
                    if key == HOW_MANY and culprit(2):
                        watch.asked_how_many = True
                return super().__getitem__(key)

            def __iter__(self):
                if not looks_for_proxies():
                    watch.note("copies all variables of the environment", is_identity=True)
                watch.names_given = list(super().__iter__())
                return iter(watch.names_given)

        def restore():
            environ.__class__ = kind

        Watched.__name__ = Watched.__qualname__ = kind.__name__
        environ.__class__ = Watched
        self._undo.append(restore)

    def _watch_draws(self):
        """Of the generator that all share, draws of the trusted do not count."""
        generator = getattr(random, "_inst", None)
        for name in ("random", "getrandbits"):  # all others are made of these
            if getattr(getattr(random, name, None), "__self__", self) is generator:
                self._watch_draw(generator, name)

    def _watch_draw(self, generator, name):
        own = getattr(random, name)

        def watched(*args):
            if not self._active:
                return own(*args)
            counts = self._drawn or self._draws.any()
            drawn = own(*args)
            if counts or culprit(2):
                self._drawn = True
            else:
                self._draws.forget()
            return drawn

        setattr(generator, name, watched)
        self._undo.append(lambda: vars(generator).pop(name, None))
        self._replace(random, name, watched)

    def _watch_ports(self):
        """Who takes any port and does not ask which has only seen whether there is one."""
        if "getsockname" in vars(Socket):  # it is of the class beneath
            return
        watch, own = self, Socket.getsockname

        def getsockname(self):
            if watch._may_have_port:
                watch.note(TAKES_A_PORT)
            return own(self)

        def restore():
            if vars(Socket).get("getsockname") is getsockname:
                del Socket.getsockname

        Socket.getsockname = getsockname
        self._sees_ports = True
        self._undo.append(restore)

    def _watch_clock(self):
        """uuid1() asks the C library, as whoever wants to know the machine's number does."""
        own = getattr(_uuid, "generate_time_safe", None)
        if own is None:
            return

        def watched():
            if system.caller(1).f_code.co_name == "uuid1":
                self.note("makes a name of the time")
            return own()

        self._replace(_uuid, "generate_time_safe", watched)
        user = system.modules.get("uuid")
        if getattr(user, "_generate_time_safe", None) is own:
            self._replace(user, "_generate_time_safe", watched)

    def _watch_handlers(self):
        """A library's own handlers see to it that it is the same in a fork; what those of others come
        to, it would not be in a process of its own."""

        def watched(**handlers):
            if not of_the_library(system.caller(1)):
                self._note_who_hears_forks("wants to be told of forks")
            return system.register_at_fork(**handlers)

        self._replace(os, "register_at_fork", watched)

    def _replace(self, module, name, stand_in):
        """Until the end."""
        self._own[id(stand_in)] = stand_in, getattr(module, name)
        setattr(module, name, stand_in)

    def _watch_function(self, module, name, what, what_of=None):
        """`what_of`: by the name of the module that calls it, where that says more. None: it is as
        well done by each fork."""
        own = getattr(module, name, None)
        if own is None:
            return

        def watched(*args):
            caller = system.caller(1).f_globals.get("__name__")
            told = (what_of or {}).get(caller, what)
            if told is not None:
                self.note(told)
            return own(*args)

        self._replace(module, name, watched)


def looks_for_proxies():
    """Whether the caller's caller does. Of all variables, urllib takes those that are named so."""
    frame = system.caller(2)
    while frame is not None and frame.f_globals.get("__name__") in ("collections.abc", "os"):
        frame = frame.f_back
    looks = frame is not None and frame.f_code.co_name == "getproxies_environment"
    return looks and of_the_library(frame)


def is_any_port(bound, address):
    return isinstance(bound, Socket) and bound.family in HAVE_PORTS and address[1] == 0
