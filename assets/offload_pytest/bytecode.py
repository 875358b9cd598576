"""Rewritten test modules, kept for the other commands of a run."""

import sys

from _pytest.assertion import rewrite

from .system import system


class KeptBytecode:
    """Lets pytest's own functions read and write its compiled modules in one more folder, where it
    may write none beside the sources. `config` is that of this pytest, once there is one: another
    one that a test runs in this process keeps to itself."""

    def __init__(self, folder):
        self._folder = folder
        self.config = None
        self._read, self._rewrite = rewrite._read_pyc, rewrite._rewrite_test
        self._write = rewrite._write_pyc
        rewrite._read_pyc, rewrite._rewrite_test = self._read_anywhere, self._rewrite_and_keep

    def _path(self, source):
        """No other state of the file has this name: pytest compares whole seconds at best."""
        found = system.stat(source)
        state = "%x-%x-%x" % (found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
        return "%s/%s.%s.pyc" % (self._folder, source, state)

    def _read_anywhere(self, source, pyc, *args, **options):
        code = self._read(source, pyc, *args, **options)
        if code is not None:
            return code
        try:
            path = self._path(source)
        except OSError:
            return None
        return self._read(source, path, *args, **options)

    def _rewrite_and_keep(self, source, config):
        path = self._path(source)
        version, code = self._rewrite(source, config)
        if sys.dont_write_bytecode and self.config in (None, config):
            if path == self._path(source) and self._has_room_for(path):
                self._write(config.stash[rewrite.assertstate_key], code, version, path)
        return version, code

    @staticmethod
    def _has_room_for(path):
        try:
            system.makedirs(system.dirname(path), mode=0o700, exist_ok=True)
        except OSError:
            return False
        return True


def keep_bytecode(folder):
    """None where this pytest goes about it in another way than those that are known."""
    if not sys.dont_write_bytecode or not system.exists(folder):
        return None
    names = ("_read_pyc", "_rewrite_test", "_write_pyc", "assertstate_key")
    return KeptBytecode(folder) if all(hasattr(rewrite, name) for name in names) else None
