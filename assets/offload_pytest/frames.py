"""Frames: how the plugin talks, whatever else writes to the same pipe."""

from .system import system

PROTOCOL = 1
FRAME_LIMIT = 4096  # PIPE_BUF on Linux
PART_LENGTH = 1900  # at most doubled by quoting, it still fits into a frame


class Channel:
    """Writes frames to a copy of a file descriptor, from the process that made it alone."""

    def __init__(self, descriptor, nonce):
        self._descriptor = system.keep_descriptor(descriptor)
        self._process = system.getpid()
        self._head = b"\x1e" + nonce.encode("ascii") + b" "
        self._room = FRAME_LIMIT - len(self._head) - 1
        self._held = b""

    def begin_anew(self):
        """In a fork of the process that made it, which has it from now on as if it were its own."""
        self._process = system.getpid()
        self._held = b""

    @property
    def descriptor(self):
        return self._descriptor

    def send(self, kind, **fields):
        self._tell(kind, fields, hold=False)

    def send_with_next(self, kind, **fields):
        """Sends this together with the next frame, which saves a call and waking up the reader. It
        follows at once, or there is a flush."""
        self._tell(kind, fields, hold=True)

    def flush(self):
        if self._held and system.getpid() == self._process:
            held, self._held = self._held, b""
            self._write(held)

    def _tell(self, kind, fields, hold):
        if system.getpid() != self._process:
            return
        message = {"t": kind}
        message.update((name, value) for name, value in fields.items() if value not in ("", None))
        text = system.encode(message)
        if len(text) > self._room:
            cuts = range(0, len(text), PART_LENGTH)
            for start in cuts:
                kind = "last" if start == cuts[-1] else "part"
                part = system.encode({"t": kind, "d": text[start : start + PART_LENGTH]})
                self._put(part, hold=False)
        else:
            self._put(text, hold)

    def _put(self, text, hold):
        data = self._head + text.encode("ascii") + b"\n"
        if len(self._held) + len(data) > FRAME_LIMIT:
            self.flush()
        data, self._held = self._held + data, b""
        if hold:
            self._held = data
        else:
            self._write(data)

    def _write(self, data):
        while data:
            try:
                data = data[system.write(self._descriptor, data) :]
            except BlockingIOError:  # some program made the shared pipe non-blocking
                system.select([], [self._descriptor], [])
            except BrokenPipeError:  # nobody listens any more; Offload has given this up
                return
