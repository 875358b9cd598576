"""The process that forks workers, as Offload wishes for them."""

import array
import os
import socket

from .leaving import can_leave
from .plan import read_plan
from .safety import look_at_this_process, threads_of_libraries, what_shows_at_once
from .streams import flush_streams
from .system import system

LONGEST_WISH = 1 << 16
LOOKS_UP = 1.0  # so often, in seconds, the mother looks whether she is still wanted
MARK = "OFFLOAD_SANDBOX_ID"
FOLDER = "OFFLOAD_SANDBOX_FOLDER"  # longer than that


class Mother:
    """Once all tests are collected, this process leaves a copy of itself behind, in which no test
    runs: the mother. The process goes on by itself, and does not notice. The mother forks a worker
    for each wish that comes over a socket, and lets it go to whom she was herself left to: Offload,
    which inherits the orphans of its children, and has it as if it had started it.

    A wish is one message: {"plan": PATH, "env": {NAME: VALUE}} and the worker's standard input,
    output and error. The worker answers with its number once it is ready, and goes on as soon as
    one byte comes back; it ends where none does."""

    def __init__(self, path, channel, watch, unit="worker", apart=False):
        """`unit`: what is to have a process, which collects by itself where there are no forks. `apart`:
        a worker forks for each, and may where it is no fork itself."""
        self._path = path
        self._channel = channel
        self._watch = watch
        self._unit = unit
        self._apart = apart
        self._streams = None
        self.forks_can_leave = False

    def is_in_doubt(self, config):
        """Whether it is known already that there will be no forks."""
        return bool(what_shows_at_once(config, self._watch, same_worker=False))

    def stay_behind(self, session, own):
        """Forks the mother, unless something speaks against it. None in this process; in each of
        her workers, later, its plan. `own`: descriptors of the three standard streams."""
        self._streams, reason = look_at_this_process(session, own, self._watch, same_worker=False)
        reason = reason or self._leave(session)
        if isinstance(reason, dict):
            return reason
        never = ""
        if reason and self._apart:
            _, never = look_at_this_process(session, own, self._watch, same_worker=True)
        self._tell(reason, never)
        return None

    def _tell(self, reason, never):
        """`never`: why a worker cannot be forked for them, either."""
        self._channel.send("forks", reason=reason, never=bool(never))
        if reason:
            self._notice(reason, never)

    def _notice(self, reason, never):
        alone = "worker" if self._apart and not never else self._unit
        # What it costs is noticed where it is paid for each test, or file.
        severity = "detail" if alone == "worker" else "note"
        text = "each %s has a process that collects by itself, because this one cannot be forked: %s"
        self._channel.send("notice", severity=severity, text=text % (alone, never or reason))

    def _leave(self, session):
        """Why there is no mother, "" where there is one; a worker's plan in the worker."""
        flush_streams()
        try:
            here, there = socket.socketpair()
        except Exception as error:  # of whoever keeps tests from making any
            return "no socket can be made: %s" % error
        for one in (here, there):
            one.settimeout(None)  # whatever others have made the default
        with here, there:
            try:
                child = system.fork_unwarned()
            except Exception as error:
                return "no process can be forked: %s" % error
            if child == 0:
                here.close()
                be_an_orphan()
                return self._be_mother(there)
            there.close()
            system.waitpid(child, 0)
            threads = threads_of_libraries()
            return threads or self._wait_for(here)

    def _wait_for(self, mother):
        """Why she is not there, "" where she is."""
        try:
            mother.sendall(b"1")
            if mother.recv(1) == b"1":
                return ""
        except OSError:  # she has ended
            pass
        return "the socket %s cannot be made" % self._path

    def _be_mother(self, parent):
        try:
            system.set_process_group(0, 0)
            if parent.recv(1) != b"1":
                system.exit_at_once(0)
            nothing = system.open_descriptor("/dev/null", os.O_RDWR)
            self._streams.replace([nothing] * 3)
            system.close(nothing)
            self._wear_marker(None)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listener.bind(self._path)
            listener.listen(1024)
            parent.sendall(b"1")
            parent.close()
            self.forks_can_leave = can_leave()
            return self._serve(listener)
        except BaseException:
            system.exit_at_once(1)

    def _serve(self, listener):
        """Never comes back in the mother; in a worker with its plan."""
        owner = system.getppid()
        while system.getppid() == owner and system.exists(self._path):
            if not system.select([listener], [], [], LOOKS_UP)[0]:
                continue
            connection, _ = listener.accept()
            child = system.fork_unwarned()
            if child == 0:
                between = system.getpid()
                be_an_orphan()
                listener.close()
                return self._be_worker(connection, between)
            connection.close()
            system.waitpid(child, 0)
        system.exit_at_once(0)

    def _be_worker(self, connection, between):
        system.set_process_group(0, 0)
        with connection:
            connection.settimeout(30)
            wish, descriptors = receive(connection)
            self._streams.replace(descriptors)
            for descriptor in descriptors:
                system.close(descriptor)
            self._streams.renew_captures()
            for name, value in wish["env"].items():
                system.environ[name] = value
            self._wear_marker(wish["env"].get(MARK))
            self._join(connection, between)
        # Not before: the plan is read once, and another process is started with it where none
        # of us is wanted.
        return self._plan_of(wish)

    def _wear_marker(self, value):
        wear_marker(value)

    def _join(self, connection, between):
        """Offload, once its orphan."""
        while system.getppid() == between:  # until it has ended
            system.select([], [], [], 0.0002)
        connection.send(str(system.getpid()).encode("ascii"))
        if connection.recv(1) != b"1":
            system.exit_at_once(0)

    def _plan_of(self, wish):
        return read_plan(wish["plan"])


def be_an_orphan():
    """This process goes on as a child of nobody who could wait for it."""
    try:
        is_between = system.fork_unwarned() != 0
    except BaseException:
        is_between = True
    if is_between:
        system.exit_at_once(0)


def receive(connection):
    """A wish, and the descriptors that came with it."""
    numbers = array.array("i")
    space = socket.CMSG_SPACE(3 * numbers.itemsize)
    text, ancillary, _, _ = connection.recvmsg(LONGEST_WISH, space)
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
    return system.decode(text.decode("utf-8", "surrogateescape")), list(numbers)


def wear_marker(value):
    """Processes are told by what the kernel shows of the environment that they were started with
    (/proc/PID/environ), which stays as it was whatever is set later: a fork would be known by the
    marker of another sandbox. None: by no marker."""
    system.environ.pop(MARK, None)
    if value is not None:
        system.environ[MARK] = value
    with system.open("/proc/self/environ", "rb") as file:
        environment = file.read()
    with system.open("/proc/self/stat", "rb") as file:
        start = int(file.read().rpartition(b")")[2].split()[47])
    # By now nobody reads these variables there: both have been set anew, elsewhere.
    room = {}
    place = 0
    for assignment in environment.split(b"\0"):
        room[assignment.partition(b"=")[0]] = (place, len(assignment))
        place += len(assignment) + 1
    texts = {MARK: b""}
    if value is not None:
        texts[FOLDER] = ("%s=%s" % (MARK, value)).encode("utf-8", "surrogateescape")
    with system.open("/proc/self/mem", "r+b", buffering=0) as memory:
        for name, text in texts.items():
            place, length = room.get(name.encode("ascii"), (0, 0))
            if len(text) <= length:
                memory.seek(start + place)
                memory.write(text.ljust(length, b"\0"))
