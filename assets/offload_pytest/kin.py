"""Workers of one sandbox elsewhere: the first collects, and those that come later are its forks."""

import os
import socket

from .apart import end_like
from .mother import LONGEST_WISH, Mother
from .system import system

LOOKS = 0.02  # so often, in seconds, somebody looks whether what it waits for has come
PATIENCE = 2.0  # so long a mother stays when nobody is left who might need her
OURS = "OFFLOAD_"


class Kin:
    """The place in a sandbox where its workers of one group meet."""

    def __init__(self, folder):
        self.socket = os.path.join(folder, "mother")
        self.first = os.path.join(folder, "first")  # its process, in the name of an entry
        self.none = os.path.join(folder, "none")  # there will be no forks
        os.makedirs(folder, mode=0o700, exist_ok=True)

    def is_first(self, plan):
        """True: this process is to collect for all. False: it is by itself. Where it can be a fork of
        the first it ends here, as that fork does, which has its standard streams."""
        while not os.path.exists(self.none):
            try:
                os.symlink(str(os.getpid()), self.first)
                return True
            except FileExistsError:
                pass
            if os.path.exists(self.socket):
                self._be_forked(plan)
                return False
            if not is_there(self._process()):
                return False
            system.select([], [], [], LOOKS)
        return False

    def _process(self):
        try:
            return int(os.readlink(self.first))
        except (OSError, ValueError):
            return os.getpid()  # it goes at this moment; whoever looks again will see

    def _be_forked(self, plan):
        """Comes back only where there is no fork."""
        env = {name: value for name, value in os.environ.items() if name.startswith(OURS)}
        wish = system.encode({"plan": plan, "env": env}).encode("utf-8", "surrogateescape")
        if len(wish) > LONGEST_WISH:
            return
        streams = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, b"".join(map(as_number, (0, 1, 2))))]
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
                connection.connect(self.socket)
                connection.sendmsg([wish], streams)
                if not connection.recv(16):
                    return
                status = connection.recv(16)
        except OSError:
            return
        end_like(int(status or 1 << 8))


class KinMother(Mother):
    """One whose forks are other processes', which wait for them: nobody here inherits orphans."""

    def __init__(self, kin, channel, watch):
        super().__init__(kin.socket, channel, watch)
        self._kin = kin
        self._first = system.getpid()

    def _tell(self, reason, never):
        if reason:
            system.open(self._kin.none, "w").close()
            self._notice(reason, never)

    def _serve(self, listener):
        companions, busy = 0, system.monotonic()
        while system.exists(self._path) and system.monotonic() - busy < PATIENCE:
            if system.select([listener], [], [], PATIENCE / 4)[0]:
                connection, _ = listener.accept()
                connection.settimeout(None)  # whatever others have made the default
                if system.fork_unwarned() == 0:
                    child = system.fork_unwarned()
                    listener.close()
                    if child == 0:
                        return self._be_worker(connection, None)
                    accompany(child, connection)
                connection.close()
                companions += 1
            while companions and system.waitpid(-1, os.WNOHANG)[0]:
                companions -= 1
            if companions or is_there(self._first):
                busy = system.monotonic()
        for path in (self._path, self._kin.first):
            system.unlink(path)
        system.exit_at_once(0)

    def _wear_marker(self, value):
        """All are known by that of the sandbox."""

    def _join(self, connection, between):
        connection.send(b"here")

    def _plan_of(self, wish):
        return wish["plan"]


def accompany(child, connection):
    """Tells whoever waits for the child how it ends, and ends it where nobody does any more."""
    ends = descriptors_of_end(child)
    while True:
        process, status = system.waitpid(child, os.WNOHANG)
        if process:
            connection.send(str(status).encode("ascii"))
            system.exit_at_once(0)
        shows = system.select([connection, *ends], [], [], None if ends else LOOKS)[0]
        if connection in shows:
            if is_closed(connection):
                system.kill_at_once(child)
            system.select([], [], [], LOOKS)  # until the child has read the wish, or has ended


def is_closed(connection):
    """By the other side. What is there is left to whom it is meant for, who may take it meanwhile."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def descriptors_of_end(process):
    """By which its end shows; none where the system, or Python, has no such thing."""
    try:
        return [os.pidfd_open(process)]
    except (AttributeError, OSError):
        return []


def is_there(process):
    try:
        system.kill(process, 0)
    except OSError:
        return False
    return True


def as_number(descriptor):
    return descriptor.to_bytes(4, system.sys.byteorder)
