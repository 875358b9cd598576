"""Whether this process can be forked, so that each fork is as if it had been started by itself."""

import os
import signal

from .nodes import CONFIGURE, DOWN, is_left_alone
from .streams import Streams, shared_memory
from .system import system

# What does not survive a fork, or would not be each worker's own, and shows in no other way.
UNFIT_MODULES = (
    ("gevent", "gevent's hub belongs to the process that made it"),
    ("grpc._cython.cygrpc", "grpc keeps locks and threads of its own"),
    ("twisted.internet.reactor", "Twisted's reactor belongs to the process that made it"),
    ("ddtrace", "ddtrace reports from the process in which it was started"),
    ("torch", "torch may keep threads and devices"),
    ("tensorflow", "tensorflow keeps threads of its own"),
    ("jax", "jax keeps threads of its own"),
    ("jpype", "a Java machine keeps threads of its own"),
    ("ray", "ray knows its processes by their numbers"),
)

# jemalloc's, in pyarrow and with it pandas: it gives memory back to the system, which threads that
# use the memory do where there is none.
DISPENSABLE_THREADS = ("jemalloc_bg_thd",)

TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)  # no fork has any


def unfit_module():
    """What speaks against forks of a process that has imported it; "" where there is none."""
    for module, reason in UNFIT_MODULES:
        if module in system.modules:
            return reason
    return ""


def measures(config):
    """pytest-cov, coverage or a debugger: they follow a process from its start."""
    coverage = system.modules.get("coverage")
    current = getattr(getattr(coverage, "Coverage", None), "current", lambda: None)
    plugin = config.pluginmanager.getplugin("_cov")
    if getattr(plugin, "cov_controller", None) is not None or current() is not None:
        return "coverage is measured, from the start of each process"
    if system.gettrace() is not None or system.getprofile() is not None:
        return "a tracer or profiler follows this process"
    return ""


def hands_data(config):
    """Whether a plugin, as xdist's controller, gives something to each worker or takes it back. All
    processes of a run have the same seed of pytest-randomly's anyway."""
    for name in (CONFIGURE, DOWN):
        hook = getattr(config.hook, name, None)
        for implementation in hook.get_hookimpls() if hook is not None else ():
            module = implementation.function.__module__
            if module.split(".")[0] != "pytest_randomly" and not is_left_alone(module):
                return True
    return False


def has_children():
    try:
        system.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def hears_of_children():
    """Whether others would notice the ends of forks, or take them away."""
    return system.get_handler(signal.SIGCHLD) != signal.SIG_DFL


def thread_left():
    """The name of one that others have started; "" where there is none. Only those that Python
    knows of: what libraries do about theirs shows when it comes to a fork."""
    own = system.current_thread()
    names = [thread.name for thread in system.threads() if thread is not own]
    if names or len(system.frames()) > 1:
        return names[0] if names else "one without a name"
    return ""


def native_threads():
    """All of this process, but those whose libraries do without them in a fork."""
    names = map(name_of_thread, system.listdir("/proc/self/task"))
    return sum(name not in DISPENSABLE_THREADS for name in names)


def threads_of_libraries():
    """What speaks against forks after one, for which libraries that know of forks end theirs."""
    return "threads of a library would be missing in a fork" if native_threads() > 1 else ""


def name_of_thread(number):
    try:
        with system.open("/proc/self/task/%s/comm" % number) as file:
            return file.read().strip()
    except OSError:  # it has ended
        return ""


def what_shows_at_once(config, watch, same_worker):
    """Of what speaks against forks; "" where nothing does so far. `same_worker`: they are to be the
    worker that this process is, one after the other."""
    at_once = unfit_module() or measures(config)
    if at_once:
        return at_once
    if not same_worker and hands_data(config):
        return "a plugin hands data to workers of xdist's, or takes some back"
    done = watch.same_worker_reason if same_worker else watch.reason
    if done:
        return done
    if watch.has_drawn() and "pytest_randomly" not in system.modules:
        return "random numbers are drawn or seeded before the first test"
    thread = thread_left()
    return thread and "a thread runs before the first test: %s" % thread


def look_at_this_process(session, own, watch, same_worker):
    """Its streams, of which `own` are descriptors of the standard ones, and what speaks against forks,
    "" where nothing does. `same_worker` as above."""
    try:
        streams = Streams(session.config, own)
        return streams, what_speaks_against_forks(session, watch, streams, same_worker)
    except (AttributeError, OSError) as error:  # of another pytest, or another system
        return None, "this process cannot be looked at: %s" % error


def what_speaks_against_forks(session, watch, streams, same_worker):
    config = session.config
    reason = what_shows_at_once(config, watch, same_worker)
    if reason:
        return reason
    if getattr(getattr(config, "_tmp_path_factory", None), "_basetemp", None) is not None:
        return "pytest's temporary folder is used before the first test"
    if getattr(session, "_setupstate").stack:
        return "fixtures are set up before the first test"
    if has_children():
        return "a child process is left from before the first test"
    if hears_of_children():
        return "the ends of child processes are heard of before the first test (SIGCHLD)"
    if any(any(system.getitimer(timer)) for timer in TIMERS):
        return "an alarm is set before the first test"
    if streams.strange:
        return "%s before the first test" % streams.strange
    shared = shared_memory()
    return shared and "memory is shared (%s)" % shared
