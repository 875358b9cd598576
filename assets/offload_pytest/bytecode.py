"""Rewritten test modules, kept for the other commands of a run."""

import sys

from _pytest.assertion import rewrite

from .system import system


class KeptBytecode:
    """Lets pytest's own functions read and write its compiled modules in one more folder, where it
    may write none beside the sources. Where it may, what another process has rewritten ahead of it
    (ahead.py) is put there as if it had been rewritten here. `config` is that of this pytest, once
    there is one: another one that a test runs in this process keeps to itself."""

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
        code = self._read(source, path, *args, **options)
        if code is not None and not sys.dont_write_bytecode:
            self._copy(path, pyc)
        return code

    @staticmethod
    def _copy(path, pyc):
        part = "%s.%d" % (pyc, system.getpid())
        try:
            with system.open(path, "rb") as kept, system.open(part, "wb") as copy:
                copy.write(kept.read())
            system.rename(part, pyc)
        except OSError:  # nobody may write there: it is rewritten each time, then
            return

    def _rewrite_and_keep(self, source, config):
        path = self._path(source)
        version, code = self._rewrite(source, config)
        if sys.dont_write_bytecode and self.config in (None, config):
            self._keep(source, path, version, code, config)
        return version, code

    def _keep(self, source, path, version, code, config):
        if path == self._path(source) and self._has_room_for(path):
            self._write(config.stash[rewrite.assertstate_key], code, version, path)

    @staticmethod
    def _has_room_for(path):
        try:
            system.makedirs(system.dirname(path), mode=0o700, exist_ok=True)
        except OSError:
            return False
        return True

    def is_missing(self, source):
        """Whether pytest will have to rewrite this file, as far as shows without reading it."""
        kept = rewrite.get_cache_dir(source) / (source.name[: -len(".py")] + rewrite.PYC_TAIL)
        try:
            return system.stat(kept).st_mtime < system.stat(source).st_mtime
        except OSError:
            return not system.exists(self._path(source))

    def rewrite_ahead(self, source):
        """For the process that collects. What pytest warns of meanwhile is that one's to hear: such
        a file is left to it."""
        path = self._path(source)
        with system.unwarned(record=True) as warned:
            system.ignore_warnings("always")
            version, code = self._rewrite(source, self.config)
        if not warned:
            self._keep(source, path, version, code, self.config)


def keep_bytecode(folder, ahead):
    """None where this pytest goes about it in another way than those that are known. `ahead`: in a
    process that collects first."""
    if not (sys.dont_write_bytecode or ahead) or not system.exists(folder):
        return None
    names = ("_read_pyc", "_rewrite_test", "_write_pyc", "assertstate_key", "get_cache_dir", "PYC_TAIL")
    return KeptBytecode(folder) if all(hasattr(rewrite, name) for name in names) else None
