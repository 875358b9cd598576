"""Tests that have a process each, or those of a file one."""

from .orphans import inherit_orphans
from .safety import has_children, look_at_this_process, native_threads, threads_of_libraries
from .system import system


class Apart:
    """Of a worker that runs no test itself: it forks a process for each request, which comes to its end
    as a worker does. Where nothing else can be said of that end than what the results of its tests
    say, the worker goes on. Else it ends in the same way, and whoever has started it judges as ever."""

    def __init__(self, channel, streams):
        self._channel = channel
        self._streams = streams
        self._inherits = inherit_orphans()
        self._listening, self._telling = map(keep, system.pipe())
        self._process = None  # the fork

    def begins(self):
        """Forks. True in the fork; False here, once it has ended."""
        child = system.fork_unwarned()
        if child == 0:
            self._process = system.getpid()
            return True
        _, status = system.waitpid(child, 0)
        if not self._inherits or has_children():
            end_what_is_left()
            self._streams.renew_captures()
        told = self._told()
        if told is None:  # it did not come to the end of its session
            end_like(status)
        is_plain, expected = told
        if is_plain and status == expected << 8:
            return False
        if is_plain:
            self._channel.send("bye", status=expected, reason="")
        end_like(status)

    def tell(self, session, status, reason):
        """At the end of the fork's session. False where that has to be told to Offload."""
        if system.getpid() != self._process:  # a test that forked and did not end its child
            return True
        is_plain = not reason and (status == 0 or status == 1 and session.testsfailed > 0)
        system.write(self._telling, bytes((is_plain, status & 0xFF)))
        return is_plain

    def _told(self):
        if not system.select([self._listening], [], [], 0)[0]:
            return None
        is_plain, status = system.read(self._listening, 2)
        return bool(is_plain), status

    def leave(self):
        """The worker's own end: it has run nothing, and its session has come to an end in its forks."""
        self._channel.send("bye", status=0, reason="")
        system.exit_at_once(0)


def look_before_tests(session, own, watch, unit):
    """As look_at_this_process(), of a worker that is to fork for its tests. One that is a fork itself
    may have changed since: plugins do something before their session's first test, too."""
    streams, reason = look_at_this_process(session, own, watch, same_worker=True)
    if not reason and native_threads() > 1:
        fork_in_vain()
        reason = threads_of_libraries()
    if reason:
        reason = "each %s is to have a process, and this one cannot be forked: %s" % (unit, reason)
    return streams, reason


def fork_in_vain():
    child = system.fork_unwarned()
    if child == 0:
        system.exit_at_once(0)
    system.waitpid(child, 0)


def end_what_is_left():
    """What the fork has started and left behind, daemons aside: this process has inherited it."""
    own = system.process_group(0)
    while has_children():
        left = [one for one in children() if system.process_group(one) == own]
        if not left:
            return
        for one in left:
            system.kill_at_once(one)
            system.waitpid(one, 0)


def children():
    """Of this process; none where the system does not tell."""
    try:
        with system.open("/proc/self/task/%d/children" % system.getpid()) as file:
            return list(map(int, file.read().split()))
    except OSError:
        return []


def keep(descriptor):
    kept = system.keep_descriptor(descriptor)
    system.close(descriptor)
    return kept


def end_like(status):
    """Ends this process, as another one has: `status` is what waitpid says of it."""
    number = status & 0x7F
    if number:
        system.handle_plainly(number)
        system.kill(system.getpid(), number)
    system.exit_at_once(128 + number if number else status >> 8)
