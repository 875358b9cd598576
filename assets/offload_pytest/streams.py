"""The descriptors of this process: which of them are its standard streams, and which are strange."""

import fcntl
import os
import stat

from .system import system

HARMLESS_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def identity_of(descriptor):
    found = system.fstat(descriptor)
    return found.st_dev, found.st_ino


def open_descriptors():
    """(number, what fstat says of it), of all."""
    for name in system.listdir("/proc/self/fd"):
        try:
            yield int(name), system.fstat(int(name))
        except OSError:  # the one by which they were listed
            continue


class Opened:
    """What others have opened since this was made, and is open."""

    def __init__(self):
        self._known = self._all()

    @staticmethod
    def _all():
        return {
            (one, found.st_dev, found.st_ino)
            for one, found in open_descriptors()
            if one not in system.kept
        }

    def anything(self):
        return not self._all() <= self._known


def put_in_place(source, descriptor):
    """Lets `descriptor` lead where `source` does, for programs that are started from here as much as
    it was before."""
    inherited = not system.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    system.dup2(source, descriptor, inherited)


def capture_files(config):
    """Numbers of the files into which pytest captures what is printed."""
    manager = config.pluginmanager.getplugin("capturemanager")
    captures = getattr(manager, "_global_capturing", None)
    found = set()
    for name in ("out", "err"):
        file = getattr(getattr(captures, name, None), "tmpfile", None)
        try:
            found.add(file.fileno())
        except (AttributeError, OSError, ValueError):  # captured in memory, or not at all
            continue
    return found


def is_copy(descriptor, of):
    """Whether both come from one opening of a file: then they have its flags in common."""
    before, flags = system.fcntl(descriptor, fcntl.F_GETFL), system.fcntl(of, fcntl.F_GETFL)
    system.fcntl(of, fcntl.F_SETFL, flags ^ os.O_APPEND)
    try:
        return system.fcntl(descriptor, fcntl.F_GETFL) != before
    finally:
        system.fcntl(of, fcntl.F_SETFL, flags)


class Streams:
    """All descriptors of this process that lead to its standard input, output and error, however
    many copies pytest has made of them, and the files of its capturing."""

    def __init__(self, config, own):
        """`own`: a descriptor of each of the three, in this order."""
        roles = {}
        for role, descriptor in reversed(list(enumerate(own))):
            roles[identity_of(descriptor)] = role, descriptor
        self._captures = capture_files(config)
        self._copies = [[], [], []]
        self.strange = ""
        for descriptor, found in open_descriptors():
            role, ours = roles.get((found.st_dev, found.st_ino), (None, None))
            # /dev/null is opened by many, for writing as well.
            if role is not None and (not stat.S_ISCHR(found.st_mode) or is_copy(descriptor, ours)):
                self._copies[role].append(descriptor)
            elif descriptor not in self._captures | system.kept and not self.strange:
                self.strange = what_is_strange(descriptor, found)

    def replace(self, sources):
        """By these three."""
        for source, copies in zip(sources, self._copies):
            for descriptor in copies:
                put_in_place(source, descriptor)

    def renew_captures(self):
        """Nobody else's output may come into these."""
        for descriptor in self._captures:
            with system.temporary_file(buffering=0) as file:
                put_in_place(file.fileno(), descriptor)


def what_is_strange(descriptor, found):
    """Why a fork must not have a copy of it; "" where it may."""
    path = "/proc/self/fd/%d" % descriptor
    try:
        target = system.readlink(path)
    except OSError:
        return ""
    if stat.S_ISCHR(found.st_mode) and target in HARMLESS_DEVICES:
        return ""
    if stat.S_ISFIFO(found.st_mode) or stat.S_ISSOCK(found.st_mode) or target.startswith("anon_inode:"):
        return "%s is open" % target
    writes = system.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
    return "%s is open for %s" % (target, "writing" if writes else "reading")


def flush_streams():
    """Of this process; False where that is not possible."""
    names = ("stdout", "stderr", "__stdout__", "__stderr__")
    return all([flush(getattr(system.sys, name, None)) for name in names])


def flush(stream):
    try:
        if stream is not None and not stream.closed:
            stream.flush()
    except Exception:
        return False
    return True


def mappings():
    """(permissions, name) of what this process has in its memory; without a name, b""."""
    with system.open("/proc/self/maps", "rb") as file:
        for line in file:
            fields = line.split(None, 5)
            yield fields[1], fields[5].strip() if len(fields) > 5 else b""


def shared_memory():
    """A mapping that forks would share, and write to; "" where there is none."""
    for permissions, name in mappings():
        if b"w" in permissions and b"s" in permissions:
            return (name or b"nameless").decode("utf-8", "replace")
    return ""
