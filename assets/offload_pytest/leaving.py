"""How the process of a fork ends."""

import io

from .garbage import FUNCTION, callback_of, telling_at_exit
from .streams import flush, flush_streams, mappings
from .system import system

# What these do when they go shows nowhere.
QUIET_KINDS = (
    ("joblib.externals.loky.backend.resource_tracker", "ResourceTracker"),  # ends its process; there is none
    ("pyparsing.core", "Forward"),  # warns of its use, if that has been asked for
)
QUIET_CALLBACKS = (  # modules: they keep registers
    "numba.core.types.abstract",
    "sqlalchemy.event.registry",
)

BUFFERED = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)

# What compiled code measures is written by the C library's exit handlers, which are not run.
C_COVERAGE = ("GCOV_PREFIX", "LLVM_PROFILE_FILE")
MARK_OF_C_COVERAGE = b".gcda\0"


class Leaving:
    """The interpreter ends by taking down all that there is, and writes to memory that a fork shares
    with others until then: it would be copied to be thrown away. A fork leaves as soon as the exit
    handlers have run, like those of multiprocessing, where what its tests have made has nothing to
    say when it goes. Others end as ever.

    The status is the one that it would have had: what comes out of the outermost frame decides."""

    def __init__(self, opened):
        self._process = system.getpid()
        self._opened = opened
        self._raised = None
        self._is_leaving = False

    def begin(self):
        """Once the session is over."""
        if system.gettrace() is not None:
            return
        frame = system.caller()
        while frame.f_back is not None:
            frame = frame.f_back
        frame.f_trace = self._see
        system.settrace(ignore_frame)

    def _see(self, frame, event, arg):
        if event == "exception":
            self._raised = arg[1]
        elif event == "line":
            self._raised = None  # it has been caught
        elif event == "return":
            system.settrace(None)
            status = status_of(self._raised)
            if status is not None:
                system.at_exit(self._leave, status)
        return self._see

    def _leave(self, status):
        """The first of the exit handlers, which then runs the others."""
        if self._is_leaving or system.getpid() != self._process:
            return
        if self._opened.anything():  # with bytes, perhaps, that have not been written to it yet
            return
        self._is_leaving = True
        try:
            system.run_exit_functions()
        except BaseException:  # some versions raise again what they have shown
            pass
        for one in system.get_objects():  # since the end of the session: the others are frozen
            if issubclass(type(one), BUFFERED):
                flush(one)
        if flush_streams():
            system.exit_at_once(status)


def ignore_frame(frame, event, arg):
    return None


def status_of(raised):
    """The exit status of a process that ends by it; None where the interpreter says something."""
    if raised is None:
        return 0
    if not isinstance(raised, SystemExit):
        return None
    code = 0 if raised.code is None else raised.code
    return int(code) & 0xFF if isinstance(code, int) else None


def can_leave():
    """Whether forks of this process may: nothing that is there already has to be taken down."""
    if any(name in system.environ for name in C_COVERAGE) or has_covered_library():
        return False
    return not any(map(may_say_something, telling_at_exit(system.get_objects())))


def may_say_something(one):
    """Whether that is not known to come to nothing, of an object that is older than the fork."""
    kind = type(one)
    module = str(type.__getattribute__(kind, "__module__")).split("._vendor.")[-1]
    if (module, kind.__qualname__) in QUIET_KINDS:
        return False
    callback = callback_of(one) if issubclass(kind, system.Reference) else None
    return type(callback) is not FUNCTION or callback.__module__ not in QUIET_CALLBACKS


def has_covered_library():
    """Whether a library that is no installed one counts for gcov what it runs."""
    prefixes = (system.sys.prefix, system.sys.base_prefix, "/usr", "/lib")
    installed = tuple(system.fsencode(prefix) for prefix in prefixes)
    for name in sorted({name for _, name in mappings()}):
        if name.endswith(b".so") and not name.startswith(installed):
            with system.open(name, "rb") as library:
                if MARK_OF_C_COVERAGE in library.read():
                    return True
    return False
