"""What Offload asks a worker for."""

from .system import system


class Requests:
    """What Offload asks for, line by line from a copy of a file descriptor, which afterwards leads
    nowhere: no test reads what is meant for the worker."""

    def __init__(self, descriptor):
        self._descriptor = system.keep_descriptor(descriptor)
        nothing = system.open_descriptor("/dev/null", 0)  # O_RDONLY
        system.dup2(nothing, descriptor)
        system.close(nothing)
        self._process = system.getpid()
        self._rest = b""

    def begin_anew(self):
        """As Channel.begin_anew()."""
        self._process = system.getpid()
        self._rest = b""

    @property
    def descriptor(self):
        return self._descriptor

    def wait_for_file(self, path):
        """Until it is there, or something else is wanted."""
        while not system.exists(path):
            if system.select([self._descriptor], [], [], 0.005)[0]:
                return

    def next(self):
        """Waits for a request; None when no more will come."""
        while b"\n" not in self._rest:
            if system.getpid() != self._process:  # a test that forked and did not end its child
                return None
            data = system.read(self._descriptor, 1 << 16)
            if not data:
                return None
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return system.decode(line.decode("ascii"))
