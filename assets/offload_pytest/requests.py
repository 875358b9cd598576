"""What Offload asks a worker for."""

from .system import system


class PlannedRequests:
    """What Offload asks of a batch: its tests, and no more. The plan has all of them."""

    waits = False  # nobody is to be told that there is nothing to do

    def __init__(self, plan):
        attempt = int(system.environ.get("OFFLOAD_ATTEMPT", "1"))
        tests = {key: plan[key] for key in ("files", "ids", "in")}
        self._left = [{"t": "run", "attempts": [attempt] * len(plan["ids"]), **tests}]

    def next(self):
        return self._left.pop() if self._left else None


class Requests:
    """What Offload asks for, line by line from a copy of a file descriptor, which afterwards leads
    nowhere: no test reads what is meant for the worker."""

    waits = True

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
